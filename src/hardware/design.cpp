// SPDX-License-Identifier: Apache-2.0
#include "hardware/design.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"
#include "core/philox.h"

namespace fixynn {
namespace {

constexpr uint64_t kAssumedSeed = 20181203;       // any number: fixed so that everybody gets the same weights
constexpr uint32_t kAssumedSubIndex = 0x1a91ace;  // keeps these draws apart from initialise_parameters'

void check_request(const MobileNet& network, std::span<const ConvQuant> quant, double sparsity) {
  if (network.convs.empty()) {
    fail("the network has no convolutions, so there is nothing to freeze; give a network of fixynn-train");
  }
  if (quant.size() != network.convs.size()) {
    fail_usage("bits were given for {} convolutions where the network has {}", quant.size(),
               network.convs.size());
  }
  for (size_t i = 0; i < quant.size(); ++i) {
    for (const int bits : {quant[i].weight_bits, quant[i].activation_bits}) {
      if (bits < kMinBits || bits > kMaxBits) {
        fail_usage("{}: {} bits cannot be frozen; weights and activations need {}..{} bits",
                   network.convs[i].name, bits, kMinBits, kMaxBits);
      }
    }
  }
  if (!(sparsity >= 0.0 && sparsity <= 1.0)) {
    fail_usage("the sparsity {} is not a share; give a number in 0..1", sparsity);
  }
}

/// Zeroes the first pruned_count codes of the pruning order, which does not depend on the sparsity, so that
/// larger ones zero supersets.
void prune(std::vector<int8_t>& codes, std::span<const float> magnitudes, double sparsity) {
  size_t left = pruned_count(codes.size(), sparsity);
  if (left == 0) return;
  left -= std::min(left, static_cast<size_t>(std::count(codes.begin(), codes.end(), int8_t{0})));
  for (const uint32_t i : pruning_order(magnitudes)) {
    if (left == 0) return;
    if (codes[i] == 0) continue;
    codes[i] = 0;
    --left;
  }
}

/// What the float weights are, quantised and pruned. The float magnitudes decide, so that the same weights go
/// whatever the bits.
QuantisedWeights from_floats(std::span<const float> weights, int channels, int bits, double sparsity) {
  QuantisedWeights result = quantise_weights(weights, channels, bits);
  std::vector<float> magnitudes(weights.size());
  for (size_t i = 0; i < weights.size(); ++i) magnitudes[i] = std::fabs(weights[i]);
  prune(result.codes, magnitudes, sparsity);
  return result;
}

QuantisedWeights from_codes(QuantisedWeights weights, double sparsity) {
  std::vector<float> magnitudes = dequantise_weights(weights);
  for (float& value : magnitudes) value = std::fabs(value);
  prune(weights.codes, magnitudes, sparsity);
  return weights;
}

/// The network's codes of convolution `index` when they have `bits`, else null.
const QuantisedWeights* own_codes(const IntegerNetwork& network, size_t index, int bits) {
  const auto count = static_cast<size_t>(network.network.convs[index].weight_count());
  const auto fits = [&](const QuantisedWeights& weights) {
    return weights.bits == bits && weights.codes.size() == count;
  };
  if (index < network.convs.size() && fits(network.convs[index].weights)) {
    return &network.convs[index].weights;
  }
  if (index < network.frozen.size() && fits(network.frozen[index])) return &network.frozen[index];
  return nullptr;
}

/// Laplace distributed with mean magnitude 1. Its scale does not matter: each channel's largest weight gets
/// the largest code.
float laplace(RandomSequence& random) {
  const double u = (static_cast<double>(random.next_u32()) + 0.5) / 4294967296.0 - 0.5;  // (-0.5, 0.5)
  const double magnitude = -std::log1p(-2.0 * std::fabs(u));
  return static_cast<float>(u < 0 ? -magnitude : magnitude);
}

}  // namespace

size_t pruned_count(size_t count, double sparsity) {
  // The ceiling of a product such as 0.7 * 10 must not count its rounding error as one more weight.
  const double wanted = std::ceil(sparsity * static_cast<double>(count) - 1e-6);
  return std::min(count, static_cast<size_t>(std::max(0.0, wanted)));
}

std::vector<uint32_t> pruning_order(std::span<const float> magnitudes) {
  std::vector<uint32_t> order(magnitudes.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return magnitudes[a] != magnitudes[b] ? magnitudes[a] < magnitudes[b] : a < b;
  });
  return order;
}

std::span<const float> float_weights(const MobileNet& network, const ModelParameters& parameters,
                                     size_t index) {
  const ParameterLayout layout(network);
  if (parameters.values.size() != layout.value_count) {
    fail("the parameters hold {} values where the network has {}; the file does not belong to the network",
         parameters.values.size(), layout.value_count);
  }
  const auto weights =
      std::span(parameters.values)
          .subspan(layout.convs[index].weight, static_cast<size_t>(network.convs[index].weight_count()));
  for (size_t i = 0; i < weights.size(); ++i) {
    if (!std::isfinite(weights[i])) {
      fail("{}: weight {} is {}; the training diverged or the file is damaged, so use an earlier network",
           network.convs[index].name, i, weights[i]);
    }
  }
  return weights;
}

HardwareDesign design_from_parameters(const MobileNet& network, const ModelParameters& parameters,
                                      std::span<const ConvQuant> quant, double sparsity,
                                      const std::string& source) {
  check_request(network, quant, sparsity);
  HardwareDesign design{network, {quant.begin(), quant.end()}, {}, source, false};
  for (size_t i = 0; i < network.convs.size(); ++i) {
    design.weights.push_back(from_floats(float_weights(network, parameters, i), network.convs[i].out_channels,
                                         quant[i].weight_bits, sparsity));
  }
  return design;
}

HardwareDesign design_from_network(const IntegerNetwork& network, std::span<const ConvQuant> quant,
                                   double sparsity, const std::string& source) {
  std::vector<ConvQuant> bits(quant.begin(), quant.end());
  if (bits.empty()) {
    bits = network.quant;
    bits.resize(network.network.convs.size());
    for (ConvQuant& conv : bits) {
      if (!conv.quantised()) conv = {kMaxBits, kMaxBits};
    }
  }
  check_request(network.network, bits, sparsity);
  HardwareDesign design{network.network, bits, {}, source, false};
  for (size_t i = 0; i < bits.size(); ++i) {
    const Conv& conv = network.network.convs[i];
    const QuantisedWeights* codes = own_codes(network, i, bits[i].weight_bits);
    design.weights.push_back(codes != nullptr
                                 ? from_codes(*codes, sparsity)
                                 : from_floats(float_weights(network.network, network.parameters, i),
                                               conv.out_channels, bits[i].weight_bits, sparsity));
  }
  return design;
}

HardwareDesign assumed_design(const MobileNet& network, std::span<const ConvQuant> quant, double sparsity) {
  check_request(network, quant, sparsity);
  HardwareDesign design{network, {quant.begin(), quant.end()}, {}, "assumed weights", true};
  for (size_t i = 0; i < network.convs.size(); ++i) {
    const Conv& conv = network.convs[i];
    RandomSequence random(kAssumedSeed, RandomStream::kInitialise, static_cast<uint32_t>(i),
                          kAssumedSubIndex);
    std::vector<float> weights(static_cast<size_t>(conv.weight_count()));
    for (float& weight : weights) weight = laplace(random);
    design.weights.push_back(from_floats(weights, conv.out_channels, quant[i].weight_bits, sparsity));
  }
  return design;
}

}  // namespace fixynn
