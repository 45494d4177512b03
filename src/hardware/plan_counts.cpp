// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "hardware/hardware_plan.h"
#include "hardware/register_bits.h"

namespace fixynn {
namespace {

/// Five of the nine taps can lie behind a map, eight around it; a map of one pixel has a centre only.
constexpr int kTapsBehind = 5, kTapsAround = 8;

/// Clocks that a pixel spends in a convolution at most, waiting included, without those in which it waits for
/// further pixels of its frame.
int64_t longest_cycles(const ConvPlan& plan) {
  const bool windowed = plan.conv.kind != ConvKind::kPointwise;
  const int64_t front = windowed ? (plan.conv.in_size == 1 ? 3 : 2) : (plan.hold_register_bits > 0 ? 1 : 0);
  const RequantiserPlan& r = plan.requantiser;
  const int64_t fifo = r.fifo_words == 0 ? 0 : 2 + int64_t{1} * r.fifo_words * r.channels_per_multiplier;
  return front + plan.stages() + fifo + r.cycles;
}

}  // namespace

int64_t LineBufferPlan::mask_bits() const {
  if (memory_bits() == 0) return 0;
  return int64_t{pad_before == 0 ? kTapsBehind : kTapsAround} * channels * bits;
}

int64_t LineBufferPlan::control_register_bits() const {
  return rows == 0 ? 0 : line_buffer_control_bits(width, pace, flush_delay);
}

int64_t RequantiserPlan::fifo_register_bits() const {
  return fifo_words == 0 ? 0 : accumulator_fifo_bits(fifo_words, channels_per_multiplier);
}

int64_t ConvPlan::enable_register_bits() const {
  // valid and commit behind each stage, or into the FIFO, and which pixel's codes have the commit. A register
  // in front of a pointwise convolution takes part as a stage.
  const int64_t steps = stages() + (hold_register_bits > 0 ? 1 : 0);
  return 2 * steps + 1 + (requantiser.fifo_words > 0 ? 1 : 0);
}

int64_t ConvPlan::control_register_bits() const {
  return enable_register_bits() + line_buffer.control_register_bits() + requantiser.control_register_bits +
         requantiser.fifo_register_bits();
}

int64_t ConvPlan::register_bits() const {
  return pipeline_register_bits + hold_register_bits + line_buffer.window_register_bits() +
         line_buffer.pixel_register_bits() + requantiser.output_register_bits + requantiser.parameter_bits +
         control_register_bits();
}

int64_t OutputPlan::register_bits() const {
  return depth == 0 ? 0 : output_bits(size, depth);
}

int64_t HardwarePlan::weights() const {
  int64_t sum = 0;
  for (const ConvPlan& conv : convs) sum += conv.weights;
  return sum;
}

int64_t HardwarePlan::latency_cycles() const {
  if (convs.empty()) return 0;
  int64_t sum = kInputCycles;
  for (const ConvPlan& conv : convs) sum += conv.latency_cycles;
  return sum;
}

int64_t HardwarePlan::frame_cycles() const {
  const int64_t pixels = int64_t{1} * network.input_size * network.input_size;
  return pixels + pixels % 2;
}

OutputPlan output_plan(const HardwarePlan& plan, size_t index) {
  // A pixel is taken in the last clock with room; with it in front everything in flight has left after:
  int64_t in_flight = kInputCycles;
  for (size_t i = 0; i <= index; ++i) in_flight += longest_cycles(plan.convs.at(i));
  const ConvPlan& conv = plan.convs[index];
  const int64_t spacing = conv.output_clocks_per_pixel_in_row;
  OutputPlan output;
  output.margin = static_cast<int>((in_flight + spacing - 1) / spacing) + 2;
  output.depth = 2 * output.margin;
  output.width_bits = conv.conv.out_channels * conv.requantiser.output_bits;
  output.size = conv.conv.out_size;
  return output;
}

ControlPlan control_plan(const HardwarePlan& plan, int tap_layer) {
  // Addresses of parameters lie in the upper half of at least 128 bytes: the lower half has the registers.
  constexpr int kFewestBits = 3;
  int channels = 1;
  for (const ConvPlan& conv : plan.convs) channels = std::max(channels, conv.conv.out_channels);
  ControlPlan control;
  control.conv_bits = index_bits(static_cast<int64_t>(plan.convs.size()));
  control.channel_bits = std::max(index_bits(channels), kFewestBits - control.conv_bits);
  control.register_bits = control_register_bits(static_cast<int>(plan.convs.size()), control.conv_bits,
                                                control.channel_bits, tap_layer > 0);
  return control;
}

HardwareCounts hardware_counts(const HardwarePlan& plan, int tap_layer) {
  HardwareCounts counts;
  if (plan.convs.empty()) return counts;
  for (const ConvPlan& conv : plan.convs) {
    counts.adders += conv.adders;
    counts.adder_bits += conv.adder_bits;
    counts.register_bits += conv.register_bits();
    counts.memory_bits += conv.memory_bits();
    counts.multipliers += conv.requantiser.multipliers;
  }
  std::vector<OutputPlan> outputs = {plan.output};
  if (tap_layer > 0) {
    const size_t tap = static_cast<size_t>(MobileNet::convs_in_layers(tap_layer)) - 1;
    outputs.push_back(output_plan(plan, tap));
    counts.register_bits += gate_bits(plan.convs.at(tap).output_pixels);
  }
  for (const OutputPlan& output : outputs) {
    counts.register_bits += output.register_bits();
    counts.memory_bits += output.memory_bits();
  }
  counts.register_bits += input_bits(plan.network.input_size) + control_plan(plan, tap_layer).register_bits;
  return counts;
}

}  // namespace fixynn
