// SPDX-License-Identifier: Apache-2.0
#include "hardware/plan_rules.h"

#include <algorithm>

#include "core/error.h"
#include "hardware/csd.h"
#include "hardware/pixel_times.h"
#include "hardware/register_bits.h"

namespace fixynn {
namespace {

/// How the pixels of a map follow each other at least, in clocks, whatever pauses there are: `pixel` from one
/// to any next, `row` from a row's first pixel to the next row's, and `early`, by how much the sum of two row
/// times around the end of a frame may be less than 2 * row.
///
/// Why there is an end of a frame: with stride 2 and an odd size the rows of centres 0, 2, .., n - 1 come two
/// rows apart, but the first of a frame one row after the last of the frame before. Everywhere else the rows
/// of a map go on over frames as within them, because line buffers drive a frame's last row as the next
/// frame's first row would (or that row itself does).
struct Stream {
  int64_t pixel = 1, row = 1, early = 0;
};

/// The pixels' accumulators, before requantisers.
Stream strided(const Conv& conv, Stream in, int64_t frame) {
  if (conv.kind == ConvKind::kPointwise || conv.in_size == 1) return in;
  // One output a frame of 2 x 2: every fourth pixel or step of the flush.
  if (conv.out_size == 1) return {4 * in.pixel, frame, frame - 4 * in.pixel};
  Stream out{conv.stride * in.pixel, conv.stride * in.row, in.early};
  if (conv.stride == 2 && conv.in_size % 2 == 1) out.early += in.row;
  return out;
}

LineBufferPlan plan_line_buffer(const Conv& conv, int input_bits, const Stream& in, Fold fold) {
  if (conv.kind == ConvKind::kPointwise) return {};
  LineBufferPlan plan{.rows = 2,
                      .width = conv.in_size,
                      .channels = conv.in_channels,
                      .bits = input_bits,
                      .stride = conv.stride,
                      .pad_before = conv.pad_before,
                      .pace = in.pixel,
                      .flush_delay = in.pixel};
  if (fold == Fold::kMean) {
    // The row that the flush stands for begins when a further row would, so that FIFOs see no burst that is
    // longer than within a frame. Where the flush is a step ahead, its second step is the one that is timed.
    const int64_t ahead = conv.stride == 2 && conv.in_size % 2 == 1 ? in.pixel : 0;
    plan.flush_delay = std::max(in.pixel, in.row - (conv.in_size - 1) * in.pixel + ahead);
  }
  return plan;
}

/// Pixels that wait at most for requantisers which take `clocks` a pixel. A row of out_size pixels comes in a
/// burst, one pixel every burst.pixel clocks, the first of which is served at once; meanwhile one leaves
/// every `clocks`. The work of a row, clocks * out_size, is done when the next row begins, but not where rows
/// come early at the end of a frame: what is left then waits in front of the next row. It is worked off by
/// the frame's end because clocks * out_size^2 is at most a frame. With stride 2 and an odd size the last
/// pixel of a frame comes with the next row's first.
int fifo_words(const Conv& conv, const Stream& burst, int64_t clocks) {
  const int64_t pixels = conv.out_size;
  if (pixels == 1) return 2;  // of two frames, of which one came late and one early
  const int64_t of_a_row = pixels - (pixels - 1) * burst.pixel / clocks;
  const int64_t left = std::max<int64_t>(0, clocks * pixels - (burst.row - burst.early));
  const int64_t last = conv.stride == 2 && conv.in_size % 2 == 1 ? 1 : 0;
  return static_cast<int>(of_a_row + std::max(last, (left + clocks - 1) / clocks));
}

/// `accumulators`: how they arrive.
RequantiserPlan plan_requantiser(const Conv& conv, const ConvQuant& quant, Interval accumulator, Fold fold,
                                 const Stream& accumulators, int64_t frame) {
  RequantiserPlan plan;
  plan.channels = conv.out_channels;
  plan.accumulator_bits = signed_bits(accumulator);
  plan.output_bits = quant.activation_bits;
  // In the mean over a frame, which for odd sizes is less than the strides say.
  const int64_t mean = frame / (int64_t{1} * conv.out_size * conv.out_size);
  const int64_t clocks = fold == Fold::kNone ? 1 : (fold == Fold::kBurst ? accumulators.pixel : mean);
  plan.channels_per_multiplier =
      static_cast<int>(std::min({clocks, int64_t{kMostChannelsPerMultiplier}, int64_t{plan.channels}}));
  plan.multipliers = (plan.channels + plan.channels_per_multiplier - 1) / plan.channels_per_multiplier;
  const RequantiserBits bits = requantiser_bits(plan.channels, plan.output_bits);
  plan.parameter_bits = bits.parameters;
  plan.output_register_bits = bits.codes;
  plan.control_register_bits = bits.control;
  if (accumulators.pixel < plan.channels_per_multiplier) {
    plan.fifo_words = fifo_words(conv, accumulators, plan.channels_per_multiplier);
  }
  plan.cycles = plan.channels_per_multiplier;  // a channel a clock, straight into the output registers
  set_accumulator_bits(plan, plan.accumulator_bits);
  return plan;
}

/// Line buffers are a step ahead of the next frame only where a clock lies between two frames, which the
/// input stage leaves and stalls do not take away as long as it is the neighbour, or pixels are two clocks
/// apart.
void check_ahead(const HardwarePlan& plan, const Conv& conv, const Stream& in) {
  const bool ahead = conv.kind != ConvKind::kPointwise && conv.stride == 2 && conv.in_size % 2 == 1;
  if (!ahead || in.pixel > 1 || conv.in_size == 1 || plan.convs.size() <= 2) return;
  fail_usage(
      "{}: stride 2 at the odd size {} cannot be built behind convolutions that all have stride 1; give the "
      "first convolution stride 2 or the input an even size",
      conv.name, conv.in_size);
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
  const int64_t frame = plan.frame_cycles();
  Stream stream{1, network.input_size, 0};
  for (size_t i = 0; i < checked_conv_count(fixed_layers); ++i) {
    const Conv& conv = network.convs.at(i);
    check_ahead(plan, conv, stream);
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
    planned.line_buffer = plan_line_buffer(conv, planned.input_bits, stream, options.fold);
    planned.input_clocks_per_pixel_in_row = stream.pixel;
    planned.input_clocks_per_row = stream.row;
    planned.input_clocks_per_pixel_mean = frame / (int64_t{1} * conv.in_size * conv.in_size);
    if (conv.kind == ConvKind::kPointwise && plan.convs[i - 1].requantiser.channels_per_multiplier > 1) {
      planned.hold_register_bits = int64_t{1} * conv.in_channels * planned.input_bits;
    }
    stream = strided(conv, stream, frame);
    planned.requantiser = plan_requantiser(conv, quant[i], facts[i].accumulator, options.fold, stream, frame);
    stream.pixel = std::max<int64_t>(stream.pixel, planned.requantiser.channels_per_multiplier);
    planned.output_clocks_per_pixel_in_row = stream.pixel;
    planned.output_pixels = int64_t{conv.out_size} * conv.out_size;
  }
  return plan;
}

size_t checked_conv_count(int fixed_layers) {
  if (fixed_layers < 0 || fixed_layers > MobileNet::kLayers) {
    fail_usage("{} fixed layers: the network has 0..{} that can be fixed", fixed_layers, MobileNet::kLayers);
  }
  return static_cast<size_t>(MobileNet::convs_in_layers(fixed_layers));
}

void set_accumulator_bits(RequantiserPlan& plan, int bits) {
  plan.accumulator_bits = bits;
  plan.fifo_memory_bits = int64_t{1} * plan.fifo_words * plan.channels * bits;
}

void finish_plan(HardwarePlan& plan) {
  plan.output = {};
  if (plan.convs.empty()) return;
  set_latencies(plan);
  plan.output = output_plan(plan, plan.convs.size() - 1);
}

HardwarePlan first_layers(const HardwarePlan& plan, int fixed_layers) {
  HardwarePlan part = plan;
  part.fixed_layers = fixed_layers;
  part.convs.resize(static_cast<size_t>(MobileNet::convs_in_layers(fixed_layers)));
  finish_plan(part);
  return part;
}

}  // namespace fixynn
