// SPDX-License-Identifier: Apache-2.0
#include "hardware/optimise_adders_builder.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace fixynn {

namespace {

// a + b = (-1)^negative * (a' + b') << shift with terms that AdderNode allows.
struct Normal {
  AdderTerm a, b;
  int shift;
  bool negative;
};

Normal normalise(AdderTerm a, AdderTerm b) {
  const int shift = std::min(a.shift, b.shift);
  a.shift -= shift;
  b.shift -= shift;
  if (b.shift == 0 && (a.shift != 0 || (a.negative && !b.negative))) std::swap(a, b);
  // Now a is not shifted; where it is positive its low bits need no adder.
  const bool negative = a.negative;
  if (negative) {
    a.negative = false;
    b.negative = !b.negative;
  }
  return {a, b, shift, negative};
}

int trailing_zeros(const Coefficients& coefficients) {
  uint64_t bits = 0;
  for (const Coefficient& c : coefficients) bits |= static_cast<uint64_t>(c.factor);
  return bits == 0 ? 0 : std::countr_zero(bits);
}

// Equal for vectors that differ in sign and shift only.
uint64_t value_hash(const Coefficients& coefficients) {
  const int shift = trailing_zeros(coefficients);
  const int64_t sign = coefficients.front().factor < 0 ? -1 : 1;
  uint64_t hash = 0x9e3779b97f4a7c15u;
  for (const Coefficient& c : coefficients) {
    const uint64_t word = static_cast<uint64_t>((c.factor * sign) >> shift) * 0xff51afd7ed558ccdu;
    hash = (hash ^ word ^ static_cast<uint64_t>(c.input)) * 0xc4ceb9fe1a85ec53u;
    hash ^= hash >> 29;
  }
  return hash;
}

}  // namespace

// The same choice of signs as GraphBuilder::add.
AdderEstimate estimate_adder(const Signal& a, const Signal& b) {
  const bool a_first = a.shift < b.shift || (a.shift == b.shift && (!a.negative || b.negative));
  const Signal &low = a_first ? a : b, &high = a_first ? b : a;
  const int shift = high.shift - low.shift;
  const int64_t factor = (int64_t{1} << shift) * (low.negative == high.negative ? 1 : -1);
  const int64_t end = high.interval.min * factor, other_end = high.interval.max * factor;
  Interval interval{low.interval.min + std::min(end, other_end), low.interval.max + std::max(end, other_end)};
  bool negative = low.negative;
  if (shift == 0 && factor < 0) {
    const Interval turned{-interval.max, -interval.min};
    if (net_width(turned) < net_width(interval)) {
      interval = turned;
      negative = !negative;
    }
  }
  const int width = net_width(interval);
  return {std::max(0, width - shift),
          width,
          {interval, low.shift, negative, 1 + std::max(low.level, high.level)}};
}

GraphBuilder::GraphBuilder(int inputs, Interval input) : input_(input), inputs_(inputs) {
  for (int32_t i = 0; i < inputs; ++i) append({{i, 1}}, 0);
}

void GraphBuilder::append(Coefficients coefficients, int level) {
  by_value_[value_hash(coefficients)].push_back(nodes());
  const Interval interval = coefficient_interval(coefficients, input_);
  nodes_.push_back({std::move(coefficients), interval, net_width(interval), level});
}

bool GraphBuilder::find(const Coefficients& coefficients, AdderTerm& found) const {
  const auto entry = by_value_.find(value_hash(coefficients));
  if (entry == by_value_.end()) return false;
  const int shift = trailing_zeros(coefficients);
  for (const int32_t node : entry->second) {
    const Coefficients& other = nodes_[static_cast<size_t>(node)].coefficients;
    const int more = shift - trailing_zeros(other);
    if (more < 0 || other.size() != coefficients.size()) continue;
    const bool negative = (other.front().factor < 0) != (coefficients.front().factor < 0);
    const int64_t factor = (int64_t{1} << more) * (negative ? -1 : 1);
    const bool equal = std::equal(other.begin(), other.end(), coefficients.begin(),
                                  [&](const Coefficient& x, const Coefficient& y) {
                                    return x.input == y.input && x.factor * factor == y.factor;
                                  });
    if (!equal) continue;
    found = {node, more, negative};
    return true;
  }
  return false;
}

AdderTerm GraphBuilder::add(AdderTerm a, AdderTerm b) {
  Normal sum = normalise(a, b);
  const auto coefficients_of = [&](const AdderTerm& x, const AdderTerm& y) {
    return sum_coefficients(x, nodes_[static_cast<size_t>(x.node)].coefficients, y,
                            nodes_[static_cast<size_t>(y.node)].coefficients);
  };
  Coefficients coefficients = coefficients_of(sum.a, sum.b);
  if (coefficients.empty()) return {kNoNode, 0, false};
  AdderTerm term{nodes(), 0, false};
  if (!find(coefficients, term)) {
    Interval interval = coefficient_interval(coefficients, input_);
    if (sum.b.shift == 0 && sum.b.negative &&
        net_width({-interval.max, -interval.min}) < net_width(interval)) {
      // b - a is the narrower of the two.
      sum.a.negative = true;
      sum.b.negative = false;
      sum.negative = !sum.negative;
      std::swap(sum.a, sum.b);
      coefficients = coefficients_of(sum.a, sum.b);
      interval = coefficient_interval(coefficients, input_);
    }
    const int level_below = std::max(level(sum.a.node), level(sum.b.node));
    adder_bits_ += std::max(0, net_width(interval) - pass_through_bits(sum.a, sum.b));
    adders_.push_back({sum.a, sum.b});
    append(std::move(coefficients), level_below + 1);
  }
  return {term.node, term.shift + sum.shift, term.negative != sum.negative};
}

Signal GraphBuilder::signal(const AdderTerm& term) const {
  const Node& node = nodes_[static_cast<size_t>(term.node)];
  return {node.interval, term.shift, term.negative, node.level};
}

AdderGraph GraphBuilder::finish(std::vector<AdderOutput> outputs) const {
  const size_t inputs = static_cast<size_t>(inputs_);
  std::vector<bool> used(nodes_.size(), false);
  for (const AdderOutput& output : outputs) {
    if (output.node != kNoNode) used[static_cast<size_t>(output.node)] = true;
  }
  for (size_t n = nodes_.size(); n-- > inputs;) {
    if (!used[n]) continue;
    used[static_cast<size_t>(adders_[n - inputs].a.node)] = true;
    used[static_cast<size_t>(adders_[n - inputs].b.node)] = true;
  }
  AdderGraph graph{inputs_, {}, std::move(outputs)};
  std::vector<int32_t> number(nodes_.size(), kNoNode);
  for (size_t n = 0; n < nodes_.size(); ++n) {
    if (n < inputs) {
      number[n] = static_cast<int32_t>(n);
    } else if (used[n]) {
      AdderNode adder = adders_[n - inputs];
      adder.a.node = number[static_cast<size_t>(adder.a.node)];
      adder.b.node = number[static_cast<size_t>(adder.b.node)];
      number[n] = inputs_ + static_cast<int32_t>(graph.adders.size());
      graph.adders.push_back(adder);
    }
  }
  for (AdderOutput& output : graph.outputs) {
    if (output.node != kNoNode) output.node = number[static_cast<size_t>(output.node)];
  }
  return graph;
}

}  // namespace fixynn
