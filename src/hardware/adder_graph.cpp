// SPDX-License-Identifier: Apache-2.0
#include "hardware/adder_graph.h"

#include <algorithm>

#include "core/error.h"
#include "hardware/adder_graph_coefficients.h"

namespace fixynn {

namespace {

// Far above any shift of a real graph, and low enough that a term of a node of 31 bits fits 64.
constexpr int kMostShift = 30;
constexpr int kMostBits = 31;

int64_t term_factor(const AdderTerm& term) {
  const int64_t factor = int64_t{1} << term.shift;
  return term.negative ? -factor : factor;
}

int64_t term_value(const AdderTerm& term, std::span<const int64_t> nodes) {
  return nodes[static_cast<size_t>(term.node)] * term_factor(term);
}

void check_term(const AdderTerm& term, int32_t nodes_before, size_t adder, const std::string& what) {
  if (term.node < 0 || term.node >= nodes_before) {
    fail("{}: adder {} reads node {}, but only nodes 0 to {} come before it; make the graph anew", what,
         adder, term.node, nodes_before - 1);
  }
  if (term.shift < 0 || term.shift > kMostShift) {
    fail("{}: adder {} shifts by {}, outside 0 to {}; make the graph anew", what, adder, term.shift,
         kMostShift);
  }
}

void check_structure(const AdderGraph& graph, const ConstantMatrix& matrix, const std::string& what) {
  if (graph.inputs != matrix.inputs || graph.outputs.size() != static_cast<size_t>(matrix.outputs)) {
    fail("{}: the adder graph has {} inputs and {} outputs, the matrix {} and {}; make the graph anew", what,
         graph.inputs, graph.outputs.size(), matrix.inputs, matrix.outputs);
  }
  for (size_t i = 0; i < graph.adders.size(); ++i) {
    const AdderNode& adder = graph.adders[i];
    const int32_t before = graph.inputs + static_cast<int32_t>(i);
    check_term(adder.a, before, i, what);
    check_term(adder.b, before, i, what);
    if (adder.a.negative && adder.b.negative) {
      fail("{}: both terms of adder {} are negative; make the graph anew", what, i);
    }
    if (adder.a.shift != 0 && adder.b.shift != 0) {
      fail("{}: both terms of adder {} are shifted; make the graph anew", what, i);
    }
  }
  const int32_t nodes = graph.inputs + static_cast<int32_t>(graph.adders.size());
  for (size_t o = 0; o < graph.outputs.size(); ++o) {
    const AdderOutput& output = graph.outputs[o];
    if (output.node == kNoNode) continue;
    if (output.node < 0 || output.node >= nodes || output.shift < 0 || output.shift > kMostShift) {
      fail("{}: output {} reads node {} shifted by {}, which is not in the graph; make the graph anew", what,
           o, output.node, output.shift);
    }
  }
}

void check_bits(Interval interval, const char* kind, size_t index, const std::string& what) {
  if (signed_bits(interval) > kMostBits) {
    fail("{}: {} {} spans {}..{}, over {} bits; use fewer weight or activation bits", what, kind, index,
         interval.min, interval.max, kMostBits);
  }
}

// The coefficients of every node; stops at the first node over 31 bits, before anything can overflow.
std::vector<Coefficients> checked_coefficients(const AdderGraph& graph, Interval input,
                                               const std::string& what) {
  // Bounds the coefficients too, also where the interval of the inputs is {0, 0}.
  const Interval wide{std::min<int64_t>(input.min, 0), std::max<int64_t>(input.max, 1)};
  std::vector<Coefficients> nodes;
  nodes.reserve(static_cast<size_t>(graph.inputs) + graph.adders.size());
  for (int32_t i = 0; i < graph.inputs; ++i) nodes.push_back({{i, 1}});
  for (size_t i = 0; i < graph.adders.size(); ++i) {
    const AdderNode& adder = graph.adders[i];
    nodes.push_back(sum_coefficients(adder.a, nodes[static_cast<size_t>(adder.a.node)], adder.b,
                                     nodes[static_cast<size_t>(adder.b.node)]));
    check_bits(coefficient_interval(nodes.back(), wide), "adder", i, what);
  }
  return nodes;
}

}  // namespace

Coefficients sum_coefficients(const AdderTerm& a, const Coefficients& of_a, const AdderTerm& b,
                              const Coefficients& of_b) {
  const int64_t factor_a = term_factor(a), factor_b = term_factor(b);
  Coefficients sum;
  sum.reserve(of_a.size() + of_b.size());
  size_t i = 0, j = 0;
  while (i < of_a.size() || j < of_b.size()) {
    const bool take_a = j == of_b.size() || (i < of_a.size() && of_a[i].input <= of_b[j].input);
    const bool take_b = i == of_a.size() || (j < of_b.size() && of_b[j].input <= of_a[i].input);
    const int32_t input = take_a ? of_a[i].input : of_b[j].input;
    int64_t factor = 0;
    if (take_a) factor += factor_a * of_a[i++].factor;
    if (take_b) factor += factor_b * of_b[j++].factor;
    if (factor != 0) sum.push_back({input, factor});
  }
  return sum;
}

Interval coefficient_interval(const Coefficients& coefficients, Interval input) {
  Interval interval{0, 0};
  for (const Coefficient& c : coefficients) {
    const int64_t low = c.factor * input.min, high = c.factor * input.max;
    interval.min += std::min(low, high);
    interval.max += std::max(low, high);
  }
  return interval;
}

int net_width(Interval interval) {
  return std::max(1, interval.min >= 0 ? signed_bits(interval) - 1 : signed_bits(interval));
}

int pass_through_bits(const AdderTerm& a, const AdderTerm& b) {
  if (a.shift == 0 && !a.negative) return b.shift;
  if (b.shift == 0 && !b.negative) return a.shift;
  return 0;
}

std::vector<NodeFacts> node_facts(const AdderGraph& graph, Interval input) {
  const std::vector<Coefficients> nodes = checked_coefficients(graph, input, "adder graph");
  std::vector<NodeFacts> facts(nodes.size());
  for (size_t n = 0; n < nodes.size(); ++n) {
    NodeFacts& node = facts[n];
    node.interval = coefficient_interval(nodes[n], input);
    node.width = net_width(node.interval);
    if (n < static_cast<size_t>(graph.inputs)) continue;
    const AdderNode& adder = graph.adders[n - static_cast<size_t>(graph.inputs)];
    node.adder_bits = std::max(0, node.width - pass_through_bits(adder.a, adder.b));
    node.level = 1 + std::max(facts[static_cast<size_t>(adder.a.node)].level,
                              facts[static_cast<size_t>(adder.b.node)].level);
  }
  return facts;
}

int64_t total_adder_bits(std::span<const NodeFacts> facts) {
  int64_t bits = 0;
  for (const NodeFacts& node : facts) bits += node.adder_bits;
  return bits;
}

int graph_depth(std::span<const NodeFacts> facts) {
  int depth = 0;
  for (const NodeFacts& node : facts) depth = std::max(depth, node.level);
  return depth;
}

void evaluate_nodes(const AdderGraph& graph, std::span<const int64_t> input, std::span<int64_t> nodes) {
  std::copy(input.begin(), input.end(), nodes.begin());
  size_t node = static_cast<size_t>(graph.inputs);
  for (const AdderNode& adder : graph.adders) {
    nodes[node++] = term_value(adder.a, nodes) + term_value(adder.b, nodes);
  }
}

int64_t output_value(const AdderOutput& output, std::span<const int64_t> nodes) {
  if (output.node == kNoNode) return 0;
  return term_value({output.node, output.shift, output.negated}, nodes);
}

void check_adder_graph(const AdderGraph& graph, const ConstantMatrix& matrix, Interval input,
                       const std::string& what) {
  check_structure(graph, matrix, what);
  const std::vector<Coefficients> coefficients = checked_coefficients(graph, input, what);
  for (size_t o = 0; o < graph.outputs.size(); ++o) {
    const AdderOutput& output = graph.outputs[o];
    if (output.node == kNoNode) continue;
    const Interval node = coefficient_interval(coefficients[static_cast<size_t>(output.node)], input);
    const int64_t factor = int64_t{1} << output.shift;
    check_bits({node.min * factor, node.max * factor}, "output", o, what);
  }
  // The unit vectors themselves, not the coefficients found above: a proof that shares no code with them.
  std::vector<int64_t> unit(static_cast<size_t>(graph.inputs), 0);
  std::vector<int64_t> nodes(coefficients.size());
  for (int i = 0; i < graph.inputs; ++i) {
    unit[static_cast<size_t>(i)] = 1;
    evaluate_nodes(graph, unit, nodes);
    unit[static_cast<size_t>(i)] = 0;
    for (int o = 0; o < matrix.outputs; ++o) {
      const int64_t value = output_value(graph.outputs[static_cast<size_t>(o)], nodes);
      if (value != matrix.at(i, o)) {
        fail("{}: output {} has {} times input {} where the matrix has {}; make the graph anew", what, o,
             value, i, matrix.at(i, o));
      }
    }
  }
}

}  // namespace fixynn
