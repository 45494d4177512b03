// SPDX-License-Identifier: Apache-2.0
#include "cost/instant_estimate.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "cost/adder_estimate.h"
#include "hardware/csd.h"
#include "hardware/plan_rules.h"

namespace fixynn {
namespace {

/// So many places of a convolution's codes have their sums: an estimate adds at most a 64th of them.
constexpr size_t kSums = 64;

const std::array<int8_t, 256>& digit_counts() {
  static const std::array<int8_t, 256> counts = [] {
    std::array<int8_t, 256> made{};
    for (int code = -128; code < 128; ++code) {
      made[static_cast<size_t>(code + 128)] = static_cast<int8_t>(csd_digit_count(code));
    }
    return made;
  }();
  return counts;
}

std::vector<float> magnitudes_of(std::span<const float> weights) {
  std::vector<float> magnitudes(weights.begin(), weights.end());
  for (float& value : magnitudes) value = std::fabs(value);
  return magnitudes;
}

}  // namespace

void InstantEstimate::Digits::add(int8_t code, size_t channel, int sign) {
  csd_digits += sign * digit_counts()[static_cast<size_t>(code + 128)];
  (code > 0 ? positive : negative)[channel] += sign * code;
}

InstantEstimate::RankedCodes InstantEstimate::rank(const Conv& conv, const QuantisedWeights& weights,
                                                   std::span<const uint32_t> order) {
  const size_t channels = static_cast<size_t>(conv.out_channels);
  RankedCodes ranked;
  for (const uint32_t i : order) {
    if (weights.codes[i] == 0) continue;
    ranked.codes.push_back(weights.codes[i]);
    ranked.channels.push_back(static_cast<uint16_t>(i % channels));
  }
  ranked.zeros = order.size() - ranked.codes.size();
  ranked.step = std::max<size_t>(1, (ranked.codes.size() + kSums - 1) / kSums);
  Digits digits;
  digits.positive.assign(channels, 0);
  digits.negative.assign(channels, 0);
  ranked.sums.resize(ranked.codes.size() / ranked.step + 1);
  for (size_t i = ranked.codes.size();; --i) {
    if (i % ranked.step == 0) ranked.sums[i / ranked.step] = digits;
    if (i == 0) break;
    digits.add(ranked.codes[i - 1], ranked.channels[i - 1], 1);
  }
  return ranked;
}

InstantEstimate::Digits InstantEstimate::RankedCodes::at(double sparsity) const {
  const size_t wanted = pruned_count(codes.size() + zeros, sparsity);
  const size_t zeroed = wanted > zeros ? wanted - zeros : 0;
  Digits digits = sums[zeroed / step];
  for (size_t i = zeroed / step * step; i < zeroed; ++i) digits.add(codes[i], channels[i], -1);
  digits.zeros = static_cast<int64_t>(zeros + zeroed);
  return digits;
}

InstantEstimate::InstantEstimate(const MobileNet& network, const ModelParameters& parameters)
    : network_(network), ranked_(network.convs.size()) {
  for (size_t i = 0; i < ranked_.size(); ++i) {
    const Conv& conv = network.convs[i];
    const std::span<const float> weights = float_weights(network, parameters, i);
    const std::vector<uint32_t> order = pruning_order(magnitudes_of(weights));
    for (int bits = kMinBits; bits <= kMaxBits; ++bits) {
      ranked_[i][static_cast<size_t>(bits)] =
          rank(conv, quantise_weights(weights, conv.out_channels, bits), order);
    }
  }
}

InstantEstimate::InstantEstimate(const HardwareDesign& design)
    : network_(design.network),
      source_(design.source),
      assumed_weights_(design.assumed_weights),
      ranked_(design.network.convs.size()) {
  for (size_t i = 0; i < ranked_.size(); ++i) {
    const QuantisedWeights& weights = design.weights[i];
    const std::vector<uint32_t> order = pruning_order(magnitudes_of(dequantise_weights(weights)));
    ranked_[i].at(static_cast<size_t>(design.quant[i].weight_bits)) = rank(network_.convs[i], weights, order);
  }
}

HardwarePlan InstantEstimate::plan(const InstantRequest& request) const {
  if (!(request.sparsity >= 0 && request.sparsity <= 1)) {
    fail_usage("the sparsity {} is not a share; give a number in 0..1", request.sparsity);
  }
  std::vector<WeightFacts> facts;
  std::vector<int64_t> nonzero_outputs;
  for (size_t i = 0; i < checked_conv_count(request.fixed_layers); ++i) {
    const Conv& conv = network_.convs[i];
    const RankedCodes& ranked = ranked_[i].at(static_cast<size_t>(request.quant[i].weight_bits));
    if (ranked.sums.empty()) {
      fail_usage("{}: {} weight bits are not the design's; load the float weights to change bits", conv.name,
                 request.quant[i].weight_bits);
    }
    const Digits digits = ranked.at(request.sparsity);
    const Interval input = input_codes(static_cast<int>(i), request.quant);
    std::vector<Interval> channels;
    int64_t& outputs = nonzero_outputs.emplace_back(0);
    for (size_t c = 0; c < digits.positive.size(); ++c) {
      channels.push_back({digits.positive[c] * input.min + digits.negative[c] * input.max,
                          digits.positive[c] * input.max + digits.negative[c] * input.min});
      outputs += digits.positive[c] != 0 || digits.negative[c] != 0;
    }
    facts.push_back({digits.zeros, digits.csd_digits, joint_accumulator(conv, channels)});
  }
  HardwarePlan plan =
      plan_without_graphs(network_, request.quant, request.fixed_layers, request.options, facts);
  plan.source = source_;
  plan.assumed_weights = assumed_weights_;
  for (size_t i = 0; i < plan.convs.size(); ++i) {
    estimate_graphs(plan.convs[i], nonzero_outputs[i], request.options);
  }
  finish_plan(plan);
  return plan;
}

FfeCost InstantEstimate::ffe(const InstantRequest& request, const Technology& technology,
                             const CalibratedOptions& options) const {
  return calibrated_ffe_cost(plan(request), technology, options);
}

}  // namespace fixynn
