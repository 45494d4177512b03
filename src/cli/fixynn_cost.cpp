// SPDX-License-Identifier: Apache-2.0
#include "cli/cost_calibrate.h"
#include "cli/cost_options.h"
#include "core/files.h"
#include "report/cost_plot.h"
#include "study/cost_command.h"
#include "study/cost_output.h"

namespace fixynn {
namespace {

const ManualPage kManual = {
    .name = "fixynn-cost",
    .summary = "area, energy and throughput of a network whose first layers are frozen in silicon",
    .synopsis = "fixynn-cost DESIGN [OPTIONS] | fixynn-cost calibrate OPTIONS",
    .description =
        "DESIGN is a network of fixynn-train, a float model of fixynn-import, a configuration (.yaml; "
        "without "
        "its weights they are assumed) or a run directory. The first N layers become a fixed-weight feature "
        "extractor (FFE), the rest runs on an NVDLA in the area that is left.\n\n"
        "Three models: calibrated (adder graphs of the weights themselves, constants of a technology), paper "
        "(reproduces Table 1 and Figure 2 of the FixyNN paper) and deepfreeze (that tool's published "
        "constants). docs/cost.md has their formulas, sources and limits.\n\n"
        "Optimised adder graphs are kept in a cache; the first time takes half a minute for 14 layers of a "
        "0.25 "
        "network, minutes for a wider one, and an interrupted run goes on where it was.",
    .examples =
        "  fixynn-cost runs/gtsr\n"
        "  fixynn-cost mobilenet.safetensors --bits 6 --sparsity 0.5 --fixed-layers 1..14 --layers\n"
        "  fixynn-cost configs/gtsr.yaml --model paper --sweep-area 0.6:6:0.2 --plot figure2.svg\n"
        "  fixynn-cost runs/gtsr --fixed-layers 7 --used-layers 4 --format json --out cost.json\n"
        "  fixynn-cost runs/gtsr --activity data/GTSRB --images 8",
    .exit_status =
        " 0  done\n 1  the work failed; one sentence on standard error says why\n"
        " 2  the command line or the configuration is wrong\n 128 + signal  stopped",
};

int estimate(CostArguments& a) {
  CostCommand& command = a.command;
  if (command.design.path.empty()) fail_usage("DESIGN is missing; see 'fixynn-cost --help'");
  if (!a.plot.empty() && a.plot.extension() != ".svg") {
    fail_usage("--plot {}: a plot is an SVG file; give a name that ends in .svg", a.plot.string());
  }
  command.fixed_layers_given = !a.fixed_layers.empty();
  if (command.fixed_layers_given) command.request.fixed_layers = parse_layer_list(a.fixed_layers);
  command.request.areas_mm2 = a.sweep.empty() ? std::vector<double>{a.area_mm2} : parse_area_sweep(a.sweep);
  command.request.calibrated.clock_gating = !a.no_clock_gating;
  if (!a.deepfreeze_faults) command.request.faults = {false, false};
  command.cache = a.cache.empty() ? AdderGraphCache::default_folder() : std::filesystem::path(a.cache);
  if (a.cache == "off") command.cache.clear();
  const CostStudy study = run_cost_command(command);
  const std::string text = a.format == CostFormat::kJson  ? cost_json(study)
                           : a.format == CostFormat::kCsv ? cost_csv(study, a.layers)
                                                          : cost_table(study, a.layers);
  if (!a.plot.empty()) write_file_atomic(a.plot, render_cost_plot(study));
  if (!a.out.empty()) write_file_atomic(a.out, text);
  if (a.out.empty()) fmt::print("{}", text);
  return 0;
}

int run(int argc, char** argv) {
  CLI::App app;
  set_manual(app, kManual);
  CostArguments arguments;
  add_cost_options(app, arguments);
  CalibrateCommand calibration;
  const CLI::App* calibrate = add_calibrate(app, calibration);
  app.require_subcommand(0, 1);
  if (!parse_arguments(app, argc, argv)) return 0;
  arguments.command.given = given_options(calibrate->parsed() ? *calibrate : app);
  if (!calibrate->parsed()) return estimate(arguments);
  run_calibrate_command(calibration, [](const std::string& text) { fmt::print("{}", text); });
  return 0;
}

}  // namespace
}  // namespace fixynn

int main(int argc, char** argv) {
  return fixynn::run_main(argc, argv, fixynn::run);
}
