// SPDX-License-Identifier: Apache-2.0
#pragma once

// Operands of the matrix products of the 1x1 convolutions. A pass applies something to every value it loads
// (activate, or gradient_of_z), so an operand goes from global memory to registers (16 bytes a load, issued
// early), through that function in float, and to shared memory in the type that is multiplied: bf16, floats
// rounded to tf32, or floats.

#include <type_traits>

#include "cuda/kernels/activation.cuh"
#include "cuda/mma.cuh"

namespace fixynn::cuda {

constexpr int kMatrixThreads = 256;

template <Precision kPrecision>
using Element = std::conditional_t<kPrecision == Precision::kBf16, __nv_bfloat16, float>;

template <class T>
__device__ __forceinline__ uint4 load_16_bytes(const T* from) {
  return *reinterpret_cast<const uint4*>(from);
}

__device__ __forceinline__ void unpack(const uint4& bits, float (&values)[8]) {
  unpack_bf16(bits.x, values[0], values[1]);
  unpack_bf16(bits.y, values[2], values[3]);
  unpack_bf16(bits.z, values[4], values[5]);
  unpack_bf16(bits.w, values[6], values[7]);
}
__device__ __forceinline__ void unpack(const uint4& bits, float (&values)[4]) {
  values[0] = __uint_as_float(bits.x);
  values[1] = __uint_as_float(bits.y);
  values[2] = __uint_as_float(bits.z);
  values[3] = __uint_as_float(bits.w);
}

/// One access to global memory; nvcc takes a plain assignment apart where the address is a sum of several
/// terms.
__device__ __forceinline__ void store_16_bytes(float* to, const float (&values)[4]) {
  __stwb(reinterpret_cast<float4*>(to), make_float4(values[0], values[1], values[2], values[3]));
}
__device__ __forceinline__ void store_16_bytes(__nv_bfloat16* to, const float (&values)[8]) {
  __stwb(reinterpret_cast<uint4*>(to),
         make_uint4(pack_bf16(values[0], values[1]), pack_bf16(values[2], values[3]),
                    pack_bf16(values[4], values[5]), pack_bf16(values[6], values[7])));
}

/// To shared memory, rounded to what the products take.
template <Precision kPrecision, int V>
__device__ __forceinline__ void store_operand(Element<kPrecision>* to, const float (&values)[V]) {
  if constexpr (kPrecision == Precision::kTf32) {
    float rounded[V];
#pragma unroll
    for (int i = 0; i < V; ++i) rounded[i] = __uint_as_float(to_tf32(values[i]));
    store_values(to, rounded);
  } else {
    store_values(to, values);
  }
}

// Elements are addressed by a base, the same for all threads of a block, and an offset in the tile.

/// y = activate(z). The tables are a and b, in shared memory, `stride` floats apart.
template <class T>
struct ActivationOperand {
  static constexpr int V = kVector<T>;
  static constexpr int kTables = 2;
  const T* z;
  Activation activation;

  struct Raw {
    uint4 z;
    __device__ __forceinline__ void clear() { z = make_uint4(0, 0, 0, 0); }
  };
  struct Coefficients {
    float a[V], b[V];
    __device__ __forceinline__ void load(const float* tables, int stride, int channel) {
      load_values(tables + channel, a);
      load_values(tables + stride + channel, b);
    }
  };
  __device__ __forceinline__ float table_value(int table, int channel) const {
    return table == 0 ? activation.a[channel] : activation.b[channel];
  }
  __device__ __forceinline__ Raw fetch(int64_t base, int offset) const {
    return {load_16_bytes(z + base + offset)};
  }
  __device__ __forceinline__ void convert(const Raw& raw, const Coefficients& c, float (&values)[V]) const {
    unpack(raw.z, values);
#pragma unroll
    for (int i = 0; i < V; ++i) {
      values[i] = activate(values[i], c.a[i], c.b[i], activation.max, activation.quantise);
    }
  }
};

/// dz = gradient_of_z(du, z). The tables are ca, cp and cq.
template <class T>
struct GradientOperand {
  static constexpr int V = kVector<T>;
  static constexpr int kTables = 3;
  const T* du;
  const T* z;
  const float* ca_channels;
  const float* cp_channels;
  const float* cq_channels;

  explicit GradientOperand(const GradientLoad& from)
      : du(static_cast<const T*>(from.du)),
        z(static_cast<const T*>(from.z)),
        ca_channels(from.ca),
        cp_channels(from.cp),
        cq_channels(from.cq) {}

  struct Raw {
    uint4 du, z;
    __device__ __forceinline__ void clear() { du = z = make_uint4(0, 0, 0, 0); }
  };
  /// Four channels are read at a time, for want of registers.
  struct Coefficients {
    const float* ca;
    int stride;
    __device__ __forceinline__ void load(const float* tables, int table_stride, int channel) {
      ca = tables + channel;
      stride = table_stride;
    }
  };
  __device__ __forceinline__ float table_value(int table, int channel) const {
    return (table == 0 ? ca_channels : table == 1 ? cp_channels : cq_channels)[channel];
  }
  __device__ __forceinline__ Raw fetch(int64_t base, int offset) const {
    return {load_16_bytes(du + base + offset), load_16_bytes(z + base + offset)};
  }
  __device__ __forceinline__ void convert(const Raw& raw, const Coefficients& c, float (&values)[V]) const {
    float z_values[V];
    unpack(raw.du, values);
    unpack(raw.z, z_values);
#pragma unroll
    for (int first = 0; first < V; first += 4) {
      float ca[4], cp[4], cq[4];
      load_values(c.ca + first, ca);
      load_values(c.ca + c.stride + first, cp);
      load_values(c.ca + 2 * c.stride + first, cq);
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        values[first + j] = gradient_of_z(values[first + j], z_values[first + j], ca[j], cp[j], cq[j]);
      }
    }
  }
};

/// Fills `source`'s tables of `count` channels from `first`; 0 from channel `channels` on, so that whatever
/// is loaded there (zeros) becomes 0.
template <class Source>
__device__ __forceinline__ void fill_tables(const Source& source, float* tables, int first, int count,
                                            int channels) {
  for (int i = static_cast<int>(threadIdx.x); i < Source::kTables * count; i += kMatrixThreads) {
    const int channel = first + i % count;
    tables[i] = channel < channels ? source.table_value(i / count, channel) : 0.0f;
  }
}

}  // namespace fixynn::cuda
