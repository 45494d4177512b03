// SPDX-License-Identifier: Apache-2.0
#include "cost/instant_estimate.h"

#include <utility>

#include "core/error.h"
#include "cost/adder_estimate.h"
#include "hardware/csd.h"
#include "hardware/plan_rules.h"

namespace fixynn {
InstantEstimate::Digits InstantEstimate::count_digits(const Conv& conv, const QuantisedWeights& weights) {
  const size_t channels = static_cast<size_t>(conv.out_channels);
  Digits digits;
  digits.positive.assign(channels, 0);
  digits.negative.assign(channels, 0);
  for (size_t i = 0; i < weights.codes.size(); ++i) {
    const int8_t code = weights.codes[i];
    digits.zeros += code == 0;
    digits.csd_digits += csd_digit_count(code);
    (code > 0 ? digits.positive : digits.negative)[i % channels] += code;
  }
  for (size_t c = 0; c < channels; ++c) {
    digits.nonzero_outputs += digits.positive[c] != 0 || digits.negative[c] != 0;
  }
  return digits;
}

InstantEstimate::InstantEstimate(const MobileNet& network, const ModelParameters& parameters, double sparsity,
                                 PlanOptions options, Technology technology, CalibratedOptions cost_options)
    : network_(network),
      options_(options),
      technology_(std::move(technology)),
      cost_options_(cost_options),
      digits_(network.convs.size()) {
  for (int bits = kMinBits; bits <= kMaxBits; ++bits) {
    const std::vector<ConvQuant> quant(network.convs.size(), ConvQuant{bits, kMaxBits});
    const HardwareDesign design = design_from_parameters(network, parameters, quant, sparsity, "");
    for (size_t i = 0; i < digits_.size(); ++i) {
      digits_[i][static_cast<size_t>(bits)] = count_digits(network.convs[i], design.weights[i]);
    }
  }
}

InstantEstimate::InstantEstimate(const HardwareDesign& design, PlanOptions options, Technology technology,
                                 CalibratedOptions cost_options)
    : network_(design.network),
      source_(design.source),
      assumed_weights_(design.assumed_weights),
      options_(options),
      technology_(std::move(technology)),
      cost_options_(cost_options),
      digits_(design.network.convs.size()) {
  for (size_t i = 0; i < digits_.size(); ++i) {
    digits_[i].at(static_cast<size_t>(design.quant[i].weight_bits)) =
        count_digits(network_.convs[i], design.weights[i]);
  }
}

HardwarePlan InstantEstimate::plan(std::span<const ConvQuant> quant, int fixed_layers) const {
  std::vector<WeightFacts> facts;
  for (size_t i = 0; i < checked_conv_count(fixed_layers); ++i) {
    const Conv& conv = network_.convs[i];
    const Digits& digits = digits_[i].at(static_cast<size_t>(quant[i].weight_bits));
    if (digits.positive.empty()) {
      fail_usage("{}: {} weight bits are not the design's; load the float weights to change bits", conv.name,
                 quant[i].weight_bits);
    }
    const Interval input = input_codes(static_cast<int>(i), quant);
    std::vector<Interval> channels;
    for (size_t c = 0; c < digits.positive.size(); ++c) {
      channels.push_back({digits.positive[c] * input.min + digits.negative[c] * input.max,
                          digits.positive[c] * input.max + digits.negative[c] * input.min});
    }
    facts.push_back({digits.zeros, digits.csd_digits, joint_accumulator(conv, channels)});
  }
  HardwarePlan plan = plan_without_graphs(network_, quant, fixed_layers, options_, facts);
  plan.source = source_;
  plan.assumed_weights = assumed_weights_;
  for (size_t i = 0; i < plan.convs.size(); ++i) {
    const Digits& digits = digits_[i][static_cast<size_t>(quant[i].weight_bits)];
    estimate_graphs(plan.convs[i], digits.nonzero_outputs, options_);
    set_latency(plan.convs[i]);
  }
  return plan;
}

FfeCost InstantEstimate::ffe(std::span<const ConvQuant> quant, int fixed_layers) const {
  return calibrated_ffe_cost(plan(quant, fixed_layers), technology_, cost_options_);
}

}  // namespace fixynn
