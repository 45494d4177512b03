// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "hardware/adder_graph.h"

namespace fixynn {

/// A matrix and its graph for other programs (tools/compare_da4ml.py): one JSON object with
///   format "fixynn-adder-graph-1"; inputs, outputs; input_min, input_max; weights, a list of `outputs`
///   numbers for each input; adders, lists [node, shift, negative, node, shift, negative] with 0 or 1 for
///   negative; graph_outputs, lists [node, shift, negated], node -1 where the output is always 0; adder_bits,
///   depth.
std::string graph_to_json(const ConstantMatrix& matrix, Interval input, const AdderGraph& graph);

/// Writes graph_to_json to a file, atomically. Throws as write_file_atomic does.
void write_graph_json(const ConstantMatrix& matrix, Interval input, const AdderGraph& graph,
                      const std::filesystem::path& path);

}  // namespace fixynn
