// SPDX-License-Identifier: Apache-2.0
// Pointwise convolution of codes as a matrix product on tensor cores:
//   out[p][n] = requantise(sum over k of code[p][k] * weight[k][n]), u8 x s8 -> s32.
//
// Layout: codes [pixels][K] and [pixels][N] u8, weights packed for the lanes (pack_pointwise in
// cuda/engine/integer_packing.cpp), tables of N int32 padded with zeros to a multiple of 64.
// Threads: warps work alone, without barriers or shared memory. A warp's task is 32 pixels x one chunk of 16,
// 32 or 64 channels; tasks a grid stride apart. Four row tiles take a chunk of the weights after each other,
// so that the warps of a block share both operands in the first cache level.
// The order of k and of the columns within a chunk is free as long as both operands agree: a lane's part of a
// row is D = 8 or 16 neighbouring inputs, one load, and chunk / 4 neighbouring outputs, one store. Rows,
// inputs and channels beyond the end are zeros and are not stored. Overwrites `out`. Exact (lowering proves
// 31 bits), so independent of the order.
#include <algorithm>

#include "cuda/kernels/integer_layout.h"
#include "cuda/kernels/integer_passes.h"
#include "cuda/kernels/integer_requantise.cuh"
#include "cuda/mma.cuh"

namespace fixynn::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kWarps = kThreads / 32;
constexpr int kRows = 32;          ///< pixels of a task: two instructions' rows
constexpr int kRowTilesGroup = 4;  ///< row tiles that take one chunk of weights after each other

struct Product {
  IntegerConvPass pass;
  PointwiseTiling tiling;
  int64_t pixels, tasks;
};

/// Inputs of one step: rows g, g + 8, g + 16, g + 24 of the task.
template <int D>
struct RowsOf {
  uint32_t words[4][D / 4];

  /// `from`: input k of row g; `valid`: rows from row g to the end.
  __device__ __forceinline__ void load(const uint8_t* from, int valid, bool inside, int depth) {
#pragma unroll
    for (int r = 0; r < 4; ++r) {
#pragma unroll
      for (int i = 0; i < D / 4; ++i) words[r][i] = 0;
      if (inside && 8 * r < valid) load_codes<D>(from + 8 * r * depth, words[r]);
    }
  }
};

/// Adds the products of one step to the task's accumulators. `weights`: of the step, at the lane's first
/// byte.
template <int D, int tiles>
__device__ __forceinline__ void multiply(const RowsOf<D>& rows, const int8_t* weights,
                                         int32_t (&acc)[2][tiles][4]) {
  constexpr int kTilesLoad = kPointwiseLoad / D;  // tiles in a load
#pragma unroll
  for (int first = 0; first < tiles; first += kTilesLoad) {
    const uint4 four = __ldg(reinterpret_cast<const uint4*>(weights + first * 32 * D));
    const uint32_t words[4] = {four.x, four.y, four.z, four.w};
#pragma unroll
    for (int pair = 0; pair < 2; ++pair) {
      const uint32_t b[2] = {words[2 * pair], words[2 * pair + 1]};
      // D = 16: the pairs are two halves of the depth; D = 8: two tiles.
      const int tile = D == 16 ? first : first + pair, half = D == 16 ? pair : 0;
#pragma unroll
      for (int m = 0; m < 2; ++m) {
        const uint32_t a[4] = {rows.words[2 * m][2 * half], rows.words[2 * m + 1][2 * half],
                               rows.words[2 * m][2 * half + 1], rows.words[2 * m + 1][2 * half + 1]};
        mma_u8s8_m16n8k32(acc[m][tile], a, b);
      }
    }
  }
}

/// Requantises and stores a lane's channels of its four rows.
template <int tiles>
__device__ __forceinline__ void store_rows(const int32_t (&acc)[2][tiles][4], const IntegerConvPass& pass,
                                           int64_t row, int valid, int channel) {
  constexpr int kChannels = 2 * tiles;
  uint32_t codes[4][kChannels / 4];
#pragma unroll
  for (int four = 0; four < kChannels / 4; ++four) {
    RequantiseFour tables;
    tables.load(pass.multiplier, pass.bias, channel + 4 * four);
#pragma unroll
    for (int r = 0; r < 4; ++r) {
      const int m = r / 2, c = r % 2 * 2;
      codes[r][four] = tables.codes(acc[m][2 * four][c], acc[m][2 * four][c + 1], acc[m][2 * four + 1][c],
                                    acc[m][2 * four + 1][c + 1], pass.shift, pass.code_max);
    }
  }
#pragma unroll
  for (int r = 0; r < 4; ++r) {
    if (8 * r < valid) {
      store_codes<kChannels>(pass.out + (row + 8 * r) * pass.shape.out_channels + channel, codes[r]);
    }
  }
}

template <int D, int tiles>
__device__ __forceinline__ void run_task(const Product& product, int64_t row_tile, int chunk) {
  const IntegerConvPass& pass = product.pass;
  const int lane = static_cast<int>(threadIdx.x) % 32, depth = pass.shape.in_channels;
  const int64_t row = row_tile * kRows + lane / 4;
  const int valid = static_cast<int>(min(product.pixels - row, int64_t{kRows}));
  int k = lane % 4 * D;
  const uint8_t* from = pass.in + row * depth + k;
  const int step_bytes = tiles * 32 * D;
  const int8_t* weights = pass.weights + static_cast<int64_t>(chunk) * product.tiling.steps * step_bytes;
  weights += lane * kPointwiseLoad;
  int32_t acc[2][tiles][4] = {};
  RowsOf<D> next;
  next.load(from, valid, k < depth, depth);
  for (int step = 0; step < product.tiling.steps; ++step, weights += step_bytes) {
    const RowsOf<D> now = next;
    k += 4 * D;
    from += 4 * D;
    next.load(from, valid, k < depth, depth);
    multiply<D, tiles>(now, weights, acc);
  }
  const int channel = chunk * tiles * 8 + lane % 4 * tiles * 2;
  if (channel < pass.shape.out_channels) store_rows<tiles>(acc, pass, row, valid, channel);
  __syncwarp();  // the next task's products need all lanes
}

template <int D, int tiles>
__global__ void __launch_bounds__(kThreads, 2) pointwise_kernel(Product product) {
  const int64_t row_tiles = (product.pixels + kRows - 1) / kRows;
  const int group_tasks = kRowTilesGroup * product.tiling.chunks;
  for (int64_t task = static_cast<int64_t>(blockIdx.x) * kWarps + threadIdx.x / 32; task < product.tasks;
       task += static_cast<int64_t>(gridDim.x) * kWarps) {
    const int64_t group = task / group_tasks;
    const int within = static_cast<int>(task - group * group_tasks);
    const int64_t row_tile = group * kRowTilesGroup + within % kRowTilesGroup;
    // The last group may be short; the whole warp skips together.
    if (row_tile < row_tiles) run_task<D, tiles>(product, row_tile, within / kRowTilesGroup);
  }
}

template <int D, int tiles>
void launch_pointwise(const Product& product, const Queue& queue) {
  const int64_t blocks = std::min<int64_t>((product.tasks + kWarps - 1) / kWarps, queue.multiprocessors * 8);
  const LaunchShape shape{dim3(static_cast<unsigned>(blocks)), dim3(kThreads), 0, queue.stream};
  launch(pointwise_kernel<D, tiles>, shape, product);
}

template <int D>
void choose_chunk(const Product& product, const Queue& queue) {
  if (product.tiling.chunk == 64) return launch_pointwise<D, 8>(product, queue);
  if (product.tiling.chunk == 32) return launch_pointwise<D, 4>(product, queue);
  launch_pointwise<D, 2>(product, queue);
}

}  // namespace

void integer_pointwise(const IntegerConvPass& pass, const Queue& queue) {
  const ImageShape& s = pass.shape;
  if (s.images == 0) return;
  Product product{pass, pointwise_tiling(s.in_channels, s.out_channels), 0, 0};
  product.pixels = int64_t{s.images} * s.out_size * s.out_size;
  const int64_t row_tiles = (product.pixels + kRows - 1) / kRows;
  const int64_t groups = (row_tiles + kRowTilesGroup - 1) / kRowTilesGroup;
  product.tasks = groups * kRowTilesGroup * product.tiling.chunks;
  product.tiling.lane_depth == 16 ? choose_chunk<16>(product, queue) : choose_chunk<8>(product, queue);
}

}  // namespace fixynn::cuda
