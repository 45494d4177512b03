// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>

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
/// or an accumulator over 31 bits, and within some milliseconds of a request to stop.
AdderGraph optimise_adders(const ConstantMatrix& matrix, Interval input, Sharing sharing,
                           const std::stop_token& stop = {});

/// Throws Error where a stop was requested: what long work on adder graphs asks now and then.
void check_stop(const std::stop_token& stop);

/// Part of the cache's key: raised when optimise_adders gives other graphs than before.
constexpr int kOptimiserVersion = 1;

}  // namespace fixynn
