// SPDX-License-Identifier: Apache-2.0
#include "rtl/layer_verilog.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <utility>

#include "rtl/adder_graph_verilog.h"
#include "rtl/built_in_sources.h"

namespace fixynn {
namespace {

/// A net of the layer that holds an accumulator.
struct Accumulator {
  int net;
  GraphPort port;
};

class LayerBuilder {
 public:
  LayerBuilder(const ConvPlan& plan, int shift) : plan_(plan), shift_(shift) {}

  std::vector<RtlModule> build() {
    top_.name = plan_.conv.name;
    top_.header = {fmt::format("{}: {} -> {} channels, weights {} bits, activations {} bits, {} adders",
                               top_.name, plan_.conv.in_channels, plan_.conv.out_channels,
                               plan_.quant.weight_bits, plan_.quant.activation_bits, plan_.adders)};
    add_ports();
    add_enables();
    for (size_t g = 0; g < plan_.graphs.size(); ++g) add_graph(g);
    add_requantisers();
    modules_.push_back(std::move(top_));
    return std::move(modules_);
  }

 private:
  bool windowed() const { return plan_.conv.kind != ConvKind::kPointwise; }
  bool depthwise() const { return plan_.conv.kind == ConvKind::kDepthwise; }
  Bits bit(int net, int index) const { return {{net, index, 1, 1}}; }
  int input(const std::string& name, int width = 1) {
    return top_.add_port(PortDirection::kInput, name, width);
  }

  void add_ports() {
    input("clk");
    reset_ = input("reset");
    valid_ = input("valid");
    const int pixel = plan_.conv.in_channels * plan_.input_bits;
    if (windowed()) {
      const int shift = input("shift"), column = input("column", 3 * pixel);
      inputs_ = top_.add_net("window", 9 * pixel);
      top_.statements.emplace_back(
          RtlInstance{"ffe_window",
                      "window_registers",
                      {{"CHANNELS", plan_.conv.in_channels}, {"BITS", plan_.input_bits}},
                      {{"clk", top_.whole(0)},
                       {"shift", top_.whole(shift)},
                       {"column", top_.whole(column)},
                       {"window", top_.whole(inputs_)}}});
    } else {
      inputs_ = input("x", pixel);
    }
  }

  /// enable[s]: the registers behind stage s load; start: the accumulators are new.
  void add_enables() {
    const int stages = plan_.pipelines.front().stages;
    enable_ = top_.add_net("enable", stages);
    start_ = top_.add_net("start", 1);
    int previous = valid_;
    Bits all = top_.whole(valid_);
    for (int s = 1; s < stages; ++s) {
      const int net = top_.add_net(fmt::format("valid_r{}", s), 1);
      top_.statements.emplace_back(RtlRegister{net, top_.whole(previous), {}, top_.whole(reset_)});
      all.insert(all.begin(), top_.whole(net).front());
      previous = net;
    }
    top_.statements.emplace_back(RtlRegister{start_, top_.whole(previous), {}, top_.whole(reset_)});
    top_.statements.emplace_back(RtlAssign{enable_, std::move(all)});
  }

  void add_graph(size_t number) {
    const AdderGraph& graph = *plan_.graphs[number];
    const std::vector<NodeFacts> facts = node_facts(graph, plan_.input);
    const std::string name = fmt::format("{}_graph{}", plan_.conv.name, number);
    modules_.push_back(adder_graph_module(graph, facts, &plan_.pipelines[number], name,
                                          {fmt::format("{} inputs, {} outputs, {} adders", graph.inputs,
                                                       graph.outputs.size(), graph.adders.size())}));
    RtlInstance instance{
        name, fmt::format("graph{}", number), {}, {{"clk", top_.whole(0)}, {"enable", top_.whole(enable_)}}};
    for (int i = 0; i < graph.inputs; ++i) {
      const int value = depthwise() ? i * plan_.conv.in_channels + static_cast<int>(number) : i;
      instance.connections.push_back(
          {fmt::format("x{}", i),
           {{inputs_, value * plan_.input_bits, facts[static_cast<size_t>(i)].width, 1}}});
    }
    for (const GraphPort& port : graph_outputs(graph, facts)) {
      const int net = top_.add_net(fmt::format("acc{}", accumulators_.size()), port.width);
      instance.connections.push_back(
          {fmt::format("y{}", accumulators_.size() - first_of_graph_), top_.whole(net)});
      accumulators_.push_back({net, port});
    }
    first_of_graph_ = accumulators_.size();
    top_.statements.emplace_back(std::move(instance));
  }

  void add_requantisers() {
    const RequantiserPlan& plan = plan_.requantiser;
    const int address_bits =
        std::max(1, static_cast<int>(std::bit_width(static_cast<unsigned>(plan.channels - 1))));
    const int commit = input("commit"), write = input("write"), write_bias = input("write_bias");
    const int write_channel = input("write_channel", address_bits), write_data = input("write_data", 32);
    const int codes = top_.add_port(PortDirection::kOutput, "codes", plan.channels * plan.output_bits);
    const int done = top_.add_port(PortDirection::kOutput, "done", 1);
    Bits all_codes;
    int number = 0;
    for (int first = 0; first < plan.channels; first += plan.channels_per_multiplier, ++number) {
      const int count = std::min(plan.channels_per_multiplier, plan.channels - first);
      int width = 1;
      for (int c = first; c < first + count; ++c) width = std::max(width, signed_width(c));
      Bits acc;
      for (int c = first; c < first + count; ++c) {
        const Accumulator& accumulator = accumulators_.at(static_cast<size_t>(c));
        const Bits value = top_.extended(accumulator.net, accumulator.port.is_signed, width);
        acc.insert(acc.begin(), value.begin(), value.end());
      }
      const int group_codes = top_.add_net(fmt::format("codes{}", number), count * plan.output_bits);
      const int group_done = top_.add_net(fmt::format("done{}", number), 1);
      all_codes.insert(all_codes.begin(), top_.whole(group_codes).front());
      top_.statements.emplace_back(RtlInstance{"ffe_requantiser",
                                               fmt::format("requantiser{}", number),
                                               {{"CHANNELS", count},
                                                {"ACC_BITS", width},
                                                {"OUT_BITS", plan.output_bits},
                                                {"SHIFT", shift_},
                                                {"FIRST_CHANNEL", first},
                                                {"ADDRESS_BITS", address_bits}},
                                               {{"clk", top_.whole(0)},
                                                {"reset", top_.whole(reset_)},
                                                {"start", top_.whole(start_)},
                                                {"acc", std::move(acc)},
                                                {"commit", top_.whole(commit)},
                                                {"write", top_.whole(write)},
                                                {"write_bias", top_.whole(write_bias)},
                                                {"write_channel", top_.whole(write_channel)},
                                                {"write_data", top_.whole(write_data)},
                                                {"codes", top_.whole(group_codes)},
                                                {"done", top_.whole(group_done)}}});
      // The first group is a full one: none ends later.
      if (number == 0) top_.statements.emplace_back(RtlAssign{done, top_.whole(group_done)});
    }
    top_.statements.emplace_back(RtlAssign{codes, std::move(all_codes)});
  }

  int signed_width(int channel) const {
    const GraphPort& port = accumulators_.at(static_cast<size_t>(channel)).port;
    return port.width + (port.is_signed ? 0 : 1);
  }

  const ConvPlan& plan_;
  int shift_;
  RtlModule top_;
  std::vector<RtlModule> modules_;
  int reset_ = 0, valid_ = 0, inputs_ = 0, enable_ = 0, start_ = 0;
  std::vector<Accumulator> accumulators_;
  size_t first_of_graph_ = 0;
};

}  // namespace

std::vector<RtlModule> layer_modules(const ConvPlan& conv, int shift) {
  return LayerBuilder(conv, shift).build();
}

std::string layer_verilog(const ConvPlan& conv, int shift) {
  std::string text;
  for (const RtlModule& module : layer_modules(conv, shift)) text += print_module(module) + "\n";
  if (conv.conv.kind != ConvKind::kPointwise) text += built_in_rtl("ffe_window") + "\n";
  return text + built_in_rtl("ffe_requantiser");
}

std::string built_in_rtl(const std::string& name) {
  for (const auto& [known, text] : kBuiltInRtl) {
    if (known == name) return std::string(text);
  }
  throw std::logic_error("no hand-written module " + name);
}

}  // namespace fixynn
