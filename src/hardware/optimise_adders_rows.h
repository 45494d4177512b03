// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <stop_token>
#include <vector>

#include "hardware/adder_graph.h"
#include "hardware/optimise_adders_pairs.h"

namespace fixynn {

/// The matrix's rows that differ in more than sign and shift, and how each output follows from one of them.
struct DistinctRows {
  struct Source {
    int row;  ///< -1: all weights are 0
    int shift;
    bool negative;
  };
  std::vector<std::vector<int32_t>> rows;  ///< some weight is odd, the first that is not 0 is positive
  std::vector<Source> outputs;
};
DistinctRows distinct_rows(const ConstantMatrix& matrix);

/// The graph whose outputs follow from one sum for each distinct row.
AdderGraph finish_graph(const GraphBuilder& graph, const DistinctRows& distinct,
                        const std::vector<AdderTerm>& sums);

/// Rows as differences from others: row = rest + (or -) reference. Da4ml publishes the idea: a spanning tree
/// over the rows, for which few digits lie between neighbours.
struct ReferencedRows {
  struct Reference {
    int row = -1;  ///< -1: none
    bool negative = false;
  };
  std::vector<Row> rests;
  std::vector<Reference> references;
  std::vector<int> order;  ///< each row after its reference
};

/// `longest_chain`: references in a row, at most; 0: no references.
ReferencedRows reference_rows(const DistinctRows& distinct, int longest_chain, const std::stop_token& stop);

/// Sharing::kFull: pair elimination, tried with several settings where the matrix is small enough.
AdderGraph optimise_fully(const DistinctRows& distinct, int inputs, Interval input,
                          const std::stop_token& stop);

}  // namespace fixynn
