// SPDX-License-Identifier: Apache-2.0
#include "engine/reference/reference_network.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace fixynn {
namespace {

std::vector<float> to_float(std::span<const double> values) {
  return {values.begin(), values.end()};
}
std::vector<double> to_double(std::span<const float> values) {
  return {values.begin(), values.end()};
}

std::vector<double> difference(std::span<const double> a, std::span<const double> b) {
  std::vector<double> result(a.begin(), a.end());
  for (size_t i = 0; i < result.size(); ++i) result[i] -= b[i];
  return result;
}

std::vector<double> sum(std::span<const double> a, std::span<const double> b) {
  std::vector<double> result(a.begin(), a.end());
  for (size_t i = 0; i < result.size(); ++i) result[i] += b[i];
  return result;
}

bool all_finite(std::span<const double> values) {
  return std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); });
}

}  // namespace

ReferenceNetwork::ReferenceNetwork(const TrainPlan& plan)
    : plan_(plan),
      layout_(plan.network),
      frozen_convs_(static_cast<size_t>(MobileNet::convs_in_layers(plan.fixed_layers))) {
  if (plan.quant.size() != plan.network.convs.size()) {
    fail("A training plan needs the bits of {} convolutions, but has {}.", plan.network.convs.size(),
         plan.quant.size());
  }
  if (plan.frozen.size() != frozen_convs_) {
    fail("A training plan with {} fixed layers needs {} frozen convolutions, but has {}.", plan.fixed_layers,
         frozen_convs_, plan.frozen.size());
  }
}

std::vector<double> ReferenceNetwork::conv_weights(size_t conv, std::span<const double> values,
                                                   const PassMode& mode, RoundingOffsets& rounding) const {
  const Conv& shape = plan_.network.convs[conv];
  const std::span<const double> weights =
      values.subspan(layout_.convs[conv].weight, static_cast<size_t>(shape.weight_count()));
  if (is_frozen(conv)) {
    const QuantisedWeights& frozen = plan_.frozen[conv];
    if (frozen.bits != kFloatBits) return to_double(dequantise_weights(frozen));
    return {weights.begin(), weights.end()};
  }
  const int bits = plan_.quant[conv].weight_bits;
  if (!mode.fake_quantise || bits == kFloatBits) return {weights.begin(), weights.end()};
  if (mode.offsets != nullptr) return sum(weights, mode.offsets->weights[conv]);
  const std::vector<double> rounded =
      to_double(dequantise_weights(quantise_weights(to_float(weights), shape.out_channels, bits)));
  rounding.weights[conv] = difference(rounded, weights);
  return rounded;
}

std::vector<double> ReferenceNetwork::head_weights(std::span<const double> values, const PassMode& mode,
                                                   RoundingOffsets& rounding) const {
  const std::span<const double> weights =
      values.subspan(layout_.head_weight, layout_.head_bias - layout_.head_weight);
  const int bits = plan_.head_weight_bits;
  if (!mode.fake_quantise || bits == kFloatBits) return {weights.begin(), weights.end()};
  if (mode.offsets != nullptr) return sum(weights, mode.offsets->head);
  // One scale for all classes, so that integer logits can be compared with each other.
  float max_abs = 0.0f;
  for (double weight : weights) max_abs = std::max(max_abs, std::fabs(static_cast<float>(weight)));
  const float scale = weight_scale(max_abs, bits);
  const float code_max = static_cast<float>(weight_code_max(bits));
  std::vector<double> rounded(weights.size());
  for (size_t i = 0; i < rounded.size(); ++i) {
    rounded[i] = weight_code(static_cast<float>(weights[i]), 1.0f / scale, code_max) * scale;
  }
  rounding.head = difference(rounded, weights);
  return rounded;
}

ForwardPass ReferenceNetwork::forward(std::span<const double> values, std::span<const double> statistics,
                                      const ReferenceBatch& batch, const PassMode& mode) const {
  const std::vector<Conv>& convs = plan_.network.convs;
  ForwardPass pass;
  pass.rounding.activations.resize(convs.size());
  pass.rounding.weights.resize(convs.size());
  ReferenceTensor input = batch.input;
  for (size_t i = 0; i < convs.size(); ++i) {
    const ParameterLayout::ConvOffsets& at = layout_.convs[i];
    const size_t channels = static_cast<size_t>(convs[i].out_channels);
    pass.effective_weights.push_back(conv_weights(i, values, mode, pass.rounding));
    pass.inputs.push_back(std::move(input));
    pass.z.push_back(reference_conv(convs[i], pass.inputs.back(), pass.effective_weights.back()));
    pass.batch_statistics.push_back(reference_statistics(pass.z.back()));
    const ChannelStatistics& measured = pass.batch_statistics.back();
    if (pass.non_finite.empty() && !(all_finite(measured.mean) && all_finite(measured.variance))) {
      pass.non_finite = convs[i].name + ": non-finite batch statistics";
    }
    if (mode.batch_statistics) {
      pass.used_statistics.push_back(measured);
    } else {
      const auto mean = statistics.subspan(at.mean, channels),
                 variance = statistics.subspan(at.variance, channels);
      pass.used_statistics.push_back({{mean.begin(), mean.end()}, {variance.begin(), variance.end()}});
    }
    pass.u.push_back(reference_batch_norm(pass.z.back(), pass.used_statistics.back(),
                                          values.subspan(at.gamma, channels),
                                          values.subspan(at.beta, channels)));
    const int bits = mode.fake_quantise ? plan_.quant[i].activation_bits : kFloatBits;
    input = reference_activation(pass.u.back(), kFloatBits);
    if (bits == kFloatBits) continue;
    if (mode.offsets != nullptr) {
      input.values = sum(input.values, mode.offsets->activations[i]);
    } else {
      const ReferenceTensor rounded = reference_activation(pass.u.back(), bits);
      pass.rounding.activations[i] = difference(rounded.values, input.values);
      input = rounded;
    }
  }
  pass.features = std::move(input);
  pass.pooled = reference_pool(pass.features);
  pass.effective_head = head_weights(values, mode, pass.rounding);
  pass.logits = reference_head(pass.pooled, plan_.network.feature_channels(), plan_.network.classes,
                               pass.effective_head,
                               values.subspan(layout_.head_bias, static_cast<size_t>(plan_.network.classes)));
  if (pass.non_finite.empty() && !all_finite(pass.logits)) pass.non_finite = "head: non-finite logits";
  return pass;
}

std::vector<double> ReferenceNetwork::backward(std::span<const double> values, const ForwardPass& pass,
                                               std::span<const double> logit_gradient,
                                               const PassMode& mode) const {
  const std::vector<Conv>& convs = plan_.network.convs;
  std::vector<double> gradient(layout_.value_count, 0.0);
  const auto store = [&gradient](size_t offset, const std::vector<double>& part) {
    std::copy(part.begin(), part.end(), gradient.begin() + static_cast<std::ptrdiff_t>(offset));
  };
  const HeadGradient head =
      reference_head_gradient(pass.pooled, plan_.network.feature_channels(), plan_.network.classes,
                              pass.effective_head, logit_gradient);
  store(layout_.head_weight, head.weight);
  store(layout_.head_bias, head.bias);
  ReferenceTensor activation_gradient =
      reference_pool_gradient(head.pooled, pass.features.images, pass.features.size, pass.features.channels);
  for (size_t i = convs.size(); i-- > 0;) {
    const ParameterLayout::ConvOffsets& at = layout_.convs[i];
    const BatchNormGradient norm = reference_batch_norm_gradient(
        pass.z[i], pass.used_statistics[i],
        values.subspan(at.gamma, static_cast<size_t>(convs[i].out_channels)),
        reference_activation_gradient(pass.u[i], activation_gradient), mode.batch_statistics);
    store(at.gamma, norm.gamma);
    store(at.beta, norm.beta);
    // Straight through the weights' rounding too. Frozen weights have no gradient; what is below them has.
    if (!is_frozen(i)) store(at.weight, reference_conv_weight_gradient(convs[i], pass.inputs[i], norm.z));
    if (i > 0)
      activation_gradient = reference_conv_input_gradient(convs[i], norm.z, pass.effective_weights[i]);
  }
  return gradient;
}

}  // namespace fixynn
