// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "rtl/adder_graph_verilog.h"

namespace fixynn {

MergedGraph merge_graphs(int inputs, std::span<const GraphPart> parts) {
  MergedGraph merged;
  merged.graph.inputs = inputs;
  const auto whole = static_cast<size_t>(inputs);
  merged.facts.resize(whole);
  merged.pipeline.stage.assign(whole, 0);
  merged.pipeline.registers.assign(whole, 0);
  for (const GraphPart& part : parts) {
    const int own = part.graph->inputs;
    const auto first_adder = static_cast<int>(merged.facts.size());
    const auto renumber = [&](AdderTerm term) {
      term.node =
          term.node < own ? part.inputs[static_cast<size_t>(term.node)] : first_adder + term.node - own;
      return term;
    };
    for (size_t n = 0; n < part.facts.size(); ++n) {
      const bool input = n < static_cast<size_t>(own);
      const size_t node = input ? static_cast<size_t>(part.inputs[n]) : merged.facts.size();
      if (!input) {
        merged.facts.emplace_back();
        merged.pipeline.stage.push_back(0);
        merged.pipeline.registers.push_back(0);
      }
      merged.facts[node] = part.facts[n];
      merged.pipeline.stage[node] = part.pipeline->stage[n];
      merged.pipeline.registers[node] = part.pipeline->registers[n];
    }
    for (const AdderNode& adder : part.graph->adders) {
      merged.graph.adders.push_back({renumber(adder.a), renumber(adder.b)});
    }
    for (AdderOutput output : part.graph->outputs) {
      if (output.node != kNoNode) output.node = renumber({output.node, 0, false}).node;
      merged.graph.outputs.push_back(output);
    }
    merged.pipeline.stages = std::max(merged.pipeline.stages, part.pipeline->stages);
    merged.pipeline.register_bits += part.pipeline->register_bits;
    merged.pipeline.register_words += part.pipeline->register_words;
  }
  return merged;
}

}  // namespace fixynn
