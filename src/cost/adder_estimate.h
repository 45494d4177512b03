// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/hardware_plan.h"

namespace fixynn {

/// Fills in what only the adder graphs of `conv` would tell: adders, adder bits, levels and pipeline
/// registers, from csd_digits, the input width and `nonzero_outputs`, the output channels with a weight. The
/// law and its error on real layers: adder_estimate.cpp.
void estimate_graphs(ConvPlan& conv, int64_t nonzero_outputs, const PlanOptions& options);

/// Of a convolution that estimate_graphs filled in: adder bits before the first pipeline register.
int64_t estimated_first_stage_bits(const ConvPlan& conv, const PlanOptions& options);

}  // namespace fixynn
