// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "core/text.h"
#include "core/version.h"
#include "rtl/package_parts.h"

namespace fixynn {
namespace {

constexpr size_t kWidth = kVerilogColumns - 3;  // without "// "

/// Adds a paragraph, filled.
void add_text(std::vector<std::string>& lines, const std::string& text) {
  std::string line;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(' ', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    if (!line.empty() && line.size() + 1 + word.size() > kWidth) {
      lines.push_back(line);
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
    begin = end + 1;
  }
  if (!line.empty()) lines.push_back(line);
}

const char* kind_text(ConvKind kind) {
  switch (kind) {
    case ConvKind::kConv1:
      return "3x3 convolution";
    case ConvKind::kDepthwise:
      return "3x3 depthwise convolution";
    case ConvKind::kPointwise:
      return "pointwise convolution";
  }
  return "";
}

/// "3, 7, 12": channels whose sums leave the graphs negated; empty: none.
std::string negated_text(const ConvPlan& conv) {
  std::string text;
  int channel = 0;
  for (const auto& graph : conv.graphs) {
    for (const AdderOutput& output : graph->outputs) {
      if (output.negated) text += fmt::format("{}{}", text.empty() ? "" : ", ", channel);
      ++channel;
    }
  }
  return text;
}

std::string bits_text(const ConvPlan& conv) {
  return fmt::format("{}-bit weights ({} of {} are 0), {}-bit input codes", conv.quant.weight_bits,
                     format_count(conv.zero_weights), format_count(conv.weights), conv.input_bits);
}

}  // namespace

std::vector<std::string> origin_lines(const FfeRtl& ffe) {
  std::vector<std::string> lines = {""};
  add_text(lines, fmt::format("Network {}, {} of its layers; SHA-256 of their weights {}.",
                              printable(ffe.network_name, 80), ffe.plan.fixed_layers,
                              ffe.weights_sha256.substr(0, 16)));
  add_text(lines, fmt::format("Written by fixynn-rtl {} ({}). Do not edit: weights are wires here.", kVersion,
                              kRevision));
  return lines;
}

std::vector<std::string> layer_lines(const ConvPlan& conv, int shift) {
  std::vector<std::string> lines;
  const RequantiserPlan& r = conv.requantiser;
  add_text(lines,
           fmt::format("{}: {}, stride {}, {} to {} channels, with batch norm, ReLU6 and quantisation.",
                       conv.conv.name, kind_text(conv.conv.kind), conv.conv.stride, conv.conv.in_channels,
                       conv.conv.out_channels));
  add_text(lines,
           fmt::format("{}; sums of {} bits; {}-bit output codes, requantised with a shift of {} by {}, "
                       "{} each.",
                       bits_text(conv), r.accumulator_bits, r.output_bits, shift,
                       format_plural(r.multipliers, "multiplier"),
                       format_plural(r.channels_per_multiplier, "channel")));
  lines.emplace_back();
  const int steps = conv.stages() + (conv.hold_register_bits > 0 ? 1 : 0);
  add_text(
      lines,
      fmt::format("Timing: `done` comes {} clocks after `valid`{}: {} through the adders{} and {} for the "
                  "channels of a multiplier.",
                  steps + (r.fifo_words > 0 ? 2 : 0) + r.cycles,
                  r.fifo_words > 0 ? " or, behind other pixels, later" : "", steps,
                  r.fifo_words > 0 ? fmt::format(", 2 through a FIFO of {} pixels", r.fifo_words) : "",
                  r.cycles));
  return lines;
}

std::vector<std::string> adder_lines(const ConvPlan& conv) {
  std::vector<std::string> lines;
  add_text(
      lines,
      fmt::format("The weights of {} as adders: {}, {} bits of them, on {} or fewer from input to output.",
                  conv.conv.name, format_plural(conv.adders, "adder"), format_count(conv.adder_bits),
                  format_plural(conv.adder_levels, "level")));
  add_text(lines, bits_text(conv) + fmt::format("; sums of {} bits.", conv.requantiser.accumulator_bits));
  const bool windowed = conv.conv.kind != ConvKind::kPointwise;
  add_text(lines,
           fmt::format("x: {}. sums: [channel]. {} registers of {} bits in {}, each loaded with its bit of "
                       "`enable`.",
                       windowed ? "[row][column][channel]" : "[channel]",
                       format_count(conv.pipeline_register_words), format_count(conv.pipeline_register_bits),
                       format_plural(conv.stages(), "stage")));
  const std::string negated = negated_text(conv);
  if (!negated.empty()) {
    add_text(lines, "The sums of these channels are negated; their M has the other sign: " + negated + ".");
  }
  return lines;
}

std::vector<std::string> top_lines(const FfeRtl& ffe) {
  std::vector<std::string> lines;
  const HardwarePlan& plan = ffe.plan;
  const Conv& last = plan.convs.back().conv;
  const int size = plan.network.input_size;
  add_text(
      lines,
      fmt::format("Fixed-weight feature extractor: the first {} of a MobileNet, {} x {} RGB pixels to {} x "
                  "{} pixels of {} channels.",
                  format_plural(plan.fixed_layers, "layer"), size, size, last.out_size, last.out_size,
                  last.out_channels));
  if (ffe.options.tap_layer > 0) {
    add_text(lines,
             fmt::format("The map behind layer {} can be read too (tap_axis).", ffe.options.tap_layer));
  }
  add_text(
      lines,
      fmt::format("A pixel a clock, a frame every {} clocks; the first output pixel is offered {} clocks "
                  "after the first input pixel is accepted.",
                  format_count(plan.frame_cycles()), format_count(plan.latency_cycles() + kOutputCycles)));
  const RtlCounts& c = ffe.counts;
  add_text(lines, fmt::format("{} adders of {} bits, {} multipliers, {} register bits as written, before "
                              "optimisation, {} memory bits.",
                              format_count(c.adders), format_count(c.adder_bits), format_count(c.multipliers),
                              format_count(c.register_bits), format_count(c.memory_bits)));
  return lines;
}

}  // namespace fixynn
