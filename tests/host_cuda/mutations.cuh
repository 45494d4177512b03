// SPDX-License-Identifier: Apache-2.0
#pragma once

// Correct kernels from which bugs_test.cpp takes one barrier: number `Without`, none for -1.

#include "cuda/mma.cuh"

namespace fixynn::cuda::bugs {

template <int Without, int Which>
__device__ void barrier() {
  if constexpr (Without != Which) __syncthreads();
}

/// c[M][16] = a[M][K] b[K][16], a block of 16 x 16 threads for 16 rows.
template <int Without>
__global__ void tiled_product(const float* a, const float* b, float* c, int depth) {
  SHARED_ARRAY(float, a_tile, [16][16]);
  SHARED_ARRAY(float, b_tile, [16][17]);
  const int x = static_cast<int>(threadIdx.x), y = static_cast<int>(threadIdx.y);
  const int row = static_cast<int>(blockIdx.x) * 16 + y;
  float sum = 0;
  for (int k = 0; k < depth; k += 16) {
    a_tile[y][x] = a[row * depth + k + x];
    b_tile[y][x] = b[(k + y) * 16 + x];
    barrier<Without, 0>();
    for (int i = 0; i < 16; ++i) sum = fmaf(a_tile[y][i], b_tile[i][x], sum);
    barrier<Without, 1>();
  }
  c[row * 16 + x] = sum;
}

/// Sums of 256 values by a tree over the block, the warps' parts through shared memory, twice.
template <int Without>
__global__ void block_sums(const float* from, float* to) {
  SHARED_ARRAY(float, parts, [8]);
  for (int round = 0; round < 2; ++round) {
    float sum = from[round * 256 + static_cast<int>(threadIdx.x)];
    for (int step = 16; step > 0; step /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, step);
    if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = sum;
    barrier<Without, 0>();
    if (threadIdx.x == 0) {
      float total = 0;
      for (float part : parts) total += part;
      to[round] = total;
    }
    barrier<Without, 1>();
  }
}

/// c[16][16] = a[16][K] b[16][K] transposed by two warps, 8 columns each; rows of 16 elements at a time.
template <int Without>
__global__ void mma_product(const uint4* a, const uint4* b, float* c, int depth) {
  SHARED_ARRAY(uint4, a_rows, [16][2]);
  SHARED_ARRAY(uint4, b_rows, [16][2]);
  const int thread = static_cast<int>(threadIdx.x), lane = thread % 32, warp = thread / 32;
  float sums[4] = {};
  for (int k = 0; k < depth / 8; k += 2) {
    const int row = lane / 2, half = lane % 2;
    const uint4* const from = warp == 0 ? a : b;
    const uint4 eight = from[row * (depth / 8) + k + half];
    if (warp == 0) {
      a_rows[row][half] = eight;
    } else {
      b_rows[row][half] = eight;
    }
    barrier<Without, 0>();
    uint32_t x[4], y[2];
    ldmatrix_x4(x, &a_rows[lane % 16][lane / 16]);
    ldmatrix_x2(y, &b_rows[warp * 8 + lane % 8][lane / 8 % 2]);
    mma_bf16_m16n8k16(sums, x, y);
    barrier<Without, 1>();
  }
  float* const out = c + (lane / 4) * 16 + warp * 8 + lane % 4 * 2;
  out[0] = sums[0];
  out[1] = sums[1];
  out[8 * 16] = sums[2];
  out[8 * 16 + 1] = sums[3];
}

}  // namespace fixynn::cuda::bugs
