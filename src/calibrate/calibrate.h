// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "calibrate/component_blocks.h"
#include "calibrate/golden_blocks.h"
#include "calibrate/law_fit.h"
#include "calibrate/synthesis_queue.h"
#include "calibrate/yosys.h"
#include "hardware/technology.h"

namespace fixynn {

/// Limits that a fit must keep, in percent: errors of the adder law over all golden blocks, of
/// requantisers and of whole layers.
struct CalibrationLimits {
  double mean_percent = 4, worst_percent = 10;
  double requantiser_percent = 10, layer_percent = 10;
};

struct CalibrationRequest {
  YosysOptions yosys;
  std::string name = "calibrated";      ///< of the technology
  std::vector<HardwareDesign> designs;  ///< of a network, at one or several widths; may be empty
  bool small = false;                   ///< only what takes seconds
  std::vector<std::string> blocks;      ///< golden blocks by name; empty: all
  bool full_adders = true;              ///< fit that mapping too, where the library has the cell
  bool layers = false;                  ///< synthesise whole layers of the first design
  int threads = 0;                      ///< Yosys runs at a time, as ThreadPool
  CalibrationLimits limits;
};

/// The area law of adders in one mapping, and two simpler forms on the same blocks.
struct AdderLaw {
  AdderMapping mapping = AdderMapping::kGates;
  std::vector<SynthesisResult> results;  ///< one a golden block
  /// area = constants[0] * adder bits + constants[1] * adders. The second one is negative: the lowest bit of
  /// an adder has no carry in, the highest none out, and bits beyond an unsigned operand only carry.
  LawFit fit;
  LawFit bits_only;   ///< area = constant * adder bits
  LawFit deepfreeze;  ///< area = constant * nonzero weights * activation bits * weight bits
};
AdderLaw fit_adders(AdderMapping mapping, std::span<const GoldenBlock> blocks,
                    std::vector<SynthesisResult> results);

/// A layer as one module against the calibrated model.
struct LayerCheck {
  std::string name;
  AdderMapping mapping = AdderMapping::kGates;
  SynthesisResult result;
  int64_t adder_bits = 0, register_bits = 0;
  double predicted_um2 = 0, error_percent = 0;
};

/// A layer as one module: window, adders, pipeline, requantisers; without its line buffer.
SynthesisJob layer_job(const ConvPlan& conv, AdderMapping mapping);

/// The model's area of convolution `index` of the plan, beside `result`, which layer_job gave.
LayerCheck check_layer(const HardwarePlan& plan, size_t index, Technology technology, AdderMapping mapping,
                       SynthesisResult result);

struct Calibration {
  std::vector<GoldenBlock> blocks;
  std::vector<AdderLaw> adders;  ///< gates, then full adders if asked for and there
  std::vector<RegisterBlock> register_blocks;
  std::vector<SynthesisResult> register_results;
  RegisterLaw registers;
  std::vector<RequantiserBlock> requantiser_blocks;
  std::vector<SynthesisResult> requantiser_results;
  RequantiserLaw requantisers;
  std::vector<LayerCheck> layers;
  Technology technology;
  std::vector<std::string> faults;  ///< limits that were passed, a sentence each
};

/// Synthesises the golden blocks, registers and requantisers (and layers), fits the laws and checks the
/// limits; faults are listed, not thrown. Figures that are not measured here (memories, energies, clock) are
/// unknown in `technology`. Throws Error for what Synthesizer refuses and for unknown blocks.
Calibration calibrate(const CalibrationRequest& request, AdderGraphCache& cache,
                      const SynthesisProgress& progress = {});

/// The limits alone: for results that are known.
std::vector<std::string> limit_faults(const Calibration& calibration, const CalibrationLimits& limits);

/// Tables for a person.
std::string calibration_text(const Calibration& calibration);

/// `base` with the figures that `measured` knows.
Technology merge_technology(Technology base, const Technology& measured);

}  // namespace fixynn
