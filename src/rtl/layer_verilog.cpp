// SPDX-License-Identifier: Apache-2.0
#include "rtl/layer_verilog.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "hardware/register_bits.h"
#include "rtl/adder_graph_verilog.h"

namespace fixynn {
namespace {

class LayerBuilder {
 public:
  LayerBuilder(const ConvPlan& plan, const LayerOptions& options)
      : plan_(plan), options_(options), hold_(options.hold && plan.hold_register_bits > 0) {}

  std::vector<RtlModule> build() {
    top_.name = "ffe_" + plan_.conv.name;
    add_ports();
    add_inputs();
    add_enables();
    add_adders();
    if (has_fifo()) add_fifo();
    add_requantisers();
    add_commit_out();
    modules_.push_back(std::move(top_));
    return std::move(modules_);
  }

 private:
  bool windowed() const { return plan_.conv.kind != ConvKind::kPointwise; }
  bool depthwise() const { return plan_.conv.kind == ConvKind::kDepthwise; }
  bool has_fifo() const { return plan_.requantiser.fifo_words > 0; }
  int sum_bits() const { return plan_.requantiser.accumulator_bits; }
  int input(const std::string& name, int width = 1, const std::string& comment = {}) {
    return top_.add_port(PortDirection::kInput, name, width, comment);
  }
  int output(const std::string& name, int width = 1, const std::string& comment = {}) {
    return top_.add_port(PortDirection::kOutput, name, width, comment);
  }
  RtlInstance::Connection in(const std::string& port, int net) { return {port, top_.whole(net), false}; }
  RtlInstance::Connection out(const std::string& port, int net) { return {port, top_.whole(net), true}; }
  void comment(const std::string& text) { top_.statements.emplace_back(RtlComment{text}); }

  void add_ports() {
    const RequantiserPlan& r = plan_.requantiser;
    const int pixel = plan_.conv.in_channels * plan_.input_bits;
    clk_ = input("clk");
    rst_n_ = input("rst_n");
    if (windowed()) {
      shift_ = input("shift", 1,
                     "From the line buffer: the column that enters the window, and the window's place.");
      column_ = input("column", 3 * pixel);
      row_ok_ = input("row_ok", 3);
      col_ok_ = input("col_ok", 3);
    } else {
      x_ = input("x", pixel, "The pixel, lowest channel in the lowest bits.");
    }
    valid_ = input("valid");
    commit_ = input("commit");
    write_ = input("write", 1, "Parameters, as ffe_requantiser.");
    write_bias_ = input("write_bias");
    const int bits = options_.channel_bits > 0 ? options_.channel_bits : index_bits(r.channels);
    write_channel_ = input("write_channel", bits);
    write_data_ = input("write_data", 32);
    codes_ = output("codes", r.channels * r.output_bits,
                    "The pixel that leaves, lowest channel in the lowest bits.");
    done_ = output("done");
    commit_out_ = output("commit_out");
    if (has_fifo()) overflow_ = output("overflow");
  }

  /// What the adders see.
  void add_inputs() {
    const int pixel = plan_.conv.in_channels * plan_.input_bits;
    if (windowed()) {
      inputs_ = top_.add_net("window", 9 * pixel);
      comment("Window: [row][column][channel], 0 where it lies outside of the map.");
      top_.statements.emplace_back(
          RtlInstance{"ffe_window",
                      "window_registers",
                      {{"CHANNELS", plan_.conv.in_channels}, {"BITS", plan_.input_bits}},
                      {in("clk", clk_), in("shift", shift_), in("column", column_), in("row_ok", row_ok_),
                       in("col_ok", col_ok_), out("window", inputs_)}});
    } else if (hold_) {
      inputs_ = top_.add_net("x_held", pixel);
      comment("Channels of x change one after another; the adders see whole pixels.");
      top_.statements.emplace_back(RtlRegister{inputs_, top_.whole(x_), top_.whole(valid_), {}});
    } else {
      inputs_ = x_;
    }
  }

  /// valid and commit on their way along the registers. enable[s]: those behind stage s load. The last of
  /// both come with the sums.
  void add_enables() {
    const int stages = plan_.stages(), steps = stages + (hold_ ? 1 : 0);
    enable_ = top_.add_net("enable", stages);
    Bits enables;
    comment("Enables of the adders' registers.");
    for (int s = 0; s < steps; ++s) {
      const bool last = s + 1 == steps;
      const int valid =
          top_.add_net(last ? (has_fifo() ? "sums_valid" : "start") : fmt::format("valid_r{}", s + 1), 1);
      const int commit = top_.add_net(
          last ? (has_fifo() ? "sums_commit" : "start_commit") : fmt::format("commit_r{}", s + 1), 1);
      const int valid_before = s == 0 ? valid_ : start_;
      commit_before_ = s == 0 ? commit_ : start_commit_;
      top_.statements.emplace_back(RtlRegister{valid, top_.whole(valid_before), {}, top_.whole(rst_n_)});
      top_.statements.emplace_back(RtlRegister{commit, top_.whole(commit_before_), {}, top_.whole(rst_n_)});
      if (s >= steps - stages) enables.insert(enables.begin(), top_.whole(valid_before).front());
      start_ = valid;
      start_commit_ = commit;
    }
    top_.statements.emplace_back(RtlAssign{enable_, std::move(enables)});
  }

  MergedGraph merged_graph() const {
    std::vector<GraphPart> parts;
    const int channels = plan_.conv.in_channels, inputs = plan_.conv.taps() * (depthwise() ? channels : 1);
    for (size_t g = 0; g < plan_.graphs.size(); ++g) {
      GraphPart& part = parts.emplace_back(GraphPart{
          plan_.graphs[g].get(), node_facts(*plan_.graphs[g], plan_.input), &plan_.pipelines[g], {}});
      for (int i = 0; i < part.graph->inputs; ++i) {
        part.inputs.push_back(depthwise() ? i * channels + static_cast<int>(g) : i);
      }
    }
    return merge_graphs(inputs, parts);
  }

  void add_adders() {
    const MergedGraph merged = merged_graph();
    sums_ = top_.add_net("sums", plan_.requantiser.channels * sum_bits());
    const std::string name = top_.name + "_adders";
    modules_.push_back(
        packed_graph_module(merged.graph, merged.facts, merged.pipeline, sum_bits(), name, {}));
    comment(fmt::format("Sums: [channel], {} bits each.", sum_bits()));
    top_.statements.emplace_back(RtlInstance{
        name, "adders", {}, {in("clk", clk_), in("enable", enable_), in("x", inputs_), out("sums", sums_)}});
  }

  /// Between the sums and the requantisers.
  void add_fifo() {
    const RequantiserPlan& r = plan_.requantiser;
    const int waiting = sums_, waiting_valid = start_, waiting_commit = start_commit_;
    sums_ = top_.add_net("acc", r.channels * sum_bits());
    start_ = top_.add_net("start", 1);
    commit_before_ = top_.add_net("commit_now", 1);
    start_commit_ = top_.add_net("start_commit", 1);
    comment("Pixels that come faster than the requantisers take them.");
    top_.statements.emplace_back(
        RtlInstance{"ffe_accumulator_fifo",
                    "fifo",
                    {{"WIDTH", r.channels * sum_bits()},
                     {"DEPTH", r.fifo_words},
                     {"INTERVAL", r.channels_per_multiplier}},
                    {in("clk", clk_), in("rst_n", rst_n_), in("push", waiting_valid),
                     in("push_commit", waiting_commit), in("sums", waiting), out("start", start_),
                     out("commit", commit_before_), out("acc", sums_), out("overflow", overflow_)}});
    top_.statements.emplace_back(
        RtlRegister{start_commit_, top_.whole(commit_before_), {}, top_.whole(rst_n_)});
  }

  void add_requantisers() {
    const RequantiserPlan& r = plan_.requantiser;
    const int write_bits = top_.nets[static_cast<size_t>(write_channel_)].width;
    comment("Batch norm, ReLU6 and quantisation. New parameters are taken in the clock before start.");
    for (int number = 0, first = 0; first < r.channels; first += r.channels_per_multiplier, ++number) {
      const int count = std::min(r.channels_per_multiplier, r.channels - first);
      // The first group is a full one: none ends later, and only its done is read.
      const int done = number == 0 ? done_ : top_.add_net(fmt::format("done{}", number), 1);
      top_.statements.emplace_back(
          RtlInstance{"ffe_requantiser",
                      fmt::format("requantiser{}", number),
                      {{"CHANNELS", count},
                       {"ACC_BITS", sum_bits()},
                       {"OUT_BITS", r.output_bits},
                       {"SHIFT", options_.shift},
                       {"FIRST_CHANNEL", first},
                       {"ADDRESS_BITS", write_bits}},
                      {in("clk", clk_),
                       in("rst_n", rst_n_),
                       in("start", start_),
                       {"acc", {{sums_, first * sum_bits(), count * sum_bits(), 1}}, false},
                       in("commit", commit_before_),
                       in("write", write_),
                       in("write_bias", write_bias_),
                       in("write_channel", write_channel_),
                       in("write_data", write_data_),
                       {"codes", {{codes_, first * r.output_bits, count * r.output_bits, 1}}, true},
                       out("done", done)}});
    }
  }

  /// The commit leaves with the pixel that it came with. The next start is not before that pixel's done.
  void add_commit_out() {
    const int pending = top_.add_net("done_commit", 1);
    comment("The commit leaves with its pixel; the next start is not before that one's done.");
    top_.statements.emplace_back(
        RtlRegister{pending, top_.whole(start_commit_), top_.whole(start_), top_.whole(rst_n_)});
    top_.statements.emplace_back(RtlGate{commit_out_, false, {top_.whole(done_), top_.whole(pending)}});
  }

  const ConvPlan& plan_;
  LayerOptions options_;
  bool hold_;
  RtlModule top_;
  std::vector<RtlModule> modules_;
  // Ports.
  int clk_ = -1, rst_n_ = -1, shift_ = -1, column_ = -1, row_ok_ = -1, col_ok_ = -1, x_ = -1, valid_ = -1,
      commit_ = -1, write_ = -1, write_bias_ = -1, write_channel_ = -1, write_data_ = -1, codes_ = -1,
      done_ = -1, commit_out_ = -1, overflow_ = -1;
  // Nets, as far along the pipeline as it is built.
  int inputs_ = -1, enable_ = -1, sums_ = -1, start_ = -1, start_commit_ = -1, commit_before_ = -1;
};

}  // namespace

std::vector<RtlModule> layer_modules(const ConvPlan& conv, const LayerOptions& options) {
  return LayerBuilder(conv, options).build();
}

std::string layer_verilog(const ConvPlan& conv, int shift) {
  const std::vector<RtlModule> modules = layer_modules(conv, {.shift = shift});
  std::string text;
  for (const RtlModule& module : modules) text += print_module(module) + "\n";
  for (const std::string& name : handwritten_modules(modules)) text += built_in_rtl(name) + "\n";
  return text;
}

}  // namespace fixynn
