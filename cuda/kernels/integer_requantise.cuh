// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the integer passes share: Requantizer::apply on neighbouring channels, packed into words of codes.

#include <cstdint>

#include "cuda/portable.cuh"
#include "quant/requantizer.h"

namespace fixynn::cuda {

/// V neighbouring codes in one access; word i holds codes 4i .. 4i + 3, the first in the lowest byte.
template <int V>
__device__ __forceinline__ void load_codes(const uint8_t* from, uint32_t (&words)[V / 4]) {
  static_assert(V == 8 || V == 16);
  if constexpr (V == 16) {
    const uint4 four = __ldg(reinterpret_cast<const uint4*>(from));
    words[0] = four.x;
    words[1] = four.y;
    words[2] = four.z;
    words[3] = four.w;
  } else {
    const uint2 two = __ldg(reinterpret_cast<const uint2*>(from));
    words[0] = two.x;
    words[1] = two.y;
  }
}

template <int V>
__device__ __forceinline__ void store_codes(uint8_t* to, const uint32_t (&words)[V / 4]) {
  static_assert(V == 4 || V == 8 || V == 16);
  if constexpr (V == 16) {
    *reinterpret_cast<uint4*>(to) = make_uint4(words[0], words[1], words[2], words[3]);
  } else if constexpr (V == 8) {
    *reinterpret_cast<uint2*>(to) = make_uint2(words[0], words[1]);
  } else {
    *reinterpret_cast<uint32_t*>(to) = words[0];
  }
}

/// The tables of four neighbouring channels.
struct RequantiseFour {
  int4 multiplier, bias;
  __device__ __forceinline__ void load(const int32_t* multipliers, const int32_t* biases, int channel) {
    multiplier = __ldg(reinterpret_cast<const int4*>(multipliers + channel));
    bias = __ldg(reinterpret_cast<const int4*>(biases + channel));
  }
  /// The codes of four accumulators, the first channel in the lowest byte.
  __device__ __forceinline__ uint32_t codes(int a, int b, int c, int d, int shift, int code_max) const {
    const auto code = [&](int accumulator, int m, int offset) {
      return static_cast<uint32_t>(Requantizer::apply(accumulator, m, offset, shift, code_max));
    };
    return code(a, multiplier.x, bias.x) | code(b, multiplier.y, bias.y) << 8 |
           code(c, multiplier.z, bias.z) << 16 | code(d, multiplier.w, bias.w) << 24;
  }
};

}  // namespace fixynn::cuda
