// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/host_device.h"
#include "dataset/augment.h"

// The integer arithmetic of render_image, pixel by pixel: the definition that every faster path, and a GPU
// kernel, must equal bit for bit. Coordinates have 32 fraction bits, each axis' fraction 11, the four
// interpolation weights 14 (they sum to 1 exactly), gain 12. Products and sums of one pixel are exact in 32
// bits, so they may be added in any order, and all factors fit in signed 16 bits.
namespace fixynn {

constexpr int kCoordinateBits = 32;
constexpr int kFractionBits = 11;
constexpr int kWeightBits = 14;
constexpr int kGainBits = 12;
/// A weighted sum has kWeightBits fraction bits; it is rounded to this many before the gain is applied.
constexpr int kValueBits = 7;

/// AugmentParams in fixed point, with the source's limits.
struct FixedAugment {
  int64_t ax, ay, a0, bx, by,
      b0;                  ///< kCoordinateBits fraction bits; a0, b0 hold half a weight step for rounding
  int64_t last_x, last_y;  ///< (width - 1), (height - 1) in the same format
  int32_t gain, offset;    ///< kGainBits and kGainBits + kValueBits fraction bits; offset includes one half
  int32_t stride;          ///< source bytes a row
  int32_t plain;           ///< 1 when gain is 1 and offset 0
  int32_t cutout_x0, cutout_y0, cutout_x1, cutout_y1;
};

FIXYNN_HD int64_t to_fixed_coordinate(float value) {
  return static_cast<int64_t>(static_cast<double>(value) *
                              static_cast<double>(int64_t{1} << kCoordinateBits));
}

/// `limit_to` keeps any finite draw within the formats above; NaN becomes `low`.
FIXYNN_HD float limit_to(float value, float low, float high) {
  return value > low ? (value < high ? value : high) : low;
}

FIXYNN_HD FixedAugment fix_augment(const AugmentParams& params, int source_width, int source_height) {
  constexpr float kFar = 32768.0f;  // times 4096 destination pixels, this stays within 63 bits
  constexpr int64_t kHalfStep = int64_t{1} << (kCoordinateBits - kFractionBits - 1);
  FixedAugment fixed{};
  fixed.ax = to_fixed_coordinate(limit_to(params.ax, -kFar, kFar));
  fixed.ay = to_fixed_coordinate(limit_to(params.ay, -kFar, kFar));
  fixed.bx = to_fixed_coordinate(limit_to(params.bx, -kFar, kFar));
  fixed.by = to_fixed_coordinate(limit_to(params.by, -kFar, kFar));
  fixed.a0 = to_fixed_coordinate(limit_to(params.a0, -kFar, kFar)) + kHalfStep;
  fixed.b0 = to_fixed_coordinate(limit_to(params.b0, -kFar, kFar)) + kHalfStep;
  fixed.last_x = static_cast<int64_t>(source_width - 1) << kCoordinateBits;
  fixed.last_y = static_cast<int64_t>(source_height - 1) << kCoordinateBits;
  constexpr float kGainOne = 1 << kGainBits;
  constexpr float kOffsetOne = 1 << (kGainBits + kValueBits);
  fixed.gain = static_cast<int32_t>(limit_to(params.gain, 0.0f, 3.99f) * kGainOne + 0.5f);
  fixed.offset = static_cast<int32_t>(limit_to(params.offset, -1000.0f, 1000.0f) * kOffsetOne);
  fixed.plain = fixed.gain == (1 << kGainBits) && fixed.offset == 0 ? 1 : 0;
  fixed.offset += 1 << (kGainBits + kValueBits - 1);
  fixed.stride = source_width * 3;
  const bool cut = params.cutout_x0 < params.cutout_x1 && params.cutout_y0 < params.cutout_y1;
  fixed.cutout_x0 = cut ? params.cutout_x0 : 0;
  fixed.cutout_x1 = cut ? params.cutout_x1 : 0;
  fixed.cutout_y0 = cut ? params.cutout_y0 : 0;
  fixed.cutout_y1 = cut ? params.cutout_y1 : 0;
  return fixed;
}

/// The weights of the four neighbours for fractions fx, fy in 0 .. 1 << kFractionBits.
struct LerpWeights {
  int32_t top_left, top_right, bottom_left, bottom_right;
};

FIXYNN_HD LerpWeights lerp_weights(int32_t fx, int32_t fy) {
  constexpr int kUp = kWeightBits - kFractionBits;
  const int32_t both = (fx * fy) >> (2 * kFractionBits - kWeightBits);
  return {(1 << kWeightBits) - (fx << kUp) - (fy << kUp) + both, (fx << kUp) - both, (fy << kUp) - both,
          both};
}

/// `sum`: weighted sum with kWeightBits fraction bits, 0 .. 255 << 14.
FIXYNN_HD uint8_t finish_value(int32_t sum, const FixedAugment& fixed) {
  if (fixed.plain) return static_cast<uint8_t>((sum + (1 << (kWeightBits - 1))) >> kWeightBits);
  constexpr int kDrop = kWeightBits - kValueBits;
  const int32_t value = (sum + (1 << (kDrop - 1))) >> kDrop;
  const int32_t out = (value * fixed.gain + fixed.offset) >> (kGainBits + kValueBits);
  return static_cast<uint8_t>(out < 0 ? 0 : (out > 255 ? 255 : out));
}

/// One destination pixel, edges clamped.
FIXYNN_HD void render_pixel(const uint8_t* source, const FixedAugment& fixed, int x, int y, uint8_t* out) {
  if (x >= fixed.cutout_x0 && x < fixed.cutout_x1 && y >= fixed.cutout_y0 && y < fixed.cutout_y1) {
    out[0] = out[1] = out[2] = 128;
    return;
  }
  int64_t sx = fixed.ax * x + fixed.ay * y + fixed.a0;
  int64_t sy = fixed.bx * x + fixed.by * y + fixed.b0;
  sx = sx < 0 ? 0 : (sx > fixed.last_x ? fixed.last_x : sx);
  sy = sy < 0 ? 0 : (sy > fixed.last_y ? fixed.last_y : sy);
  constexpr int kShift = kCoordinateBits - kFractionBits;
  constexpr int32_t kMask = (1 << kFractionBits) - 1;
  const LerpWeights w =
      lerp_weights(static_cast<int32_t>(sx >> kShift) & kMask, static_cast<int32_t>(sy >> kShift) & kMask);
  const int32_t right = sx < fixed.last_x ? 3 : 0;
  const int32_t below = sy < fixed.last_y ? fixed.stride : 0;
  const uint8_t* p = source + (sy >> kCoordinateBits) * fixed.stride + (sx >> kCoordinateBits) * 3;
  for (int c = 0; c < 3; ++c, ++p) {
    out[c] = finish_value(p[0] * w.top_left + p[right] * w.top_right + p[below] * w.bottom_left +
                              p[below + right] * w.bottom_right,
                          fixed);
  }
}

}  // namespace fixynn
