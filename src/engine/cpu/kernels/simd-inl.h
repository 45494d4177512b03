// SPDX-License-Identifier: Apache-2.0
// Building blocks of the vector passes; included once for each instruction set (Highway's foreach_target).
#if defined(FIXYNN_SIMD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FIXYNN_SIMD_INL_H_
#undef FIXYNN_SIMD_INL_H_
#else
#define FIXYNN_SIMD_INL_H_
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "engine/cpu/kernels/kernels.h"
#include "hwy/highway.h"

#define FIXYNN_UNROLL _Pragma("GCC unroll 16")

HWY_BEFORE_NAMESPACE();
namespace fixynn::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// 16 lanes where the machine has them, and 8 for what remains: every channel count is a multiple of 8.
using Wide = hn::CappedTag<float, 16>;
using Half = hn::CappedTag<float, 8>;
constexpr int kWideLanes = static_cast<int>(hn::MaxLanes(Wide()));
constexpr int kHalfLanes = static_cast<int>(hn::MaxLanes(Half()));

template <class D>
constexpr int lanes_of(D) {
  return static_cast<int>(hn::MaxLanes(D()));
}

/// Calls f(tag, first channel) over all channels, one vector a call.
template <class F>
HWY_INLINE void for_channels(int channels, const F& f) {
  int c = 0;
  for (; c + kWideLanes <= channels; c += kWideLanes) f(Wide(), c);
  for (; c < channels; c += kHalfLanes) f(Half(), c);
}

template <bool kQuantise, class D, class V = hn::Vec<D>>
HWY_INLINE V activate(D d, V u, V max) {
  V y = hn::Min(hn::Max(u, hn::Zero(d)), max);
  if constexpr (kQuantise) y = hn::Round(y);
  return y;
}

/// 1 where the gradient passes: 0 < u < max.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V mask_gradient(D d, V u, V max, V gradient) {
  const auto inside = hn::And(hn::Gt(u, hn::Zero(d)), hn::Lt(u, max));
  return hn::IfThenElseZero(inside, gradient);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE void add_to(D d, V v, float* p) {
  hn::StoreU(hn::Add(hn::LoadU(d, p), v), d, p);
}

/// y rows [count][channels] from z rows. Narrow rows keep the coefficients in registers; wide ones are walked
/// row by row, so that the memory is read in order.
template <bool kQuantise>
HWY_INLINE void activate_rows_as(const Activation& act, const float* z, int64_t count, int channels,
                                 float* y) {
  if (channels <= 2 * kWideLanes) {
    for_channels(channels, [&](auto d, int c) HWY_ATTR {
      const auto a = hn::LoadU(d, act.a + c), b = hn::LoadU(d, act.b + c), max = hn::Set(d, act.max);
      for (int64_t p = 0; p < count; ++p) {
        const auto u = hn::MulAdd(a, hn::LoadU(d, z + p * channels + c), b);
        hn::StoreU(activate<kQuantise>(d, u, max), d, y + p * channels + c);
      }
    });
  } else {
    for (int64_t p = 0; p < count; ++p) {
      for_channels(channels, [&](auto d, int c) HWY_ATTR {
        const auto u =
            hn::MulAdd(hn::LoadU(d, act.a + c), hn::LoadU(d, z + p * channels + c), hn::LoadU(d, act.b + c));
        hn::StoreU(activate<kQuantise>(d, u, hn::Set(d, act.max)), d, y + p * channels + c);
      });
    }
  }
}

HWY_INLINE void activate_rows(const Activation& act, const float* z, int64_t count, int channels, float* y) {
  if (act.quantise) {
    activate_rows_as<true>(act, z, count, channels, y);
  } else {
    activate_rows_as<false>(act, z, count, channels, y);
  }
}

/// dz rows [count][channels], starting at row `first` of the whole tensors.
HWY_INLINE void gradient_rows(const GradientLoad& g, int64_t first, int64_t count, int channels, float* dz) {
  const float* du = g.du + first * channels;
  const float* z = g.z + first * channels;
  const auto one = [&](auto d, int64_t i, auto ca, auto cp, auto cq) HWY_ATTR {
    const auto offset = hn::MulAdd(cp, hn::LoadU(d, z + i), cq);
    hn::StoreU(hn::MulAdd(ca, hn::LoadU(d, du + i), offset), d, dz + i);
  };
  if (channels <= 2 * kWideLanes) {
    for_channels(channels, [&](auto d, int c) HWY_ATTR {
      const auto ca = hn::LoadU(d, g.ca + c), cp = hn::LoadU(d, g.cp + c), cq = hn::LoadU(d, g.cq + c);
      for (int64_t p = 0; p < count; ++p) one(d, p * channels + c, ca, cp, cq);
    });
  } else {
    for (int64_t p = 0; p < count; ++p) {
      for_channels(channels, [&](auto d, int c) HWY_ATTR {
        one(d, p * channels + c, hn::LoadU(d, g.ca + c), hn::LoadU(d, g.cp + c), hn::LoadU(d, g.cq + c));
      });
    }
  }
}

// ---- matrix kernels ----
// B is packed in column panels: panels of 2 wide vectors, then at most one of 1 wide vector, then 8-lane
// ones; the panel that starts at column n lies at offset n * rows and is [rows][panel width].

template <int N>
using Int = std::integral_constant<int, N>;

/// Calls f(tag, vectors, first column) for each panel.
template <class F>
HWY_INLINE void for_panels(int columns, const F& f) {
  int n = 0;
  for (; n + 2 * kWideLanes <= columns; n += 2 * kWideLanes) f(Wide(), Int<2>(), n);
  for (; n + kWideLanes <= columns; n += kWideLanes) f(Wide(), Int<1>(), n);
  for (; n < columns; n += kHalfLanes) f(Half(), Int<1>(), n);
}

/// Rows of C computed together: enough independent sums to cover the latency of a fused multiply-add.
template <class D, int kVectors>
constexpr int rows_together() {
  return (kVectors == 2 && !HWY_CAP_GE512) ? 4 : 8;
}

template <class D, int kRows, int kVectors>
struct Accumulators {
  hn::Vec<D> v[kRows][kVectors];
};

/// C[kRows][panel] = A[kRows][depth] * B; A has stride lda.
template <int kRows, int kVectors, class D>
HWY_INLINE void multiply(D d, const float* a, int64_t lda, const float* panel, int depth,
                         Accumulators<D, kRows, kVectors>& c) {
  constexpr int kLanes = lanes_of(D());
  FIXYNN_UNROLL for (int r = 0; r < kRows; ++r) {
    FIXYNN_UNROLL for (int v = 0; v < kVectors; ++v) c.v[r][v] = hn::Zero(d);
  }
#pragma GCC unroll 1
  for (int k = 0; k < depth; ++k) {
    hn::Vec<D> b[kVectors];
    FIXYNN_UNROLL for (int v = 0; v < kVectors; ++v) b[v] = hn::LoadU(d, panel + (k * kVectors + v) * kLanes);
    FIXYNN_UNROLL for (int r = 0; r < kRows; ++r) {
      const auto x = hn::Set(d, a[r * lda + k]);
      FIXYNN_UNROLL for (int v = 0; v < kVectors; ++v) c.v[r][v] = hn::MulAdd(x, b[v], c.v[r][v]);
    }
  }
}

/// For all rows of A and one panel: multiplies and hands each block of sums to epilogue(row, accumulators).
template <int kVectors, class D, class Epilogue>
HWY_INLINE void multiply_panel(D d, const float* a, int64_t lda, int rows, const float* panel, int depth,
                               Epilogue& epilogue) {
  constexpr int kRows = rows_together<D, kVectors>();
  int r = 0;
  for (; r + kRows <= rows; r += kRows) {
    Accumulators<D, kRows, kVectors> c;
    multiply<kRows, kVectors>(d, a + r * lda, lda, panel, depth, c);
    epilogue(r, c);
  }
  for (; r < rows; ++r) {
    Accumulators<D, 1, kVectors> c;
    multiply<1, kVectors>(d, a + r * lda, lda, panel, depth, c);
    epilogue(r, c);
  }
}

/// G[m][n] (+)= sum over rows p of A[p][m] * B[p][n]; A is [rows][m], B is [rows][n], both row-major, m a
/// multiple of 8. The weight gradient.
template <class D, int kVectors>
HWY_INLINE void outer_product_block(D d, const float* a, int m, const float* b, int n, int rows, bool add,
                                    float* g) {
  constexpr int kRows = rows_together<D, kVectors>();
  constexpr int kLanes = lanes_of(D());
  for (int i = 0; i < m; i += kRows) {
    hn::Vec<D> c[kRows][kVectors];
    FIXYNN_UNROLL for (int r = 0; r < kRows; ++r) {
      FIXYNN_UNROLL for (int v = 0; v < kVectors; ++v) {
        c[r][v] = add ? hn::LoadU(d, g + (i + r) * n + v * kLanes) : hn::Zero(d);
      }
    }
#pragma GCC unroll 1
    for (int p = 0; p < rows; ++p) {
      hn::Vec<D> x[kVectors];
      FIXYNN_UNROLL for (int v = 0; v < kVectors; ++v) x[v] = hn::LoadU(d, b + int64_t{p} * n + v * kLanes);
      const float* ap = a + int64_t{p} * m + i;
      FIXYNN_UNROLL for (int r = 0; r < kRows; ++r) {
        const auto s = hn::Set(d, ap[r]);
        FIXYNN_UNROLL for (int v = 0; v < kVectors; ++v) c[r][v] = hn::MulAdd(s, x[v], c[r][v]);
      }
    }
    FIXYNN_UNROLL for (int r = 0; r < kRows; ++r) {
      FIXYNN_UNROLL for (int v = 0; v < kVectors; ++v) hn::StoreU(c[r][v], d, g + (i + r) * n + v * kLanes);
    }
  }
}

HWY_INLINE void outer_product(const float* a, int m, const float* b, int n, int rows, bool add, float* g) {
  for_panels(n, [&](auto d, auto vectors, int column) HWY_ATTR {
    outer_product_block<decltype(d), decltype(vectors)::value>(d, a, m, b + column, n, rows, add, g + column);
  });
}

}  // namespace fixynn::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
