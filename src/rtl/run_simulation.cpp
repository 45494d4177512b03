// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cctype>
#include <cstdlib>
#include <sstream>

#include "core/child_process.h"
#include "core/error.h"
#include "core/files.h"
#include "core/text.h"
#include "rtl/testbench.h"

namespace fixynn {
namespace {

namespace fs = std::filesystem;

struct Tool {
  const char* program;
  const char* package;            ///< Debian's
  const char* instead = program;  ///< does as well
};

/// The simulator, which tells its version, comes first. Verilator's programs are C++ that make builds.
std::vector<Tool> tools(Simulator simulator) {
  if (simulator == Simulator::kIcarus) return {{"iverilog", "iverilog"}, {"vvp", "iverilog"}};
  return {{"verilator", "verilator"}, {"make", "make"}, {"g++", "g++", "clang++"}};
}

bool is_installed(const std::string& program) {
  const char* path = std::getenv("PATH");
  return !find_program(program, path == nullptr ? "" : path).empty();
}

class Simulation {
 public:
  Simulation(const fs::path& package, Simulator simulator, const SimulationOptions& options)
      : package_(fs::absolute(package)), build_(package_ / "build"), options_(options) {
    report_.simulator = simulator;
  }

  VerifyReport run() {
    create_folders(build_);
    check_tools();
    if (report_.simulator == Simulator::kVerilator) {
      report_.build_s = step("Verilator", {"verilator", "-f", "tb/verilator.f"}, "verilator.log");
      report_.build_s += step("the compiler of the simulation",
                              {"make", "-C", "build", "-f", "Vffe_tb.mk", "-j", "2", "OPT_FAST=-O1",
                               "OPT_SLOW=-O0", "OPT_GLOBAL=-O1", "Vffe_tb"},
                              "make.log");
      passes({"build/Vffe_tb"});
    } else {
      report_.build_s =
          step("Icarus Verilog",
               {"iverilog", "-g2005", "-s", "ffe_bench", "-o", "build/ffe_bench.vvp", "-c", "tb/icarus.f"},
               "iverilog.log");
      passes({"vvp", "-n", "build/ffe_bench.vvp"});
    }
    return report_;
  }

 private:
  void check_tools() {
    const std::string missing = what_simulator_lacks(report_.simulator);
    if (!missing.empty()) fail("{}", missing);
    const bool verilator = report_.simulator == Simulator::kVerilator;
    const char* program = tools(report_.simulator).front().program;
    step(program, {program, verilator ? "--version" : "-V"}, "version.log");
    const std::string text = read_text_file(build_ / "version.log");
    report_.simulator_version = printable(text.substr(0, text.find('\n')), 100);
  }

  ChildResult child(const std::string& what, const std::vector<std::string>& words, const std::string& log) {
    const ChildResult result = run_child({.words = words,
                                          .folder = package_,
                                          .log = build_ / log,
                                          .limit_s = options_.time_limit_s,
                                          .stop = options_.stop});
    if (result.end == ChildResult::End::kStopped) fail("the simulation was stopped");
    if (result.end == ChildResult::End::kTimedOut) {
      fail("{} took longer than {} in {}; use fewer layers, a smaller size or fewer images", what,
           format_duration(options_.time_limit_s), package_.string());
    }
    return result;
  }

  /// Runs a program that must succeed; its seconds.
  double step(const std::string& what, const std::vector<std::string>& words, const std::string& log) {
    const ChildResult result = child(what, words, log);
    if (!result.succeeded()) {
      fail("{} failed with {} {}; its log {} ends with: {}", what,
           result.end == ChildResult::End::kKilled ? "signal" : "status", result.status,
           (build_ / log).string(), last_line(build_ / log));
    }
    return result.seconds;
  }

  static std::string last_line(const fs::path& log) {
    std::istringstream lines(read_text_file(log));
    std::string last = "nothing";
    for (std::string line; std::getline(lines, line);) {
      if (!line.empty()) last = line;
    }
    return printable(last, 200);
  }

  void passes(std::vector<std::string> words) {
    if (options_.built) options_.built();
    pass(words, true);
    words.emplace_back("+gaps=1");
    pass(words, false);
  }

  /// Runs the bench once and adds what it found.
  void pass(const std::vector<std::string>& words, bool full_rate) {
    const std::string log = full_rate ? "simulation.log" : "simulation_gaps.log";
    const ChildResult result = child("the simulation", words, log);
    const std::optional<BenchResult> bench = parse_bench_output(read_text_file(build_ / log));
    if (!bench) {
      fail("the simulation ended with {} {} and without a result; its log {} ends with: {}",
           result.end == ChildResult::End::kKilled ? "signal" : "status", result.status,
           (build_ / log).string(), last_line(build_ / log));
    }
    report_.simulate_s += result.seconds;
    report_.values_compared += bench->values;
    report_.mismatches += bench->mismatches;
    if (!bench->pass && bench->mismatches == 0) ++report_.mismatches;  // it hangs
    if (report_.first_mismatch.empty() && !bench->pass) {
      report_.first_mismatch = (full_rate ? "" : "with gaps: ") + printable(bench->first_fault, 200);
    }
    if (!full_rate) return;
    report_.frames = static_cast<int>(bench->frames);
    report_.images = report_.frames - 1;
    report_.cycles = bench->cycles;
    report_.first_output_cycles = bench->first_output;
    if (bench->interval > 0) report_.frame_interval_cycles = bench->interval;
  }

  fs::path package_, build_;
  const SimulationOptions& options_;
  VerifyReport report_;
};

}  // namespace

std::string what_simulator_lacks(Simulator simulator) {
  const bool verilator = simulator == Simulator::kVerilator;
  for (const Tool& tool : tools(simulator)) {
    if (is_installed(tool.program) || is_installed(tool.instead)) continue;
    const std::string user =
        tool.program == std::string(tools(simulator).front().program)
            ? ""
            : fmt::format(", which {} needs,", verilator ? "Verilator" : "Icarus Verilog");
    return fmt::format("{}{} is not installed (Debian: apt install {}); or use --simulator {}", tool.program,
                       user, tool.package, verilator ? "icarus" : "verilator");
  }
  return "";
}

std::optional<BenchResult> parse_bench_output(const std::string& text) {
  BenchResult result;
  bool found = false;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (result.first_fault.empty() && (line.starts_with("MISMATCH ") || line.starts_with("ERROR ")))
      result.first_fault = line;
    if (!line.starts_with("RESULT ")) continue;
    std::istringstream words(line);
    std::string word;
    words >> word >> word;
    found = word == "pass" || word == "fail";
    result.pass = word == "pass";
    while (words >> word) {
      const size_t equals = word.find('=');
      if (equals == std::string::npos) return std::nullopt;
      const std::string key = word.substr(0, equals);
      for (const auto& [name, value] :
           {std::pair{"frames", &result.frames}, std::pair{"values", &result.values},
            std::pair{"mismatches", &result.mismatches}, std::pair{"cycles", &result.cycles},
            std::pair{"first_output", &result.first_output}, std::pair{"interval", &result.interval}}) {
        if (key == name) *value = std::atoll(word.c_str() + equals + 1);
      }
    }
  }
  return found ? std::optional(result) : std::nullopt;
}

VerifyReport run_simulation(const fs::path& package, Simulator simulator, const SimulationOptions& options) {
  return Simulation(package, simulator, options).run();
}

}  // namespace fixynn
