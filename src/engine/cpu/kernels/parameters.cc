// SPDX-License-Identifier: Apache-2.0
// Passes over parameters: SGD with the reduction of the tasks' partial gradients, and fake quantisation of
// weights.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/cpu/kernels/parameters.cc"
#include "hwy/foreach_target.h"
//
#include <cmath>

#include "engine/cpu/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fixynn::cpu::HWY_NAMESPACE {

/// PyTorch's form: g += decay * w; v = momentum * v + g; w -= rate * (nesterov ? g + momentum * v : v).
bool run_sgd_update(const SgdSpec& spec, const SgdSegment& s) {
  const auto step = [&](auto d, size_t i) HWY_ATTR {
    auto g = hn::LoadU(d, s.partial + i);
    for (int t = 1; t < s.tasks; ++t)
      g = hn::Add(g, hn::LoadU(d, s.partial + static_cast<size_t>(t) * s.stride + i));
    auto w = hn::LoadU(d, s.values + i);
    auto v = hn::LoadU(d, s.momentum + i);
    const auto mu = hn::Set(d, spec.momentum);
    g = hn::MulAdd(hn::Set(d, s.weight_decay), w, hn::Mul(g, hn::Set(d, s.gradient_scale)));
    v = hn::MulAdd(mu, v, g);
    const auto direction = spec.nesterov ? hn::MulAdd(mu, v, g) : v;
    w = hn::NegMulAdd(hn::Set(d, spec.learning_rate), direction, w);
    hn::StoreU(w, d, s.values + i);
    hn::StoreU(v, d, s.momentum + i);
    // w - w is 0 for finite values and NaN for the others.
    return hn::AllTrue(d, hn::Eq(hn::Sub(w, w), hn::Zero(d)));
  };
  const hn::CappedTag<float, 1> one;
  bool finite = true;
  size_t i = 0;
  for (; i + static_cast<size_t>(kWideLanes) <= s.count; i += static_cast<size_t>(kWideLanes))
    finite &= step(Wide(), i);
  for (; i < s.count; ++i) finite &= step(one, i);
  return finite;
}

void run_column_max_abs(const float* weights, int rows, int channels, float* max_abs) {
  for_channels(channels, [&](auto d, int c) HWY_ATTR {
    auto largest = hn::Zero(d);
    for (int r = 0; r < rows; ++r)
      largest = hn::Max(largest, hn::Abs(hn::LoadU(d, weights + int64_t{r} * channels + c)));
    hn::StoreU(largest, d, max_abs + c);
  });
}

void run_fake_quantise_columns(const float* weights, int rows, int channels, const float* scales,
                               float code_max, float* out) {
  for_channels(channels, [&](auto d, int c) HWY_ATTR {
    const auto scale = hn::LoadU(d, scales + c), max = hn::Set(d, code_max);
    const auto inverse = hn::Div(hn::Set(d, 1.0f), scale);
    for (int r = 0; r < rows; ++r) {
      const int64_t i = int64_t{r} * channels + c;
      const auto code = hn::Round(hn::Mul(hn::LoadU(d, weights + i), inverse));
      hn::StoreU(hn::Mul(hn::Max(hn::Min(code, max), hn::Neg(max)), scale), d, out + i);
    }
  });
}

const char* run_target_name() {
  return hwy::TargetName(HWY_TARGET);
}

}  // namespace fixynn::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fixynn::cpu {

HWY_EXPORT(run_sgd_update);
HWY_EXPORT(run_column_max_abs);
HWY_EXPORT(run_fake_quantise_columns);
HWY_EXPORT(run_target_name);

bool sgd_update(const SgdSpec& spec, const SgdSegment& segment) {
  return HWY_DYNAMIC_DISPATCH(run_sgd_update)(spec, segment);
}
void column_max_abs(const float* weights, int rows, int channels, float* max_abs) {
  HWY_DYNAMIC_DISPATCH(run_column_max_abs)(weights, rows, channels, max_abs);
}
void fake_quantise_columns(const float* weights, int rows, int channels, const float* scales, float code_max,
                           float* out) {
  HWY_DYNAMIC_DISPATCH(run_fake_quantise_columns)(weights, rows, channels, scales, code_max, out);
}
const char* kernel_target_name() {
  return HWY_DYNAMIC_DISPATCH(run_target_name)();
}

}  // namespace fixynn::cpu
#endif
