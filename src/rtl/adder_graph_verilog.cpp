// SPDX-License-Identifier: Apache-2.0
#include "rtl/adder_graph_verilog.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace fixynn {
namespace {

class GraphBuilder {
 public:
  /// `sum_bits` 0: a port for each input and output.
  GraphBuilder(const AdderGraph& graph, std::span<const NodeFacts> facts, const PipelinePlan* pipeline,
               int sum_bits)
      : graph_(graph), facts_(facts), pipeline_(pipeline), sum_bits_(sum_bits), nets_(facts.size()) {}

  RtlModule build(const std::string& name, const std::vector<std::string>& header) {
    module_.name = name;
    module_.header = header;
    if (pipeline_ != nullptr) {
      module_.add_port(PortDirection::kInput, "clk", 1);
      enable_ = module_.add_port(PortDirection::kInput, "enable", pipeline_->stages);
    }
    add_inputs();
    if (sum_bits_ > 0 && !graph_.adders.empty())
      module_.statements.emplace_back(RtlComment{"Sums, operands first."});
    for (size_t a = 0; a < graph_.adders.size(); ++a) {
      const int node = graph_.inputs + static_cast<int>(a);
      nets_[at(node)].push_back(module_.add_net(fmt::format("n{}", node), width(node)));
      add_sum(node, graph_.adders[a]);
    }
    if (pipeline_ != nullptr) add_registers();
    if (sum_bits_ > 0)
      add_packed_outputs();
    else
      add_outputs();
    return std::move(module_);
  }

 private:
  static size_t at(int node) { return static_cast<size_t>(node); }
  int width(int node) const { return std::max(1, facts_[at(node)].width); }
  bool is_signed(int node) const { return facts_[at(node)].interval.min < 0; }

  void add_inputs() {
    if (sum_bits_ == 0) {
      for (int i = 0; i < graph_.inputs; ++i) {
        nets_[at(i)].push_back(module_.add_port(PortDirection::kInput, fmt::format("x{}", i), width(i)));
      }
      return;
    }
    int bits = 0;
    for (int i = 0; i < graph_.inputs; ++i) bits += width(i);
    const int x = module_.add_port(PortDirection::kInput, "x", bits);
    std::vector<bool> used(facts_.size(), false);
    for (const AdderNode& adder : graph_.adders) used[at(adder.a.node)] = used[at(adder.b.node)] = true;
    for (const AdderOutput& output : graph_.outputs) {
      if (output.node != kNoNode) used[at(output.node)] = true;
    }
    module_.statements.emplace_back(RtlComment{"Inputs with a weight that is not 0."});
    for (int i = 0, low = 0; i < graph_.inputs; low += width(i), ++i) {
      if (!used[at(i)]) continue;
      const int net = module_.add_net(fmt::format("x{}", i), width(i));
      module_.statements.emplace_back(RtlAssign{net, {{x, low, width(i), 1}}});
      nets_[at(i)].push_back(net);
    }
  }

  /// The net that holds the node's value in `stage`. Nets of registers are made as they are asked for.
  int net_in(int node, int stage) {
    if (pipeline_ == nullptr) return nets_[at(node)].front();
    const int delay = stage - pipeline_->stage[at(node)];
    if (delay < 0 || delay > pipeline_->registers[at(node)]) {
      throw std::logic_error("a pipeline without the registers that its graph reads");
    }
    std::vector<int>& chain = nets_[at(node)];
    const std::string stem = (node < graph_.inputs ? "x" : "n") + std::to_string(node);
    while (static_cast<int>(chain.size()) <= delay) {
      chain.push_back(module_.add_net(fmt::format("{}_r{}", stem, chain.size()), width(node)));
    }
    return chain[at(delay)];
  }

  int stage_of(int node) const { return pipeline_ == nullptr ? 0 : pipeline_->stage[at(node)]; }

  void add_sum(int node, const AdderNode& adder) {
    const int stage = stage_of(node);
    // The term that is shifted less comes first: it may give its low bits away.
    AdderTerm first = adder.a, second = adder.b;
    if (first.shift > second.shift) std::swap(first, second);
    const int first_net = net_in(first.node, stage), second_net = net_in(second.node, stage);
    RtlSum sum;
    sum.result = nets_[at(node)].front();
    const int low = first.negative ? 0 : std::min(second.shift, width(node) - 1);
    const int high = width(node) - low;
    Bits a = value_bits(module_, first_net, is_signed(first.node), low, high);
    Bits b = shifted(second_net, is_signed(second.node), second.shift - low, high);
    if (low > 0) sum.low = value_bits(module_, first_net, is_signed(first.node), 0, low);
    if (first.negative) std::swap(a, b);
    sum.a = std::move(a);
    sum.b = std::move(b);
    sum.subtract = first.negative || second.negative;
    if (sum_bits_ > 0) sum.comment = sum_text(adder.a, adder.b, stage);
    module_.statements.emplace_back(std::move(sum));
  }

  /// "(n7 << 2) - x3": what the statement means.
  std::string sum_text(AdderTerm a, AdderTerm b, int stage) {
    if (a.negative) std::swap(a, b);
    const auto term = [&](const AdderTerm& t) {
      const std::string& name = module_.nets[static_cast<size_t>(net_in(t.node, stage))].name;
      return t.shift == 0 ? name : fmt::format("({} << {})", name, t.shift);
    };
    return fmt::format("{} {} {}", term(a), b.negative ? '-' : '+', term(b));
  }

  Bits shifted(int net, bool net_is_signed, int shift, int result_width) const {
    const int zeros = std::min(shift, result_width);
    Bits bits;
    if (result_width > zeros) bits = value_bits(module_, net, net_is_signed, 0, result_width - zeros);
    if (zeros > 0) bits.push_back({BitPiece::kZeros, 0, zeros, 1});
    return bits;
  }

  void add_registers() {
    for (const AdderOutput& output : graph_.outputs) {
      if (output.node != kNoNode) net_in(output.node, pipeline_->stages);
    }
    for (int stage = 0; stage < pipeline_->stages; ++stage) {
      bool first = true;
      for (size_t node = 0; node < nets_.size(); ++node) {
        const int delay = stage - pipeline_->stage[node] + 1;
        if (delay < 1 || delay >= static_cast<int>(nets_[node].size())) continue;
        if (first && sum_bits_ > 0) {
          module_.statements.emplace_back(RtlComment{fmt::format("Registers behind stage {}.", stage)});
        }
        first = false;
        RtlRegister reg;
        reg.q = nets_[node][at(delay)];
        reg.d = module_.whole(nets_[node][at(delay - 1)]);
        reg.enable = {{enable_, stage, 1, 1}};
        module_.statements.emplace_back(std::move(reg));
      }
    }
  }

  void add_packed_outputs() {
    const int outputs = static_cast<int>(graph_.outputs.size());
    const int sums = module_.add_port(PortDirection::kOutput, "sums", outputs * sum_bits_);
    module_.statements.emplace_back(
        RtlComment{fmt::format("Outputs 0 .. {}, {} bits each.", outputs - 1, sum_bits_)});
    for (size_t o = 0; o < graph_.outputs.size(); ++o) {
      const AdderOutput& output = graph_.outputs[o];
      Bits value{{BitPiece::kZeros, 0, sum_bits_, 1}};
      if (output.node != kNoNode) {
        const int net = net_in(output.node, pipeline_->stages);
        value = shifted(net, is_signed(output.node), output.shift, sum_bits_);
      }
      const int low = outputs == 1 ? -1 : static_cast<int>(o) * sum_bits_;
      module_.statements.emplace_back(RtlAssign{sums, std::move(value), low});
    }
  }

  void add_outputs() {
    const std::vector<GraphPort> ports = graph_outputs(graph_, facts_);
    for (size_t o = 0; o < ports.size(); ++o) {
      const AdderOutput& output = graph_.outputs[o];
      const int y = module_.add_port(PortDirection::kOutput, fmt::format("y{}", o), ports[o].width);
      Bits value{{BitPiece::kZeros, 0, 1, 1}};
      if (output.node != kNoNode) {
        const int net = net_in(output.node, pipeline_ == nullptr ? 0 : pipeline_->stages);
        value = shifted(net, is_signed(output.node), output.shift, ports[o].width);
      }
      module_.statements.emplace_back(RtlAssign{y, std::move(value)});
    }
  }

  const AdderGraph& graph_;
  std::span<const NodeFacts> facts_;
  const PipelinePlan* pipeline_;
  int sum_bits_;
  RtlModule module_;
  int enable_ = -1;
  std::vector<std::vector<int>> nets_;  ///< of each node: its value, then after 1, 2, ... registers
};

}  // namespace

std::vector<GraphPort> graph_outputs(const AdderGraph& graph, std::span<const NodeFacts> facts) {
  std::vector<GraphPort> ports;
  for (const AdderOutput& output : graph.outputs) {
    if (output.node == kNoNode) {
      ports.emplace_back();
      continue;
    }
    const NodeFacts& node = facts[static_cast<size_t>(output.node)];
    ports.push_back({std::max(1, node.width) + output.shift, node.interval.min < 0});
  }
  return ports;
}

RtlModule adder_graph_module(const AdderGraph& graph, std::span<const NodeFacts> facts,
                             const PipelinePlan* pipeline, const std::string& name,
                             const std::vector<std::string>& header) {
  return GraphBuilder(graph, facts, pipeline, 0).build(name, header);
}

RtlModule packed_graph_module(const AdderGraph& graph, std::span<const NodeFacts> facts,
                              const PipelinePlan& pipeline, int sum_bits, const std::string& name,
                              const std::vector<std::string>& header) {
  return GraphBuilder(graph, facts, &pipeline, sum_bits).build(name, header);
}

}  // namespace fixynn
