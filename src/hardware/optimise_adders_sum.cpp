// SPDX-License-Identifier: Apache-2.0
#include "hardware/optimise_adders_sum.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <queue>
#include <tuple>

namespace fixynn {

namespace {

constexpr AdderTerm kZero{kNoNode, 0, false};

bool before(const AdderTerm& a, const AdderTerm& b) {
  return std::tie(a.shift, a.node, a.negative) < std::tie(b.shift, b.node, b.negative);
}

struct Candidate {
  int cost;
  int32_t a, b;  // places in the list of signals
  bool operator>(const Candidate& other) const {
    return std::tie(cost, a, b) > std::tie(other.cost, other.a, other.b);
  }
};

// How much an adder bit and a bit of the result's width weigh when the next two terms are chosen. A wide
// result costs again in the adders after it.
struct Weights {
  int bits, width;
};
constexpr std::array<Weights, 6> kWeights{{{64, 128}, {64, 256}, {64, 64}, {64, 160}, {0, 64}, {64, 32}}};

struct SumPlan {
  int64_t bits = 0;
  std::vector<std::pair<int32_t, int32_t>> pairs;  // the k-th makes signal `terms + k`
};

int sum_cost(const Signal& a, const Signal& b, const Weights& weights) {
  const AdderEstimate adder = estimate_adder(a, b);
  return weights.bits * adder.bits + weights.width * adder.width + adder.sum.level;
}

SumPlan plan_sum(std::vector<Signal> signals, const Weights& weights) {
  SumPlan plan;
  std::vector<bool> gone(signals.size(), false);
  std::vector<Candidate> first;
  for (size_t b = 1; b < signals.size(); ++b) {
    for (size_t a = 0; a < b; ++a) {
      first.push_back(
          {sum_cost(signals[a], signals[b], weights), static_cast<int32_t>(a), static_cast<int32_t>(b)});
    }
  }
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> candidates({}, std::move(first));
  while (!candidates.empty()) {
    const Candidate best = candidates.top();
    candidates.pop();
    const size_t a = static_cast<size_t>(best.a), b = static_cast<size_t>(best.b);
    if (gone[a] || gone[b]) continue;
    gone[a] = gone[b] = true;
    const AdderEstimate adder = estimate_adder(signals[a], signals[b]);
    plan.bits += adder.bits;
    plan.pairs.emplace_back(best.a, best.b);
    const int32_t place = static_cast<int32_t>(signals.size());
    for (size_t i = 0; i < signals.size(); ++i) {
      if (!gone[i])
        candidates.push({sum_cost(signals[i], adder.sum, weights), static_cast<int32_t>(i), place});
    }
    signals.push_back(adder.sum);
    gone.push_back(false);
  }
  return plan;
}

}  // namespace

AdderTerm sum_narrow_first(GraphBuilder& graph, std::vector<AdderTerm> terms, int attempts) {
  if (terms.empty()) return kZero;
  std::sort(terms.begin(), terms.end(), before);
  std::vector<Signal> signals;
  for (const AdderTerm& term : terms) signals.push_back(graph.signal(term));
  SumPlan best;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    SumPlan plan = plan_sum(signals, kWeights.at(static_cast<size_t>(attempt)));
    if (attempt == 0 || plan.bits < best.bits) best = std::move(plan);
  }
  for (const auto& [place_a, place_b] : best.pairs) {
    const AdderTerm a = terms[static_cast<size_t>(place_a)], b = terms[static_cast<size_t>(place_b)];
    terms.push_back(a.node == kNoNode ? b : b.node == kNoNode ? a : graph.add(a, b));
  }
  return terms.back();
}

AdderTerm sum_balanced(GraphBuilder& graph, std::vector<AdderTerm> terms) {
  while (terms.size() > 1) {
    std::vector<AdderTerm> sums;
    for (size_t i = 0; i + 1 < terms.size(); i += 2) {
      const AdderTerm sum = graph.add(terms[i], terms[i + 1]);
      if (sum.node != kNoNode) sums.push_back(sum);
    }
    if (terms.size() % 2 != 0) sums.push_back(terms.back());
    terms = std::move(sums);
  }
  return terms.empty() ? kZero : terms.front();
}

}  // namespace fixynn
