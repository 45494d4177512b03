// SPDX-License-Identifier: Apache-2.0
#include "export/rtl_command.h"

#include <cstdlib>
#include <iterator>

#include "core/child_process.h"
#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "core/stop_signal.h"
#include "core/text.h"
#include "export/ffe_network.h"
#include "export/package_folder.h"
#include "export/step_line.h"
#include "export/verify_images.h"
#include "rtl/documents.h"

namespace fixynn {
namespace {

namespace fs = std::filesystem;

const char* simulator_name(Simulator simulator) {
  return simulator == Simulator::kVerilator ? "Verilator" : "Icarus Verilog";
}

void check_simulator(const RtlCommand& command) {
  if (command.verify.empty()) return;
  const std::string missing = what_simulator_lacks(command.simulator);
  if (!missing.empty()) fail_usage("--verify: {}", missing);
}

void check_tap(const RtlCommand& command) {
  const int tap = command.rtl.tap_layer;
  if (tap == 0 || (tap > 0 && tap < command.fixed_layers)) return;
  if (command.fixed_layers == 1) {
    fail_usage("--tap {}: one layer is fixed, and a tap comes before the last; leave it out", tap);
  }
  fail_usage("--tap {}: {} layers are fixed, and a tap comes before the last; give 1..{}", tap,
             command.fixed_layers, command.fixed_layers - 1);
}

/// Thrown inside, when a signal came.
struct Stopped {};

class Run {
 public:
  explicit Run(const RtlCommand& command) : command_(command), log_(stderr) {}

  RtlOutcome run() {
    check_tap(command_);
    check_simulator(command_);
    network_ = load_ffe_network(command_.network, command_.fixed_layers, command_.size);
    check_package_folder(command_.out, command_.force);
    if (!command_.verify.empty()) {
      images_ = verify_images(command_.verify, command_.images, network_.network.network.input_size);
    }
    try {
      optimise();
      build();
      if (!command_.verify.empty()) {
        lint();
        simulate();
      }
    } catch (const Stopped&) {
      outcome_.stopped_by = signal_.received();
    }
    return std::move(outcome_);
  }

 private:
  void optimise() {
    AdderGraphCache cache(command_.cache);
    StepLine line(log_, signal_, "optimising adder graphs");
    try {
      plan_ = plan_hardware(network_.design, command_.fixed_layers, command_.plan, cache, command_.threads,
                            [&](int done, int total) {
                              line.set_detail(fmt::format("{} of {} convolutions", done, total));
                              return signal_.received() == 0;
                            });
    } catch (const Error&) {
      if (signal_.received() == 0) throw;
    }
    if (signal_.received() != 0) throw Stopped{};
    outcome_.optimise_s = line.done();
  }

  void build() {
    StepLine line(log_, signal_, "writing " + command_.out.string());
    outcome_.ffe = build_ffe(network_.network, plan_, command_.rtl);
    files_ = verilog_files(outcome_.ffe);
    add_files(testbench_files(outcome_.ffe));
    if (!images_.empty()) add_files(vector_files(outcome_.ffe, network_.network, images_));
    const std::string& name = outcome_.ffe.network_name;
    ParameterFiles parameters =
        parameter_files(parameter_map(outcome_.ffe), network_.network, {name, c_prefix(name)});
    add_files({std::move(parameters.hex), std::move(parameters.header)});
    add_files(document_files(outcome_.ffe, !images_.empty()));
    files_.push_back({"manifest.json", manifest_json(outcome_.ffe, files_, {})});
    outcome_.files = files_.size();
    if (signal_.received() != 0) throw Stopped{};
    write_package(command_.out, files_);
    line.done();
  }

  void add_files(std::vector<RtlFile> files) {
    files_.insert(files_.end(), std::make_move_iterator(files.begin()), std::make_move_iterator(files.end()));
  }

  /// Any word of the simulator about the design is a fault of this program.
  void lint() {
    std::vector<std::string> words =
        command_.simulator == Simulator::kVerilator
            ? std::vector<std::string>{"verilator",      "--lint-only",  "-Wall",
                                       "--unroll-count", "1024",         "--unroll-stmts",
                                       "1000000",        "--top-module", "ffe_top"}
            : std::vector<std::string>{"iverilog", "-g2005", "-Wall", "-Wno-timescale",
                                       "-t",       "null",   "-s",    "ffe_top"};
    for (const RtlFile& file : files_) {
      if (file.path.starts_with("rtl/")) words.push_back(file.path);
    }
    create_folders(command_.out / "build");
    const fs::path log = fs::absolute(command_.out) / "build" / "lint.log";
    StepLine line(log_, signal_, fmt::format("lint by {}", simulator_name(command_.simulator)));
    const ChildResult result = run_child({.words = words, .folder = command_.out, .log = log, .stop = [this] {
                                            return signal_.received() != 0;
                                          }});
    if (signal_.received() != 0) throw Stopped{};
    if (!result.succeeded() || !read_text_file(log).empty()) {
      fail("{} has objections to the Verilog, see {}; please report this with the network file",
           simulator_name(command_.simulator), log.string());
    }
    outcome_.lint_s = line.done();
  }

  void simulate() {
    std::optional<StepLine> line;
    line.emplace(log_, signal_,
                 fmt::format("building the simulation by {}", simulator_name(command_.simulator)));
    const SimulationOptions options{
        .stop = [this] { return signal_.received() != 0; },
        .built =
            [&] {
              line->done();
              line.emplace(log_, signal_,
                           "simulating " + format_plural(static_cast<int64_t>(images_.size()), "image"));
            }};
    try {
      outcome_.verify = run_simulation(command_.out, command_.simulator, options);
    } catch (const Error&) {
      if (signal_.received() == 0) throw;
      throw Stopped{};
    }
    line->done();
    files_.pop_back();
    write_file_atomic(command_.out / "manifest.json", manifest_json(outcome_.ffe, files_, outcome_.verify));
  }

  const RtlCommand& command_;
  Log log_;
  StopSignal signal_;
  FfeNetwork network_;
  std::vector<std::vector<uint8_t>> images_;
  HardwarePlan plan_;
  std::vector<RtlFile> files_;
  RtlOutcome outcome_;
};

}  // namespace

RtlOutcome run_rtl_command(const RtlCommand& command) {
  return Run(command).run();
}

std::string rtl_outcome_text(const RtlCommand& command, const RtlOutcome& outcome) {
  const FfeRtl& ffe = outcome.ffe;
  const HardwarePlan& plan = ffe.plan;
  const RtlCounts& counts = ffe.counts;
  const Conv& last = plan.convs.back().conv;
  std::string text =
      fmt::format("{}: {} of {}, {} x {} pixels to {} x {} x {}, in {}\n", command.out.string(),
                  format_plural(plan.fixed_layers, "layer"), printable(ffe.network_name, 80),
                  plan.network.input_size, plan.network.input_size, last.out_size, last.out_size,
                  last.out_channels, format_plural(static_cast<int64_t>(outcome.files), "file"));
  text +=
      fmt::format("  adders           {} of {} bits\n  multipliers      {}\n", format_count(counts.adders),
                  format_count(counts.adder_bits), format_count(counts.multipliers));
  text +=
      fmt::format("  registers        {} bits as written, before optimisation\n  memories         {} bits\n",
                  format_count(counts.register_bits), format_count(counts.memory_bits));
  text += fmt::format("  frame            {} clocks\n  first output     after {} clocks\n",
                      format_count(plan.frame_cycles()), format_count(plan.latency_cycles() + kOutputCycles));
  if (!outcome.verify) return text;
  const VerifyReport& verify = *outcome.verify;
  text += fmt::format(
      "  verified         {} values, {} passes over {} (one with other parameters): {}\n"
      "  simulator        {}\n",
      format_count(verify.values_compared), kSimulationPasses, format_plural(verify.frames, "frame"),
      verify.mismatches == 0 ? "all equal" : format_count(verify.mismatches) + " wrong",
      printable(verify.simulator_version, 60));
  text += fmt::format("  seconds          optimise {:.1f}, lint {:.1f}, build {:.1f}, simulate {:.1f}\n",
                      outcome.optimise_s, outcome.lint_s, verify.build_s, verify.simulate_s);
  return text;
}

}  // namespace fixynn
