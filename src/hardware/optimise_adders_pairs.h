// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <stop_token>
#include <vector>

#include "hardware/optimise_adders_builder.h"

namespace fixynn {

/// A multiple of a node.
struct Multiple {
  int32_t node;
  int32_t factor;  ///< not 0
};

/// A row is a sum of multiples of different nodes, in any order.
using Row = std::vector<Multiple>;

/// The digits that patterns are looked for in.
enum class Digits {
  kCanonical,  ///< those of the canonical signed digits
  kMinimal,    ///< those of every form with as few digits: 3 = 4 - 1 = 2 + 1. Finds more, takes longer.
};

/// How the worth of an adder that several places share is judged, all in sixteenths of an adder bit.
struct PairScoring {
  Digits digits = Digits::kMinimal;
  int shift_penalty = 16;  ///< for each use and bit of shift between the terms: the sum is wider later
  int growth_penalty = 0;  ///< for each use and bit that the sum is wider than the wider node
  uint32_t noise = 0;      ///< a seed for small random changes, 0: none
  int noise_size = 0;      ///< the largest of them
};

/// Greedy elimination of common two-term subexpressions (Hartley 1996, here over all rows at once): while two
/// or more places in the rows hold the same sum of two digits but for sign and shift, the most valuable such
/// sum becomes an adder that all of them read. The rows keep their values.
void eliminate_pairs(GraphBuilder& graph, std::vector<Row>& rows, const PairScoring& scoring,
                     const std::stop_token& stop = {});

/// The terms of a row, in canonical signed digits.
std::vector<AdderTerm> row_terms(const Row& row);

}  // namespace fixynn
