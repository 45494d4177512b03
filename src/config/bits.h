// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "config/run_config.h"
#include "model/mobilenet.h"
#include "quant/quant_spec.h"

namespace fixynn {

/// Bits of one layer when it is part of the FFE: ffe.weight_bits and ffe.activation_bits with the layer's
/// overrides.
ConvQuant ffe_layer_quant(const RunConfig& config, int layer);

/// One entry per convolution of `network`: those of layers below `fixed_layers` have the FFE's bits (both
/// convolutions of a block share their layer's), the others back_end.bits for weights and activations (0 =
/// float). Throws Error(kUsage) for fixed_layers outside 0..14.
std::vector<ConvQuant> conv_quant(const RunConfig& config, const MobileNet& network, int fixed_layers);

/// "8", "float"
std::string bits_text(int bits);

}  // namespace fixynn
