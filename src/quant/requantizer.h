// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/host_device.h"

namespace fixynn {

/// Programmable batch norm + ReLU6 + quantisation of one output channel, in integers:
///   code = clamp((acc * multiplier + bias) >> shift, 0, code_max)
/// with an arithmetic shift (floor). Half-up rounding is folded into `bias` (+ 2^(shift-1)).
/// acc is at most 31 bits signed, the product and sum are bounded by 48 bits (lowering checks it).
struct Requantizer {
  int16_t multiplier = 0;
  int32_t bias = 0;

  FIXYNN_HD static int32_t apply(int32_t acc, int32_t multiplier, int32_t bias, int shift, int32_t code_max) {
    const int64_t shifted = (static_cast<int64_t>(acc) * multiplier + bias) >> shift;
    return static_cast<int32_t>(shifted < 0 ? 0 : (shifted > code_max ? code_max : shifted));
  }
};

}  // namespace fixynn
