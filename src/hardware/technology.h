// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace fixynn {

/// Where a figure comes from. They are never mixed unmarked.
enum class FigureKind { kMeasured, kPublished, kDerived, kFitted };

/// A number with its evidence. An absent value is unknown and prints n/a.
struct Figure {
  std::optional<double> value;
  FigureKind kind = FigureKind::kDerived;
  std::string source;               ///< how it was got, or the publication
  std::optional<double> low, high;  ///< range that it may lie in, where known
};

/// The constants of the calibrated cost model for one process and library. Areas are sums of cell areas: no
/// placement, no routing, no timing.
struct Technology {
  std::string name;     ///< "asap7", the name of --technology
  std::string summary;  ///< one line: process, voltage, library, tool

  // Area.
  Figure adder_bit_area_um2;       ///< an adder bit mapped to gates
  Figure full_adder_bit_area_um2;  ///< an adder bit mapped to full-adder cells
  Figure adder_area_um2;       ///< per adder, beside its bits, mapped to gates; negative, because the ends of
                               ///< a carry chain are less than full adders; absent: 0
  Figure full_adder_area_um2;  ///< the same, mapped to full-adder cells
  Figure register_bit_area_um2;             ///< a flip-flop and what belongs to it
  Figure enable_bit_area_um2;               ///< what a load enable adds to a flip-flop
  Figure sram_bit_area_um2;                 ///< with its share of the periphery
  Figure requantiser_product_bit_area_um2;  ///< of acc_bits * multiplier_bits, per multiplier
  Figure requantiser_unit_area_um2;         ///< per multiplier, beside the above; may be negative
  Figure requantiser_select_bit_area_um2;   ///< per channel that shares a multiplier and bit selected
                                            ///< (accumulator, M and B)
  Figure mask_bit_area_um2;                 ///< a window bit that padding can hide: an AND; absent: as a
                                            ///< selected bit

  // Energy of one event; zero-delay toggles, no glitches.
  Figure adder_bit_toggle_energy_fj;         ///< a toggle of an adder bit with the gates behind it
  Figure full_adder_bit_toggle_energy_fj;    ///< the same, mapped to full-adder cells
  Figure adder_bit_activity;                 ///< toggles of an adder bit per evaluation on natural images
  Figure register_bit_clock_energy_fj;       ///< a clock edge pair at one flip-flop
  Figure register_bit_toggle_energy_fj;      ///< a change of its value
  Figure requantiser_product_bit_energy_fj;  ///< a requantisation, per acc_bits * multiplier_bits, by a
                                             ///< multiplier of one channel
  /// The same by a multiplier that channels share: its operands are another channel's in every clock, and
  /// there are selectors in front of it.
  Figure shared_requantiser_product_bit_energy_fj;
  Figure sram_bit_access_energy_fj;  ///< one bit read or written
  Figure leakage_nw_per_um2;

  // Operation.
  Figure clock_mhz;
  Figure dram_energy_pj_per_byte;
};

/// Clocks that this program takes, from a technology or a command line.
constexpr double kLeastClockMhz = 1, kMostClockMhz = 100'000;

/// Why a clock cannot be, with the remedy; empty where it can.
std::string clock_fault(double clock_mhz);

/// A figure with its key, for reading, writing and listing them all.
struct TechnologyKey {
  const char* key;
  const char* unit;
  Figure Technology::*figure;
};
const std::vector<TechnologyKey>& technology_keys();

/// "measured", "published", "derived", "fitted".
std::string figure_kind_name(FigureKind kind);

/// Strict JSON: {"name", "summary", "figures": {KEY: {"value", "unit", "kind", "source", "low", "high"}}}.
/// Every key once, "value" may be null; throws one sentence naming file, key and remedy for anything else.
Technology read_technology(const std::filesystem::path& path);
Technology parse_technology(const std::string& json, const std::string& what);
std::string technology_json(const Technology& technology);

/// Those that come with the program (data/technology/*.json, compiled in), by name.
std::vector<std::string> technology_names();

/// One that comes with the program, or a file where the name ends with .json. Throws Error(kUsage) naming the
/// known ones.
Technology find_technology(const std::string& name_or_path);

}  // namespace fixynn
