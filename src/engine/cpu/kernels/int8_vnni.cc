// SPDX-License-Identifier: Apache-2.0
// Integer passes with AVX-512 VNNI: vpdpbusd adds four products u8 x s8 to an s32, without saturation.
// Pointwise and conv1: weights as [input / 4][output][4], four inputs of a pixel broadcast to all lanes.
// Depthwise: every row is spread once to dwords (x, x+1, x+2, 0) per channel, then one instruction a tap row.
// Nothing here may run before int8_kernels() has checked the machine.
#include "engine/cpu/kernels/int8.h"
#include "quant/quant_spec.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
// g++ 12 takes the undefined pass-through operand inside its own AVX-512 intrinsics for a mistake.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>

#include <algorithm>
#include <cstring>

// Only the functions below, not the library templates above: those are shared with the rest of the program.
#pragma GCC target("avx2,fma,bmi2,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")

namespace fixynn::cpu {
namespace {

constexpr int kLanes = 16;

int padded(int channels) {
  return (channels + kLanes - 1) / kLanes * kLanes;
}

/// The programmable batch norm of 16 channels: clamp((acc * M + B) >> S) in 64 bits, even and odd lanes
/// apart.
struct Requantise16 {
  __m512i multiplier_even, multiplier_odd, bias_even, bias_odd;
  __m128i shift, code_max;

  Requantise16(const Int8Layer& layer, int channel) {
    const __m512i m = _mm512_loadu_si512(layer.multiplier.data() + channel);
    multiplier_even = m;
    multiplier_odd = _mm512_srli_epi64(m, 32);
    const __m512i low = _mm512_loadu_si512(layer.bias.data() + channel);
    const __m512i high = _mm512_loadu_si512(layer.bias.data() + channel + 8);
    const __m512i even = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14);
    const __m512i odd = _mm512_setr_epi64(1, 3, 5, 7, 9, 11, 13, 15);
    bias_even = _mm512_permutex2var_epi64(low, even, high);
    bias_odd = _mm512_permutex2var_epi64(low, odd, high);
    shift = _mm_cvtsi32_si128(layer.shift);
    code_max = _mm_set1_epi8(static_cast<char>(layer.code_max));
  }
  __m128i operator()(__m512i acc) const {
    const __m512i zero = _mm512_setzero_si512();
    __m512i even = _mm512_add_epi64(_mm512_mul_epi32(acc, multiplier_even), bias_even);
    __m512i odd = _mm512_add_epi64(_mm512_mul_epi32(_mm512_srli_epi64(acc, 32), multiplier_odd), bias_odd);
    even = _mm512_max_epi64(_mm512_sra_epi64(even, shift), zero);
    odd = _mm512_max_epi64(_mm512_sra_epi64(odd, shift), zero);
    const __m128i codes = _mm_unpacklo_epi8(_mm512_cvtusepi64_epi8(even), _mm512_cvtusepi64_epi8(odd));
    return _mm_min_epu8(codes, code_max);
  }
};

__mmask16 lane_mask(int channels_left) {
  return channels_left >= kLanes ? static_cast<__mmask16>(0xFFFF)
                                 : static_cast<__mmask16>((1u << channels_left) - 1);
}

// ---- pointwise ----

/// kPixels x (kVectors * 16) sums over the depth, requantised and stored.
template <int kPixels, int kVectors>
inline void product_block(const Int8Layer& layer, const uint8_t* in, int in_stride, int channel,
                          uint8_t* out) {
  const int quads = layer.depth / 4;
  const int columns = padded(layer.shape.channels);
  __m512i acc[kPixels][kVectors];
  for (int v = 0; v < kVectors; ++v) {
    const __m512i initial = _mm512_loadu_si512(layer.initial.data() + channel + v * kLanes);
    for (int p = 0; p < kPixels; ++p) acc[p][v] = initial;
  }
  const int8_t* w = layer.weights.data() + static_cast<ptrdiff_t>(channel) * 4;
  for (int q = 0; q < quads; ++q, w += static_cast<ptrdiff_t>(columns) * 4) {
    __m512i weights[kVectors];
    for (int v = 0; v < kVectors; ++v) weights[v] = _mm512_loadu_si512(w + v * kLanes * 4);
    for (int p = 0; p < kPixels; ++p) {
      int32_t four;
      std::memcpy(&four, in + static_cast<ptrdiff_t>(p) * in_stride + q * 4, 4);
      const __m512i x = _mm512_set1_epi32(four);
      for (int v = 0; v < kVectors; ++v) acc[p][v] = _mm512_dpbusd_epi32(acc[p][v], x, weights[v]);
    }
  }
  for (int v = 0; v < kVectors; ++v) {
    const Requantise16 requantise(layer, channel + v * kLanes);
    const __mmask16 mask = lane_mask(layer.shape.channels - channel - v * kLanes);
    for (int p = 0; p < kPixels; ++p) {
      uint8_t* to = out + static_cast<ptrdiff_t>(p) * layer.shape.channels + channel + v * kLanes;
      _mm_mask_storeu_epi8(to, mask, requantise(acc[p][v]));
    }
  }
}

template <int kVectors>
void product_columns(const Int8Layer& layer, const uint8_t* in, int in_stride, int pixels, int channel,
                     uint8_t* out) {
  constexpr int kPixels = kVectors == 1 ? 12 : 8;
  int p = 0;
  for (; p + kPixels <= pixels; p += kPixels) {
    product_block<kPixels, kVectors>(layer, in + static_cast<ptrdiff_t>(p) * in_stride, in_stride, channel,
                                     out + static_cast<ptrdiff_t>(p) * layer.shape.channels);
  }
  for (; p + 4 <= pixels; p += 4) {
    product_block<4, kVectors>(layer, in + static_cast<ptrdiff_t>(p) * in_stride, in_stride, channel,
                               out + static_cast<ptrdiff_t>(p) * layer.shape.channels);
  }
  for (; p < pixels; ++p) {
    product_block<1, kVectors>(layer, in + static_cast<ptrdiff_t>(p) * in_stride, in_stride, channel,
                               out + static_cast<ptrdiff_t>(p) * layer.shape.channels);
  }
}

/// Pixels in blocks that stay in the first cache level while all output channels pass over them.
void product(const Int8Layer& layer, const uint8_t* in, int in_stride, int64_t pixels, uint8_t* out) {
  const int columns = padded(layer.shape.channels);
  constexpr int64_t kBlock = 96;
  for (int64_t first = 0; first < pixels; first += kBlock) {
    const int count = static_cast<int>(std::min(kBlock, pixels - first));
    const uint8_t* from = in + first * in_stride;
    uint8_t* to = out + first * layer.shape.channels;
    int channel = 0;
    for (; channel + 2 * kLanes <= columns; channel += 2 * kLanes) {
      product_columns<2>(layer, from, in_stride, count, channel, to);
    }
    for (; channel < columns; channel += kLanes)
      product_columns<1>(layer, from, in_stride, count, channel, to);
  }
}

// ---- conv1 ----

/// Copies one pixel row behind a pixel of padding (value 128, which is zero there); `in` null gives a row of
/// padding.
void pad_pixel_row(const uint8_t* in, int size, uint8_t* row) {
  std::memset(row, kInputZero, static_cast<size_t>(size) * 3 + 3 + 16);
  if (in != nullptr) std::memcpy(row + 3, in, static_cast<size_t>(size) * 3);
}

void run_conv1(const Int8Layer& layer, const uint8_t* in, int images, uint8_t* out, uint8_t* scratch) {
  const ImageShape& s = layer.shape;
  const ptrdiff_t row_bytes = static_cast<ptrdiff_t>(s.in_size) * 3 + 64;
  uint8_t* columns =
      scratch + 3 * row_bytes;  // [out_size][28]: 27 inputs of each output pixel, one byte of weight 0
  for (int i = 0; i < images; ++i) {
    const uint8_t* image = in + static_cast<ptrdiff_t>(i) * static_cast<ptrdiff_t>(layer.in_bytes());
    for (int oy = 0; oy < s.out_size; ++oy) {
      const uint8_t* rows[3];
      for (int ky = 0; ky < 3; ++ky) {
        const int iy = oy * s.stride - s.pad + ky;
        uint8_t* row = scratch + ky * row_bytes;
        pad_pixel_row(
            iy < 0 || iy >= s.in_size ? nullptr : image + static_cast<ptrdiff_t>(iy) * s.in_size * 3,
            s.in_size, row);
        rows[ky] = row + (1 - s.pad) * 3;
      }
      for (int ox = 0; ox < s.out_size; ++ox) {
        // 16-byte copies: what they write too much is overwritten by the next, and byte 27 meets a zero
        // weight.
        for (int ky = 0; ky < 3; ++ky) {
          const __m128i taps =
              _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows[ky] + ox * s.stride * 3));
          _mm_storeu_si128(reinterpret_cast<__m128i*>(columns + static_cast<ptrdiff_t>(ox) * 28 + ky * 9),
                           taps);
        }
      }
      product(layer, columns, 28, s.out_size,
              out + (static_cast<ptrdiff_t>(i) * s.out_size + oy) * s.out_size * s.channels);
    }
  }
}

// ---- depthwise ----
// An 8-channel row is treated as pairs of pixels, so that all 16 lanes work.

struct DepthwisePlan {
  int blocks;               // of 16 lanes
  int out_step;             // bytes from one result to the next
  int in_step;              // bytes from one window to the next
  int count;                // results of a block along a row
  int tap_step;             // bytes between the taps
  size_t spread_row_bytes;  // one row of dwords
};

DepthwisePlan depthwise_plan(const Int8Layer& layer) {
  const ImageShape& s = layer.shape;
  const bool pairs = s.channels == 8 && s.stride == 1;
  DepthwisePlan plan{};
  plan.blocks = (s.channels + kLanes - 1) / kLanes;
  plan.out_step = pairs ? 16 : s.channels;
  plan.in_step = pairs ? 16 : s.channels * s.stride;
  plan.count = pairs ? (s.out_size + 1) / 2 : s.out_size;
  plan.tap_step = s.channels;
  plan.spread_row_bytes = static_cast<size_t>(plan.count) * static_cast<size_t>(plan.blocks) * kLanes * 4;
  return plan;
}

size_t padded_row_bytes(const ImageShape& s) {
  return static_cast<size_t>(s.in_size + 4) * static_cast<size_t>(s.channels) + 64;
}

/// Row of codes -> [block][result][16] dwords (x, x+1, x+2, 0).
void spread_row(const DepthwisePlan& plan, const ImageShape& s, const uint8_t* in, uint8_t* row,
                uint8_t* spread) {
  const size_t width = static_cast<size_t>(s.in_size) * static_cast<size_t>(s.channels);
  std::memcpy(row + s.channels, in, width);
  const uint8_t* first = row + (1 - s.pad) * s.channels;
  for (int block = 0; block < plan.blocks; ++block) {
    const uint8_t* from = first + block * kLanes;
    for (int x = 0; x < plan.count; ++x, from += plan.in_step, spread += kLanes * 4) {
      const auto widen = [&](int tap) {
        return _mm512_cvtepu8_epi32(
            _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + tap * plan.tap_step)));
      };
      const __m512i one = _mm512_slli_epi32(widen(1), 8), two = _mm512_slli_epi32(widen(2), 16);
      _mm512_storeu_si512(spread, _mm512_ternarylogic_epi32(widen(0), one, two, 0xFE));
    }
  }
}

void depthwise_row(const Int8Layer& layer, const DepthwisePlan& plan, const uint8_t* const rows[3],
                   uint8_t* out) {
  const ImageShape& s = layer.shape;
  const int columns = plan.blocks * kLanes;
  for (int block = 0; block < plan.blocks; ++block) {
    const Requantise16 requantise(layer, block * kLanes);
    __m512i w[3];
    for (int ky = 0; ky < 3; ++ky) {
      w[ky] = _mm512_loadu_si512(layer.weights.data() +
                                 (static_cast<ptrdiff_t>(ky) * columns + block * kLanes) * 4);
    }
    const ptrdiff_t offset = static_cast<ptrdiff_t>(block) * plan.count * kLanes * 4;
    const __mmask16 mask =
        plan.out_step == 16 ? static_cast<__mmask16>(0xFFFF) : lane_mask(s.channels - block * kLanes);
    uint8_t* to = out + block * kLanes;
    for (int x = 0; x < plan.count; ++x, to += plan.out_step) {
      const ptrdiff_t at = offset + static_cast<ptrdiff_t>(x) * kLanes * 4;
      __m512i acc = _mm512_dpbusd_epi32(_mm512_setzero_si512(), _mm512_loadu_si512(rows[0] + at), w[0]);
      acc = _mm512_dpbusd_epi32(acc, _mm512_loadu_si512(rows[1] + at), w[1]);
      acc = _mm512_dpbusd_epi32(acc, _mm512_loadu_si512(rows[2] + at), w[2]);
      const bool last_half = plan.out_step == 16 && s.channels == 8 && 2 * x + 1 >= s.out_size;
      _mm_mask_storeu_epi8(to, last_half ? static_cast<__mmask16>(0x00FF) : mask, requantise(acc));
    }
  }
}

void run_depthwise(const Int8Layer& layer, const uint8_t* in, int images, uint8_t* out, uint8_t* scratch) {
  const ImageShape& s = layer.shape;
  const DepthwisePlan plan = depthwise_plan(layer);
  uint8_t* row = scratch;
  uint8_t* ring = scratch + padded_row_bytes(s);  // 4 spread rows and one of zeros
  const uint8_t* zero_row = ring + 4 * plan.spread_row_bytes;
  std::memset(row, 0, padded_row_bytes(s));
  std::memset(ring + 4 * plan.spread_row_bytes, 0, plan.spread_row_bytes);
  const ptrdiff_t in_row = static_cast<ptrdiff_t>(s.in_size) * s.channels;
  for (int i = 0; i < images; ++i) {
    const uint8_t* image = in + static_cast<ptrdiff_t>(i) * static_cast<ptrdiff_t>(layer.in_bytes());
    int spread = 0;
    for (int oy = 0; oy < s.out_size; ++oy) {
      const int top = oy * s.stride - s.pad;
      const uint8_t* rows[3];
      for (; spread < std::min(top + 3, s.in_size); ++spread) {
        spread_row(plan, s, image + spread * in_row, row,
                   ring + static_cast<size_t>(spread % 4) * plan.spread_row_bytes);
      }
      for (int ky = 0; ky < 3; ++ky) {
        const int iy = top + ky;
        rows[ky] =
            iy < 0 || iy >= s.in_size ? zero_row : ring + static_cast<size_t>(iy % 4) * plan.spread_row_bytes;
      }
      depthwise_row(layer, plan, rows,
                    out + (static_cast<ptrdiff_t>(i) * s.out_size + oy) * s.out_size * s.channels);
    }
  }
}

// ---- preparation ----

void prepare_product_weights(const Int8Source& source, int rows, Int8Layer& layer) {
  const int columns = padded(source.shape.channels);
  layer.weights.assign(static_cast<size_t>(layer.depth) * static_cast<size_t>(columns), 0);
  for (int k = 0; k < rows; ++k) {
    for (int n = 0; n < source.shape.channels; ++n) {
      const int8_t w = source.weights[k * source.shape.channels + n];
      layer.weights[static_cast<size_t>(((k / 4) * columns + n) * 4 + k % 4)] = w;
      if (source.kind == Int8Kind::kConv1) layer.initial[static_cast<size_t>(n)] -= kInputZero * w;
    }
  }
}

Int8Layer prepare(const Int8Source& source) {
  const int channels = source.shape.channels, columns = padded(channels);
  Int8Layer layer{source.kind, source.shape, source.in_channels, 0, {}, {}, {},
                  {},          source.shift, source.code_max};
  layer.initial.assign(static_cast<size_t>(columns), 0);
  layer.multiplier.assign(static_cast<size_t>(columns), 0);
  layer.bias.assign(static_cast<size_t>(columns), 0);
  std::copy(source.multiplier.begin(), source.multiplier.end(), layer.multiplier.begin());
  std::copy(source.bias.begin(), source.bias.end(), layer.bias.begin());
  if (source.kind == Int8Kind::kDepthwise) {
    layer.depth = 4;
    layer.weights.assign(static_cast<size_t>(3 * columns) * 4, 0);
    for (int t = 0; t < 9; ++t) {
      for (int c = 0; c < channels; ++c) {
        layer.weights[static_cast<size_t>(((t / 3) * columns + c) * 4 + t % 3)] =
            source.weights[t * channels + c];
      }
    }
    if (channels == 8) {  // both halves of a vector hold a pixel
      for (int ky = 0; ky < 3; ++ky) {
        std::copy_n(layer.weights.begin() + ky * columns * 4, 32,
                    layer.weights.begin() + (ky * columns + 8) * 4);
      }
      std::copy_n(layer.multiplier.begin(), 8, layer.multiplier.begin() + 8);
      std::copy_n(layer.bias.begin(), 8, layer.bias.begin() + 8);
    }
    return layer;
  }
  const int rows = source.kind == Int8Kind::kConv1 ? 27 : source.in_channels;
  layer.depth = (rows + 3) / 4 * 4;
  prepare_product_weights(source, rows, layer);
  return layer;
}

size_t scratch_bytes(const Int8Layer& layer) {
  const ImageShape& s = layer.shape;
  switch (layer.kind) {
    case Int8Kind::kConv1:
      return 3 * (static_cast<size_t>(s.in_size) * 3 + 64) + static_cast<size_t>(s.out_size) * 28 +
             kInt8Slack;
    case Int8Kind::kDepthwise:
      return padded_row_bytes(s) + 5 * depthwise_plan(layer).spread_row_bytes + kInt8Slack;
    case Int8Kind::kPointwise:
      return kInt8Slack;
  }
  return 0;
}

void run(const Int8Layer& layer, const uint8_t* in, int images, uint8_t* out, uint8_t* scratch) {
  switch (layer.kind) {
    case Int8Kind::kConv1:
      run_conv1(layer, in, images, out, scratch);
      break;
    case Int8Kind::kDepthwise:
      run_depthwise(layer, in, images, out, scratch);
      break;
    case Int8Kind::kPointwise:
      product(layer, in, layer.in_channels, int64_t{images} * layer.shape.out_size * layer.shape.out_size,
              out);
      break;
  }
}

constexpr Int8Kernels kKernels = {"AVX-512 VNNI", &prepare, &scratch_bytes, &run};

}  // namespace

const Int8Kernels* int8_vnni_kernels() {
  return &kKernels;
}

}  // namespace fixynn::cpu

#else

namespace fixynn::cpu {
const Int8Kernels* int8_vnni_kernels() {
  return nullptr;
}
}  // namespace fixynn::cpu

#endif
