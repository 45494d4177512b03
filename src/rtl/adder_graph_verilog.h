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

}  // namespace fixynn
