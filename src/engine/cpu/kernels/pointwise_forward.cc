// SPDX-License-Identifier: Apache-2.0
// z_out[p][n] = sum over k of y[p][k] * W[k][n], y = act(z_in) on load; per-channel sums of z_out in the
// store. Tiles of 64 pixels stay in the first cache levels.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/cpu/kernels/pointwise_forward.cc"
#include "hwy/foreach_target.h"
//
#include "engine/cpu/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fixynn::cpu::HWY_NAMESPACE {
namespace {

constexpr int kTilePixels = 64;

/// Stores the tile's rows and sums (z - center) and its square over them.
template <class D, int kVectors, bool kSums>
struct StoreWithSums {
  static constexpr int kLanes = lanes_of(D());
  D d;
  float* out;  // first row of the tile, at the panel's column
  int64_t stride;
  hn::Vec<D> center[kVectors], sum[kVectors], square[kVectors];

  StoreWithSums(const PointwiseForward& p, int64_t first_pixel, int column)
      : out(p.z_out + first_pixel * p.out_channels + column), stride(p.out_channels) {
    if constexpr (kSums) {
      FIXYNN_UNROLL for (int v = 0; v < kVectors; ++v) {
        center[v] = hn::LoadU(d, p.sums.center + column + v * kLanes);
        sum[v] = square[v] = hn::Zero(d);
      }
    }
  }
  template <int kRows>
  HWY_INLINE void operator()(int row, const Accumulators<D, kRows, kVectors>& c) {
    FIXYNN_UNROLL for (int r = 0; r < kRows; ++r) {
      FIXYNN_UNROLL for (int v = 0; v < kVectors; ++v) {
        hn::StoreU(c.v[r][v], d, out + (row + r) * stride + v * kLanes);
        if constexpr (kSums) {
          const auto centred = hn::Sub(c.v[r][v], center[v]);
          sum[v] = hn::Add(sum[v], centred);
          square[v] = hn::MulAdd(centred, centred, square[v]);
        }
      }
    }
  }
  HWY_INLINE void finish(const ChannelSums& sums, int column) {
    if constexpr (kSums) {
      FIXYNN_UNROLL for (int v = 0; v < kVectors; ++v) {
        add_to(d, sum[v], sums.sum + column + v * kLanes);
        add_to(d, square[v], sums.sum_product + column + v * kLanes);
      }
    }
  }
};

template <bool kSums>
void forward_tiles(const PointwiseForward& p, int64_t first_pixel, int64_t last_pixel) {
  for (int64_t tile = first_pixel; tile < last_pixel; tile += kTilePixels) {
    const int rows = static_cast<int>(std::min<int64_t>(kTilePixels, last_pixel - tile));
    activate_rows(p.activation, p.z_in + tile * p.in_channels, rows, p.in_channels, p.scratch);
    for_panels(p.out_channels, [&](auto d, auto vectors, int column) HWY_ATTR {
      constexpr int kVectors = decltype(vectors)::value;
      StoreWithSums<decltype(d), kVectors, kSums> store(p, tile, column);
      multiply_panel<kVectors>(d, p.scratch, p.in_channels, rows,
                               p.packed_weights + int64_t{column} * p.in_channels, p.in_channels, store);
      store.finish(p.sums, column);
    });
  }
}

}  // namespace

void run_pointwise_forward(const PointwiseForward& p, int64_t first_pixel, int64_t last_pixel) {
  if (p.sums.sum != nullptr) {
    forward_tiles<true>(p, first_pixel, last_pixel);
  } else {
    forward_tiles<false>(p, first_pixel, last_pixel);
  }
}

void run_pack_panels(const float* weights, int rows, int columns, float factor, float* packed) {
  for_panels(columns, [&](auto d, auto vectors, int column) HWY_ATTR {
    constexpr int kVectors = decltype(vectors)::value;
    constexpr int kLanes = lanes_of(decltype(d)());
    float* out = packed + int64_t{column} * rows;
    const auto f = hn::Set(d, factor);
    for (int k = 0; k < rows; ++k) {
      for (int v = 0; v < kVectors; ++v, out += kLanes) {
        hn::StoreU(hn::Mul(f, hn::LoadU(d, weights + int64_t{k} * columns + column + v * kLanes)), d, out);
      }
    }
  });
}

void run_pack_panels_transposed(const float* weights, int rows, int columns, float* packed) {
  for_panels(columns, [&](auto d, auto vectors, int column) HWY_ATTR {
    constexpr int kWidth = decltype(vectors)::value * lanes_of(decltype(d)());
    float* out = packed + int64_t{column} * rows;
    for (int k0 = 0; k0 < rows; k0 += 16) {
      const int k1 = std::min(rows, k0 + 16);
      for (int j = 0; j < kWidth; ++j) {
        const float* in = weights + int64_t{column + j} * rows;
        for (int k = k0; k < k1; ++k) out[int64_t{k} * kWidth + j] = in[k];
      }
    }
  });
}

}  // namespace fixynn::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fixynn::cpu {

HWY_EXPORT(run_pointwise_forward);
HWY_EXPORT(run_pack_panels);
HWY_EXPORT(run_pack_panels_transposed);

size_t pointwise_scratch_floats(int in_channels, int out_channels) {
  return size_t{64} * static_cast<size_t>(in_channels + out_channels);
}
void pointwise_forward(const PointwiseForward& pass, int64_t first_pixel, int64_t last_pixel) {
  HWY_DYNAMIC_DISPATCH(run_pointwise_forward)(pass, first_pixel, last_pixel);
}
void pack_panels(const float* weights, int rows, int columns, float factor, float* packed) {
  HWY_DYNAMIC_DISPATCH(run_pack_panels)(weights, rows, columns, factor, packed);
}
void pack_panels_transposed(const float* weights, int rows, int columns, float* packed) {
  HWY_DYNAMIC_DISPATCH(run_pack_panels_transposed)(weights, rows, columns, packed);
}

}  // namespace fixynn::cpu
#endif
