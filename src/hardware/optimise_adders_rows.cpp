// SPDX-License-Identifier: Apache-2.0
#include "hardware/optimise_adders_rows.h"

#include <bit>
#include <map>
#include <utility>

#include "hardware/csd.h"
#include "hardware/optimise_adders.h"

namespace fixynn {

namespace {

int64_t digit_count(const std::vector<int32_t>& row, const std::vector<int32_t>& reference, bool negative) {
  int64_t digits = 0;
  for (size_t i = 0; i < row.size(); ++i) {
    digits += csd_digit_count(negative ? int64_t{row[i]} + reference[i] : int64_t{row[i]} - reference[i]);
  }
  return digits;
}

// Prim's algorithm from the row of zeros: the row nearest to the tree joins it.
struct Tree {
  explicit Tree(const DistinctRows& distinct) : rows(distinct.rows) {
    const size_t count = rows.size();
    references.resize(count);
    chain.resize(count, 0);
    joined.resize(count, false);
    for (const std::vector<int32_t>& row : rows) {
      cost.push_back(digit_count(row, std::vector<int32_t>(row.size(), 0), false));
    }
  }

  int nearest() const {
    int best = -1;
    for (size_t r = 0; r < rows.size(); ++r) {
      if (!joined[r] && (best < 0 || cost[r] < cost[static_cast<size_t>(best)])) best = static_cast<int>(r);
    }
    return best;
  }

  void join(int row, int longest_chain) {
    const size_t r = static_cast<size_t>(row);
    joined[r] = true;
    if (references[r].row >= 0) chain[r] = chain[static_cast<size_t>(references[r].row)] + 1;
    if (chain[r] >= longest_chain) return;
    for (size_t o = 0; o < rows.size(); ++o) {
      if (joined[o]) continue;
      for (const bool negative : {false, true}) {
        const int64_t digits = digit_count(rows[o], rows[r], negative) + 1;  // 1: adding the reference
        if (digits >= cost[o]) continue;
        cost[o] = digits;
        references[o] = {row, negative};
      }
    }
  }

  const std::vector<std::vector<int32_t>>& rows;
  std::vector<ReferencedRows::Reference> references;
  std::vector<int> chain;
  std::vector<bool> joined;
  std::vector<int64_t> cost;
};

}  // namespace

DistinctRows distinct_rows(const ConstantMatrix& matrix) {
  DistinctRows distinct;
  std::map<std::vector<int32_t>, int> known;
  for (int o = 0; o < matrix.outputs; ++o) {
    std::vector<int32_t> row(static_cast<size_t>(matrix.inputs));
    uint32_t bits = 0;
    int sign = 0;
    for (int i = 0; i < matrix.inputs; ++i) {
      const int32_t weight = matrix.at(i, o);
      row[static_cast<size_t>(i)] = weight;
      bits |= static_cast<uint32_t>(weight);
      if (sign == 0 && weight != 0) sign = weight < 0 ? -1 : 1;
    }
    if (sign == 0) {
      distinct.outputs.push_back({-1, 0, false});
      continue;
    }
    const int shift = std::countr_zero(bits);
    for (int32_t& weight : row) weight = weight * sign / (1 << shift);
    const auto [entry, added] = known.try_emplace(row, static_cast<int>(distinct.rows.size()));
    if (added) distinct.rows.push_back(std::move(row));
    distinct.outputs.push_back({entry->second, shift, sign < 0});
  }
  return distinct;
}

AdderGraph finish_graph(const GraphBuilder& graph, const DistinctRows& distinct,
                        const std::vector<AdderTerm>& sums) {
  std::vector<AdderOutput> outputs;
  for (const DistinctRows::Source& source : distinct.outputs) {
    if (source.row < 0) {
      outputs.push_back({});
      continue;
    }
    const AdderTerm& sum = sums[static_cast<size_t>(source.row)];
    outputs.push_back({sum.node, sum.shift + source.shift, sum.negative != source.negative});
  }
  return graph.finish(std::move(outputs));
}

ReferencedRows reference_rows(const DistinctRows& distinct, int longest_chain, const std::stop_token& stop) {
  ReferencedRows referenced;
  Tree tree(distinct);
  for (int row = tree.nearest(); row >= 0; row = tree.nearest()) {
    check_stop(stop);
    tree.join(row, longest_chain);
    referenced.order.push_back(row);
  }
  referenced.references = tree.references;
  for (size_t r = 0; r < distinct.rows.size(); ++r) {
    const ReferencedRows::Reference& reference = referenced.references[r];
    Row& rest = referenced.rests.emplace_back();
    for (size_t i = 0; i < distinct.rows[r].size(); ++i) {
      int32_t weight = distinct.rows[r][i];
      if (reference.row >= 0) {
        const int32_t other = distinct.rows[static_cast<size_t>(reference.row)][i];
        weight += reference.negative ? other : -other;
      }
      if (weight != 0) rest.push_back({static_cast<int32_t>(i), weight});
    }
  }
  return referenced;
}

}  // namespace fixynn
