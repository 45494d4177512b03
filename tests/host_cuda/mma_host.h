// SPDX-License-Identifier: Apache-2.0
#pragma once

// Tensor-core instructions on the host: each lane brings its registers, the last one computes for the warp.
// The register layouts are those of the table in cuda/mma.cuh. Included by it.

#include <cstring>

#include "host_cuda/host_cuda.h"

namespace host_cuda {

template <class T>
struct Fragments {
  T* c;
  const uint32_t* a;
  const uint32_t* b;
};

inline float bf16_of(uint32_t word, int half) {
  return __uint_as_float(half == 0 ? word << 16 : word & 0xffff0000u);
}

/// The elements of a warp's fragments as whole matrices, their product added to C. `K` elements of depth,
/// `Per` of them in a register, `a_of(word, i)` and `b_of(word, i)` take element i out of one.
template <int K, int Per, class T, class TakeA, class TakeB, class Add>
void multiply_fragments(const Lanes& lanes, TakeA a_of, TakeB b_of, Add add) {
  T a[16][K], b[8][K];
  for (int lane = 0; lane < kWarp; ++lane) {
    const auto& own = *static_cast<const Fragments<T>*>(lanes.payload[lane]);
    const int g = lane / 4, t = lane % 4;
    for (int i = 0; i < Per; ++i) {
      const int k = Per * t + i;
      a[g][k] = a_of(own.a[0], i);
      a[g + 8][k] = a_of(own.a[1], i);
      a[g][k + K / 2] = a_of(own.a[2], i);
      a[g + 8][k + K / 2] = a_of(own.a[3], i);
      b[g][k] = b_of(own.b[0], i);
      b[g][k + K / 2] = b_of(own.b[1], i);
    }
  }
  for (int lane = 0; lane < kWarp; ++lane) {
    T* const c = static_cast<const Fragments<T>*>(lanes.payload[lane])->c;
    for (int i = 0; i < 4; ++i) {
      const int row = lane / 4 + i / 2 * 8, column = 2 * (lane % 4) + i % 2;
      for (int k = 0; k < K; ++k) c[i] = add(a[row][k], b[column][k], c[i]);
    }
  }
}

template <class T>
void multiply(const char* name, T (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2],
              CollectiveFunction function, const char* file, int line) {
  Fragments<T> own{c, a, b};
  warp_collective(name, 0xffffffffu, &own, function, false, file, line);
}

struct MatrixRow {
  uint4 bytes;
  uint32_t* result;
};

/// Each lane reads its own row, so that the checkers see who reads what.
template <int Matrices, bool Transposed>
void load_matrices(const char* name, uint32_t* result, const void* row, const char* file, int line) {
  MatrixRow own{{}, result};
  if (lane() < 8 * Matrices) {
    if (reinterpret_cast<uintptr_t>(row) % 16 != 0) fault(std::string(name) + ": row is not 16-byte aligned");
    own.bytes = *static_cast<const uint4*>(row);
  }
  const auto distribute = [](const Lanes& lanes) {
    for (int m = 0; m < Matrices; ++m) {
      uint16_t matrix[8][8];
      for (int r = 0; r < 8; ++r) {
        std::memcpy(matrix[r], &static_cast<const MatrixRow*>(lanes.payload[8 * m + r])->bytes, 16);
      }
      for (int lane = 0; lane < kWarp; ++lane) {
        const int g = lane / 4, t = lane % 4;
        const uint32_t low = Transposed ? matrix[2 * t][g] : matrix[g][2 * t];
        const uint32_t high = Transposed ? matrix[2 * t + 1][g] : matrix[g][2 * t + 1];
        static_cast<const MatrixRow*>(lanes.payload[lane])->result[m] = low | high << 16;
      }
    }
  };
  warp_collective(name, 0xffffffffu, &own, distribute, false, file, line);
}

}  // namespace host_cuda

namespace fixynn::cuda {

inline void mma_bf16_m16n8k16(float (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2],
                              HOST_CUDA_PLACE) {
  const auto function = [](const host_cuda::Lanes& lanes) {
    host_cuda::multiply_fragments<16, 2, float>(lanes, host_cuda::bf16_of, host_cuda::bf16_of,
                                                [](float x, float y, float sum) { return fmaf(x, y, sum); });
  };
  host_cuda::multiply("mma_bf16_m16n8k16", c, a, b, function, file, line);
}

inline uint32_t to_tf32(float value) {
  if (value != value) return 0x7fffffffu;
  const uint32_t bits = __float_as_uint(value);
  // Infinity must not be rounded into NaN; finite values may become infinite.
  return (bits & 0x7fffffffu) == 0x7f800000u ? bits : (bits + 0x1000u) & 0xffffe000u;
}

inline void mma_tf32_m16n8k8(float (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], HOST_CUDA_PLACE) {
  const auto function = [](const host_cuda::Lanes& lanes) {
    // Without to_tf32 the instruction drops the lower bits.
    const auto take = [](uint32_t word, int) { return __uint_as_float(word & 0xffffe000u); };
    host_cuda::multiply_fragments<8, 1, float>(lanes, take, take,
                                               [](float x, float y, float sum) { return fmaf(x, y, sum); });
  };
  host_cuda::multiply("mma_tf32_m16n8k8", c, a, b, function, file, line);
}

inline void mma_u8s8_m16n8k32(int32_t (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2],
                              HOST_CUDA_PLACE) {
  const auto function = [](const host_cuda::Lanes& lanes) {
    host_cuda::multiply_fragments<32, 4, int32_t>(
        lanes, [](uint32_t word, int i) { return static_cast<int32_t>(word >> (8 * i) & 255u); },
        [](uint32_t word, int i) { return static_cast<int32_t>(static_cast<int8_t>(word >> (8 * i))); },
        [](int32_t x, int32_t y, int32_t sum) {
          return static_cast<int32_t>(static_cast<uint32_t>(sum) + static_cast<uint32_t>(x * y));
        });
  };
  host_cuda::multiply("mma_u8s8_m16n8k32", c, a, b, function, file, line);
}

inline void ldmatrix_x4(uint32_t (&r)[4], const void* row, HOST_CUDA_PLACE) {
  host_cuda::load_matrices<4, false>("ldmatrix_x4", r, row, file, line);
}
inline void ldmatrix_x4_trans(uint32_t (&r)[4], const void* row, HOST_CUDA_PLACE) {
  host_cuda::load_matrices<4, true>("ldmatrix_x4_trans", r, row, file, line);
}
inline void ldmatrix_x2(uint32_t (&r)[2], const void* row, HOST_CUDA_PLACE) {
  host_cuda::load_matrices<2, false>("ldmatrix_x2", r, row, file, line);
}
inline void ldmatrix_x2_trans(uint32_t (&r)[2], const void* row, HOST_CUDA_PLACE) {
  host_cuda::load_matrices<2, true>("ldmatrix_x2_trans", r, row, file, line);
}

}  // namespace fixynn::cuda
