// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "hardware/adder_graph.h"

namespace fixynn {

/// What a node's value takes from one input.
struct Coefficient {
  int32_t input;
  int64_t factor;  ///< not 0
  bool operator==(const Coefficient&) const = default;
};

/// A node as a linear function of the inputs: rising inputs, no zeros.
using Coefficients = std::vector<Coefficient>;

/// Coefficients of a + b, where the terms' nodes have the coefficients given.
Coefficients sum_coefficients(const AdderTerm& a, const Coefficients& of_a, const AdderTerm& b,
                              const Coefficients& of_b);

/// All values of the linear function when every input takes any value of `input`; both ends are reached.
Interval coefficient_interval(const Coefficients& coefficients, Interval input);

/// Bits of a net that holds every value: no sign bit where the minimum is >= 0; at least 1.
int net_width(Interval interval);

/// Low bits of a + b that are those of one term, so that no adder makes them. NodeFacts has the rule.
int pass_through_bits(const AdderTerm& a, const AdderTerm& b);

}  // namespace fixynn
