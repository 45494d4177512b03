// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "hardware/hardware_plan.h"

namespace fixynn {

/// Adder bits before the first pipeline register: they see what the convolution's inputs do. Of a plan
/// without graphs: estimated.
int64_t first_stage_adder_bits(const ConvPlan& conv, const PlanOptions& options);

/// How often an inference an adder bit gets new operands, summed over the adder bits. The first stage behind
/// a window is evaluated with every pixel that the window takes, at stride 2 four times as often as an output
/// is taken; what lies behind a register only with an output.
double adder_bit_evaluations(const ConvPlan& conv, const PlanOptions& options);

}  // namespace fixynn
