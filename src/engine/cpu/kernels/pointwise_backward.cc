// SPDX-License-Identifier: Apache-2.0
// dX[p][k] = sum over n of dz[p][n] * W[k][n], masked by the activation and summed per channel in the store;
// dW[k][n] = sum over p of y[p][k] * dz[p][n] in the same visit of the tile. dz is formed from du and z on
// load.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/cpu/kernels/pointwise_backward.cc"
#include "hwy/foreach_target.h"
//
#include "engine/cpu/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fixynn::cpu::HWY_NAMESPACE {
namespace {

constexpr int kTilePixels = 64;

template <class D, int kVectors>
struct MaskAndStore {
  static constexpr int kLanes = lanes_of(D());
  D d;
  const float* z;
  float* out;
  int64_t stride;
  hn::Vec<D> a[kVectors], b[kVectors], center[kVectors], sum[kVectors], product[kVectors], max;

  MaskAndStore(const PointwiseBackward& p, int64_t first_pixel, int column)
      : z(p.z_in + first_pixel * p.in_channels + column),
        out(p.du_in + first_pixel * p.in_channels + column),
        stride(p.in_channels),
        max(hn::Set(d, p.activation.max)) {
    FIXYNN_UNROLL for (int v = 0; v < kVectors; ++v) {
      a[v] = hn::LoadU(d, p.activation.a + column + v * kLanes);
      b[v] = hn::LoadU(d, p.activation.b + column + v * kLanes);
      center[v] = hn::LoadU(d, p.sums.center + column + v * kLanes);
      sum[v] = product[v] = hn::Zero(d);
    }
  }
  template <int kRows>
  HWY_INLINE void operator()(int row, const Accumulators<D, kRows, kVectors>& c) {
    FIXYNN_UNROLL for (int r = 0; r < kRows; ++r) {
      FIXYNN_UNROLL for (int v = 0; v < kVectors; ++v) {
        const int64_t at = (row + r) * stride + v * kLanes;
        const auto zv = hn::LoadU(d, z + at);
        const auto du = mask_gradient(d, hn::MulAdd(a[v], zv, b[v]), max, c.v[r][v]);
        hn::StoreU(du, d, out + at);
        sum[v] = hn::Add(sum[v], du);
        product[v] = hn::MulAdd(du, hn::Sub(zv, center[v]), product[v]);
      }
    }
  }
  HWY_INLINE void finish(const ChannelSums& sums, int column) {
    FIXYNN_UNROLL for (int v = 0; v < kVectors; ++v) {
      add_to(d, sum[v], sums.sum + column + v * kLanes);
      add_to(d, product[v], sums.sum_product + column + v * kLanes);
    }
  }
};

}  // namespace

void run_pointwise_backward(const PointwiseBackward& p, int64_t first_pixel, int64_t last_pixel) {
  float* y = p.scratch;
  float* dz = p.scratch + int64_t{kTilePixels} * p.in_channels;
  for (int64_t tile = first_pixel; tile < last_pixel; tile += kTilePixels) {
    const int rows = static_cast<int>(std::min<int64_t>(kTilePixels, last_pixel - tile));
    gradient_rows(p.gradient, tile, rows, p.out_channels, dz);
    if (p.weight_gradient != nullptr) {
      activate_rows(p.activation, p.z_in + tile * p.in_channels, rows, p.in_channels, y);
      outer_product(y, p.in_channels, dz, p.out_channels, rows, tile != first_pixel, p.weight_gradient);
    }
    for_panels(p.in_channels, [&](auto d, auto vectors, int column) HWY_ATTR {
      constexpr int kVectors = decltype(vectors)::value;
      MaskAndStore<decltype(d), kVectors> store(p, tile, column);
      multiply_panel<kVectors>(d, dz, p.out_channels, rows,
                               p.packed_transposed + int64_t{column} * p.out_channels, p.out_channels, store);
      store.finish(p.sums, column);
    });
  }
}

}  // namespace fixynn::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fixynn::cpu {

HWY_EXPORT(run_pointwise_backward);

void pointwise_backward(const PointwiseBackward& pass, int64_t first_pixel, int64_t last_pixel) {
  HWY_DYNAMIC_DISPATCH(run_pointwise_backward)(pass, first_pixel, last_pixel);
}

}  // namespace fixynn::cpu
#endif
