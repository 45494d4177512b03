// SPDX-License-Identifier: Apache-2.0
#pragma once

// Tensor-core instructions of one warp, and the only inline PTX of the project. All 32 lanes must call
// together. On the host a warp collective computes the same from the register layouts below, adding in k
// order in float; the order and rounding inside the instruction are the hardware's, so tests of float kernels
// need a tolerance.
//
// Layouts (PTX ISA, matrix fragments), with g = lane / 4 and t = lane % 4; D += A * B, A is [16][K], B is
// [K][8]:
//
//   C, D  4 x 32 bits   c[0], c[1]: row g,     columns 2t, 2t + 1
//                       c[2], c[3]: row g + 8, columns 2t, 2t + 1
//   bf16, K = 16        a[0]: row g,     k 2t, 2t + 1          (lower half first)
//                       a[1]: row g + 8, k 2t, 2t + 1
//                       a[2]: row g,     k 2t + 8, 2t + 9
//                       a[3]: row g + 8, k 2t + 8, 2t + 9
//                       b[0]: column g,  k 2t, 2t + 1
//                       b[1]: column g,  k 2t + 8, 2t + 9
//   tf32, K = 8         a[0]: row g, k t;  a[1]: row g + 8, k t;  a[2]: row g, k t + 4;  a[3]: row g + 8, k t
//   + 4
//                       b[0]: column g, k t;  b[1]: column g, k t + 4
//   u8 x s8, K = 32     a[0]: row g,     k 4t .. 4t + 3        (lowest byte first)
//                       a[1]: row g + 8, k 4t .. 4t + 3
//                       a[2]: row g,     k 4t + 16 .. 4t + 19
//                       a[3]: row g + 8, k 4t + 16 .. 4t + 19
//                       b[0]: column g,  k 4t .. 4t + 3
//                       b[1]: column g,  k 4t + 16 .. 4t + 19

#include <cstdint>

#include "cuda/portable.cuh"

#if defined(__CUDACC__)

namespace fixynn::cuda {

/// c += a * b, bf16 operands, float sums.
__device__ __forceinline__ void mma_bf16_m16n8k16(float (&c)[4], const uint32_t (&a)[4],
                                                  const uint32_t (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/// A float as the tensor cores read it with tf32: 10 bits of fraction, to nearest, ties away from zero.
__device__ __forceinline__ uint32_t to_tf32(float value) {
  uint32_t bits;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(value));
  return bits;
}

/// c += a * b; operands from to_tf32, float sums.
__device__ __forceinline__ void mma_tf32_m16n8k8(float (&c)[4], const uint32_t (&a)[4],
                                                 const uint32_t (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/// c += a * b, a unsigned and b signed bytes; exact as long as the sums fit in 32 bits.
__device__ __forceinline__ void mma_u8s8_m16n8k32(int32_t (&c)[4], const uint32_t (&a)[4],
                                                  const uint32_t (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k32.row.col.s32.u8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};"
      : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/// Four 8 x 8 matrices of 16-bit elements from shared memory. Lanes 8m .. 8m + 7 give the addresses of the
/// rows of matrix m, 16 bytes each and 16-byte aligned; r[m] gets the elements 2t, 2t + 1 of its row g.
__device__ __forceinline__ void ldmatrix_x4(uint32_t (&r)[4], const void* row) {
  const auto address = static_cast<uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(address)
               : "memory");
}

/// The same, transposed: r[m] gets the elements of rows 2t, 2t + 1 in column g.
__device__ __forceinline__ void ldmatrix_x4_trans(uint32_t (&r)[4], const void* row) {
  const auto address = static_cast<uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(address)
               : "memory");
}

/// Two matrices, addressed by lanes 0 .. 15; the other lanes' addresses are ignored but must be valid.
__device__ __forceinline__ void ldmatrix_x2(uint32_t (&r)[2], const void* row) {
  const auto address = static_cast<uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0, %1}, [%2];"
               : "=r"(r[0]), "=r"(r[1])
               : "r"(address)
               : "memory");
}

__device__ __forceinline__ void ldmatrix_x2_trans(uint32_t (&r)[2], const void* row) {
  const auto address = static_cast<uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];"
               : "=r"(r[0]), "=r"(r[1])
               : "r"(address)
               : "memory");
}

}  // namespace fixynn::cuda

#else
#include "host_cuda/mma_host.h"
#endif
