// SPDX-License-Identifier: Apache-2.0
#include "cli/program.h"
#include "cli/rtl_compare.h"
#include "cli/rtl_parameters.h"
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
             "verilator (fast, after some 20 seconds of building) or icarus (hundreds of times slower, but "
             "done sooner for a small FFE: 2 layers at 32 pixels, an image).");
  app.add_option("--cache", arguments.cache, "Folder of optimised adder graphs, or off.")->type_name("DIR");
  app.add_option("--threads", command.threads, "Threads of the optimiser; 0 = one for each processor.")
      ->check(CLI::Range(0, 1024).description(""))
      ->type_name("N");
  app.add_flag("--force", command.force, "Write into DIR beside whatever else it holds.");
}

/// Throws Error(kUsage) where an option was given that only a simulation heeds.
void check_simulation_options(const CLI::App& app, const RtlCommand& command) {
  for (const std::string& name : given_options(app)) {
    if (command.verify.empty() && (name == "--simulator" || name == "--images"))
      fail_usage("{} changes nothing without --verify; leave it out, or give --verify IMAGES", name);
  }
}

/// What a signal leaves for the next run.
std::string stopped_text(const RtlCommand& command) {
  if (command.cache.empty()) return "stopped; there is no cache, so that the next run starts anew";
  return "stopped; adder graphs that are done are kept, all else starts anew in the next run";
}

int build(const CLI::App& app, Arguments& arguments) {
  RtlCommand& command = arguments.command;
  check_simulation_options(app, command);
  if (command.network.empty()) fail_usage("NETWORK is missing; see 'fixynn-rtl --help'");
  if (!arguments.fixed_layers) fail_usage("--fixed-layers is missing; see 'fixynn-rtl --help'");
  if (command.out.empty()) fail_usage("--out is missing; see 'fixynn-rtl --help'");
  command.fixed_layers = *arguments.fixed_layers;
  command.cache =
      arguments.cache.empty() ? AdderGraphCache::default_folder() : std::filesystem::path(arguments.cache);
  if (arguments.cache == "off") command.cache.clear();
  const RtlOutcome outcome = run_rtl_command(command);
  if (outcome.stopped_by != 0) {
    fmt::print(stderr, "{}\n", stopped_text(command));
    return 128 + outcome.stopped_by;
  }
  fmt::print("{}", rtl_outcome_text(command, outcome));
  if (outcome.verify && outcome.verify->mismatches > 0) {
    fail("the simulation differs from the integer network: {}; please report this with the network file",
         outcome.verify->first_mismatch);
  }
  return 0;
}

/// Throws Error(kUsage) for a slip in a subcommand's name, which would otherwise be taken for NETWORK.
void check_first_word(const CLI::App& app, int argc, char** argv) {
  std::error_code ignored;
  if (argc < 2 || std::filesystem::exists(argv[1], ignored)) return;
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  const std::string near = nearest_name(argv[1], names);
  if (near.empty() || near == argv[1]) return;
  fail_usage("{}: there is neither such a network nor such a command; did you mean 'fixynn-rtl {}'?",
             printable(argv[1]), near);
}

int run(int argc, char** argv) {
  CLI::App app;
  set_manual(app, kManual);
  Arguments arguments;
  add_options(app, arguments);
  RtlCompareArguments compare_arguments;
  const CLI::App* compare = add_rtl_compare(app, compare_arguments);
  ParametersCommand parameters_command;
  const CLI::App* parameters = add_rtl_parameters(app, parameters_command);
  app.require_subcommand(0, 1);
  check_first_word(app, argc, argv);
  if (!parse_arguments(app, argc, argv)) return 0;
  if (parameters->parsed()) return run_rtl_parameters(*parameters, parameters_command);
  return compare->parsed() ? run_rtl_compare(compare_arguments) : build(app, arguments);
}

}  // namespace
}  // namespace fixynn

int main(int argc, char** argv) {
  return fixynn::run_main(argc, argv, fixynn::run);
}
