// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "calibrate/compare_rtl.h"
#include "cli/cost_options.h"
#include "cli/program.h"
#include "core/log.h"
#include "study/load_design.h"
#include "study/synthesis_runs.h"

// The subcommand 'fixynn-rtl compare'.

namespace fixynn {

struct RtlCompareArguments {
  DesignRequest design;
  CompareRequest request;
  std::string layers, technology;
};

inline CLI::App* add_rtl_compare(CLI::App& app, RtlCompareArguments& arguments) {
  CLI::App* command = app.add_subcommand("compare");
  set_manual(
      *command,
      {.name = "compare",
       .summary = "synthesise layers as shared adder graphs and as sums of x*CONST",
       .synopsis = "fixynn-rtl compare NETWORK --liberty FILE [OPTIONS]",
       .description =
           "Maps the adders of some convolutions to a cell library with Yosys, in the form that this "
           "program writes and in the plain one, a sum of x*CONST an output, and prints both areas; and "
           "the convolutions as a whole beside the area that the cost model gives them.\n\nBetween the "
           "two forms stands a third: each constant as signed digits, nothing shared. It is what a tool "
           "that is good at constants could make of the plain form.\n\nAreas are sums of cell areas: no "
           "placement, no routing, no timing. Results are kept in the work folder, so that a second run "
           "is quick and an interrupted one goes on.",
       .examples =
           "  fixynn-rtl compare mobilenet.safetensors --liberty asap7.lib\n"
           "  fixynn-rtl compare networks/fixed_07.safetensors --liberty osu018_stdcells.lib --layers "
           "l00_conv1 --adder-cells full-adders"});
  command
      ->add_option("NETWORK", arguments.design.path, "Network, float model, configuration or run directory.")
      ->required();
  command->add_option("--liberty", arguments.request.yosys.liberty, "The cell library, Liberty text.")
      ->type_name("FILE")
      ->required();
  command
      ->add_option("--layers", arguments.layers,
                   "Convolutions by name; default: l00_conv1,l01_pointwise,l02_pointwise,l03_pointwise.")
      ->type_name("LIST");
  command
      ->add_option("--bits", arguments.design.bits,
                   "Weight or weight/activation bits, 2..8, or a list by layer. Default: as trained.")
      ->type_name("BITS");
  add_choice(*command, "--adder-cells", arguments.request.mapping, kCostAdderCells,
             "What adders are mapped to.");
  command
      ->add_option("--technology", arguments.technology,
                   "Technology of the library, for the cost model's area; default: the one that comes with "
                   "the program and has the library's name.")
      ->type_name("NAME|FILE.json");
  command
      ->add_option("--work", arguments.request.yosys.work,
                   "Folder for scripts, logs and results; default: calibrate in the cache folder.")
      ->type_name("DIR");
  command
      ->add_option("--threads", arguments.request.threads,
                   "Yosys runs at a time; 0 = one for each processor.")
      ->type_name("N")
      ->check(CLI::Range(0, 1024).description(""));
  command->add_option("--yosys", arguments.request.yosys.yosys, "The program.")->type_name("PATH");
  return command;
}

/// Returns the exit code.
inline int run_rtl_compare(const RtlCompareArguments& arguments) {
  CompareRequest request = arguments.request;
  if (!arguments.technology.empty()) request.technology = find_technology(arguments.technology);
  if (!arguments.layers.empty()) request.convs = CLI::detail::split(arguments.layers, ',');
  if (request.yosys.work.empty()) request.yosys.work = default_synthesis_folder();
  const LoadedDesign loaded = load_design(arguments.design);
  Log log(stderr);
  AdderGraphCache cache(AdderGraphCache::default_folder());
  run_stoppable(request.yosys, [&] {
    fmt::print("{}", comparison_text(compare_rtl(loaded.design, request, cache, synthesis_progress(log))));
  });
  return 0;
}

}  // namespace fixynn
