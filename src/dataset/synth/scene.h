// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/philox.h"
#include "dataset/image_codec.h"
#include "dataset/synth/canvas.h"

namespace fixynn {

/// One photograph of a flat drawing: where it is drawn from decides everything in it.
struct SceneSeed {
  uint64_t seed = 1;
  uint32_t object = 0;  ///< the physical object: its surroundings, tilt, colours and light
  uint32_t frame = 0;   ///< the photograph of it: position, blur, noise
  /// 0 = far away (blurred, few pixels) .. 1 = near.
  float nearness = 1;
};

struct Scene {
  Image image;
  int x0, y0, x1, y1;  ///< bounds of the drawing in the image, inclusive pixels
};

/// Puts a drawing into a street-like scene: background with clutter, perspective, light and shadow, colour
/// cast, occlusion, defocus and motion blur, low resolution, sensor noise. A pure function of its arguments
/// (on one machine and compiler: it uses the C library's sine and exponential).
Scene photograph(const Canvas& art, const SceneSeed& seed, int size);

}  // namespace fixynn
