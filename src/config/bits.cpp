// SPDX-License-Identifier: Apache-2.0
#include "config/bits.h"

#include "core/error.h"

namespace fixynn {

ConvQuant ffe_layer_quant(const RunConfig& config, int layer) {
  ConvQuant quant{config.ffe.weight_bits, config.ffe.activation_bits};
  const auto found = config.ffe.layers.find(layer);
  if (found != config.ffe.layers.end()) {
    quant.weight_bits = found->second.weight_bits.value_or(quant.weight_bits);
    quant.activation_bits = found->second.activation_bits.value_or(quant.activation_bits);
  }
  return quant;
}

std::vector<ConvQuant> conv_quant(const RunConfig& config, const MobileNet& network, int fixed_layers) {
  if (fixed_layers < 0 || fixed_layers > MobileNet::kLayers) {
    fail_usage("fixed_layers: expected an integer in 0..{}, got {}", MobileNet::kLayers, fixed_layers);
  }
  std::vector<ConvQuant> quant;
  for (const Conv& conv : network.convs) {
    quant.push_back(conv.layer < fixed_layers ? ffe_layer_quant(config, conv.layer)
                                              : ConvQuant{config.back_end.bits, config.back_end.bits});
  }
  return quant;
}

std::string bits_text(int bits) {
  return bits == kFloatBits ? "float" : fmt::format("{}", bits);
}

}  // namespace fixynn
