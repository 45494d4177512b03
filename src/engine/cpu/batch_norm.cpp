// SPDX-License-Identifier: Apache-2.0
#include "engine/cpu/batch_norm.h"

#include <algorithm>
#include <cmath>

#include "model/mobilenet.h"
#include "quant/quant_spec.h"

namespace fixynn::cpu {

ChannelSums PartialSums::start(int task, const float* center) {
  const size_t channels = static_cast<size_t>(channels_);
  float* sum = sums_.data() + static_cast<size_t>(task) * 2 * channels;
  std::fill(sum, sum + 2 * channels, 0.0f);
  return {center, sum, sum + channels};
}

void PartialSums::reduce(int tasks, std::vector<double>& sum, std::vector<double>& sum_product) const {
  const size_t channels = static_cast<size_t>(channels_);
  sum.assign(channels, 0.0);
  sum_product.assign(channels, 0.0);
  for (size_t t = 0; t < static_cast<size_t>(tasks); ++t) {
    const float* row = sums_.data() + t * 2 * channels;
    for (size_t c = 0; c < channels; ++c) sum[c] += static_cast<double>(row[c]);
    for (size_t c = 0; c < channels; ++c) sum_product[c] += static_cast<double>(row[channels + c]);
  }
}

BatchNorm::BatchNorm(int channels) {
  const size_t count = static_cast<size_t>(channels);
  for (auto* buffer : {&mean, &variance, &a, &b, &ca, &cp, &cq, &gamma_gradient, &beta_gradient}) {
    *buffer = AlignedBuffer<float>(count);
  }
}

void BatchNorm::set_batch_statistics(const PartialSums& partial, int tasks, int64_t count,
                                     std::span<const float> center) {
  partial.reduce(tasks, sum_, product_);
  const double n = static_cast<double>(count);
  for (size_t c = 0; c < mean.size(); ++c) {
    const double shift = sum_[c] / n;
    mean[c] = static_cast<float>(static_cast<double>(center[c]) + shift);
    variance[c] = static_cast<float>(std::max(0.0, product_[c] / n - shift * shift));
    if (!std::isfinite(product_[c])) variance[c] = static_cast<float>(product_[c]);
  }
}

void BatchNorm::set_statistics(std::span<const float> new_mean, std::span<const float> new_variance) {
  std::copy(new_mean.begin(), new_mean.end(), mean.begin());
  std::copy(new_variance.begin(), new_variance.end(), variance.begin());
}

bool BatchNorm::finite() const {
  for (size_t c = 0; c < mean.size(); ++c) {
    if (!std::isfinite(mean[c]) || !std::isfinite(variance[c])) return false;
  }
  return true;
}

void BatchNorm::prepare_forward(std::span<const float> gamma, std::span<const float> beta, int code_max) {
  quantise = code_max != 0;
  max = quantise ? static_cast<float>(code_max) : kRelu6Max;
  const double to_codes = quantise ? static_cast<double>(code_max) / kRelu6Max : 1.0;
  for (size_t c = 0; c < a.size(); ++c) {
    const double slope = gamma[c] / std::sqrt(static_cast<double>(variance[c]) + kBatchNormEpsilon);
    a[c] = static_cast<float>(slope * to_codes);
    b[c] =
        static_cast<float>((static_cast<double>(beta[c]) - static_cast<double>(mean[c]) * slope) * to_codes);
  }
}

void BatchNorm::prepare_backward(const PartialSums& partial, int tasks, int64_t count,
                                 std::span<const float> gamma, bool frozen_statistics) {
  partial.reduce(tasks, sum_, product_);
  const double n = static_cast<double>(count);
  for (size_t c = 0; c < a.size(); ++c) {
    const double inverse = 1.0 / std::sqrt(static_cast<double>(variance[c]) + kBatchNormEpsilon);
    const double slope = static_cast<double>(gamma[c]) * inverse;
    beta_gradient[c] = static_cast<float>(sum_[c]);
    gamma_gradient[c] = static_cast<float>(inverse * product_[c]);
    const double p = frozen_statistics ? 0.0 : -slope * inverse * inverse * product_[c] / n;
    const double q = frozen_statistics ? 0.0 : -slope * sum_[c] / n - p * static_cast<double>(mean[c]);
    ca[c] = static_cast<float>(slope);
    cp[c] = static_cast<float>(p);
    cq[c] = static_cast<float>(q);
  }
}

}  // namespace fixynn::cpu
