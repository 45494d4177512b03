// SPDX-License-Identifier: Apache-2.0
#include "cost/adder_estimate.h"

#include <cmath>

namespace fixynn {

void estimate_graphs(ConvPlan& conv, int64_t nonzero_outputs, const PlanOptions& options) {
  (void)options;
  const double digits = static_cast<double>(conv.csd_digits);
  conv.adder_bits = std::llround(0.61 * digits * (conv.input_bits + 3));
  conv.adders = conv.csd_digits - nonzero_outputs;
}

}  // namespace fixynn
