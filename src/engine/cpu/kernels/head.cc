// SPDX-License-Identifier: Apache-2.0
// Global average pool of y = act(z), linear layer, softmax cross-entropy with label smoothing, and their
// gradients, for the images of one task: target = (1 - s) * onehot + s / classes; dlogits = (softmax -
// target) / batch.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/cpu/kernels/head.cc"
#include "hwy/foreach_target.h"
//
#include <cmath>

#include "engine/cpu/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fixynn::cpu::HWY_NAMESPACE {
namespace {

template <bool kQuantise>
void pool_image(const HeadPass& p, const float* z, float* pooled) {
  for_channels(p.channels, [&](auto d, int c) HWY_ATTR {
    const auto a = hn::LoadU(d, p.activation.a + c), b = hn::LoadU(d, p.activation.b + c);
    const auto max = hn::Set(d, p.activation.max);
    auto sum = hn::Zero(d);
    for (int i = 0; i < p.pixels; ++i) {
      sum = hn::Add(sum, activate<kQuantise>(d, hn::MulAdd(a, hn::LoadU(d, z + i * p.channels + c), b), max));
    }
    hn::StoreU(hn::Mul(sum, hn::Set(d, p.pool_scale)), d, pooled + c);
  });
}

template <class D, int kVectors>
struct StoreBiased {
  D d;
  float* out;
  int64_t stride;
  const float* bias;  // null: none
  template <int kRows>
  HWY_INLINE void operator()(int row, const Accumulators<D, kRows, kVectors>& c) {
    constexpr int kLanes = lanes_of(D());
    FIXYNN_UNROLL for (int r = 0; r < kRows; ++r) {
      FIXYNN_UNROLL for (int v = 0; v < kVectors; ++v) {
        const auto offset = bias != nullptr ? hn::LoadU(d, bias + v * kLanes) : hn::Zero(d);
        hn::StoreU(hn::Add(c.v[r][v], offset), d, out + (row + r) * stride + v * kLanes);
      }
    }
  }
};

/// C[rows][columns] = A[rows][depth] * packed B (+ bias).
void multiply_matrix(const float* a, int rows, int depth, const float* packed, int columns, const float* bias,
                     float* c) {
  for_panels(columns, [&](auto d, auto vectors, int column) HWY_ATTR {
    constexpr int kVectors = decltype(vectors)::value;
    StoreBiased<decltype(d), kVectors> store{d, c + column, columns,
                                             bias != nullptr ? bias + column : nullptr};
    multiply_panel<kVectors>(d, a, depth, rows, packed + int64_t{column} * depth, depth, store);
  });
}

/// Softmax cross-entropy of one image: replaces the logits by dlogits and returns the loss.
double loss_gradient(const HeadTraining& t, const float* logits, int label, float* dlogits, bool& correct) {
  const int classes = t.forward.classes;
  int best = 0;
  for (int k = 1; k < classes; ++k) best = logits[k] > logits[best] ? k : best;
  correct = best == label;
  double sum = 0;
  for (int k = 0; k < classes; ++k) {
    dlogits[k] = std::exp(logits[k] - logits[best]);
    sum += dlogits[k];
  }
  const double log_sum = std::log(sum) + logits[best];
  const float uniform = t.label_smoothing / static_cast<float>(classes);
  double loss = 0;
  for (int k = 0; k < classes; ++k) {
    const float target = uniform + (k == label ? 1.0f - t.label_smoothing : 0.0f);
    if (target != 0.0f) loss += static_cast<double>(target) * (log_sum - logits[k]);
    dlogits[k] = (static_cast<float>(dlogits[k] / sum) - target) * t.gradient_scale;
  }
  for (int k = classes; k < t.forward.padded_classes; ++k) dlogits[k] = 0;
  return loss;
}

/// du = mask * dpooled / pixels for one image, with the channel sums.
void unpool_image(const HeadTraining& t, int image, const float* dpooled) {
  const HeadPass& p = t.forward;
  const int64_t base = int64_t{image} * p.pixels * p.channels;
  for_channels(p.channels, [&](auto d, int c) HWY_ATTR {
    const auto a = hn::LoadU(d, p.activation.a + c), b = hn::LoadU(d, p.activation.b + c);
    const auto max = hn::Set(d, p.activation.max), center = hn::LoadU(d, t.sums.center + c);
    const auto g = hn::Mul(hn::LoadU(d, dpooled + c), hn::Set(d, 1.0f / static_cast<float>(p.pixels)));
    auto sum = hn::Zero(d), product = hn::Zero(d);
    for (int i = 0; i < p.pixels; ++i) {
      const auto z = hn::LoadU(d, p.z_in + base + i * p.channels + c);
      const auto du = mask_gradient(d, hn::MulAdd(a, z, b), max, g);
      hn::StoreU(du, d, t.du_in + base + i * p.channels + c);
      sum = hn::Add(sum, du);
      product = hn::MulAdd(du, hn::Sub(z, center), product);
    }
    add_to(d, sum, t.sums.sum + c);
    add_to(d, product, t.sums.sum_product + c);
  });
}

}  // namespace

void run_head_forward(const HeadPass& p, int first_image, int last_image) {
  const int images = last_image - first_image;
  for (int i = 0; i < images; ++i) {
    const float* z = p.z_in + int64_t{first_image + i} * p.pixels * p.channels;
    float* pooled = p.scratch + int64_t{i} * p.channels;
    p.activation.quantise ? pool_image<true>(p, z, pooled) : pool_image<false>(p, z, pooled);
  }
  multiply_matrix(p.scratch, images, p.channels, p.packed_weights, p.padded_classes, p.bias,
                  p.logits + int64_t{first_image} * p.padded_classes);
}

void run_head_training(const HeadTraining& t, int first_image, int last_image) {
  const HeadPass& p = t.forward;
  run_head_forward(p, first_image, last_image);
  const int images = last_image - first_image;
  float* pooled = p.scratch;
  float* dlogits = pooled + int64_t{images} * p.channels;
  float* dpooled = dlogits + int64_t{images} * p.padded_classes;
  *t.loss_sum = 0;
  *t.correct = 0;
  std::fill(t.bias_gradient, t.bias_gradient + p.padded_classes, 0.0f);
  for (int i = 0; i < images; ++i) {
    float* row = dlogits + int64_t{i} * p.padded_classes;
    bool correct = false;
    *t.loss_sum += loss_gradient(t, p.logits + int64_t{first_image + i} * p.padded_classes,
                                 t.labels[first_image + i], row, correct);
    *t.correct += correct ? 1 : 0;
    for (int k = 0; k < p.padded_classes; ++k) t.bias_gradient[k] += row[k];
  }
  outer_product(pooled, p.channels, dlogits, p.padded_classes, images, false, t.weight_gradient);
  multiply_matrix(dlogits, images, p.padded_classes, t.packed_transposed, p.channels, nullptr, dpooled);
  for (int i = 0; i < images; ++i) unpool_image(t, first_image + i, dpooled + int64_t{i} * p.channels);
}

}  // namespace fixynn::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fixynn::cpu {

HWY_EXPORT(run_head_forward);
HWY_EXPORT(run_head_training);

size_t head_scratch_floats(int images, int channels, int padded_classes) {
  return static_cast<size_t>(images) * static_cast<size_t>(2 * channels + padded_classes);
}
void head_forward(const HeadPass& pass, int first_image, int last_image) {
  HWY_DYNAMIC_DISPATCH(run_head_forward)(pass, first_image, last_image);
}
void head_training(const HeadTraining& pass, int first_image, int last_image) {
  HWY_DYNAMIC_DISPATCH(run_head_training)(pass, first_image, last_image);
}

}  // namespace fixynn::cpu
#endif
