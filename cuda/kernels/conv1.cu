// SPDX-License-Identifier: Apache-2.0
// The first convolution, 3x3, stride 2, and its weight gradient. With x = pixel - 128, 0 in the padding:
//   z[oy][ox][n]     = scale[n] * sum over ky, kx, c of w[ky][kx][c][n] * x[2*oy + ky - pad][2*ox + kx -
//   pad][c], dW[ky][kx][c][n] = sum over oy, ox of dz[oy][ox][n] * x[2*oy + ky - pad][2*ox + kx - pad][c],
// dz = gradient with respect to z, formed from du and z on load. Layouts: pixels u8 [image][y][x][3], weights
// and dW [27][channels] float, z and du NHWC float or bf16.
//
// A block takes tiles of 16 columns of output pixels. It turns the tile's pixels into floats in shared memory
// once, padding included, with aligned 32-bit loads; the nine values (kx, c) of a tap row lie side by side.
// Forward: a thread computes 8 channels of 4 neighbouring pixels, weights from shared memory; integers are
// exact. Weight gradient: a thread holds 27 taps of 4 channels and walks over pixels of the tile.
// Forward accumulates (z - center) and its square (or extrema) of the stored z and overwrites z_out; the
// gradient overwrites the block's row of `partial`. The order of all sums follows from the grid alone.

#include <algorithm>
#include <string>

#include "cuda/kernels/batch_norm.cuh"
#include "cuda/kernels/depthwise.cuh"
#include "cuda/kernels/tap_sums.cuh"
#include "cuda/runtime/throw_error.h"
#include "quant/quant_spec.h"

namespace fixynn::cuda {
namespace {

constexpr int kThreads = 192;     // divisible by the 1..4 groups of 8 channels
constexpr int kResident = 2;      // blocks a multiprocessor
constexpr int kTileColumns = 16;  // output pixels
constexpr int kRowBytes = (2 * kTileColumns + 1) * 3;
constexpr int kRowFloats = kRowBytes + 1;            // rows start at multiples of 16 bytes
constexpr int kRowWords = (kRowFloats + 3 + 3) / 4;  // where the row starts at any byte of a word
constexpr int kTapRow = 9;
constexpr int kRun = 4;       // forward: pixels of a thread
constexpr int kChannels = 8;  // forward: channels of a thread
constexpr int kGradientChannels = 4;
constexpr int kGradientRows = 12;  // of a tile

constexpr int staged_rows(int tile_rows) {
  return 2 * tile_rows + 1;
}

/// The tiles of a batch.
struct TilePlan {
  int tile_rows;  ///< output rows of a tile
  int across, down;
  int tiles;  ///< of the batch
  int blocks;
};

TilePlan plan_tiles(const ImageShape& shape, int tile_rows, const Queue& queue) {
  TilePlan plan{};
  plan.tile_rows = tile_rows;
  plan.across = (shape.out_size + kTileColumns - 1) / kTileColumns;
  plan.down = (shape.out_size + tile_rows - 1) / tile_rows;
  plan.tiles = shape.images * plan.across * plan.down;
  plan.blocks = std::min({plan.tiles, queue.multiprocessors * kResident, kMostSumRows});
  return plan;
}

void check_channels(int channels) {
  if (channels >= kChannels && channels <= 4 * kChannels && channels % kChannels == 0) return;
  throw_error("The CUDA engine's first convolution has 8, 16, 24 or 32 channels, not " +
              std::to_string(channels) + ": use the CPU or another width of the network.");
}

/// First output row and column of a tile.
struct Tile {
  int image, row, column;
};
__device__ __forceinline__ Tile tile_at(const TilePlan& plan, int index) {
  const int rest = index / plan.across;
  return {rest / plan.down, rest % plan.down * plan.tile_rows, index % plan.across * kTileColumns};
}

/// Four bytes from `at`, which is a multiple of four; those behind the batch are not read.
__device__ __forceinline__ uint32_t load_bytes(const uint8_t* pixels, int64_t at, int64_t end) {
  if (at + 4 <= end) return *reinterpret_cast<const uint32_t*>(pixels + at);
  uint32_t word = 0;
#pragma unroll 1
  for (int k = 0; at + k < end; ++k) word |= static_cast<uint32_t>(pixels[at + k]) << 8 * k;
  return word;
}

/// The input of a tile as floats: staged[row][(column, colour)] from the tile's first tap on.
__device__ __forceinline__ void stage(const uint8_t* pixels, const ImageShape& shape, const Tile& tile,
                                      int rows, float* staged) {
  const int row_bytes = shape.in_size * 3;
  const int64_t image = int64_t{tile.image} * shape.in_size * row_bytes;
  const int64_t end = int64_t{shape.images} * shape.in_size * row_bytes;
  const int top = 2 * tile.row - shape.pad;
  const int left = (2 * tile.column - shape.pad) * 3;  // byte of the row
  const int low = max(0, -left), high = min(kRowFloats, row_bytes - left);
#pragma unroll 2
  for (int i = static_cast<int>(threadIdx.x); i < rows * kRowWords; i += kThreads) {
    const int row = i / kRowWords, word_index = i % kRowWords;
    const int y = top + row;
    const int64_t start = image + y * row_bytes + left;
    const int first = 4 * word_index - static_cast<int>(start & 3);
    const unsigned inside = y >= 0 && y < shape.in_size ? static_cast<unsigned>(high - low) : 0u;
    // A word with a byte of the row in it starts in the batch.
    const bool wanted = inside != 0 && first + 3 >= low && first < high;
    const uint32_t word = wanted ? load_bytes(pixels, start + first, end) : 0u;
    float* to = staged + row * kRowFloats + first;
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      const int value = static_cast<int>(word >> 8 * k & 255u) - kInputZero;
      const bool is_inside = static_cast<unsigned>(first + k - low) < inside;
      if (static_cast<unsigned>(first + k) < static_cast<unsigned>(kRowFloats)) {
        to[k] = is_inside ? static_cast<float>(value) : 0.0f;
      }
    }
  }
}

/// Stores 8 channels; `z` becomes what is stored.
__device__ __forceinline__ void store_rounded(float* to, float (&z)[kChannels]) {
  store_values(to, z);
}
__device__ __forceinline__ void store_rounded(__nv_bfloat16* to, float (&z)[kChannels]) {
  const uint4 eight =
      make_uint4(pack_bf16(z[0], z[1]), pack_bf16(z[2], z[3]), pack_bf16(z[4], z[5]), pack_bf16(z[6], z[7]));
  *reinterpret_cast<uint4*>(to) = eight;
  unpack_bf16(eight.x, z[0], z[1]);
  unpack_bf16(eight.y, z[2], z[3]);
  unpack_bf16(eight.z, z[4], z[5]);
  unpack_bf16(eight.w, z[6], z[7]);
}

/// 8 channels of 4 neighbouring pixels. `from`: the first tap of the first pixel; `weights`: [27][channels]
/// at the thread's channels.
__device__ __forceinline__ void multiply(const float* from, const float* weights, int channels,
                                         float (&sums)[kRun][kChannels]) {
  constexpr int kInputs = (kRun - 1) * 6 + kTapRow + 1;
#pragma unroll 1
  for (int ky = 0; ky < 3; ++ky) {
    float x[kInputs];
    load_values(from + ky * kRowFloats, x);
#pragma unroll
    for (int tap = 0; tap < kTapRow; ++tap) {
      float w[kChannels];
      load_values(weights + (ky * kTapRow + tap) * channels, w);
#pragma unroll
      for (int p = 0; p < kRun; ++p) {
#pragma unroll
        for (int v = 0; v < kChannels; ++v) sums[p][v] = fmaf(x[6 * p + tap], w[v], sums[p][v]);
      }
    }
  }
}

template <class T, bool kExtrema>
__global__ void __launch_bounds__(kThreads, kResident)
    conv1_forward_kernel(Conv1Forward pass, TilePlan plan, int work_floats) {
  DYNAMIC_SHARED(float, work);  // a tile; scratch of the sums afterwards
  float* const weights = work + work_floats;
  const ImageShape& shape = pass.shape;
  const int channels = shape.out_channels, groups = channels / kChannels;
  const int thread = static_cast<int>(threadIdx.x);
  const int channel = thread % groups * kChannels;
  const int run = thread / groups % (kTileColumns / kRun);
  const int row = thread / groups / (kTileColumns / kRun);
  for (int i = thread; i < 27 * channels; i += kThreads) weights[i] = pass.weights[i];
  float scale[kChannels], center[kChannels] = {};
  load_values(pass.scale + channel, scale);
  if (pass.sums.center != nullptr) load_values(pass.sums.center + channel, center);
  ChannelAccumulator<kChannels, kExtrema> sums;
  sums.start();
  for (int index = static_cast<int>(blockIdx.x); index < plan.tiles; index += static_cast<int>(gridDim.x)) {
    const Tile tile = tile_at(plan, index);
    __syncthreads();  // the tile before has been used
    stage(pass.pixels, shape, tile, staged_rows(plan.tile_rows), work);
    __syncthreads();
    if (tile.row + row >= shape.out_size) continue;
    float z[kRun][kChannels] = {};
    multiply(work + 2 * row * kRowFloats + run * kRun * 6, weights + channel, channels, z);
    const int column = tile.column + run * kRun;
    T* out = static_cast<T*>(pass.z_out) + channel +
             ((int64_t{tile.image} * shape.out_size + tile.row + row) * shape.out_size + column) * channels;
#pragma unroll
    for (int p = 0; p < kRun; ++p) {
      if (column + p >= shape.out_size) break;
#pragma unroll
      for (int v = 0; v < kChannels; ++v) z[p][v] = scale[v] * z[p][v];
      store_rounded(out + p * channels, z[p]);
#pragma unroll
      for (int v = 0; v < kChannels; ++v) sums.add_value(v, z[p][v], center[v]);
    }
  }
  const SumBlock block{0, channels, static_cast<int>(blockIdx.x), plan.blocks, plan.blocks};
  finish_channel_sums<kChannels, kThreads, kExtrema>(pass.sums, pass.finish, sums, block, work);
}

/// Adds dz times the pixel's 27 inputs.
__device__ __forceinline__ void add_pixel(const float* from, const float (&dz)[kGradientChannels],
                                          float (&sums)[27][kGradientChannels]) {
#pragma unroll
  for (int ky = 0; ky < 3; ++ky) {
#pragma unroll
    for (int tap = 0; tap < kTapRow; ++tap) {
      const float x = from[ky * kRowFloats + tap];
#pragma unroll
      for (int v = 0; v < kGradientChannels; ++v) {
        sums[ky * kTapRow + tap][v] = fmaf(x, dz[v], sums[ky * kTapRow + tap][v]);
      }
    }
  }
}

template <class T>
__global__ void __launch_bounds__(kThreads, 1)
    conv1_weight_gradient_kernel(Conv1WeightGradient pass, TilePlan plan) {
  constexpr int V = kGradientChannels;
  constexpr int kTileFloats = staged_rows(kGradientRows) * kRowFloats;
  SHARED_ARRAY(float, staged, [std::max(kTileFloats, tap_scratch_floats(V, kThreads))]);
  const ImageShape& shape = pass.shape;
  const int channels = shape.out_channels, groups = channels / V;
  const int thread = static_cast<int>(threadIdx.x);
  const int channel = thread % groups * V;
  const int slot = thread / groups, slots = kThreads / groups;
  GradientOf<V> gradient;
  gradient.load(pass.gradient, channel);
  float sums[27][V] = {};
  for (int index = static_cast<int>(blockIdx.x); index < plan.tiles; index += static_cast<int>(gridDim.x)) {
    const Tile tile = tile_at(plan, index);
    __syncthreads();
    stage(pass.pixels, shape, tile, staged_rows(kGradientRows), staged);
    __syncthreads();
    const int64_t first = (int64_t{tile.image} * shape.out_size + tile.row) * shape.out_size + tile.column;
#pragma unroll 1
    for (int pixel = slot; pixel < kTileColumns * kGradientRows; pixel += slots) {
      const int row = pixel / kTileColumns, column = pixel % kTileColumns;
      if (tile.row + row >= shape.out_size || tile.column + column >= shape.out_size) continue;
      const int64_t at = (first + row * shape.out_size + column) * channels + channel;
      float dz[V], z[V];
      load_values(static_cast<const T*>(pass.gradient.du) + at, dz);
      load_values(static_cast<const T*>(pass.gradient.z) + at, z);
#pragma unroll
      for (int v = 0; v < V; ++v) {
        dz[v] = gradient_of_z(dz[v], z[v], gradient.ca[v], gradient.cp[v], gradient.cq[v]);
      }
      add_pixel(staged + 2 * row * kRowFloats + 6 * column, dz, sums);
    }
  }
  store_tap_sums<V, kThreads, 27>(sums, pass.partial + int64_t{blockIdx.x} * 27 * channels, channels,
                                  channels, staged);
}

template <class T>
void launch_forward(const Conv1Forward& pass, const Queue& queue) {
  const int channels = pass.shape.out_channels;
  check_channels(channels);
  const int tile_rows = kThreads / (channels / kChannels) / (kTileColumns / kRun);
  const TilePlan plan = plan_tiles(pass.shape, tile_rows, queue);
  const int work_floats = std::max(staged_rows(tile_rows) * kRowFloats, 2 * kChannels * kThreads);
  const LaunchShape shape{dim3(static_cast<unsigned>(plan.blocks)), dim3(kThreads),
                          static_cast<size_t>(work_floats + 27 * channels) * sizeof(float), queue.stream};
  if (pass.sums.extrema != nullptr) {
    launch(conv1_forward_kernel<T, true>, shape, pass, plan, work_floats);
  } else {
    launch(conv1_forward_kernel<T, false>, shape, pass, plan, work_floats);
  }
}

}  // namespace

void conv1_forward(const Conv1Forward& pass, const Queue& queue) {
  if (pass.precision == Precision::kBf16) {
    launch_forward<__nv_bfloat16>(pass, queue);
  } else {
    launch_forward<float>(pass, queue);
  }
}

int conv1_weight_gradient_rows(const ImageShape& shape, const Queue& queue) {
  return plan_tiles(shape, kGradientRows, queue).blocks;
}

void conv1_weight_gradient(const Conv1WeightGradient& pass, const Queue& queue) {
  check_channels(pass.shape.out_channels);
  const TilePlan plan = plan_tiles(pass.shape, kGradientRows, queue);
  const LaunchShape shape{dim3(static_cast<unsigned>(plan.blocks)), dim3(kThreads), 0, queue.stream};
  if (pass.precision == Precision::kBf16) {
    launch(conv1_weight_gradient_kernel<__nv_bfloat16>, shape, pass, plan);
  } else {
    launch(conv1_weight_gradient_kernel<float>, shape, pass, plan);
  }
}

}  // namespace fixynn::cuda
