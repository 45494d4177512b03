// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "hardware/adder_graph.h"
#include "hardware/adder_graph_coefficients.h"

namespace fixynn {

/// A term by its node's interval alone.
struct Signal {
  Interval interval;
  int shift;
  bool negative;
  int level;
};

/// What an adder for a + b would be like.
struct AdderEstimate {
  int bits;   ///< adder bits
  int width;  ///< of its result
  Signal sum;
};

/// The cost of an adder and its result; the interval is too wide where the terms share inputs.
AdderEstimate estimate_adder(const Signal& a, const Signal& b);

/// An adder graph that grows. Values that are equal but for sign and shift are made once.
class GraphBuilder {
 public:
  GraphBuilder(int inputs, Interval input);

  /// A term that equals a + b, of an adder made or found. Its node is kNoNode where the sum is always 0.
  AdderTerm add(AdderTerm a, AdderTerm b);

  Signal signal(const AdderTerm& term) const;

  int width(int32_t node) const { return nodes_[static_cast<size_t>(node)].width; }
  int level(int32_t node) const { return nodes_[static_cast<size_t>(node)].level; }
  int32_t nodes() const { return static_cast<int32_t>(nodes_.size()); }

  /// Total of the adder bits made so far.
  int64_t adder_bits() const { return adder_bits_; }

  /// The graph of what the outputs need: adders that none of them reads are left out.
  AdderGraph finish(std::vector<AdderOutput> outputs) const;

 private:
  struct Node {
    Coefficients coefficients;
    Interval interval;
    int width, level;
  };
  void append(Coefficients coefficients, int level);
  bool find(const Coefficients& coefficients, AdderTerm& found) const;

  Interval input_;
  int inputs_;
  std::vector<Node> nodes_;
  std::vector<AdderNode> adders_;
  std::unordered_map<uint64_t, std::vector<int32_t>> by_value_;  // only looked up, never walked
  int64_t adder_bits_ = 0;
};

}  // namespace fixynn
