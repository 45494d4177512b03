// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "rtl/package.h"
#include "rtl/testbench.h"

namespace fixynn {

/// What fixynn-rtl is asked for.
struct RtlCommand {
  std::filesystem::path network;  ///< network or run directory
  std::filesystem::path out;      ///< folder of the package
  int fixed_layers = 0;
  std::optional<int> size;  ///< input pixels; absent: the network's
  RtlOptions rtl;
  PlanOptions plan;
  std::filesystem::path cache;   ///< folder of optimised graphs; empty: memory only
  std::filesystem::path verify;  ///< images to simulate; empty: no simulation
  int images = 10;               ///< of them
  Simulator simulator = Simulator::kVerilator;
  int threads = 0;
  bool force = false;
};

/// What it did. Seconds of steps that were not done are 0.
struct RtlOutcome {
  int stopped_by = 0;  ///< a signal's number; the package may then be incomplete
  FfeRtl ffe;
  size_t files = 0;
  double optimise_s = 0, lint_s = 0;
  std::optional<VerifyReport> verify;
};

/// Loads, plans, builds, writes, and with images lints and simulates. Progress goes to standard error. Faults
/// of the request are found before the adder graphs are optimised. Throws one sentence for each.
RtlOutcome run_rtl_command(const RtlCommand& command);

/// The result in some lines, for standard output.
std::string rtl_outcome_text(const RtlCommand& command, const RtlOutcome& outcome);

}  // namespace fixynn
