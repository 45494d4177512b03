// SPDX-License-Identifier: Apache-2.0
#include "model/parameters.h"

#include <cmath>
#include <numbers>

#include "core/philox.h"

namespace fixynn {
namespace {

std::vector<int64_t> weight_shape(const Conv& conv) {
  switch (conv.kind) {
    case ConvKind::kConv1:
      return {3, 3, conv.in_channels, conv.out_channels};
    case ConvKind::kDepthwise:
      return {3, 3, conv.out_channels};
    case ConvKind::kPointwise:
      return {conv.in_channels, conv.out_channels};
  }
  return {};
}

void fill_normal(std::span<float> values, double standard_deviation, uint64_t seed, uint32_t tensor) {
  for (size_t i = 0; i < values.size(); ++i) {
    const PhiloxBlock block = philox(seed, RandomStream::kInitialise, tensor, static_cast<uint32_t>(i), 0);
    // Box-Muller; 1 - u is in (0, 1], so the logarithm is finite.
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform01(block.word[0])));
    const double angle = 2.0 * std::numbers::pi * uniform01(block.word[1]);
    values[i] = static_cast<float>(standard_deviation * radius * std::cos(angle));
  }
}

}  // namespace

ParameterLayout::ParameterLayout(const MobileNet& network) {
  size_t value = 0, statistic = 0;
  for (const Conv& conv : network.convs) {
    const size_t channels = static_cast<size_t>(conv.out_channels);
    ConvOffsets offsets{};
    offsets.weight = value;
    value += static_cast<size_t>(conv.weight_count());
    offsets.gamma = value;
    value += channels;
    offsets.beta = value;
    value += channels;
    offsets.mean = statistic;
    statistic += channels;
    offsets.variance = statistic;
    statistic += channels;
    convs.push_back(offsets);
  }
  head_weight = value;
  value += static_cast<size_t>(network.feature_channels()) * static_cast<size_t>(network.classes);
  head_bias = value;
  value += static_cast<size_t>(network.classes);
  value_count = value;
  statistic_count = statistic;
}

std::vector<NamedTensor> named_tensors(const MobileNet& network) {
  const ParameterLayout layout(network);
  std::vector<NamedTensor> tensors;
  for (size_t i = 0; i < network.convs.size(); ++i) {
    const Conv& conv = network.convs[i];
    const auto& offsets = layout.convs[i];
    const size_t channels = static_cast<size_t>(conv.out_channels);
    const std::vector<int64_t> per_channel{conv.out_channels};
    tensors.push_back({conv.name + ".weight", weight_shape(conv), false, offsets.weight,
                       static_cast<size_t>(conv.weight_count())});
    tensors.push_back({conv.name + ".gamma", per_channel, false, offsets.gamma, channels});
    tensors.push_back({conv.name + ".beta", per_channel, false, offsets.beta, channels});
    tensors.push_back({conv.name + ".running_mean", per_channel, true, offsets.mean, channels});
    tensors.push_back({conv.name + ".running_variance", per_channel, true, offsets.variance, channels});
  }
  const size_t head_count = layout.head_bias - layout.head_weight;
  tensors.push_back(
      {"head.weight", {network.feature_channels(), network.classes}, false, layout.head_weight, head_count});
  tensors.push_back(
      {"head.bias", {network.classes}, false, layout.head_bias, static_cast<size_t>(network.classes)});
  return tensors;
}

ModelParameters initialise_parameters(const MobileNet& network, uint64_t seed) {
  const ParameterLayout layout(network);
  ModelParameters parameters;
  parameters.values.assign(layout.value_count, 0.0f);
  parameters.statistics.assign(layout.statistic_count, 0.0f);
  const std::span<float> values(parameters.values);
  const std::span<float> statistics(parameters.statistics);
  for (size_t i = 0; i < network.convs.size(); ++i) {
    const Conv& conv = network.convs[i];
    const auto& offsets = layout.convs[i];
    const size_t channels = static_cast<size_t>(conv.out_channels);
    const double deviation = std::sqrt(2.0 / conv.taps());
    fill_normal(values.subspan(offsets.weight, static_cast<size_t>(conv.weight_count())), deviation, seed,
                static_cast<uint32_t>(i));
    for (float& gamma : values.subspan(offsets.gamma, channels)) gamma = 1.0f;
    for (float& variance : statistics.subspan(offsets.variance, channels)) variance = 1.0f;
  }
  const size_t head_count = layout.head_bias - layout.head_weight;
  fill_normal(values.subspan(layout.head_weight, head_count), 0.01, seed,
              static_cast<uint32_t>(network.convs.size()));
  return parameters;
}

}  // namespace fixynn
