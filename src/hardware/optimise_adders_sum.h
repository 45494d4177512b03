// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "hardware/optimise_adders_builder.h"

namespace fixynn {

/// Adds the terms two by two, those first whose adder is the narrowest; of `attempts` (1..6) notions of
/// narrow the one with the fewest adder bits. The node is kNoNode where the sum is always 0.
AdderTerm sum_narrow_first(GraphBuilder& graph, std::vector<AdderTerm> terms, int attempts = 1);

/// Adds the terms in a balanced tree, neighbours first: what one gets without thinking about it.
AdderTerm sum_balanced(GraphBuilder& graph, std::vector<AdderTerm> terms);

}  // namespace fixynn
