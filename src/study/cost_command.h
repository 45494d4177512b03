// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/stop_signal.h"
#include "study/cost_study.h"
#include "study/load_design.h"

namespace fixynn {

/// What fixynn-cost is asked for, beside how to print it.
struct CostCommand {
  DesignRequest design;
  CostRequest request;
  bool fixed_layers_given =
      false;  ///< else a run's own, or the default's, of them those that reach used_layers
  std::vector<std::string> given;  ///< options that were given, "--bits": refused where they change nothing
  std::filesystem::path cache;     ///< folder of optimised graphs; empty: memory only
  std::filesystem::path activity;  ///< data set to count toggles on; empty: none
  int activity_images = 16;
  std::filesystem::path dump_graphs;  ///< folder to write the adder graphs into; empty: none
};

/// "0,4,7", "1..14" or both: numbers of fixed layers in the order given, each once. Throws Error(kUsage) with
/// the accepted form.
std::vector<int> parse_layer_list(const std::string& text);

/// Loads, plans, counts and evaluates. While adder graphs take longer than a second, a line on standard error
/// says how far they are and the time left. On SIGINT or SIGTERM it stops after the convolutions at work,
/// with all finished graphs in the cache, and throws StoppedBySignal.
CostStudy run_cost_command(const CostCommand& command);

/// One JSON file a convolution of `plan`, NAME.json: {"convolution", "adders", "adder_bits", "graphs"}, each
/// graph as graph_to_json writes it.
void write_graphs(const HardwarePlan& plan, const HardwareDesign& design,
                  const std::filesystem::path& folder);

}  // namespace fixynn
