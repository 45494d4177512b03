// SPDX-License-Identifier: Apache-2.0
#pragma once

// Kernels with one bug each, and correct ones like them, for bugs_test.cpp: every checker must be seen to
// fire.

#include "cuda/mma.cuh"

namespace fixynn::cuda::bugs {

constexpr unsigned kAll = 0xffffffffu;

// ---- Races within a block. Blocks of 64 threads, `data` of at least 256 floats.

__global__ inline void reverse(float* data, bool barrier) {
  SHARED_ARRAY(float, tile, [64]);
  tile[63 - threadIdx.x] = 0;
  __syncthreads();
  tile[threadIdx.x] = data[threadIdx.x];
  if (barrier) __syncthreads();
  data[threadIdx.x] = tile[63 - threadIdx.x];
}

/// Threads read the tile while others may fill it for the next round: only the first barrier is there.
__global__ inline void sum_of_tiles(float* data, bool second_barrier) {
  SHARED_ARRAY(float, tile, [64]);
  float sum = 0;
  for (int round = 0; round < 2; ++round) {
    tile[threadIdx.x] = data[round * 64 + threadIdx.x];
    __syncthreads();
    for (int i = 0; i < 64; ++i) sum += tile[i];
    if (second_barrier) __syncthreads();
  }
  data[128 + threadIdx.x] = sum;
}

enum class WarpOrder { kNothing, kShuffle, kHalf, kWarp };
/// A tree in one warp, whose lanes run in step only in old books.
__global__ inline void warp_tree(float* data, WarpOrder order) {
  SHARED_ARRAY(float, tile, [32]);
  const unsigned lane = threadIdx.x;
  const unsigned half = lane < 16 ? 0x0000ffffu : 0xffff0000u;
  tile[lane] = data[lane];
  for (unsigned step = 16; step > 0; step /= 2) {
    if (order == WarpOrder::kShuffle) __shfl_sync(kAll, 0, 0);
    if (order == WarpOrder::kHalf) __syncwarp(half);
    if (order == WarpOrder::kWarp) __syncwarp();
    if (lane < step) tile[lane] += tile[lane + step];
  }
  if (lane == 0) data[0] = tile[0];
}

/// Through global memory it is the same.
__global__ inline void shift_in_place(float* data, bool barrier) {
  const float next = data[(threadIdx.x + 1) % 64];
  if (barrier) __syncthreads();
  data[threadIdx.x] = next;
}

__global__ inline void reads_unwritten(float* data, bool all) {
  SHARED_ARRAY(float, tile, [65]);
  tile[threadIdx.x] = data[threadIdx.x];
  if (all && threadIdx.x == 0) tile[64] = 0;
  __syncthreads();
  data[threadIdx.x] = tile[threadIdx.x + 1];
}

/// Neighbouring bytes of different threads are no race, the same byte is one.
__global__ inline void bytes(uint8_t* data, unsigned per_byte) {
  data[threadIdx.x / per_byte] = static_cast<uint8_t>(threadIdx.x);
}

// ---- Races between blocks.

__global__ inline void all_write(float* data) {
  if (threadIdx.x == 0) data[0] = static_cast<float>(blockIdx.x);
}
__global__ inline void count_up(int* data, bool atomic) {
  if (threadIdx.x != 0) return;
  if (atomic) {
    atomicAdd(data, 1);
  } else {
    data[0] += 1;
  }
}
__global__ inline void atomic_then_read(int* data, bool barrier) {
  SHARED_ARRAY(int, sum, [1]);
  if (threadIdx.x == 0) sum[0] = 0;
  __syncthreads();
  atomicAdd(sum, 1);
  if (barrier) __syncthreads();
  // The checker judges the order that it sees, so not the thread whose atomic comes last in some schedule.
  if (threadIdx.x == 40) data[0] = sum[0];
}
__global__ inline void reads_other_block(float* data) {
  const unsigned i = blockIdx.x * 64 + threadIdx.x;
  data[i] = static_cast<float>(i);
  if (blockIdx.x == gridDim.x - 1) data[256 + threadIdx.x] = data[threadIdx.x];
}

enum class Fence {
  kNone,
  kEachThread,
  kFirstThreadAfterBarrier,
  kFirstThreadBeforeBarrier,
  kEachAfterTicket
};
/// The block that comes last adds what all blocks wrote.
__global__ inline void last_block_sums(float* partial, float* sum, unsigned* ticket, Fence fence) {
  SHARED_ARRAY(unsigned, place, [1]);
  partial[blockIdx.x * 64 + threadIdx.x] = static_cast<float>(threadIdx.x);
  if (fence == Fence::kEachThread) __threadfence();
  if (fence == Fence::kFirstThreadBeforeBarrier && threadIdx.x == 0) __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) {
    if (fence == Fence::kFirstThreadAfterBarrier) __threadfence();
    place[0] = atomicInc(ticket, gridDim.x - 1);
  }
  __syncthreads();
  if (fence == Fence::kEachAfterTicket) __threadfence();
  if (place[0] == gridDim.x - 1) {
    float total = 0;
    for (unsigned block = 0; block < gridDim.x; ++block) total += partial[block * 64 + threadIdx.x];
    sum[threadIdx.x] = total;
  }
}

/// One warp a block: its lanes meet at __syncwarp, the first one fences and takes the ticket.
__global__ inline void last_warp_sums(float* partial, float* sum, unsigned* ticket, bool syncwarp) {
  partial[blockIdx.x * 32 + threadIdx.x] = static_cast<float>(threadIdx.x);
  if (syncwarp) __syncwarp();
  unsigned place = 0;
  if (threadIdx.x == 0) {
    __threadfence();
    place = atomicInc(ticket, gridDim.x - 1);
  }
  __syncwarp();
  place = __shfl_sync(kAll, place, 0);
  if (place != gridDim.x - 1) return;
  float total = 0;
  for (unsigned block = 0; block < gridDim.x; ++block) total += partial[block * 32 + threadIdx.x];
  sum[threadIdx.x] = total;
}

// ---- What no kernel may do.

__global__ inline void leaves_before_barrier(float* data) {
  if (threadIdx.x == 5) return;
  __syncthreads();
  data[threadIdx.x] = 0;
}
__global__ inline void two_barriers(float* data) {
  if (threadIdx.x < 32) {
    __syncthreads();
  } else {
    data[threadIdx.x] = 0;
    __syncthreads();
  }
}
__global__ inline void some_skip_barrier(float* data) {
  if (threadIdx.x < 32) __syncthreads();
  data[threadIdx.x] = 0;
}
__global__ inline void warp_waits_for_barrier(float* data) {
  if (threadIdx.x == 0) __shfl_xor_sync(kAll, 0, 1);
  __syncthreads();
  data[threadIdx.x] = 0;
}
__global__ inline void part_of_a_warp_shuffles(float* data) {
  if (threadIdx.x < 20) data[threadIdx.x] = __shfl_down_sync(kAll, data[threadIdx.x], 1);
}
__global__ inline void source_outside_mask(float* data) {
  if (threadIdx.x < 16) data[threadIdx.x] = __shfl_sync(0xffffu, data[threadIdx.x], 17);
}
__global__ inline void mask_without_caller(float* data) {
  data[threadIdx.x] = __shfl_sync(0xfffffffeu, data[threadIdx.x], 1);
}
__global__ inline void lanes_that_do_not_exist(float* data) {
  data[threadIdx.x] = __shfl_sync(kAll, data[threadIdx.x], 0);
}
__global__ inline void two_operations(float* data) {
  data[threadIdx.x] = static_cast<float>(threadIdx.x % 2 == 0 ? __any_sync(kAll, 1) : __all_sync(kAll, 1));
}
__global__ inline void bad_width(float* data) {
  data[threadIdx.x] = __shfl_sync(kAll, data[threadIdx.x], 0, 12);
}
__global__ inline void half_a_warp_multiplies(float* data) {
  float c[4] = {};
  const uint32_t a[4] = {}, b[2] = {};
  if (threadIdx.x < 16) mma_bf16_m16n8k16(c, a, b);
  data[threadIdx.x] = c[0];
}
__global__ inline void misaligned_rows(float* data) {
  SHARED_ARRAY(uint4, rows, [33]);
  rows[threadIdx.x] = uint4{};
  if (threadIdx.x == 0) rows[32] = uint4{};
  __syncwarp();
  uint32_t r[4];
  ldmatrix_x4(r, reinterpret_cast<const float*>(&rows[threadIdx.x]) + 1);
  data[threadIdx.x] = __uint_as_float(r[0]);
}
__global__ inline void too_much_static(float* data) {
  SHARED_ARRAY(float, first, [12288]);
  SHARED_ARRAY(float, second, [1]);
  first[threadIdx.x] = second[0] = 0;
  data[0] = first[0];
}
__global__ inline void uses_dynamic(float* data) {
  DYNAMIC_SHARED(float, dynamic);
  dynamic[threadIdx.x] = 0;
  data[threadIdx.x] = dynamic[threadIdx.x];
}
__global__ inline void launches(float* data) {
  launch(uses_dynamic, {1, 32, 128}, data);
}
__global__ inline void throws(float*) {
  throw std::out_of_range("no such layer");
}

// ---- Out of bounds and undefined.

template <class T>
__global__ void shared_index(float* data, int extra) {
  SHARED_ARRAY(T, tile, [64]);
  tile[threadIdx.x + static_cast<unsigned>(extra)] = T(1);
  data[threadIdx.x] = static_cast<float>(tile[threadIdx.x]);
}
template <class T>
__global__ void shared_pointer(float* data, int extra) {
  SHARED_ARRAY(T, tile, [64]);
  T* const own = tile + threadIdx.x;
  own[extra] = T(1);
  data[threadIdx.x] = static_cast<float>(own[0]);
}
__global__ inline void global_end(float* data, int extra) {
  data[threadIdx.x + static_cast<unsigned>(extra)] = 1;
}
__global__ inline void misaligned_float4(float* data) {
  if (threadIdx.x == 0) *reinterpret_cast<float4*>(data + 1) = make_float4(0, 0, 0, 0);
}
__global__ inline void overflow(int* data) {
  data[threadIdx.x] += 1;
}
__global__ inline void register_array(float* data, int count) {
  float values[4] = {};
  for (int i = 0; i < count; ++i) values[i] += data[i];
  data[threadIdx.x] = values[0];
}

}  // namespace fixynn::cuda::bugs
