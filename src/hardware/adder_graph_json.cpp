// SPDX-License-Identifier: Apache-2.0
#include "hardware/adder_graph_json.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "core/files.h"

namespace fixynn {

std::string graph_to_json(const ConstantMatrix& matrix, Interval input, const AdderGraph& graph) {
  using Json = nlohmann::ordered_json;
  const std::vector<NodeFacts> facts = node_facts(graph, input);
  Json json = {{"format", "fixynn-adder-graph-1"}, {"inputs", matrix.inputs}, {"outputs", matrix.outputs},
               {"input_min", input.min},           {"input_max", input.max},  {"weights", Json::array()}};
  for (int i = 0; i < matrix.inputs; ++i) {
    Json row = Json::array();
    for (int o = 0; o < matrix.outputs; ++o) row.push_back(matrix.at(i, o));
    json["weights"].push_back(std::move(row));
  }
  Json adders = Json::array();
  for (const AdderNode& adder : graph.adders) {
    adders.push_back(Json::array({adder.a.node, adder.a.shift, adder.a.negative ? 1 : 0, adder.b.node,
                                  adder.b.shift, adder.b.negative ? 1 : 0}));
  }
  json["adders"] = std::move(adders);
  Json outputs = Json::array();
  for (const AdderOutput& output : graph.outputs) {
    outputs.push_back(Json::array({output.node, output.shift, output.negated ? 1 : 0}));
  }
  json["graph_outputs"] = std::move(outputs);
  json["adder_bits"] = total_adder_bits(facts);
  json["depth"] = graph_depth(facts);
  return json.dump() + "\n";
}

void write_graph_json(const ConstantMatrix& matrix, Interval input, const AdderGraph& graph,
                      const std::filesystem::path& path) {
  write_file_atomic(path, graph_to_json(matrix, input, graph), false);
}

}  // namespace fixynn
