// SPDX-License-Identifier: Apache-2.0
// First convolution in integers: 3x3, stride 2, 3 -> C channels of u8 pixels p,
//   out[c] = requantise(sum over taps of weight[tap][c] * (p[tap] - 128)), taps outside the image give 0.
// p - 128 as a signed byte is p with its top bit flipped, so four taps are one __dp4a.
//
// Layout: pixels [images][in][in][3] u8, weights [7 words][C] (integer_layout.h), out [images][out][out][C]
// u8. Threads: a block takes strips of whole output rows of one image, a grid stride apart. The input rows of
// a strip are one range of memory: it is staged in shared memory with 16-byte loads, top bits flipped. Then a
// thread takes an output pixel: its 27 bytes become 7 words, and it walks over the channels V at a time.
// Overwrites `out`. Exact, so independent of the order.
#include <algorithm>

#include "cuda/kernels/integer_layout.h"
#include "cuda/kernels/integer_passes.h"
#include "cuda/kernels/integer_requantise.cuh"

namespace fixynn::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kSlack = 16;  ///< zero bytes around the staged range, which windows may touch
constexpr uint32_t kFlip = 0x80808080u;

/// Shared bytes before the staged range: weights, multipliers and biases, a row of words each.
__host__ __device__ constexpr int table_bytes(int channels) {
  return (kConv1Words + 2) * channels * 4;
}

/// Where a strip's input lies.
struct Strip {
  int first_out, rows_out;  ///< output rows
  int first_in, end_in;     ///< input rows
};
__device__ __forceinline__ Strip strip_of(const ImageShape& s, int strip, int rows) {
  Strip result;
  result.first_out = strip * rows;
  result.rows_out = min(rows, s.out_size - result.first_out);
  const int last = result.first_out + result.rows_out - 1;
  result.first_in = max(0, result.first_out * s.stride - s.pad);
  result.end_in = min(s.in_size, last * s.stride - s.pad + 3);
  return result;
}

/// Copies bytes begin .. end of `pixels` (of `total` bytes), widened to multiples of 16, to `to`, between
/// zeros. Byte `begin` lands at to[kSlack + begin % 16].
__device__ __forceinline__ void stage(const uint8_t* pixels, int64_t begin, int64_t end, int64_t total,
                                      uint8_t* to) {
  const int64_t first = begin / 16 * 16;
  const int vectors = static_cast<int>((end - first + 15) / 16);
  for (int i = static_cast<int>(threadIdx.x); i < vectors + 2; i += kThreads) {
    uint4 bytes = make_uint4(0, 0, 0, 0);
    const int64_t from = first + int64_t{16} * (i - 1);
    if (i > 0 && i <= vectors) {
      if (from + 16 <= total) {
        bytes = __ldg(reinterpret_cast<const uint4*>(pixels + from));
      } else {
        uint32_t words[4] = {};
#pragma unroll
        for (int b = 0; b < 16; ++b) {
          if (from + b < total) words[b / 4] |= static_cast<uint32_t>(pixels[from + b]) << (b % 4 * 8);
        }
        bytes = make_uint4(words[0], words[1], words[2], words[3]);
      }
    }
    reinterpret_cast<uint4*>(to)[i] =
        make_uint4(bytes.x ^ kFlip, bytes.y ^ kFlip, bytes.z ^ kFlip, bytes.w ^ kFlip);
  }
}

/// The 27 signed inputs of an output pixel in the order of the weights, 0 where the window leaves the image.
__device__ __forceinline__ void gather(const uint8_t* tile, int begin, const Strip& strip,
                                       const ImageShape& s, int oy, int ox, uint32_t (&words)[kConv1Words]) {
  const int ix = ox * s.stride - s.pad;
  const bool left = ix >= 0, right = ix + 2 < s.in_size;
  const uint32_t mask0 = left ? 0xffffffffu : 0xff000000u;
  const uint32_t mask1 = right ? 0xffffffffu : 0x0000ffffu;
  words[6] = 0;
#pragma unroll
  for (int r = 0; r < 3; ++r) {
    const int iy = oy * s.stride - s.pad + r;
    words[2 * r] = words[2 * r + 1] = 0;
    if (iy < 0 || iy >= s.in_size) continue;
    const int at = kSlack + begin + ((iy - strip.first_in) * s.in_size + ix) * 3;
    const uint32_t* from = reinterpret_cast<const uint32_t*>(tile) + (at >> 2);
    const uint32_t a = from[0], b = from[1], c = from[2];
    const uint32_t shift = static_cast<uint32_t>(at & 3) * 8;
    words[2 * r] = __funnelshift_r(a, b, shift) & mask0;
    words[2 * r + 1] = __funnelshift_r(b, c, shift) & mask1;
    if (right) words[6] |= (c >> shift & 255u) << (8 * r);
  }
}

/// V output channels from `channel` on.
template <int V>
__device__ __forceinline__ void channels_of(const int* tables, const uint32_t (&words)[kConv1Words],
                                            int channel, const IntegerConvPass& pass, uint8_t* out) {
  const int channels = pass.shape.out_channels;
  uint32_t packed[V / 4];
#pragma unroll
  for (int four = 0; four < V / 4; ++four) {
    const int* column = tables + channel + 4 * four;
    int4 acc = make_int4(0, 0, 0, 0);
#pragma unroll
    for (int q = 0; q < kConv1Words; ++q) {
      const int4 w = *reinterpret_cast<const int4*>(column + q * channels);
      const int x = static_cast<int>(words[q]);
      acc.x = __dp4a(w.x, x, acc.x);
      acc.y = __dp4a(w.y, x, acc.y);
      acc.z = __dp4a(w.z, x, acc.z);
      acc.w = __dp4a(w.w, x, acc.w);
    }
    RequantiseFour tables_of;
    tables_of.multiplier = *reinterpret_cast<const int4*>(column + kConv1Words * channels);
    tables_of.bias = *reinterpret_cast<const int4*>(column + (kConv1Words + 1) * channels);
    packed[four] = tables_of.codes(acc.x, acc.y, acc.z, acc.w, pass.shift, pass.code_max);
  }
  store_codes<V>(out + channel, packed);
}

template <int V>
__global__ void __launch_bounds__(kThreads) conv1_kernel(IntegerConvPass pass, int rows, int strips) {
  DYNAMIC_SHARED(uint8_t, shared);
  const ImageShape s = pass.shape;
  int* const tables = reinterpret_cast<int*>(shared);
  uint8_t* const tile = shared + table_bytes(s.out_channels);
  for (int i = static_cast<int>(threadIdx.x); i < kConv1Words * s.out_channels; i += kThreads) {
    tables[i] = __ldg(reinterpret_cast<const int*>(pass.weights) + i);
  }
  for (int i = static_cast<int>(threadIdx.x); i < s.out_channels; i += kThreads) {
    tables[kConv1Words * s.out_channels + i] = __ldg(pass.multiplier + i);
    tables[(kConv1Words + 1) * s.out_channels + i] = __ldg(pass.bias + i);
  }
  const int64_t row_bytes = int64_t{s.in_size} * 3, image_bytes = row_bytes * s.in_size;
  for (int64_t task = blockIdx.x; task < int64_t{s.images} * strips; task += gridDim.x) {
    const int64_t image = task / strips;
    const Strip strip = strip_of(s, static_cast<int>(task - image * strips), rows);
    const int64_t begin = image * image_bytes + strip.first_in * row_bytes;
    const int64_t end = image * image_bytes + strip.end_in * row_bytes;
    stage(pass.in, begin, end, s.images * image_bytes, tile);
    __syncthreads();
    const int pixels = strip.rows_out * s.out_size;
    uint8_t* const out =
        pass.out + (image * s.out_size + strip.first_out) * s.out_size * static_cast<int64_t>(s.out_channels);
    for (int p = static_cast<int>(threadIdx.x); p < pixels; p += kThreads) {
      const int row = p / s.out_size;
      uint32_t words[kConv1Words];
      gather(tile, static_cast<int>(begin % 16), strip, s, strip.first_out + row, p - row * s.out_size,
             words);
      for (int channel = 0; channel < s.out_channels; channel += V) {
        channels_of<V>(tables, words, channel, pass, out + int64_t{p} * s.out_channels);
      }
    }
    __syncthreads();  // before the next strip overwrites the tile
  }
}

}  // namespace

void integer_conv1(const IntegerConvPass& pass, const Queue& queue) {
  const ImageShape& s = pass.shape;
  if (s.images == 0) return;
  const int rows = std::clamp(kThreads / s.out_size, 1, s.out_size);
  const int strips = (s.out_size + rows - 1) / rows;
  const int rows_in = std::min(s.in_size, (rows - 1) * s.stride + 3);
  const size_t tile = static_cast<size_t>(rows_in) * static_cast<size_t>(s.in_size) * 3 + 32;
  const size_t shared =
      static_cast<size_t>(table_bytes(s.out_channels)) + (tile + 15) / 16 * 16 + 2 * size_t{kSlack};
  const int blocks =
      static_cast<int>(std::min<int64_t>(int64_t{s.images} * strips, queue.multiprocessors * 6));
  const LaunchShape shape{dim3(static_cast<unsigned>(blocks)), dim3(kThreads), shared, queue.stream};
  const bool sixteen = s.out_channels % 16 == 0;
  launch(sixteen ? conv1_kernel<16> : conv1_kernel<8>, shape, pass, rows, strips);
}

}  // namespace fixynn::cuda
