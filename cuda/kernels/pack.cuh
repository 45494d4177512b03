// SPDX-License-Identifier: Apache-2.0
#pragma once

// V neighbouring channels in one access of 8 or 16 bytes, computed with in float. Pointers must be aligned to
// the access: channel counts are multiples of 8, arrays start at multiples of 256 bytes.

#include <cmath>
#include <cstdint>

#include "cuda/portable.cuh"

namespace fixynn::cuda {

/// Channels in 16 bytes.
template <class T>
constexpr int kVector = 16 / static_cast<int>(sizeof(T));

template <int V>
__device__ __forceinline__ void load_values(const float* from, float (&values)[V]) {
  static_assert(V % 4 == 0);
#pragma unroll
  for (int i = 0; i < V; i += 4) {
    const float4 four = *reinterpret_cast<const float4*>(from + i);
    values[i] = four.x;
    values[i + 1] = four.y;
    values[i + 2] = four.z;
    values[i + 3] = four.w;
  }
}

/// The two bf16 of a word: bf16 is the upper half of a float.
__device__ __forceinline__ void unpack_bf16(uint32_t word, float& low, float& high) {
  low = __uint_as_float(word << 16);
  high = __uint_as_float(word & 0xffff0000u);
}

/// Rounds to nearest even, in one instruction; `low` goes to the lower address.
__device__ __forceinline__ uint32_t pack_bf16(float low, float high) {
  const __nv_bfloat162 two = __floats2bfloat162_rn(low, high);
  return *reinterpret_cast<const uint32_t*>(&two);
}

template <int V>
__device__ __forceinline__ void load_values(const __nv_bfloat16* from, float (&values)[V]) {
  static_assert(V == 4 || V == 8);
  if constexpr (V == 8) {
    const uint4 eight = *reinterpret_cast<const uint4*>(from);
    unpack_bf16(eight.x, values[0], values[1]);
    unpack_bf16(eight.y, values[2], values[3]);
    unpack_bf16(eight.z, values[4], values[5]);
    unpack_bf16(eight.w, values[6], values[7]);
  } else {
    const uint2 four = *reinterpret_cast<const uint2*>(from);
    unpack_bf16(four.x, values[0], values[1]);
    unpack_bf16(four.y, values[2], values[3]);
  }
}

template <int V>
__device__ __forceinline__ void store_values(float* to, const float (&values)[V]) {
  static_assert(V % 4 == 0);
#pragma unroll
  for (int i = 0; i < V; i += 4) {
    *reinterpret_cast<float4*>(to + i) = make_float4(values[i], values[i + 1], values[i + 2], values[i + 3]);
  }
}

template <int V>
__device__ __forceinline__ void store_values(__nv_bfloat16* to, const float (&values)[V]) {
  static_assert(V == 4 || V == 8);
  if constexpr (V == 8) {
    *reinterpret_cast<uint4*>(to) =
        make_uint4(pack_bf16(values[0], values[1]), pack_bf16(values[2], values[3]),
                   pack_bf16(values[4], values[5]), pack_bf16(values[6], values[7]));
  } else {
    *reinterpret_cast<uint2*>(to) =
        make_uint2(pack_bf16(values[0], values[1]), pack_bf16(values[2], values[3]));
  }
}

/// What a store keeps of a value.
__device__ __forceinline__ float stored(const float*, float value) {
  return value;
}
__device__ __forceinline__ float stored(const __nv_bfloat16*, float value) {
  return __uint_as_float(static_cast<uint32_t>(__bfloat16_as_ushort(__float2bfloat16_rn(value))) << 16);
}

}  // namespace fixynn::cuda
