// SPDX-License-Identifier: Apache-2.0
#include "hardware/optimise_adders_pairs.h"

#include <algorithm>
#include <cstdlib>
#include <queue>
#include <tuple>

#include "hardware/optimise_adders.h"
#include "hardware/optimise_adders_digits.h"
#include "hardware/optimise_adders_pair_table.h"

namespace fixynn {

namespace {

// A place in the rows: a multiple of the node whose list holds it.
struct Place {
  int32_t row, factor;
};

// Two digits of one row that make a pattern.
struct Match {
  int32_t row;
  SignedDigit a, b;
};

// A pattern waits with a score that is too high where its places have become fewer since; take_best finds
// out.
struct Candidate {
  int64_t score;
  uint64_t key;
  bool operator<(const Candidate& other) const {
    return std::tie(score, other.key) < std::tie(other.score, key);
  }
};

int32_t digit_value(const SignedDigit& digit) {
  return digit.negative ? -(int32_t{1} << digit.shift) : int32_t{1} << digit.shift;
}

bool same_row(const Place& place, int32_t row) {
  return place.row < row;
}

class PairEliminator {
 public:
  PairEliminator(GraphBuilder& graph, std::vector<Row>& rows, const PairScoring& scoring)
      : graph_(graph), rows_(rows), scoring_(scoring), digits_(scoring.digits) {}

  void run(const std::stop_token& stop) {
    for (size_t r = 0; r < rows_.size(); ++r) {
      for (const Multiple& m : rows_[r]) places(m.node).push_back({static_cast<int32_t>(r), m.factor});
    }
    for (int32_t node = 0; node < static_cast<int32_t>(places_.size()); ++node) {
      check_stop(stop);
      count_patterns(node, node);
    }
    while (!candidates_.empty()) {
      check_stop(stop);
      take_best();
    }
  }

 private:
  std::vector<Place>& places(int32_t node);
  void count_patterns(int32_t node, int32_t last_partner);
  template <typename Use>
  void for_patterns(int32_t node, const std::vector<SignedDigit>& digits, const Multiple& other,
                    const Use& use);
  template <typename Use>
  void for_own_patterns(const Multiple& multiple, const Use& use);
  int64_t score(const PairPattern& pattern, int64_t uses) const;
  void take_best();
  void find_matches(const PairPattern& pattern);
  void find_in_row(const PairPattern& pattern, int32_t row, int32_t factor_a, int32_t factor_b);
  void replace(const PairPattern& pattern);
  void change(int32_t row, int32_t node, int32_t difference);

  GraphBuilder& graph_;
  std::vector<Row>& rows_;
  PairScoring scoring_;
  DigitTable digits_;
  std::vector<std::vector<Place>> places_;  // of each node, by row
  std::priority_queue<Candidate> candidates_;
  std::vector<uint64_t> keys_;  // scratch of count_patterns
  PairTable counts_;            // the same
  std::vector<Match> matches_;
};

std::vector<Place>& PairEliminator::places(int32_t node) {
  if (static_cast<size_t>(node) >= places_.size()) places_.resize(static_cast<size_t>(node) + 1);
  return places_[static_cast<size_t>(node)];
}

// Calls use(key) for each pattern of one of `digits` of `node` and a digit of `other`, another node.
template <typename Use>
void PairEliminator::for_patterns(int32_t node, const std::vector<SignedDigit>& digits, const Multiple& other,
                                  const Use& use) {
  const std::vector<SignedDigit>& others = digits_.of(other.factor);
  for (const SignedDigit& x : digits) {
    for (const SignedDigit& y : others) {
      use(PairPattern::of({node, x.shift, x.negative}, {other.node, y.shift, y.negative}).key());
    }
  }
}

// The same for two digits of one multiple.
template <typename Use>
void PairEliminator::for_own_patterns(const Multiple& multiple, const Use& use) {
  const std::vector<SignedDigit>& digits = digits_.of(multiple.factor);
  for (size_t j = 1; j < digits.size(); ++j) {
    for (size_t i = 0; i < j; ++i) {
      const SignedDigit &x = digits[i], &y = digits[j];
      if (x.shift == y.shift) continue;
      use(PairPattern::of({multiple.node, x.shift, x.negative}, {multiple.node, y.shift, y.negative}).key());
    }
  }
}

// Counts the patterns of `node` with nodes up to `last_partner` and queues those with two uses or more.
void PairEliminator::count_patterns(int32_t node, int32_t last_partner) {
  keys_.clear();
  for (const Place& place : places(node)) {
    for (const Multiple& other : rows_[static_cast<size_t>(place.row)]) {
      const auto keep = [&](uint64_t key) { keys_.push_back(key); };
      if (other.node == node) {
        for_own_patterns(other, keep);
      } else if (other.node <= last_partner) {
        for_patterns(node, digits_.of(place.factor), other, keep);
      }
    }
  }
  counts_.clear(keys_.size());
  for (const uint64_t key : keys_) counts_.add(key);
  for (const uint64_t key : keys_) {
    const int32_t uses = counts_.get(key);
    if (uses < 2) continue;
    counts_.set(key, 0);
    candidates_.push({score(PairPattern::from_key(key), uses), key});
  }
}

// 0 where nothing is shared, else at least 1.
int64_t PairEliminator::score(const PairPattern& pattern, int64_t uses) const {
  if (uses < 2) return 0;
  const AdderEstimate adder = estimate_adder(graph_.signal(pattern.first()), graph_.signal(pattern.second()));
  const int growth = adder.width - std::max(graph_.width(pattern.a), graph_.width(pattern.b));
  int64_t worth = 16 * (uses - 1) * adder.bits;
  worth -= uses * (scoring_.shift_penalty * std::abs(pattern.shift) + scoring_.growth_penalty * growth);
  if (scoring_.noise != 0) {
    uint64_t hash = (pattern.key() ^ scoring_.noise) * 0x9e3779b97f4a7c15u;
    hash = (hash ^ (hash >> 32)) * 0xff51afd7ed558ccdu;
    worth += static_cast<int64_t>((hash >> 33) % static_cast<uint64_t>(scoring_.noise_size + 1));
  }
  return std::max<int64_t>(worth, 1);
}

void PairEliminator::find_in_row(const PairPattern& pattern, int32_t row, int32_t factor_a,
                                 int32_t factor_b) {
  const bool same = pattern.a == pattern.b;
  bool found = true;
  while (found && factor_a != 0 && factor_b != 0) {
    found = false;
    for (const SignedDigit& a : digits_.of(factor_a)) {
      const SignedDigit b{a.shift + pattern.shift, a.negative != pattern.negative};
      // Of one node both digits must be in the same form.
      const std::vector<SignedDigit>& of_b = digits_.of(same ? factor_a - digit_value(a) : factor_b);
      if (std::find(of_b.begin(), of_b.end(), b) == of_b.end()) continue;
      matches_.push_back({row, a, b});
      factor_a -= digit_value(a);
      if (same) factor_a -= digit_value(b);
      factor_b = same ? factor_a : factor_b - digit_value(b);
      found = true;
      break;
    }
  }
}

void PairEliminator::find_matches(const PairPattern& pattern) {
  matches_.clear();
  const std::vector<Place>& of_a = places_[static_cast<size_t>(pattern.a)];
  const std::vector<Place>& of_b = places_[static_cast<size_t>(pattern.b)];
  for (size_t i = 0, j = 0; i < of_a.size(); ++i) {
    while (j < of_b.size() && of_b[j].row < of_a[i].row) ++j;
    if (j == of_b.size()) break;
    if (of_b[j].row == of_a[i].row) find_in_row(pattern, of_a[i].row, of_a[i].factor, of_b[j].factor);
  }
}

void PairEliminator::take_best() {
  const Candidate best = candidates_.top();
  candidates_.pop();
  const PairPattern pattern = PairPattern::from_key(best.key);
  find_matches(pattern);
  const int64_t worth = score(pattern, static_cast<int64_t>(matches_.size()));
  if (worth >= best.score) {
    replace(pattern);
  } else if (worth > 0) {
    candidates_.push({worth, best.key});
  }
}

void PairEliminator::replace(const PairPattern& pattern) {
  const AdderTerm sum = graph_.add(pattern.first(), pattern.second());
  for (const Match& match : matches_) {
    change(match.row, pattern.a, -digit_value(match.a));
    change(match.row, pattern.b, -digit_value(match.b));
    if (sum.node == kNoNode) continue;
    const SignedDigit digit{std::min(match.a.shift, match.b.shift) + sum.shift,
                            match.a.negative != sum.negative};
    change(match.row, sum.node, digit_value(digit));
  }
  if (sum.node != kNoNode) count_patterns(sum.node, graph_.nodes());
}

// Adds `difference` times the node to the row.
void PairEliminator::change(int32_t row, int32_t node, int32_t difference) {
  Row& multiples = rows_[static_cast<size_t>(row)];
  const auto found = std::find_if(multiples.begin(), multiples.end(),
                                  [&](const Multiple& multiple) { return multiple.node == node; });
  std::vector<Place>& list = places(node);
  const auto place = std::lower_bound(list.begin(), list.end(), row, same_row);
  if (found == multiples.end()) {
    multiples.push_back({node, difference});
    list.insert(place, {row, difference});
    return;
  }
  found->factor += difference;
  place->factor += difference;
  if (found->factor != 0) return;
  *found = multiples.back();
  multiples.pop_back();
  list.erase(place);
}

}  // namespace

void eliminate_pairs(GraphBuilder& graph, std::vector<Row>& rows, const PairScoring& scoring,
                     const std::stop_token& stop) {
  PairEliminator(graph, rows, scoring).run(stop);
}

std::vector<AdderTerm> row_terms(const Row& row) {
  std::vector<AdderTerm> terms;
  for (const Multiple& multiple : row) {
    for (const SignedDigit& digit : csd_digits(multiple.factor)) {
      terms.push_back({multiple.node, digit.shift, digit.negative});
    }
  }
  return terms;
}

}  // namespace fixynn
