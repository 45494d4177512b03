// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "calibrate/component_blocks.h"
#include "calibrate/gate_netlist.h"
#include "calibrate/golden_blocks.h"
#include "calibrate/yosys.h"
#include "hardware/technology.h"
#include "integer/integer_network.h"

namespace fixynn {

/// A block of adders and what enters it.
struct EnergyBlock {
  GoldenBlock block;
  std::string stimulus;                      ///< "smooth", "random", "image" or "made-up image"
  std::vector<std::vector<int64_t>> inputs;  ///< [input][cycle], within block.input
};

/// A requantiser (data/rtl/ffe_requantiser.v) and what enters it.
struct RequantiserStimulus {
  std::string name;
  RequantiserBlock block;
  int shift = 16;
  std::vector<Requantizer> parameters;             ///< one a channel
  std::vector<std::vector<int64_t>> accumulators;  ///< [channel][pixel]
};

/// Toggles of an adder graph's nodes in the bits that adders compute, between a cycle and the one before.
int64_t count_adder_bit_toggles(const AdderGraph& graph, Interval input,
                                std::span<const std::vector<int64_t>> inputs);

/// What one simulated block says.
struct EnergyBlockResult {
  std::string name, stimulus;
  AdderMapping mapping = AdderMapping::kGates;
  int64_t adder_bits = 0, adder_bit_toggles = 0, gate_toggles = 0, transitions = 0;
  double area_um2 = 0, leakage_nw = 0, energy_fj = 0;
  double error_percent = 0;  ///< of its mapping's law
  double activity() const;   ///< toggles of an adder bit per transition from one input to the next
  double gate_toggles_per_toggle() const;
  double energy_per_toggle_fj() const;
};

struct RequantiserEnergyResult {
  std::string name;
  int accumulator_bits = 0, channels = 0;
  double energy_fj = 0;              ///< a requantisation, without flip-flops
  double product_bit_energy_fj = 0;  ///< by acc_bits * multiplier_bits
};

/// energy = constant * adder-bit toggles, for one mapping.
struct EnergyLaw {
  double energy_fj = 0;  ///< by adder-bit toggle
  double low_fj = 0, high_fj = 0;
  double gate_toggles = 0;  ///< mean over blocks, by adder-bit toggle
  double mean_error_percent = 0, worst_error_percent = 0;
  std::optional<LawFit::LeftOut> left_out;  ///< errors of blocks that are left out of the fit
  int blocks = 0;
};

struct EnergyFit {
  std::vector<EnergyBlockResult> blocks;
  std::vector<RequantiserEnergyResult> requantisers;
  std::optional<EnergyLaw> gates, full_adders;
  std::map<std::string, Figure> figures;  ///< by key of technology_keys()
};

/// Inputs without a data set: every input of a random golden block is a slowly varying code, or, for the last
/// block, a random one. The same everywhere.
std::vector<EnergyBlock> synthetic_energy_blocks(std::span<const GoldenBlock> blocks, int cycles);
std::vector<RequantiserStimulus> synthetic_requantisers(int cycles);

/// conv1, depthwise and pointwise layers with the windows of `cycles` successive output pixels of `image`
/// ([S][S][3] u8), from the network's own integers. `network` needs its first seven convolutions in integers.
std::vector<EnergyBlock> image_energy_blocks(const IntegerNetwork& network, std::span<const uint8_t> image,
                                             AdderGraphCache& cache, int cycles);
std::vector<RequantiserStimulus> image_requantisers(const IntegerNetwork& network,
                                                    std::span<const uint8_t> image, int cycles);

/// Maps every block to gates and, where the library has a full-adder cell, to full adders, feeds gates and
/// adder graph with the same values, compares their results (throws a sentence where they differ), and fits
/// the energies of a technology. Figures that the library cannot give are left out. `threads` as ThreadPool.
EnergyFit calibrate_energy(const Synthesizer& synthesizer, std::span<const EnergyBlock> blocks,
                           std::span<const RequantiserStimulus> requantisers, int threads = 0);

/// What `fixynn-cost calibrate --energy` fits on.
struct EnergyRequest {
  /// Real layers and real codes where given; else random blocks and made-up streams.
  const IntegerNetwork* network = nullptr;
  std::vector<uint8_t> image;  ///< [S][S][3], S the network's input size; empty: smooth_image
  bool small = false;          ///< only blocks that Yosys maps in a few seconds
  int cycles = 512;            ///< of each block
  int threads = 0;
};
EnergyFit calibrate_energy(const Synthesizer& synthesizer, const EnergyRequest& request,
                           AdderGraphCache& cache);

/// Soft waves of light and colour, [size][size][3]: an image where there is none.
std::vector<uint8_t> smooth_image(int size);

/// Puts the figures of the fit into `technology`.
void merge_energy(Technology& technology, const EnergyFit& fit);

/// The fit as a table of text: a line a block, then the figures.
std::string energy_fit_text(const EnergyFit& fit);

}  // namespace fixynn
