// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "integer/integer_network.h"

namespace fixynn {

/// What could be frozen: the codes of every convolution at the bits it would have in an FFE.
struct HardwareDesign {
  MobileNet network;
  std::vector<ConvQuant> quant;           ///< one a convolution, 2..8 bits each
  std::vector<QuantisedWeights> weights;  ///< one a convolution
  std::string source;                     ///< for tables and reports: a file, or "assumed weights"
  bool assumed_weights = false;           ///< made up by assumed_design, not of any network
};

/// How many of `count` codes are zeroed at least for the share `sparsity` of them.
size_t pruned_count(size_t count, double sparsity);

/// Places of a convolution's weights in the order in which pruning zeroes them at any width: rising float
/// magnitude, of equal ones the first. Codes that are 0 anyway go before all others.
std::vector<uint32_t> pruning_order(std::span<const float> magnitudes);

/// The weights of convolution `index`. Throws, naming layer and weight, for values that are not finite.
std::span<const float> float_weights(const MobileNet& network, const ModelParameters& parameters,
                                     size_t index);

/// Quantises the weights of all convolutions (once, per output channel, as freeze_weights does) after
/// zeroing, in each convolution, the smallest weights so that at least the share `sparsity` (0..1) of its
/// codes is 0. Larger sparsities zero supersets of smaller ones. `quant`: one entry a convolution, 2..8 bits.
/// Throws, naming layer and index, for weights that are not finite.
HardwareDesign design_from_parameters(const MobileNet& network, const ModelParameters& parameters,
                                      std::span<const ConvQuant> quant, double sparsity,
                                      const std::string& source);

/// A network's own codes where a convolution is quantised with the bits asked, else its float weights
/// quantised; pruned as above. `quant` empty: the network's own bits, 8 where it has none.
HardwareDesign design_from_network(const IntegerNetwork& network, std::span<const ConvQuant> quant,
                                   double sparsity, const std::string& source);

/// Weights of a network that is not there yet: Laplace distributed (what trained convolutions resemble), from
/// Philox with a fixed seed, pruned to `sparsity`.
HardwareDesign assumed_design(const MobileNet& network, std::span<const ConvQuant> quant, double sparsity);

}  // namespace fixynn
