// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "calibrate/boolean_function.h"

namespace fixynn {

/// A group of a Liberty file: NAME (ARGUMENTS) { attributes, groups }.
struct LibertyGroup {
  std::string name;
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::vector<std::string>>> attributes;  ///< simple: one value
  std::vector<LibertyGroup> groups;
  int line = 0;

  /// The first value of an attribute, or null. The last one counts where a name stands twice.
  const std::string* find(const std::string& attribute) const;
};

/// Energy of a transition against the load at the output, at the middle of the table's input transition
/// times.
struct EnergyCurve {
  std::vector<double> load_ff;  ///< rising; empty where the energy does not depend on it
  std::vector<double> energy_fj;
  /// Linear between the points, constant beyond them.
  double at(double load) const;
};

/// An internal_power group. Of an output: a transition of the output that `related_pin` caused. Of an input:
/// what a transition of this input costs where it changes no output. A file that gives tables for the supply
/// and for the ground rail has one entry for each; an event costs the sum over rails (liberty.cpp says why).
struct LibertyPower {
  std::string related_pin, when, rail;  ///< empty where not given
  EnergyCurve rise, fall;               ///< of this pin
};

struct LibertyPin {
  std::string name;
  bool is_output = false;
  double capacitance_ff = 0;  ///< of inputs
  std::string function;       ///< of outputs, Liberty's syntax; empty where not given
  std::vector<LibertyPower> power;
  bool is_clock = false;

  /// Energy inside the cell of one transition of this pin: mean of rise and fall and over the power groups,
  /// summed over rails; absent without tables.
  std::optional<double> transition_energy_fj(double load_ff) const;
};

/// What a flip-flop costs, the load at its output and its D input not counted.
struct FlipFlopEnergy {
  double clock_fj = 0;   ///< a rising and a falling clock edge that change nothing, the clock pin included
  double toggle_fj = 0;  ///< more than that when the stored value changes
};

struct LibertyCell {
  std::string name;
  double area_um2 = 0;
  std::vector<LibertyPin> pins;
  bool is_flip_flop = false;
  std::string state, inverted_state;  ///< of flip-flops: the ff group's variables
  std::string next_state, clocked_on;
  bool has_asynchronous_inputs = false;  ///< clear or preset
  std::optional<double> leakage_nw;

  const LibertyPin* find_pin(const std::string& name) const;
};

struct LibertyLibrary {
  std::string name;
  double voltage_v = 0;
  std::map<std::string, LibertyCell> cells;
};

/// Parses any Liberty text into its one top-level group; read_liberty picks what calibration needs, in the
/// units above, whatever the file's units are. Liberty has no unit of area; square micrometres are what
/// libraries use. Both throw one sentence naming the file, the line and the fault; a file cut off in the
/// middle is one.
LibertyGroup parse_liberty(const std::string& text, const std::string& what);
LibertyLibrary read_liberty(const std::filesystem::path& path);
LibertyLibrary library_from_group(const LibertyGroup& group, const std::string& what);

/// Absent where the cell is no flip-flop with one data input, or the library has no tables for it.
std::optional<FlipFlopEnergy> flip_flop_energy(const LibertyCell& cell, double voltage_v);

/// The function of each output pin for these input pins: bit k of the table is the output where input i is
/// bit i of k. At most 6 inputs. Throws a sentence for a function that cannot be read.
uint64_t truth_table(const LibertyPin& output, std::span<const std::string> inputs);

}  // namespace fixynn
