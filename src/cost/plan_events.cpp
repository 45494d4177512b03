// SPDX-License-Identifier: Apache-2.0
#include "cost/plan_events.h"

#include "cost/adder_estimate.h"

namespace fixynn {

int64_t first_stage_adder_bits(const ConvPlan& conv, const PlanOptions& options) {
  if (conv.graphs.empty()) return estimated_first_stage_bits(conv, options);
  int64_t bits = 0;
  for (size_t g = 0; g < conv.graphs.size(); ++g) {
    const std::vector<NodeFacts> facts = node_facts(*conv.graphs[g], conv.input);
    for (size_t n = 0; n < facts.size(); ++n) {
      if (conv.pipelines[g].stage[n] == 0) bits += facts[n].adder_bits;
    }
  }
  return bits;
}

double adder_bit_evaluations(const ConvPlan& conv, const PlanOptions& options) {
  const double outputs = static_cast<double>(conv.output_pixels);
  const double evaluations = static_cast<double>(conv.adder_bits) * outputs;
  const double inputs = static_cast<double>(conv.conv.in_size) * conv.conv.in_size;
  if (conv.conv.kind == ConvKind::kPointwise || inputs == outputs) return evaluations;
  return evaluations + static_cast<double>(first_stage_adder_bits(conv, options)) * (inputs - outputs);
}

}  // namespace fixynn
