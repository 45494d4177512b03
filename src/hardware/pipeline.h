// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hardware/adder_graph.h"

namespace fixynn {

/// Where registers cut an adder graph. Inputs are at stage 0 (registers before the graph hold them); a term
/// whose node is at stage s and whose user is at stage t > s passes t - s registers, shared among users.
/// Every output leaves through a register: it is at stage `stages`.
struct PipelinePlan {
  int stages = 0;              ///< clocks from inputs to registered outputs; at least 1
  std::vector<int> stage;      ///< of each node, inputs first: the stage whose logic computes it
  std::vector<int> registers;  ///< of each node: how many registers follow it in a chain
  int64_t register_bits = 0;   ///< sum of registers * width, outputs included
  int64_t register_words = 0;  ///< number of registers of whatever width
};

/// Registers after at most `levels_per_stage` (>= 1) adder levels in a row, placed where the graph is narrow;
/// 0: none but the outputs'. `stages`: at least so many (0 = as few as needed), so that several graphs can be
/// aligned. Deterministic.
PipelinePlan plan_pipeline(const AdderGraph& graph, std::span<const NodeFacts> facts, int levels_per_stage,
                           int stages = 0);

}  // namespace fixynn
