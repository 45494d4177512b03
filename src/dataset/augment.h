// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace fixynn {

/// What random changes a training image may get. All zero (the default) means none: a plain resize.
struct AugmentSpec {
  float rotate_degrees = 0;  ///< uniform in +-this
  float scale = 0;           ///< zoom uniform in [1 - scale, 1 + scale]
  float aspect = 0;          ///< horizontal / vertical stretch uniform in [1 - aspect, 1 + aspect]
  float shear = 0;           ///< horizontal shear uniform in +-this (fraction of the height)
  float shift = 0;           ///< translation of each axis uniform in +-this fraction of the image
  float brightness = 0;      ///< added, uniform in +-this fraction of 255
  float contrast = 0;        ///< gain around mid grey uniform in [1 - contrast, 1 + contrast]
  bool flip = false;         ///< mirror horizontally, half of the time
  float cutout = 0;  ///< side of a grey square at a random place, as a fraction of the image; 0 = none
};

/// One image's draw: dst pixel centre (x, y) samples the source at (ax*x + ay*y + a0, bx*x + by*y + b0)
/// (pixel units, centres at +0.5 already folded in), then value = value * gain + offset, then the cutout
/// rectangle is set to 128.
struct AugmentParams {
  float ax, ay, a0, bx, by, b0;
  float gain, offset;
  int cutout_x0, cutout_y0, cutout_x1, cutout_y1;  ///< destination pixels, empty when x0 >= x1
};

/// The draw for one image: a pure function of (seed, epoch, sample), hence equal on every device and thread
/// count.
AugmentParams draw_augment(const AugmentSpec& spec, uint64_t seed, uint32_t epoch, uint32_t sample,
                           int source_width, int source_height, int size);

/// The draw that changes nothing but the size (whole image to size x size).
AugmentParams identity_augment(int source_width, int source_height, int size);

/// Bilinear sampling of `source` ([height][width][3] u8), edges clamped, into `destination` ([size][size][3]
/// u8).
void render_image(const uint8_t* source, int source_width, int source_height, const AugmentParams& params,
                  uint8_t* destination, int size);

}  // namespace fixynn
