// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "hardware/csd.h"
#include "hardware/optimise_adders.h"
#include "hardware/optimise_adders_rows.h"
#include "hardware/optimise_adders_sum.h"

namespace fixynn {

namespace {

// Pairs of canonical digits in the rows: what time and memory go with. For matrices as dense as trained ones:
// 32 x 32: 60 thousand, 64 x 64: 0.6 million, 128 x 128: 6 million, 256 x 256: 50 million.
constexpr int64_t kMostPairs = 100'000'000;        // of one elimination; beyond, inputs are split in groups
constexpr int64_t kMostPairsMinimal = 20'000'000;  // for Digits::kMinimal, which has three times as many

// So many that 32 x 32 takes 0.2 s and 64 x 64 a second.
int64_t attempt_count(int64_t pairs) {
  if (pairs <= 20'000) return 12;
  if (pairs <= 80'000) return 8;
  if (pairs <= 200'000) return 6;
  return pairs <= 1'000'000 ? 3 : 1;
}

struct Attempt {
  int longest_chain;  // of references
  int shift_penalty, growth_penalty;
};

// The first serves most matrices best; the others win here and there. Found by trying on the layers of
// MobileNetV1 0.25.
constexpr Attempt kAttempts[] = {
    {0, 24, 4}, {0, 16, 8}, {1, 24, 4}, {3, 24, 4}, {0, 24, 0}, {2, 16, 4},
};

int64_t pair_count(const std::vector<Row>& rows) {
  int64_t pairs = 0;
  for (const Row& row : rows) {
    int64_t digits = 0;
    for (const Multiple& multiple : row) digits += csd_digit_count(multiple.factor);
    pairs += digits * (digits - 1) / 2;
  }
  return pairs;
}

// Eliminates pairs within groups of inputs, so that a group has few enough pairs of digits.
void eliminate_in_groups(GraphBuilder& graph, std::vector<Row>& rows, int inputs, const PairScoring& scoring,
                         const std::stop_token& stop) {
  const int64_t pairs = pair_count(rows);
  const int64_t groups = std::min<int64_t>(inputs, 1 + pairs / kMostPairs);
  if (groups == 1) return eliminate_pairs(graph, rows, scoring, stop);
  std::vector<Row> results(rows.size());
  for (int64_t group = 0; group < groups; ++group) {
    const int64_t first = inputs * group / groups, end = inputs * (group + 1) / groups;
    std::vector<Row> parts(rows.size());
    for (size_t r = 0; r < rows.size(); ++r) {
      std::copy_if(rows[r].begin(), rows[r].end(), std::back_inserter(parts[r]),
                   [&](const Multiple& multiple) { return multiple.node >= first && multiple.node < end; });
    }
    eliminate_pairs(graph, parts, scoring, stop);
    for (size_t r = 0; r < rows.size(); ++r)
      results[r].insert(results[r].end(), parts[r].begin(), parts[r].end());
  }
  rows = std::move(results);
}

struct Result {
  GraphBuilder graph;
  std::vector<AdderTerm> sums;
};

Result try_once(const DistinctRows& distinct, int inputs, Interval input, const Attempt& attempt,
                const PairScoring& scoring, const std::stop_token& stop) {
  Result result{GraphBuilder(inputs, input), std::vector<AdderTerm>(distinct.rows.size())};
  ReferencedRows rows = reference_rows(distinct, attempt.longest_chain, stop);
  eliminate_in_groups(result.graph, rows.rests, inputs, scoring, stop);
  for (const int row : rows.order) {
    check_stop(stop);
    const size_t r = static_cast<size_t>(row);
    std::vector<AdderTerm> terms = row_terms(rows.rests[r]);
    if (rows.references[r].row >= 0) {
      AdderTerm reference = result.sums[static_cast<size_t>(rows.references[r].row)];
      reference.negative = reference.negative != rows.references[r].negative;
      terms.push_back(reference);
    }
    constexpr size_t kFewTerms = 100;
    result.sums[r] = sum_narrow_first(result.graph, terms, terms.size() < kFewTerms ? 4 : 2);
  }
  return result;
}

}  // namespace

AdderGraph optimise_fully(const DistinctRows& distinct, int inputs, Interval input,
                          const std::stop_token& stop) {
  const int64_t pairs = std::max<int64_t>(1, pair_count(reference_rows(distinct, 0, stop).rests));
  const int64_t attempts = attempt_count(pairs);
  std::optional<Result> best;
  for (int64_t i = 0; i < attempts; ++i) {
    constexpr int64_t kSettings = std::size(kAttempts);
    const Attempt& attempt = kAttempts[i % kSettings];
    PairScoring scoring;
    scoring.digits = pairs > kMostPairsMinimal ? Digits::kCanonical : Digits::kMinimal;
    scoring.shift_penalty = attempt.shift_penalty;
    scoring.growth_penalty = attempt.growth_penalty;
    if (i >= kSettings) {
      scoring.noise = static_cast<uint32_t>(i);
      scoring.noise_size = 16;
    }
    Result result = try_once(distinct, inputs, input, attempt, scoring, stop);
    if (!best || result.graph.adder_bits() < best->graph.adder_bits()) best = std::move(result);
  }
  return finish_graph(best->graph, distinct, best->sums);
}

}  // namespace fixynn
