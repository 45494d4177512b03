// SPDX-License-Identifier: Apache-2.0
// conv1: z[oy][ox][n] = sum over ky, kx, c of (pixel - 128)[2*oy + ky - pad][2*ox + kx - pad][c] *
// W[ky][kx][c][n], and dW from the same rows. The nine values (kx, c) of a tap row lie side by side in the
// image, so each tap row is a 9-deep product; 8 output pixels are computed together.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/cpu/kernels/conv1.cc"
#include "hwy/foreach_target.h"
//
#include "engine/cpu/kernels/simd-inl.h"
#include "quant/quant_spec.h"

HWY_BEFORE_NAMESPACE();
namespace fixynn::cpu::HWY_NAMESPACE {
namespace {

constexpr int kRingRows = 4;
constexpr int kTapRow = 9;  // 3 columns x 3 colours

int64_t ring_row_floats(const ImageShape& s) {
  return int64_t{s.in_size + 3} * 3;
}

/// The ring of pixel rows as floats, a zero pixel on the left and two on the right, and a zero row behind it.
struct PixelRing {
  const ImageShape& shape;
  float* ring;
  int loaded = 0;

  void clear() const { std::fill(ring, ring + (kRingRows + 1) * ring_row_floats(shape), 0.0f); }
  /// Pointers to the three tap rows of output row oy, at the first tap of output column 0.
  void rows(const uint8_t* image, int oy, const float* out[3]) {
    const int top = oy * shape.stride - shape.pad;
    const int width = shape.in_size * 3;
    for (; loaded < std::min(top + 3, shape.in_size); ++loaded) {
      float* row = ring + (loaded % kRingRows) * ring_row_floats(shape) + 3;
      const uint8_t* pixels = image + int64_t{loaded} * width;
      for (int x = 0; x < width; ++x) row[x] = static_cast<float>(static_cast<int>(pixels[x]) - kInputZero);
    }
    for (int ky = 0; ky < 3; ++ky) {
      const int iy = top + ky;
      const int slot = iy < 0 || iy >= shape.in_size ? kRingRows : iy % kRingRows;
      out[ky] = ring + slot * ring_row_floats(shape) + (1 - shape.pad) * 3;
    }
  }
};

template <class D, int kPixels>
HWY_INLINE void output_pixels(D d, const Conv1Forward& p, const float* const rows[3], int x, int c,
                              float* out, hn::Vec<D>& sum, hn::Vec<D>& square) {
  const int channels = p.shape.channels, step = 3 * p.shape.stride;
  hn::Vec<D> acc[kPixels];
  FIXYNN_UNROLL for (int i = 0; i < kPixels; ++i) acc[i] = hn::Zero(d);
  for (int ky = 0; ky < 3; ++ky) {
    const float* in = rows[ky] + x * step;
    const float* w = p.weights + ky * kTapRow * channels + c;
#pragma GCC unroll 1
    for (int t = 0; t < kTapRow; ++t) {
      const auto wv = hn::LoadU(d, w + t * channels);
      FIXYNN_UNROLL for (int i = 0; i < kPixels; ++i) acc[i] =
          hn::MulAdd(hn::Set(d, in[i * step + t]), wv, acc[i]);
    }
  }
  const bool sums = p.sums.sum != nullptr;
  const auto center = sums ? hn::LoadU(d, p.sums.center + c) : hn::Zero(d);
  FIXYNN_UNROLL for (int i = 0; i < kPixels; ++i) {
    hn::StoreU(acc[i], d, out + int64_t{x + i} * channels + c);
    const auto centred = hn::Sub(acc[i], center);
    sum = hn::Add(sum, centred);
    square = hn::MulAdd(centred, centred, square);
  }
}

/// dW of one tap row: 9 sums in registers along the output row.
template <class D>
HWY_INLINE void tap_row_gradient(D d, const float* in, int step, const float* dz, int count, int channels,
                                 float* out) {
  hn::Vec<D> acc[kTapRow];
  FIXYNN_UNROLL for (int t = 0; t < kTapRow; ++t) acc[t] = hn::LoadU(d, out + t * channels);
#pragma GCC unroll 1
  for (int x = 0; x < count; ++x) {
    const auto g = hn::LoadU(d, dz + int64_t{x} * channels);
    FIXYNN_UNROLL for (int t = 0; t < kTapRow; ++t) acc[t] =
        hn::MulAdd(hn::Set(d, in[x * step + t]), g, acc[t]);
  }
  FIXYNN_UNROLL for (int t = 0; t < kTapRow; ++t) hn::StoreU(acc[t], d, out + t * channels);
}

}  // namespace

void run_conv1_forward(const Conv1Forward& p, int first_image, int last_image) {
  const ImageShape& s = p.shape;
  const int64_t out_row = int64_t{s.out_size} * s.channels;
  for (int i = first_image; i < last_image; ++i) {
    PixelRing ring{s, p.scratch};
    ring.clear();
    const uint8_t* image = p.pixels + int64_t{i} * s.in_size * s.in_size * 3;
    for (int oy = 0; oy < s.out_size; ++oy) {
      const float* rows[3];
      ring.rows(image, oy, rows);
      float* out = p.z_out + (int64_t{i} * s.out_size + oy) * out_row;
      for_channels(s.channels, [&](auto d, int c) HWY_ATTR {
        auto sum = hn::Zero(d), square = hn::Zero(d);
        int x = 0;
        for (; x + 8 <= s.out_size; x += 8) output_pixels<decltype(d), 8>(d, p, rows, x, c, out, sum, square);
        for (; x < s.out_size; ++x) output_pixels<decltype(d), 1>(d, p, rows, x, c, out, sum, square);
        if (p.sums.sum != nullptr) {
          add_to(d, sum, p.sums.sum + c);
          add_to(d, square, p.sums.sum_product + c);
        }
      });
    }
  }
}

void run_conv1_weight_gradient(const Conv1WeightGradient& p, int first_image, int last_image) {
  const ImageShape& s = p.shape;
  float* dz = p.scratch + (kRingRows + 1) * ring_row_floats(s);
  for (int i = first_image; i < last_image; ++i) {
    PixelRing ring{s, p.scratch};
    ring.clear();
    const uint8_t* image = p.pixels + int64_t{i} * s.in_size * s.in_size * 3;
    for (int oy = 0; oy < s.out_size; ++oy) {
      const float* rows[3];
      ring.rows(image, oy, rows);
      gradient_rows(p.gradient, (int64_t{i} * s.out_size + oy) * s.out_size, s.out_size, s.channels, dz);
      for_channels(s.channels, [&](auto d, int c) HWY_ATTR {
        for (int ky = 0; ky < 3; ++ky) {
          tap_row_gradient(d, rows[ky], 3 * s.stride, dz + c, s.out_size, s.channels,
                           p.weight_gradient + ky * kTapRow * s.channels + c);
        }
      });
    }
  }
}

}  // namespace fixynn::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fixynn::cpu {

HWY_EXPORT(run_conv1_forward);
HWY_EXPORT(run_conv1_weight_gradient);

size_t conv1_scratch_floats(const ImageShape& shape) {
  return size_t{5} * static_cast<size_t>(shape.in_size + 3) * 3 +
         static_cast<size_t>(shape.out_size) * static_cast<size_t>(shape.channels);
}
void conv1_forward(const Conv1Forward& pass, int first_image, int last_image) {
  HWY_DYNAMIC_DISPATCH(run_conv1_forward)(pass, first_image, last_image);
}
void conv1_weight_gradient(const Conv1WeightGradient& pass, int first_image, int last_image) {
  HWY_DYNAMIC_DISPATCH(run_conv1_weight_gradient)(pass, first_image, last_image);
}

}  // namespace fixynn::cpu
#endif
