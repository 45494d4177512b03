// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <csignal>
#include <filesystem>
#include <vector>

#include "cli/program.h"
#include "config/load_config.h"
#include "core/files.h"
#include "report/run_report.h"
#include "train/run_training.h"

namespace fixynn {
namespace {

const ManualPage kManual = {
    .name = "fixynn-train",
    .summary = "trains MobileNetV1 with its first layers fixed, for every N asked",
    .synopsis = "fixynn-train CONFIG [OPTIONS]\n fixynn-train --print-schema",
    .description =
        "Transfer learning as configured in CONFIG: for each seed and each number N of fixed layers, the "
        "first N "
        "layers' weights are quantised once from the pretrained network and frozen; batch norms, the back "
        "end and "
        "the head are trained. Each finished network is lowered to integers, tested with them, and written "
        "to the "
        "run directory with its figures.\n\n"
        "The run directory holds config.yaml, run.yaml, status.json, metrics.jsonl, points.jsonl, log.txt, "
        "losses.jsonl, checkpoints/, networks/, evaluations/ and report.html. Ctrl-C, SIGTERM or a file "
        "control/stop.json "
        "in it "
        "stop the run at the next batch with a checkpoint; --resume goes on bit-identically. A second Ctrl-C "
        "ends it "
        "at once; the last checkpoint then counts.",
    .examples =
        "  fixynn-train configs/gtsr.yaml --set data.root=data/GTSRB\n"
        "  fixynn-train configs/gtsr.yaml --set data.root=data/GTSRB --resume\n"
        "  fixynn-train configs/cifar10.yaml --set fixed_layers='[0, 7]' --run-dir runs/two",
    .exit_status =
        " 0    done, or stopped by control/stop.json\n"
        " 1    the work failed; one sentence on standard error says why\n"
        " 2    the command line or the configuration is wrong\n"
        " 130  stopped by Ctrl-C, with a checkpoint\n"
        " 143  stopped by SIGTERM, with a checkpoint",
};

std::string join_arguments(int argc, char** argv) {
  std::string line;
  for (int i = 0; i < argc; ++i) {
    const std::string argument = argv[i];
    const bool plain =
        !argument.empty() && argument.find_first_of(" \t\n'\"$[]{}*?;&|<>()\\") == std::string::npos;
    line += (i == 0 ? "" : " ") + (plain ? argument : "'" + argument + "'");
  }
  return line;
}

struct Arguments {
  std::string config_path, run_directory;
  std::vector<std::string> overrides;
  EngineOptions engine;
  std::array<CLI::Option*, 4> engine_flags{};  ///< of device, threads, precision, convolutions
  bool resume = false, only_check = false, print_schema = false;
};

void add_options(CLI::App& app, Arguments& arguments) {
  app.add_option("CONFIG", arguments.config_path,
                 "Configuration file (YAML); docs/configuration.md lists the keys.");
  app.add_option("--run-dir", arguments.run_directory,
                 "Run directory; without it runs/NAME, NAME being the configuration's.")
      ->type_name("DIR");
  app.add_option("--set", arguments.overrides,
                 "Sets a key after reading CONFIG, train.epochs=3 for example; may be repeated.")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false)
      ->take_all();
  app.add_flag("--resume", arguments.resume,
               "Goes on with the run in the run directory: finished trainings are kept.");
  arguments.engine_flags = add_engine_options(app, arguments.engine);
  // Their defaults are the configuration's engine.device and so on.
  for (CLI::Option* flag : arguments.engine_flags) flag->default_str("");
  app.add_flag("--dry-run", arguments.only_check,
               "Checks everything, prints the layer table and the plan, writes nothing.");
  app.add_flag("--print-schema", arguments.print_schema,
               "Prints the JSON Schema of configuration files, for editors.");
}

/// The command line over the configuration.
void override_engine(const Arguments& arguments, EngineOptions& engine) {
  const auto& [device, threads, precision, convolutions] = arguments.engine_flags;
  if (device->count() > 0) engine.device = arguments.engine.device;
  if (threads->count() > 0) engine.threads = arguments.engine.threads;
  if (precision->count() > 0) engine.precision = arguments.engine.precision;
  if (convolutions->count() > 0) engine.convolutions = arguments.engine.convolutions;
}

int train(const RunRequest& request, const TrainServices& services) {
  // A file size limit then fails the write, with a sentence, like a full disk.
  std::signal(SIGXFSZ, SIG_IGN);
  int exit_code = 0;
  {
    Log log(stderr);
    const StopSignal signal;
    exit_code = run_training(request, services, signal, log);
  }
  const RunDirectory directory(request.run_directory);
  if (const std::vector<Point> points = directory.read_points(); !points.empty()) {
    fmt::print("\n{}", terminal_table(points, request.config.model.alpha, request.config.data.size));
  }
  fmt::print("\nreport: {}\n", directory.file("report.html").string());
  return exit_code;
}

int run(int argc, char** argv) {
  CLI::App app;
  set_manual(app, kManual);
  Arguments arguments;
  add_options(app, arguments);
  if (!parse_arguments(app, argc, argv)) return 0;
  if (arguments.print_schema) {
    fmt::print("{}\n", json_schema());
    return 0;
  }
  if (arguments.config_path.empty()) fail_usage("CONFIG is missing; see 'fixynn-train --help'");

  RunRequest request;
  request.config = load_config(arguments.config_path, arguments.overrides).config;
  override_engine(arguments, request.config.engine);
  request.run_directory = arguments.run_directory.empty()
                              ? std::filesystem::path("runs") / request.config.name
                              : std::filesystem::path(arguments.run_directory);
  request.resume = arguments.resume;
  request.command_line = join_arguments(argc, argv);
  request.on_results = [](const RunDirectory& directory) {
    write_file_atomic(directory.file("report.html"), render_run_report(directory));
  };
  const TrainServices services = default_services(request.config.engine);
  if (!arguments.only_check) return train(request, services);
  fmt::print("{}", dry_run(request, services));
  return 0;
}

}  // namespace
}  // namespace fixynn

int main(int argc, char** argv) {
  return fixynn::run_main(argc, argv, fixynn::run);
}
