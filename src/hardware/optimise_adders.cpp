// SPDX-License-Identifier: Apache-2.0
#include "hardware/optimise_adders.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <map>

#include "core/error.h"
#include "hardware/optimise_adders_rows.h"
#include "hardware/optimise_adders_sum.h"

namespace fixynn {

namespace {

using Terms = std::vector<AdderTerm>;

constexpr int kMostWeight = 32767;

// Rows of multiples: for each input the odd numbers that its weights need, each made once.
std::vector<Terms> multiple_terms(GraphBuilder& graph, const DistinctRows& distinct, int inputs,
                                  const std::stop_token& stop) {
  std::vector<Terms> rows(distinct.rows.size());
  for (int32_t i = 0; i < inputs; ++i) {
    std::map<int32_t, AdderTerm> multiples;
    for (const std::vector<int32_t>& weights : distinct.rows) {
      const uint32_t size = static_cast<uint32_t>(std::abs(weights[static_cast<size_t>(i)]));
      if (size != 0) multiples[static_cast<int32_t>(size >> std::countr_zero(size))] = {};
    }
    std::vector<Row> sums;
    for (const auto& [multiple, term] : multiples) sums.push_back({{i, multiple}});
    eliminate_pairs(graph, sums, {}, stop);
    auto sum = sums.begin();
    for (auto& [multiple, term] : multiples) term = sum_narrow_first(graph, row_terms(*sum++));
    for (size_t r = 0; r < rows.size(); ++r) {
      const int32_t weight = distinct.rows[r][static_cast<size_t>(i)];
      if (weight == 0) continue;
      const int shift = std::countr_zero(static_cast<uint32_t>(std::abs(weight)));
      AdderTerm term = multiples.at(std::abs(weight) >> shift);
      term.shift += shift;
      term.negative = term.negative != (weight < 0);
      rows[r].push_back(term);
    }
  }
  return rows;
}

AdderGraph optimise_simply(const DistinctRows& distinct, int inputs, Interval input, bool share_multiples,
                           const std::stop_token& stop) {
  GraphBuilder graph(inputs, input);
  std::vector<AdderTerm> sums;
  if (share_multiples) {
    for (Terms& terms : multiple_terms(graph, distinct, inputs, stop)) {
      check_stop(stop);
      sums.push_back(sum_narrow_first(graph, std::move(terms)));
    }
  } else {
    for (const Row& row : reference_rows(distinct, 0, stop).rests) {
      check_stop(stop);
      sums.push_back(sum_balanced(graph, row_terms(row)));
    }
  }
  return finish_graph(graph, distinct, sums);
}

void check_arguments(const ConstantMatrix& matrix, Interval input) {
  if (matrix.inputs <= 0 || matrix.outputs <= 0 ||
      matrix.weights.size() != static_cast<size_t>(matrix.inputs) * static_cast<size_t>(matrix.outputs)) {
    fail(
        "a matrix of {} inputs and {} outputs with {} weights has no adder graph; give it inputs * outputs "
        "weights",
        matrix.inputs, matrix.outputs, matrix.weights.size());
  }
  for (size_t i = 0; i < matrix.weights.size(); ++i) {
    if (std::abs(static_cast<int64_t>(matrix.weights[i])) > kMostWeight) {
      fail("the weight of input {} and output {} is {}, beyond +-{}; use fewer weight bits",
           i / static_cast<size_t>(matrix.outputs), i % static_cast<size_t>(matrix.outputs),
           matrix.weights[i], kMostWeight);
    }
  }
  if (input.min > 0 || input.max < 0 || signed_bits(input) > 31) {
    fail("inputs of an adder graph span {}..{}; they must include 0 and fit 31 bits", input.min, input.max);
  }
}

}  // namespace

void check_stop(const std::stop_token& stop) {
  if (stop.stop_requested()) fail("the optimisation of adder graphs was stopped; start it again");
}

AdderGraph optimise_adders(const ConstantMatrix& matrix, Interval input, Sharing sharing,
                           const std::stop_token& stop) {
  check_arguments(matrix, input);
  const DistinctRows distinct = distinct_rows(matrix);
  AdderGraph graph = sharing == Sharing::kFull ? optimise_fully(distinct, matrix.inputs, input, stop)
                                               : optimise_simply(distinct, matrix.inputs, input,
                                                                 sharing == Sharing::kPerInput, stop);
  check_adder_graph(graph, matrix, input, "optimised adder graph");
  return graph;
}

}  // namespace fixynn
