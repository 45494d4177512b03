// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/adder_graph.h"

namespace fixynn {

/// How much of a matrix's arithmetic is shared.
enum class Sharing {
  kNone,      ///< CSD digits, added in a balanced tree for each output: the baseline
  kPerInput,  ///< multiples of each input are shared between outputs: fast
  kFull,      ///< greedy elimination of common two-term subexpressions over the whole matrix
};

/// A graph for the matrix, proved by check_adder_graph before it is returned. The result is a function of the
/// arguments alone: the same for every run and machine. Throws Error for weights beyond +-32767, empty sizes
/// or an accumulator over 31 bits.
AdderGraph optimise_adders(const ConstantMatrix& matrix, Interval input, Sharing sharing);

/// Part of the cache's key: raised when optimise_adders gives other graphs than before.
constexpr int kOptimiserVersion = 1;

}  // namespace fixynn
