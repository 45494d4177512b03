// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace fixynn {

/// A group of a Liberty file: NAME (ARGUMENTS) { attributes, groups }.
struct LibertyGroup {
  std::string name;
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::vector<std::string>>> attributes;  ///< simple: one value
  std::vector<LibertyGroup> groups;
  int line = 0;
};

struct LibertyPin {
  std::string name;
  bool is_output = false;
  double capacitance_ff = 0;  ///< of inputs
  std::string function;       ///< of outputs, Liberty's syntax; empty for sequential ones
  /// Energy of one output transition in fJ, mean of rise and fall over the related pins, at the middle of the
  /// tables; absent without power tables.
  std::optional<double> transition_energy_fj;
  bool is_clock = false;
};

struct LibertyCell {
  std::string name;
  double area_um2 = 0;
  std::vector<LibertyPin> pins;
  bool is_flip_flop = false;
  std::string next_state;  ///< of flip-flops
  std::optional<double> leakage_nw;
  std::optional<double> clock_energy_fj;  ///< of flip-flops: a rising and a falling clock edge
};

struct LibertyLibrary {
  std::string name;
  double voltage_v = 0;
  std::map<std::string, LibertyCell> cells;
};

/// Parses any Liberty text into groups; read_liberty picks what calibration needs, in the units above,
/// whatever the file's units are. Throw one sentence naming the file, the line and the fault; a file cut off
/// in the middle is one.
LibertyGroup parse_liberty(const std::string& text, const std::string& what);
LibertyLibrary read_liberty(const std::filesystem::path& path);

}  // namespace fixynn
