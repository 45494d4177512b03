// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "calibrate/full_adder.h"
#include "cost/calibrated_model.h"

namespace fixynn {

/// A piece of Verilog to be mapped to gates.
struct SynthesisJob {
  std::string name;     ///< for messages and file names
  std::string verilog;  ///< all modules
  std::string top;
  std::vector<std::pair<std::string, int64_t>> parameters;  ///< of the top module
  AdderMapping mapping = AdderMapping::kGates;
  /// kFullAdders: Yosys' pattern for the modules whose adders become full-adder cells.
  std::string full_adder_modules = "*";
  /// A Yosys techmap in Verilog that comes before all mapping; empty: none.
  std::string first_techmap;
  bool keep_netlist = false;  ///< also write the mapped netlist: SynthesisResult::netlist
};

struct SynthesisResult {
  double area_um2 = 0;  ///< sum of cell areas
  std::map<std::string, int64_t> cells;
  double seconds = 0;             ///< of the run that made it
  bool cached = false;            ///< taken from the work folder
  std::filesystem::path netlist;  ///< Yosys' JSON, for read_gate_netlist; empty without keep_netlist
};

struct YosysOptions {
  std::string yosys = "yosys";
  std::filesystem::path liberty;
  std::filesystem::path work;  ///< scripts, logs and results; made where it is not there
  int time_limit_s = 1200;     ///< of processor time, of Yosys and of ABC each
  /// Asked while Yosys works, from several threads; true: it is killed and Error thrown.
  std::function<bool()> stop = {};
};

/// Runs Yosys. Results are kept in the work folder under a hash of everything they depend on, so that a
/// second run is quick and a run cut off goes on where it was. May be used from several threads.
class Synthesizer {
 public:
  /// Throws one sentence when Yosys cannot be run or the library cannot be read.
  explicit Synthesizer(const YosysOptions& options);

  /// Throws Error when the library has no full-adder cell and the job asks for them, and for a failure or
  /// time-out of Yosys, with the last lines of its log.
  SynthesisResult run(const SynthesisJob& job) const;

  const std::string& version() const { return version_; }  ///< "Yosys 0.23"
  const LibertyLibrary& library() const { return library_; }
  const std::filesystem::path& liberty() const { return options_.liberty; }  ///< the library's file
  const std::optional<FullAdderCell>& full_adder() const { return full_adder_; }

 private:
  std::string script(const SynthesisJob& job, const std::string& stem) const;
  void execute(const SynthesisJob& job, const std::string& stem) const;

  YosysOptions options_;
  LibertyLibrary library_;
  std::string library_hash_, version_;
  std::optional<FullAdderCell> full_adder_;
};

/// Reads the output of Yosys' stat command. Throws Error, beginning with `what`, without an area or with
/// cells of unknown area (logic that the library cannot express).
SynthesisResult parse_stat(const std::string& log, const std::string& what);

}  // namespace fixynn
