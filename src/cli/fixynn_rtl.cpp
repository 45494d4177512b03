// SPDX-License-Identifier: Apache-2.0
#include "cli/program.h"
#include "cli/rtl_compare.h"
#include "export/parameters_command.h"
#include "export/rtl_command.h"

namespace fixynn {
namespace {

constexpr ChoiceNames<Fold, 3> kFolds = {
    {{"none", Fold::kNone}, {"burst", Fold::kBurst}, {"mean", Fold::kMean}}};
constexpr ChoiceNames<Simulator, 2> kSimulators = {
    {{"verilator", Simulator::kVerilator}, {"icarus", Simulator::kIcarus}}};

const ManualPage kManual = {
    .name = "fixynn-rtl",
    .summary = "Verilog of a network's fixed layers, proved bit for bit",
    .synopsis =
        "fixynn-rtl NETWORK --fixed-layers N --out DIR [OPTIONS] | fixynn-rtl parameters|compare OPTIONS",
    .description =
        "Writes the first N layers of NETWORK, an integer network that fixynn-train wrote "
        "(networks/fixed_NN.safetensors) or a run directory that holds one, as a fixed-weight feature "
        "extractor "
        "(FFE): weights become adders, batch norms stay programmable. DIR gets plain Verilog-2005 (rtl/), "
        "test "
        "benches for Verilator and Icarus Verilog (tb/), scripts, a register map, a README and "
        "manifest.json; "
        "equal inputs give equal bytes.\n\n"
        "An FFE takes a pixel a clock from an AXI4-Stream of RGB images and gives the codes of layer N, and "
        "with --tap those of an earlier layer too. Parameters are written over AXI4-Lite and take effect "
        "between frames.\n\n"
        "At every generation each adder graph is checked against its weights, and the netlist's counts "
        "against "
        "the hardware plan that fixynn-cost prices. --verify also lints the Verilog and simulates it on "
        "images, "
        "frames back to back and with random stalls, and compares every code that leaves a convolution with "
        "the integer executor's.\n\n"
        "DIR must be empty, not there yet, or an earlier package, whose files are replaced. Optimised adder "
        "graphs are kept in a cache that fixynn-cost shares.",
    .examples =
        "  fixynn-rtl runs/gtsr --fixed-layers 7 --out ffe\n"
        "  fixynn-rtl fixed_07.safetensors --fixed-layers 7 --tap 4 --out ffe \\\n"
        "      --verify data/GTSRB --images 10\n"
        "  fixynn-rtl fixed_04.safetensors --fixed-layers 2 --size 32 --out small \\\n"
        "      --verify sign.png --simulator icarus",
    .exit_status =
        " 0  done; with --verify: every value was equal\n"
        " 1  the work failed or values differed; one sentence on standard error says why\n"
        " 2  the command line is wrong, or asks for what cannot be built\n 128 + signal  stopped",
};

struct Arguments {
  RtlCommand command;
  std::optional<int> fixed_layers;
  std::string cache;
};

void add_options(CLI::App& app, Arguments& arguments) {
  RtlCommand& command = arguments.command;
  // Required, but not beside a subcommand: see build().
  app.add_option("NETWORK", command.network, "Network file or run directory.");
  app.add_option("--fixed-layers", arguments.fixed_layers, "Layers to build, from the input on.")
      ->type_name("N");
  app.add_option("--out", command.out, "Folder of the package.")->type_name("DIR");
  app.add_option("--size", command.size, "Input pixels a side; default: the network's.")->type_name("PX");
  app.add_option("--tap", command.rtl.tap_layer, "A second output after the first K layers; 0 = none.")
      ->type_name("K");
  app.add_option("--levels-per-stage", command.plan.levels_per_stage,
                 "Adder levels between pipeline registers; 0 = registers at outputs only.")
      ->check(CLI::Range(0, 64).description(""))
      ->capture_default_str()
      ->type_name("L");
  add_choice(app, "--fold", command.plan.fold, kFolds,
             "Channels share a requantiser: none, burst (no buffer needed) or mean (more, with a FIFO).");
  app.add_option("--verify", command.verify,
                 "Simulate: a data set's folder, a folder of images, or an image. Images are scaled to the "
                 "network's size as in evaluation.")
      ->type_name("IMAGES");
  app.add_option("--images", command.images, "At most so many of them.")
      ->check(CLI::Range(1, 100000).description(""))
      ->capture_default_str()
      ->type_name("COUNT");
  add_choice(app, "--simulator", command.simulator, kSimulators,
             "verilator, or icarus: hundreds of times slower, for small FFEs.");
  app.add_option("--cache", arguments.cache, "Folder of optimised adder graphs, or off.")->type_name("DIR");
  app.add_option("--threads", command.threads, "Threads of the optimiser; 0 = one for each processor.")
      ->check(CLI::Range(0, 1024).description(""))
      ->type_name("N");
  app.add_flag("--force", command.force, "Write into DIR beside whatever else it holds.");
}

int build(Arguments& arguments) {
  RtlCommand& command = arguments.command;
  if (command.network.empty()) fail_usage("NETWORK is missing; see 'fixynn-rtl --help'");
  if (!arguments.fixed_layers) fail_usage("--fixed-layers is missing; see 'fixynn-rtl --help'");
  if (command.out.empty()) fail_usage("--out is missing; see 'fixynn-rtl --help'");
  command.fixed_layers = *arguments.fixed_layers;
  command.cache =
      arguments.cache.empty() ? AdderGraphCache::default_folder() : std::filesystem::path(arguments.cache);
  if (arguments.cache == "off") command.cache.clear();
  const RtlOutcome outcome = run_rtl_command(command);
  if (outcome.stopped_by != 0) {
    fmt::print(stderr, "stopped; run it again to go on\n");
    return 128 + outcome.stopped_by;
  }
  fmt::print("{}", rtl_outcome_text(command, outcome));
  if (outcome.verify && outcome.verify->mismatches > 0) {
    fail("the simulation differs from the integer network: {}; please report this with the network file",
         outcome.verify->first_mismatch);
  }
  return 0;
}

struct ParameterArguments {
  std::filesystem::path network, package, out;
};

CLI::App* add_parameters(CLI::App& app, ParameterArguments& arguments) {
  CLI::App* command = app.add_subcommand("parameters");
  set_manual(
      *command,
      {.name = "parameters",
       .summary = "batch norms of another task for hardware that is there",
       .synopsis = "fixynn-rtl parameters NETWORK --for DIR --out FILE",
       .description =
           "Writes M and B of NETWORK, as addresses and data, for the package in DIR, which was made of "
           "a network with the same frozen weights and shifts; a layer in which they differ is named.",
       .examples = "  fixynn-rtl parameters runs/other --for ffe --out other.h\n"
                   "  fixynn-rtl parameters fixed_07.safetensors --for ffe --out other.hex"});
  command->add_option("NETWORK", arguments.network, "Network file or run directory.")->required();
  command->add_option("--for", arguments.package, "The package.")->type_name("DIR")->required();
  command
      ->add_option("--out", arguments.out,
                   "C header if the name ends in .h, otherwise lines as in parameters.hex.")
      ->type_name("FILE")
      ->required();
  return command;
}

int run_parameters(const ParameterArguments& arguments) {
  const size_t writes = run_parameters_command(arguments.network, arguments.package, arguments.out);
  fmt::print("{}: {} writes\n", arguments.out.string(), writes);
  return 0;
}

int run(int argc, char** argv) {
  CLI::App app;
  set_manual(app, kManual);
  Arguments arguments;
  add_options(app, arguments);
  RtlCompareArguments compare_arguments;
  const CLI::App* compare = add_rtl_compare(app, compare_arguments);
  ParameterArguments parameter_arguments;
  const CLI::App* parameters = add_parameters(app, parameter_arguments);
  app.require_subcommand(0, 1);
  if (!parse_arguments(app, argc, argv)) return 0;
  if (parameters->parsed()) return run_parameters(parameter_arguments);
  return compare->parsed() ? run_rtl_compare(compare_arguments) : build(arguments);
}

}  // namespace
}  // namespace fixynn

int main(int argc, char** argv) {
  return fixynn::run_main(argc, argv, fixynn::run);
}
