// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "integer/lower.h"

namespace fixynn {

/// Constants that multiply a vector: output[o] = sum_i weights[i * outputs + o] * input[i]. The layout of
/// pointwise weights; conv1 has 27 inputs [ky][kx][channel]; each depthwise channel is a matrix of its own,
/// 9 inputs and 1 output.
struct ConstantMatrix {
  int inputs = 0, outputs = 0;
  std::vector<int32_t> weights;
  int32_t at(int input, int output) const {
    return weights[static_cast<size_t>(input) * static_cast<size_t>(outputs) + static_cast<size_t>(output)];
  }
};

/// +-(value << shift) of a node. Nodes are numbered: inputs 0 .. inputs-1, then the adders.
struct AdderTerm {
  int32_t node = 0;
  int shift = 0;
  bool negative = false;
  bool operator==(const AdderTerm&) const = default;
};

/// value = a + b. At most one of the terms is negative and at least one has shift 0, so that no node has
/// trailing zeros that cost adders.
struct AdderNode {
  AdderTerm a, b;
  bool operator==(const AdderNode&) const = default;
};

constexpr int32_t kNoNode = -1;

/// A row of the matrix: sign * (value << shift), sign -1 where `negated`; or 0 where node is kNoNode. A
/// negated output costs nothing: what reads it is the requantiser, whose programmable M takes the sign.
struct AdderOutput {
  int32_t node = kNoNode;
  int shift = 0;
  bool negated = false;
  bool operator==(const AdderOutput&) const = default;
};

/// A network of two-input adders and subtractors that computes a constant matrix times a vector; shifts are
/// wires. Adders are in topological order: terms refer to earlier nodes only.
struct AdderGraph {
  int inputs = 0;
  std::vector<AdderNode> adders;
  std::vector<AdderOutput> outputs;
  bool operator==(const AdderGraph&) const = default;
};

/// What a node of the graph needs in hardware.
struct NodeFacts {
  Interval interval{0, 0};  ///< exact: from the node's coefficients, both ends reached when inputs are free
  int width = 0;       ///< bits of a net that holds the interval; without sign bit where the minimum is >= 0
  int adder_bits = 0;  ///< result bits that need an adder cell: width minus the low bits that pass through
  int level = 0;       ///< adders on the longest way from an input; 0 for inputs
};

/// One entry a node, inputs first. `input` is the interval of every input and contains 0.
/// adder_bits: in (a << sa) + (b << sb) the lowest sb bits of the sum are a's when sa = 0, unless a is the
/// negative one, and the other way round.
std::vector<NodeFacts> node_facts(const AdderGraph& graph, Interval input);

/// Sum of adder_bits: what the area law multiplies.
int64_t total_adder_bits(std::span<const NodeFacts> facts);

/// Largest level.
int graph_depth(std::span<const NodeFacts> facts);

/// Values of all nodes for one input vector (`inputs` values), inputs first.
void evaluate_nodes(const AdderGraph& graph, std::span<const int64_t> input, std::span<int64_t> nodes);

/// The outputs, from the values of the nodes, signs applied.
int64_t output_value(const AdderOutput& output, std::span<const int64_t> nodes);

/// The proof, done at every generation: the graph is linear, so equal outputs on the unit vectors make it
/// equal to the matrix on all vectors; and no node's interval passes 31 bits. Also checks the structure
/// (topological order, shifts, signs). Throws a sentence beginning with `what`, naming output and input.
void check_adder_graph(const AdderGraph& graph, const ConstantMatrix& matrix, Interval input,
                       const std::string& what);

}  // namespace fixynn
