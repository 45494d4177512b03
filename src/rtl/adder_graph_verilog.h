// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "hardware/adder_graph.h"
#include "hardware/pipeline.h"
#include "rtl/netlist.h"

namespace fixynn {

/// How an output of a graph leaves its module: value << shift of its node, without the sign that M takes.
struct GraphPort {
  int width = 1;
  bool is_signed = false;
};

/// One entry an output. An output that is 0 has one bit.
std::vector<GraphPort> graph_outputs(const AdderGraph& graph, std::span<const NodeFacts> facts);

/// A module with ports x0, x1, ... (inputs, as wide as their facts say), y0, y1, ... (graph_outputs) and,
/// with a pipeline, clk and enable: registers behind stage s load where enable[s] is 1. Nets: n7 is the value
/// of node 7, n7_r2 the same two registers later. `pipeline` null: no registers.
RtlModule adder_graph_module(const AdderGraph& graph, std::span<const NodeFacts> facts,
                             const PipelinePlan* pipeline, const std::string& name,
                             const std::vector<std::string>& header);

/// The same with ports in one piece, lowest index in the lowest bits: `x`, all inputs, and `sums`, all
/// outputs as signed numbers of `sum_bits`.
RtlModule packed_graph_module(const AdderGraph& graph, std::span<const NodeFacts> facts,
                              const PipelinePlan& pipeline, int sum_bits, const std::string& name,
                              const std::vector<std::string>& header);

/// Graphs side by side with their facts and registers, as one. `inputs`: of each graph, which inputs of the
/// whole its own are; each is one of some graph. Outputs follow each other graph by graph.
struct MergedGraph {
  AdderGraph graph;
  std::vector<NodeFacts> facts;
  PipelinePlan pipeline;
};
struct GraphPart {
  const AdderGraph* graph;
  std::vector<NodeFacts> facts;
  const PipelinePlan* pipeline;
  std::vector<int> inputs;
};
MergedGraph merge_graphs(int inputs, std::span<const GraphPart> parts);

}  // namespace fixynn
