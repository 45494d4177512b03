// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/program.h"
#include "study/cost_command.h"

namespace fixynn {

inline constexpr ChoiceNames<CostModelKind, 3> kCostModels = {{{"calibrated", CostModelKind::kCalibrated},
                                                               {"paper", CostModelKind::kPaper},
                                                               {"deepfreeze", CostModelKind::kDeepFreeze}}};
inline constexpr ChoiceNames<Fold, 3> kCostFolds = {
    {{"none", Fold::kNone}, {"burst", Fold::kBurst}, {"mean", Fold::kMean}}};
inline constexpr ChoiceNames<Sharing, 3> kCostSharings = {
    {{"none", Sharing::kNone}, {"per-input", Sharing::kPerInput}, {"full", Sharing::kFull}}};
inline constexpr ChoiceNames<AdderMapping, 2> kCostAdderCells = {
    {{"gates", AdderMapping::kGates}, {"full-adders", AdderMapping::kFullAdders}}};
enum class CostFormat { kTable, kJson, kCsv };
inline constexpr ChoiceNames<CostFormat, 3> kCostFormats = {
    {{"table", CostFormat::kTable}, {"json", CostFormat::kJson}, {"csv", CostFormat::kCsv}}};
inline constexpr ChoiceNames<bool, 2> kCostFaults = {{{"on", true}, {"off", false}}};

/// The command line of fixynn-cost.
struct CostArguments {
  CostCommand command;
  std::string fixed_layers, sweep, cache;
  double area_mm2 = 3.0;
  bool deepfreeze_faults = true;
  bool no_clock_gating = false, layers = false;
  CostFormat format = CostFormat::kTable;
  std::filesystem::path out, plot;
};

inline void add_design_options(CLI::App& app, CostCommand& c, CostArguments& a) {
  app.add_option("DESIGN", c.design.path, "Network, float model, configuration or run directory.");
  add_choice(app, "--model", c.request.model, kCostModels, "Law of area and energy.");
  app.add_option("--fixed-layers", a.fixed_layers,
                 "0,4,7 or 1..14 or both; default: those that a run was trained with, else 0,4,7,11,14.")
      ->type_name("LIST");
  CLI::Option* area = app.add_option("--area-mm2", a.area_mm2, "Of FFE and NVDLA together.")->type_name("A");
  app.add_option("--sweep-area", a.sweep, "Several areas in mm2.")->type_name("LO:HI:STEP")->excludes(area);
  app.add_option("--used-layers", c.request.used_layers, "Use only the first K of the built layers.")
      ->type_name("K");
  app.add_option(
         "--bits", c.design.bits,
         "Weight or weight/activation bits of the FFE, 2..8: 8, 6/8, or a list by layer (8,6,4/6; the "
         "last holds for the rest). Default: as trained.")
      ->type_name("BITS");
  app.add_option("--sparsity", c.design.sparsity, "Zero the smallest weights of each convolution: 0..1.")
      ->type_name("S");
  app.add_option("--size", c.design.input_size, "Input pixels a side; default: the network's.")
      ->type_name("PX");
}

inline void add_hardware_options(CLI::App& app, CostRequest& r, CostArguments& a) {
  app.add_option("--technology", r.technology,
                 fmt::format("{}, or a file of fixynn-cost calibrate.", fmt::join(technology_names(), ", ")))
      ->type_name("NAME|FILE.json");
  app.add_option("--clock-mhz", r.clock_mhz, "Of the FFE; default: the technology's.")->type_name("F");
  app.add_option("--levels-per-stage", r.plan.levels_per_stage,
                 "Adder levels between pipeline registers; 0 = registers at outputs only.")
      ->type_name("L");
  add_choice(app, "--fold", r.plan.fold, kCostFolds,
             "Channels share a requantiser: none, burst (no buffer needed) or mean (more, with a FIFO).");
  add_choice(app, "--sharing", r.plan.sharing, kCostSharings, "How far adders are shared between outputs.");
  add_choice(app, "--adder-cells", r.calibrated.mapping, kCostAdderCells, "What adders are mapped to.");
  app.add_flag("--no-clock-gating", a.no_clock_gating, "Every flip-flop sees every clock.");
  add_choice(app, "--deepfreeze-faults", a.deepfreeze_faults, kCostFaults,
             "Keep the two counting faults of the published DeepFreeze model.");
  app.add_flag("--instant", r.instant, "Estimate adders from digits instead of optimising graphs.");
}

inline void add_output_options(CLI::App& app, CostCommand& c, CostArguments& a) {
  app.add_option("--activity", c.activity, "Count toggles on test images of this data set (slow).")
      ->type_name("ROOT");
  app.add_option("--images", c.activity_images, "So many of them.")->type_name("K");
  app.add_flag("--layers", a.layers, "Also the layers of the largest FFE.");
  add_choice(app, "--format", a.format, kCostFormats, "table, json or csv.");
  app.add_option("--out", a.out, "Write there instead of standard output.")->type_name("FILE");
  app.add_option("--plot", a.plot, "Also draw: Figure 2 for several areas, else energy and area by layers.")
      ->type_name("FILE.svg");
  app.add_option("--dump-graphs", c.dump_graphs, "Write the adder graphs as JSON, a file a convolution.")
      ->type_name("DIR");
  app.add_option("--cache", a.cache, "Folder of optimised graphs, or off; default: in the user's cache.")
      ->type_name("DIR|off");
  add_threads(app, c.request.threads);
}

/// Names of the options that were given, "--bits". Throws Error(kUsage) for an empty value, which would
/// otherwise read as a default.
inline std::vector<std::string> given_options(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    if (option->count() == 0) continue;
    names.push_back(option->get_name());
    for (const std::string& value : option->results()) {
      if (value.empty())
        fail_usage("{}: the value is empty; give one, or leave the option out", names.back());
    }
  }
  return names;
}

inline void add_cost_options(CLI::App& app, CostArguments& arguments) {
  add_design_options(app, arguments.command, arguments);
  add_hardware_options(app, arguments.command.request, arguments);
  add_output_options(app, arguments.command, arguments);
}

}  // namespace fixynn
