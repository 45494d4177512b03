// SPDX-License-Identifier: Apache-2.0
// For every input position: dX = sum over the taps that read it of dz * W, masked by the activation; and in
// the same loop, from the same loads of dz, dW[tap] += y * dz. Input row iy is read by tap ky of output row
// oy when oy*stride + ky - pad = iy: with stride 1 by three rows, with stride 2 by two (iy + pad even: ky =
// 0, 2) or one (odd: ky = 1); columns likewise. A ring of dz rows with a zero column on each side stays in
// the first cache level.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/cpu/kernels/depthwise_backward.cc"
#include "hwy/foreach_target.h"
//
#include "engine/cpu/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fixynn::cpu::HWY_NAMESPACE {
namespace {

constexpr int kRingRows = 4;

/// The taps that reach one input row (or column): tap index, and the row (or column) of dz that it reads.
struct Taps {
  int count;
  int tap[3];
  int offset[3];
};

/// Offsets for coordinate `at` in output coordinates.
Taps taps_for(int at, int stride, int pad) {
  const int shifted = at + pad;
  if (stride == 1) return {3, {0, 1, 2}, {shifted, shifted - 1, shifted - 2}};
  if (shifted % 2 == 0) return {2, {0, 2, 0}, {shifted / 2, shifted / 2 - 1, 0}};
  return {1, {1, 0, 0}, {shifted / 2, 0, 0}};
}

struct RowJob {
  const float* dz[3];  // ring rows of the row taps; column 0 is x = -1
  int row_tap[3];
  const float* z;       // input row
  float* du;            // input row, or null
  int first_x, step_x;  // input columns of this job
  int count;
  Taps columns;  // for first_x; later columns move by `dz_step`
  int dz_step;
};

template <class D, int kRowTaps, int kColumnTaps, bool kQuantise, bool kWeights, bool kStore>
HWY_INLINE void input_columns(D d, const DepthwiseBackward& p, const RowJob& job, int c) {
  const int channels = p.shape.channels;
  hn::Vec<D> w[kRowTaps][kColumnTaps], dw[kRowTaps][kColumnTaps];
  const float* dz[kRowTaps][kColumnTaps];
  FIXYNN_UNROLL for (int i = 0; i < kRowTaps; ++i) {
    FIXYNN_UNROLL for (int j = 0; j < kColumnTaps; ++j) {
      w[i][j] = hn::LoadU(d, p.weights + (job.row_tap[i] * 3 + job.columns.tap[j]) * channels + c);
      dw[i][j] = hn::Zero(d);
      dz[i][j] = job.dz[i] + int64_t{job.columns.offset[j] + 1} * channels + c;
    }
  }
  const auto a = hn::LoadU(d, p.activation.a + c), b = hn::LoadU(d, p.activation.b + c);
  const auto max = hn::Set(d, p.activation.max), center = hn::LoadU(d, p.sums.center + c);
  auto sum = hn::Zero(d), product = hn::Zero(d);
  const int64_t in_step = int64_t{job.step_x} * channels, dz_step = int64_t{job.dz_step} * channels;
  int64_t in = int64_t{job.first_x} * channels + c, at = 0;
  for (int x = 0; x < job.count; ++x, in += in_step, at += dz_step) {
    const auto z = hn::LoadU(d, job.z + in);
    const auto u = hn::MulAdd(a, z, b);
    const auto y = activate<kQuantise>(d, u, max);
    hn::Vec<D> dx[kRowTaps];
    FIXYNN_UNROLL for (int i = 0; i < kRowTaps; ++i) {
      FIXYNN_UNROLL for (int j = 0; j < kColumnTaps; ++j) {
        const auto g = hn::LoadU(d, dz[i][j] + at);
        dx[i] = j == 0 ? hn::Mul(g, w[i][j]) : hn::MulAdd(g, w[i][j], dx[i]);
        if constexpr (kWeights) dw[i][j] = hn::MulAdd(g, y, dw[i][j]);
      }
    }
    auto total = dx[0];
    FIXYNN_UNROLL for (int i = 1; i < kRowTaps; ++i) total = hn::Add(total, dx[i]);
    const auto du = mask_gradient(d, u, max, total);
    if constexpr (kStore) hn::StoreU(du, d, job.du + in);
    sum = hn::Add(sum, du);
    product = hn::MulAdd(du, hn::Sub(z, center), product);
  }
  add_to(d, sum, p.sums.sum + c);
  add_to(d, product, p.sums.sum_product + c);
  if constexpr (kWeights) {
    FIXYNN_UNROLL for (int i = 0; i < kRowTaps; ++i) {
      FIXYNN_UNROLL for (int j = 0; j < kColumnTaps; ++j) {
        add_to(d, dw[i][j], p.weight_gradient + (job.row_tap[i] * 3 + job.columns.tap[j]) * channels + c);
      }
    }
  }
}

template <int kRowTaps, int kColumnTaps, bool kQuantise, bool kWeights, bool kStore>
void all_channels(const DepthwiseBackward& p, const RowJob& job) {
  for_channels(p.shape.channels, [&](auto d, int c) HWY_ATTR {
    input_columns<decltype(d), kRowTaps, kColumnTaps, kQuantise, kWeights, kStore>(d, p, job, c);
  });
}

template <int kRowTaps, int kColumnTaps>
void run_job(const DepthwiseBackward& p, const RowJob& job) {
  const bool weights = p.weight_gradient != nullptr;
  if (p.du_in == nullptr) {
    // Only below a frozen conv1; whether this layer's own weights train decides the rest.
    if (weights) {
      p.activation.quantise ? all_channels<kRowTaps, kColumnTaps, true, true, false>(p, job)
                            : all_channels<kRowTaps, kColumnTaps, false, true, false>(p, job);
    } else {
      all_channels<kRowTaps, kColumnTaps, false, false, false>(p, job);
    }
  } else if (!weights) {
    all_channels<kRowTaps, kColumnTaps, false, false, true>(p, job);
  } else if (p.activation.quantise) {
    all_channels<kRowTaps, kColumnTaps, true, true, true>(p, job);
  } else {
    all_channels<kRowTaps, kColumnTaps, false, true, true>(p, job);
  }
}

void input_row(const DepthwiseBackward& p, RowJob& job, int row_taps) {
  const ImageShape& s = p.shape;
  if (s.stride == 1) {
    job.columns = taps_for(0, 1, s.pad);
    job.first_x = 0;
    job.step_x = job.dz_step = 1;
    job.count = s.in_size;
    run_job<3, 3>(p, job);
    return;
  }
  for (int first = 0; first < 2; ++first) {
    job.columns = taps_for(first, 2, s.pad);
    job.first_x = first;
    job.step_x = 2;
    job.dz_step = 1;
    job.count = (s.in_size - first + 1) / 2;
    if (row_taps == 2) {
      job.columns.count == 2 ? run_job<2, 2>(p, job) : run_job<2, 1>(p, job);
    } else {
      job.columns.count == 2 ? run_job<1, 2>(p, job) : run_job<1, 1>(p, job);
    }
  }
}

}  // namespace

void run_depthwise_backward(const DepthwiseBackward& p, int first_image, int last_image) {
  const ImageShape& s = p.shape;
  const int64_t ring_row = int64_t{s.out_size + 2} * s.channels;
  std::fill(p.scratch, p.scratch + (kRingRows + 1) * ring_row, 0.0f);
  const float* zero_row = p.scratch + kRingRows * ring_row;
  const int64_t in_row = int64_t{s.in_size} * s.channels;
  for (int i = first_image; i < last_image; ++i) {
    int loaded = 0;  // rows of dz in the ring
    for (int iy = 0; iy < s.in_size; ++iy) {
      const Taps rows = taps_for(iy, s.stride, s.pad);
      for (; loaded <= std::min(rows.offset[0], s.out_size - 1); ++loaded) {
        gradient_rows(p.gradient, (int64_t{i} * s.out_size + loaded) * s.out_size, s.out_size, s.channels,
                      p.scratch + (loaded % kRingRows) * ring_row + s.channels);
      }
      RowJob job{};
      for (int t = 0; t < rows.count; ++t) {
        const int oy = rows.offset[t];
        job.dz[t] = oy < 0 || oy >= s.out_size ? zero_row : p.scratch + (oy % kRingRows) * ring_row;
        job.row_tap[t] = rows.tap[t];
      }
      const int64_t row = (int64_t{i} * s.in_size + iy) * in_row;
      job.z = p.z_in + row;
      job.du = p.du_in == nullptr ? nullptr : p.du_in + row;
      input_row(p, job, rows.count);
    }
  }
}

}  // namespace fixynn::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fixynn::cpu {

HWY_EXPORT(run_depthwise_backward);

void depthwise_backward(const DepthwiseBackward& pass, int first_image, int last_image) {
  HWY_DYNAMIC_DISPATCH(run_depthwise_backward)(pass, first_image, last_image);
}

}  // namespace fixynn::cpu
#endif
