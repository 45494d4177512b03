// SPDX-License-Identifier: Apache-2.0
// Depthwise 3x3 convolution of codes, stride 1 or 2: per channel
//   out = requantise(sum over taps of weight[tap] * code[tap]), padding is code 0.
//
// Layout: codes [images][size][size][C] u8, weights [3][C] words (integer_layout.h), tables of C int32.
// Threads: a thread makes kOutputs neighbouring outputs of a row for V = 8 or 16 channels; channel groups are
// the fastest index, then strips of a row, rows, images; a grid stride apart. It loads all its inputs first
// (3 rows, each load 8 or 16 bytes), then takes four channels at a time: the bytes of a column of three rows
// are regrouped by channel, so that a column costs one __dp4a an output and channel.
// __dp4a wants signed bytes: code - 128 is the code with its top bit flipped, and the accumulator starts with
// `initial` = 128 * sum of the weights, which undoes it, padding included.
// Overwrites `out`. Exact, so independent of the order. No barriers, no shared memory.
#include <algorithm>

#include "cuda/kernels/integer_layout.h"
#include "cuda/kernels/integer_passes.h"
#include "cuda/kernels/integer_requantise.cuh"

namespace fixynn::cuda {
namespace {

constexpr int kThreads = 256;
constexpr uint32_t kFlip = 0x80808080u;

/// Outputs of a thread, and the columns of its window. What fits in 128 registers.
template <int V, int stride>
constexpr int kOutputs = V == 8 && stride == 1 ? 4 : 2;
template <int V, int stride>
constexpr int kColumns = (kOutputs<V, stride> - 1) * stride + 3;

/// The inputs of a thread, padding as 0.
template <int V, int stride>
struct Window {
  uint32_t words[3][kColumns<V, stride>][V / 4];

  __device__ __forceinline__ void load(const uint8_t* image, int iy, int ix, int channel,
                                       const ImageShape& s) {
    const int row_codes = s.in_size * s.in_channels;
    const int first = iy * row_codes + ix * s.in_channels + channel;
#pragma unroll
    for (int x = 0; x < kColumns<V, stride>; ++x) {
      const bool column_inside = ix + x >= 0 && ix + x < s.in_size;
#pragma unroll
      for (int r = 0; r < 3; ++r) {
#pragma unroll
        for (int i = 0; i < V / 4; ++i) words[r][x][i] = 0;
        if (column_inside && iy + r >= 0 && iy + r < s.in_size) {
          load_codes<V>(image + (first + r * row_codes + x * s.in_channels), words[r][x]);
        }
      }
    }
  }
};

/// column[c]: bytes `a`, `b`, `c` of channel c; what is in byte 3 meets a zero weight.
__device__ __forceinline__ void regroup(uint32_t a, uint32_t b, uint32_t c, uint32_t (&column)[4]) {
  const uint32_t low = __byte_perm(a, b, 0x5140) ^ kFlip;   // a0 b0 a1 b1
  const uint32_t high = __byte_perm(a, b, 0x7362) ^ kFlip;  // a2 b2 a3 b3
  const uint32_t third = c ^ kFlip;
  column[0] = __byte_perm(low, third, 0x4410);
  column[1] = __byte_perm(low, third, 0x5532);
  column[2] = __byte_perm(high, third, 0x6610);
  column[3] = __byte_perm(high, third, 0x7732);
}

/// Codes of four channels for all outputs of the thread: words `four` of the window.
template <int V, int stride>
__device__ __forceinline__ void four_channels(const Window<V, stride>& window, int four, int channel,
                                              const IntegerConvPass& pass,
                                              uint32_t (&codes)[kOutputs<V, stride>]) {
  const int channels = pass.shape.out_channels;
  int4 weights[kDepthwiseWords];
#pragma unroll
  for (int k = 0; k < kDepthwiseWords; ++k) {
    weights[k] = __ldg(
        reinterpret_cast<const int4*>(reinterpret_cast<const int*>(pass.weights) + k * channels + channel));
  }
  const int4 initial = __ldg(reinterpret_cast<const int4*>(pass.initial + channel));
  RequantiseFour tables;
  tables.load(pass.multiplier, pass.bias, channel);
  int4 acc[kOutputs<V, stride>];
#pragma unroll
  for (int o = 0; o < kOutputs<V, stride>; ++o) acc[o] = initial;
#pragma unroll
  for (int x = 0; x < kColumns<V, stride>; ++x) {
    uint32_t column[4];
    regroup(window.words[0][x][four], window.words[1][x][four], window.words[2][x][four], column);
#pragma unroll
    for (int o = 0; o < kOutputs<V, stride>; ++o) {
      const int k = x - o * stride;
      if (k < 0 || k >= kDepthwiseWords) continue;
      acc[o].x = __dp4a(weights[k].x, static_cast<int>(column[0]), acc[o].x);
      acc[o].y = __dp4a(weights[k].y, static_cast<int>(column[1]), acc[o].y);
      acc[o].z = __dp4a(weights[k].z, static_cast<int>(column[2]), acc[o].z);
      acc[o].w = __dp4a(weights[k].w, static_cast<int>(column[3]), acc[o].w);
    }
  }
#pragma unroll
  for (int o = 0; o < kOutputs<V, stride>; ++o) {
    codes[o] = tables.codes(acc[o].x, acc[o].y, acc[o].z, acc[o].w, pass.shift, pass.code_max);
  }
}

template <int V, int stride>
__global__ void __launch_bounds__(kThreads, 2) depthwise_kernel(IntegerConvPass pass, int strips) {
  const ImageShape s = pass.shape;
  const int groups = s.out_channels / V;
  const int per_image = s.out_size * strips * groups;
  const int64_t items = static_cast<int64_t>(per_image) * s.images;
  const int64_t in_bytes = static_cast<int64_t>(s.in_size) * s.in_size * s.in_channels;
  for (int64_t item = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x; item < items;
       item += static_cast<int64_t>(gridDim.x) * kThreads) {
    const int64_t image = item / per_image;
    const int within = static_cast<int>(item - image * per_image);
    const int position = within / groups, channel = (within - position * groups) * V;
    const int oy = position / strips, ox = (position - oy * strips) * kOutputs<V, stride>;
    Window<V, stride> window;
    window.load(pass.in + image * in_bytes, oy * stride - s.pad, ox * stride - s.pad, channel, s);
    uint32_t codes[kOutputs<V, stride>][V / 4];
#pragma unroll
    for (int four = 0; four < V / 4; ++four) {
      uint32_t words[kOutputs<V, stride>];
      four_channels<V, stride>(window, four, channel + 4 * four, pass, words);
#pragma unroll
      for (int o = 0; o < kOutputs<V, stride>; ++o) codes[o][four] = words[o];
    }
    uint8_t* const out = pass.out + ((image * s.out_size + oy) * s.out_size + ox) * s.out_channels + channel;
#pragma unroll
    for (int o = 0; o < kOutputs<V, stride>; ++o) {
      if (ox + o < s.out_size) store_codes<V>(out + static_cast<int64_t>(o) * s.out_channels, codes[o]);
    }
  }
}

template <int V, int stride>
void launch_depthwise(const IntegerConvPass& pass, const Queue& queue) {
  const ImageShape& s = pass.shape;
  const int strips = (s.out_size + kOutputs<V, stride> - 1) / kOutputs<V, stride>;
  const int64_t items = int64_t{s.images} * s.out_size * strips * (s.out_channels / V);
  const int64_t blocks = std::min<int64_t>((items + kThreads - 1) / kThreads, queue.multiprocessors * 8);
  const LaunchShape shape{dim3(static_cast<unsigned>(blocks)), dim3(kThreads), 0, queue.stream};
  launch(depthwise_kernel<V, stride>, shape, pass, strips);
}

}  // namespace

void integer_depthwise(const IntegerConvPass& pass, const Queue& queue) {
  if (pass.shape.images == 0) return;
  const bool sixteen = pass.shape.out_channels % 16 == 0;
  if (pass.shape.stride == 1) {
    sixteen ? launch_depthwise<16, 1>(pass, queue) : launch_depthwise<8, 1>(pass, queue);
  } else {
    sixteen ? launch_depthwise<16, 2>(pass, queue) : launch_depthwise<8, 2>(pass, queue);
  }
}

}  // namespace fixynn::cuda
