// SPDX-License-Identifier: Apache-2.0
#include "hardware/plan_rules.h"

#include <algorithm>

#include "core/error.h"
#include "hardware/csd.h"

namespace fixynn {
namespace {

/// M and B are held twice: the values in use, and those written for the next frame.
constexpr int kParameterCopies = 2;

LineBufferPlan plan_line_buffer(const Conv& conv, int input_bits) {
  if (conv.kind == ConvKind::kPointwise) return {};
  return {.rows = 2, .width = conv.in_size, .channels = conv.in_channels, .bits = input_bits};
}

/// `clocks_in_row`: between the accumulators of two pixels of a row, as they arrive; `clocks_burst`: the same
/// if no requantiser before this one had evened them out; `clocks_mean`: on average over the frame.
RequantiserPlan plan_requantiser(const Conv& conv, const ConvQuant& quant, Interval accumulator, Fold fold,
                                 int64_t clocks_in_row, int64_t clocks_burst, int64_t clocks_mean) {
  RequantiserPlan plan;
  plan.channels = conv.out_channels;
  plan.accumulator_bits = signed_bits(accumulator);
  plan.output_bits = quant.activation_bits;
  const int64_t clocks = fold == Fold::kNone ? 1 : (fold == Fold::kBurst ? clocks_burst : clocks_mean);
  plan.channels_per_multiplier =
      static_cast<int>(std::min({clocks, int64_t{kMostChannelsPerMultiplier}, int64_t{plan.channels}}));
  plan.multipliers = (plan.channels + plan.channels_per_multiplier - 1) / plan.channels_per_multiplier;
  plan.parameter_bits = int64_t{kParameterCopies} * (kMultiplierBits + kBiasBits) * plan.channels;
  plan.output_register_bits = int64_t{plan.output_bits} * plan.channels;
  plan.control_register_bits = plan.channels;
  if (clocks_in_row < plan.channels_per_multiplier) {
    // While a row of pixels arrives, one leaves every so many clocks; the rest waits.
    const int64_t left = (conv.out_size - 1) * clocks_in_row / plan.channels_per_multiplier;
    plan.fifo_memory_bits = (conv.out_size - left) * plan.channels * plan.accumulator_bits;
  }
  plan.cycles = plan.channels_per_multiplier;  // a channel a clock, straight into the output registers
  return plan;
}

}  // namespace

WeightFacts weight_facts(const Conv& conv, const QuantisedWeights& weights, Interval input) {
  if (weights.codes.size() != static_cast<size_t>(conv.weight_count())) {
    fail("{}: {} weight codes where {} are expected", conv.name, weights.codes.size(), conv.weight_count());
  }
  WeightFacts facts;
  for (const int8_t code : weights.codes) {
    facts.zero_weights += code == 0;
    facts.csd_digits += csd_digit_count(code);
  }
  facts.accumulator = joint_accumulator(conv, channel_accumulators(conv, weights, input));
  return facts;
}

HardwarePlan plan_without_graphs(const MobileNet& network, std::span<const ConvQuant> quant, int fixed_layers,
                                 const PlanOptions& options, std::span<const WeightFacts> facts) {
  HardwarePlan plan;
  plan.network = network;
  plan.fixed_layers = fixed_layers;
  plan.options = options;
  int64_t spacing = 1;  // network pixels, in a row, from one pixel of the present map to the next
  int64_t arrival = 1;  // clocks from one to the next, which requantisers may have stretched
  for (size_t i = 0; i < checked_conv_count(fixed_layers); ++i) {
    const Conv& conv = network.convs.at(i);
    ConvPlan& planned = plan.convs.emplace_back();
    planned.conv = conv;
    planned.quant = quant[i];
    if (!quant[i].quantised()) {
      fail_usage("{} is in float and cannot be built; give its layer 2..8 bits", conv.name);
    }
    planned.input = input_codes(static_cast<int>(i), quant);
    planned.input_bits = i == 0 ? 8 : quant[i - 1].activation_bits;
    planned.weights = conv.weight_count();
    planned.zero_weights = facts[i].zero_weights;
    planned.csd_digits = facts[i].csd_digits;
    planned.line_buffer = plan_line_buffer(conv, planned.input_bits);
    planned.input_clocks_per_pixel_in_row = arrival;
    planned.input_clocks_per_row = spacing * network.input_size;
    planned.input_clocks_per_pixel_mean = spacing * spacing;
    spacing *= conv.stride;
    arrival *= conv.stride;
    planned.requantiser = plan_requantiser(conv, quant[i], facts[i].accumulator, options.fold, arrival,
                                           spacing, spacing * spacing);
    arrival = std::max<int64_t>(arrival, planned.requantiser.channels_per_multiplier);
    planned.output_pixels = int64_t{conv.out_size} * conv.out_size;
    set_latency(planned);
  }
  return plan;
}

size_t checked_conv_count(int fixed_layers) {
  if (fixed_layers < 0 || fixed_layers > MobileNet::kLayers) {
    fail_usage("{} fixed layers: the network has 0..{} that can be fixed", fixed_layers, MobileNet::kLayers);
  }
  return static_cast<size_t>(MobileNet::convs_in_layers(fixed_layers));
}

void set_latency(ConvPlan& conv) {
  const int64_t lag = conv.conv.kind == ConvKind::kPointwise ? 0 : 2 - conv.conv.pad_before;
  const int stages = conv.pipelines.empty() ? 1 : conv.pipelines.front().stages;
  conv.latency_cycles = lag * (conv.input_clocks_per_row + conv.input_clocks_per_pixel_in_row) +
                        (lag > 0 ? 1 : 0) + stages + conv.requantiser.cycles;
}

}  // namespace fixynn
