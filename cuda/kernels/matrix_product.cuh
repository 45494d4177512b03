// SPDX-License-Identifier: Apache-2.0
#pragma once

// Products of operands in shared memory with sums in registers.
//   Mma<kPrecision>  fragments of one warp for the tensor cores, loaded from row-major shared memory
//   MmaTile          kM x kN sums of a warp
//   FmaTile          kRows x 4 sums of a thread, multiplied with fmaf in the order of k
// Shared rows are padded so that the eight rows of a fragment start in different groups of four banks.

#include "cuda/kernels/matrix_operand.cuh"

namespace fixynn::cuda {

__device__ __forceinline__ int lane_index() {
  return static_cast<int>(threadIdx.x) % 32;
}

template <Precision kPrecision>
struct Mma;

template <>
struct Mma<Precision::kBf16> {
  static constexpr int kDepth = 16;
  using T = __nv_bfloat16;
  /// Left operand, 16 x 16, stored [m][k].
  static __device__ __forceinline__ void load_rows(uint32_t (&a)[4], const T* corner, int stride) {
    const int lane = lane_index();
    ldmatrix_x4(a, corner + (lane % 16) * stride + lane / 16 * 8);
  }
  /// Left operand, 16 x 16, stored [k][m].
  static __device__ __forceinline__ void load_transposed(uint32_t (&a)[4], const T* corner, int stride) {
    const int lane = lane_index();
    ldmatrix_x4_trans(a, corner + (lane / 16 * 8 + lane % 8) * stride + lane / 8 % 2 * 8);
  }
  /// Right operand, 16 x 16 (two fragments), stored [k][n].
  static __device__ __forceinline__ void load_right(uint32_t (&b)[2][2], const T* corner, int stride) {
    const int lane = lane_index();
    uint32_t four[4];
    ldmatrix_x4_trans(four, corner + (lane % 16) * stride + lane / 16 * 8);
    b[0][0] = four[0];
    b[0][1] = four[1];
    b[1][0] = four[2];
    b[1][1] = four[3];
  }
  static __device__ __forceinline__ void multiply(float (&c)[4], const uint32_t (&a)[4],
                                                  const uint32_t (&b)[2]) {
    mma_bf16_m16n8k16(c, a, b);
  }
};

/// Shared memory holds floats already rounded to tf32.
template <>
struct Mma<Precision::kTf32> {
  static constexpr int kDepth = 8;
  using T = float;
  static __device__ __forceinline__ void load_rows(uint32_t (&a)[4], const T* corner, int stride) {
    const int lane = lane_index();
    // A row of four floats is a row of eight 16-bit elements to ldmatrix.
    ldmatrix_x4(a, corner + (lane % 16) * stride + lane / 16 * 4);
  }
  static __device__ __forceinline__ void load_transposed(uint32_t (&a)[4], const T* corner, int stride) {
    const int group = lane_index() / 4, within = lane_index() % 4;
    const T* from = corner + within * stride + group;
    a[0] = __float_as_uint(from[0]);
    a[1] = __float_as_uint(from[8]);
    a[2] = __float_as_uint(from[4 * stride]);
    a[3] = __float_as_uint(from[4 * stride + 8]);
  }
  static __device__ __forceinline__ void load_right(uint32_t (&b)[2][2], const T* corner, int stride) {
    const int group = lane_index() / 4, within = lane_index() % 4;
    const T* from = corner + within * stride + group;
    b[0][0] = __float_as_uint(from[0]);
    b[0][1] = __float_as_uint(from[4 * stride]);
    b[1][0] = __float_as_uint(from[8]);
    b[1][1] = __float_as_uint(from[4 * stride + 8]);
  }
  static __device__ __forceinline__ void multiply(float (&c)[4], const uint32_t (&a)[4],
                                                  const uint32_t (&b)[2]) {
    mma_tf32_m16n8k8(c, a, b);
  }
};

/// kM x kN sums of a warp.
template <Precision kPrecision, int kM, int kN>
struct MmaTile {
  using T = Element<kPrecision>;
  using Unit = Mma<kPrecision>;
  float c[kM / 16][kN / 8][4];

  __device__ __forceinline__ void clear() {
#pragma unroll
    for (auto& row : c) {
#pragma unroll
      for (auto& fragment : row) {
#pragma unroll
        for (float& value : fragment) value = 0.0f;
      }
    }
  }
  /// Adds the product over Unit::kDepth; `left` is [m][k], or [k][m] where kTransposed, `right` is [k][n].
  template <bool kTransposed>
  __device__ __forceinline__ void step(const T* left, int left_stride, const T* right, int right_stride) {
    uint32_t a[kM / 16][4];
#pragma unroll
    for (int m = 0; m < kM / 16; ++m) {
      if constexpr (kTransposed) {
        Unit::load_transposed(a[m], left + m * 16, left_stride);
      } else {
        Unit::load_rows(a[m], left + m * 16 * left_stride, left_stride);
      }
    }
#pragma unroll
    for (int n = 0; n < kN / 16; ++n) {
      uint32_t b[2][2];
      Unit::load_right(b, right + n * 16, right_stride);
#pragma unroll
      for (int m = 0; m < kM / 16; ++m) {
        Unit::multiply(c[m][2 * n], a[m], b[0]);
        Unit::multiply(c[m][2 * n + 1], a[m], b[1]);
      }
    }
  }
  /// `use(row, column, first, second)` for pairs of neighbouring columns.
  template <class Use>
  __device__ __forceinline__ void for_pairs(Use use) const {
    const int group = lane_index() / 4, within = lane_index() % 4;
#pragma unroll
    for (int n = 0; n < kN / 8; ++n) {
#pragma unroll
      for (int m = 0; m < kM / 16; ++m) {
        use(m * 16 + group, n * 8 + 2 * within, c[m][n][0], c[m][n][1]);
        use(m * 16 + group + 8, n * 8 + 2 * within, c[m][n][2], c[m][n][3]);
      }
    }
  }
};

__device__ __forceinline__ void store_pair(float* to, float first, float second) {
  *reinterpret_cast<float2*>(to) = make_float2(first, second);
}
__device__ __forceinline__ void store_pair(__nv_bfloat16* to, float first, float second) {
  *reinterpret_cast<uint32_t*>(to) = pack_bf16(first, second);
}

/// kRows x 4 sums of a thread.
template <int kRows>
struct FmaTile {
  float c[kRows][4];

  __device__ __forceinline__ void clear() {
#pragma unroll
    for (auto& row : c) {
#pragma unroll
      for (float& value : row) value = 0.0f;
    }
  }
  /// c[r] += left(r) * right for one k.
  __device__ __forceinline__ void add(int r, float left, const float (&right)[4]) {
#pragma unroll
    for (int i = 0; i < 4; ++i) c[r][i] = fmaf(left, right[i], c[r][i]);
  }
};

}  // namespace fixynn::cuda
