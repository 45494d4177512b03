// SPDX-License-Identifier: Apache-2.0
#include "quant/fake_quant.h"

#include <algorithm>

namespace fixynn {

QuantisedWeights quantise_weights(std::span<const float> weights, int channels, int weight_bits) {
  const size_t channel_count = static_cast<size_t>(channels);
  QuantisedWeights result;
  result.bits = weight_bits;
  result.codes.resize(weights.size());
  result.scales.assign(channel_count, 0.0f);
  for (size_t i = 0; i < weights.size(); ++i) {
    float& max_abs = result.scales[i % channel_count];
    max_abs = std::max(max_abs, std::fabs(weights[i]));
  }
  for (float& scale : result.scales) scale = weight_scale(scale, weight_bits);
  const float code_max = static_cast<float>(weight_code_max(weight_bits));
  for (size_t i = 0; i < weights.size(); ++i) {
    result.codes[i] =
        static_cast<int8_t>(weight_code(weights[i], 1.0f / result.scales[i % channel_count], code_max));
  }
  return result;
}

std::vector<float> dequantise_weights(const QuantisedWeights& weights) {
  std::vector<float> values(weights.codes.size());
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(weights.codes[i]) * weights.scales[i % weights.scales.size()];
  }
  return values;
}

}  // namespace fixynn
