// SPDX-License-Identifier: Apache-2.0
// z_out[oy][ox][c] = sum over ky, kx of y[oy*s + ky - pad][ox*s + kx - pad][c] * W[ky][kx][c], y = act(z_in)
// on load. A ring of four activated rows with a zero column on each side stays in the first cache level.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/cpu/kernels/depthwise_forward.cc"
#include "hwy/foreach_target.h"
//
#include "engine/cpu/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fixynn::cpu::HWY_NAMESPACE {
namespace {

constexpr int kRingRows = 4;

template <class D, bool kSums>
HWY_INLINE void output_row(D d, const DepthwiseForward& p, const float* const rows[3], int c, float* out) {
  const int channels = p.shape.channels, step = p.shape.stride * channels;
  hn::Vec<D> w[9];
  FIXYNN_UNROLL for (int t = 0; t < 9; ++t) w[t] = hn::LoadU(d, p.weights + t * channels + c);
  auto center = hn::Zero(d), sum = hn::Zero(d), square = hn::Zero(d);
  if constexpr (kSums) center = hn::LoadU(d, p.sums.center + c);
  const float* r0 = rows[0] + c;
  const float* r1 = rows[1] + c;
  const float* r2 = rows[2] + c;
  for (int x = 0; x < p.shape.out_size; ++x, r0 += step, r1 += step, r2 += step) {
    auto s0 = hn::Mul(hn::LoadU(d, r0), w[0]);
    auto s1 = hn::Mul(hn::LoadU(d, r1), w[3]);
    auto s2 = hn::Mul(hn::LoadU(d, r2), w[6]);
    s0 = hn::MulAdd(hn::LoadU(d, r0 + channels), w[1], s0);
    s1 = hn::MulAdd(hn::LoadU(d, r1 + channels), w[4], s1);
    s2 = hn::MulAdd(hn::LoadU(d, r2 + channels), w[7], s2);
    s0 = hn::MulAdd(hn::LoadU(d, r0 + 2 * channels), w[2], s0);
    s1 = hn::MulAdd(hn::LoadU(d, r1 + 2 * channels), w[5], s1);
    s2 = hn::MulAdd(hn::LoadU(d, r2 + 2 * channels), w[8], s2);
    const auto z = hn::Add(hn::Add(s0, s1), s2);
    hn::StoreU(z, d, out + int64_t{x} * channels + c);
    if constexpr (kSums) {
      const auto centred = hn::Sub(z, center);
      sum = hn::Add(sum, centred);
      square = hn::MulAdd(centred, centred, square);
    }
  }
  if constexpr (kSums) {
    add_to(d, sum, p.sums.sum + c);
    add_to(d, square, p.sums.sum_product + c);
  }
}

template <bool kSums>
void forward_image(const DepthwiseForward& p, const float* z, float* out) {
  const ImageShape& s = p.shape;
  const int64_t in_row = int64_t{s.in_size} * s.channels;
  const int64_t ring_row = int64_t{s.in_size + 2} * s.channels;
  const float* zero_row = p.scratch + kRingRows * ring_row;
  int loaded = 0;  // rows of the input that have been activated into the ring
  for (int oy = 0; oy < s.out_size; ++oy) {
    const int top = oy * s.stride - s.pad;
    for (; loaded < std::min(top + 3, s.in_size); ++loaded) {
      activate_rows(p.activation, z + loaded * in_row, s.in_size, s.channels,
                    p.scratch + (loaded % kRingRows) * ring_row + s.channels);
    }
    const float* rows[3];
    for (int ky = 0; ky < 3; ++ky) {
      const int iy = top + ky;
      const float* row = iy < 0 || iy >= s.in_size ? zero_row : p.scratch + (iy % kRingRows) * ring_row;
      rows[ky] = row + (1 - s.pad) * s.channels;  // column 0 of the ring is x = -1
    }
    float* out_row = out + int64_t{oy} * s.out_size * s.channels;
    for_channels(s.channels,
                 [&](auto d, int c) HWY_ATTR { output_row<decltype(d), kSums>(d, p, rows, c, out_row); });
  }
}

}  // namespace

void run_depthwise_forward(const DepthwiseForward& p, int first_image, int last_image) {
  const ImageShape& s = p.shape;
  const int64_t ring_row = int64_t{s.in_size + 2} * s.channels;
  std::fill(p.scratch, p.scratch + (kRingRows + 1) * ring_row, 0.0f);
  const int64_t in_image = int64_t{s.in_size} * s.in_size * s.channels;
  const int64_t out_image = int64_t{s.out_size} * s.out_size * s.channels;
  for (int i = first_image; i < last_image; ++i) {
    if (p.sums.sum != nullptr) {
      forward_image<true>(p, p.z_in + i * in_image, p.z_out + i * out_image);
    } else {
      forward_image<false>(p, p.z_in + i * in_image, p.z_out + i * out_image);
    }
  }
}

}  // namespace fixynn::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fixynn::cpu {

HWY_EXPORT(run_depthwise_forward);

size_t depthwise_scratch_floats(const ImageShape& shape) {
  // Five rows of the input (forward) or of the output gradient (backward), with a zero column on each side.
  return size_t{5} * static_cast<size_t>(shape.in_size + 2) * static_cast<size_t>(shape.channels);
}
void depthwise_forward(const DepthwiseForward& pass, int first_image, int last_image) {
  HWY_DYNAMIC_DISPATCH(run_depthwise_forward)(pass, first_image, last_image);
}

}  // namespace fixynn::cpu
#endif
