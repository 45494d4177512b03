// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "cost/ffe_cost.h"
#include "hardware/hardware_plan.h"
#include "hardware/technology.h"

namespace fixynn {

/// How a synthesis tool maps adders: to gates (Yosys by itself) or to full-adder cells (commercial tools, and
/// Yosys with a techmap).
enum class AdderMapping { kGates, kFullAdders };

struct CalibratedOptions {
  AdderMapping mapping = AdderMapping::kFullAdders;
  /// Registers are clocked only when a pixel arrives. Without it every flip-flop sees every clock.
  bool clock_gating = true;
  /// A second output behind this layer, whose latency is then the FFE's; 0: none. Less than are fixed.
  int tap_layer = 0;
};

/// Toggles counted on images, one entry a convolution: means over the images.
struct ConvActivity {
  double adder_bit_toggles = 0;     ///< an inference
  double pipeline_bit_toggles = 0;  ///< an inference: of pipeline and hold registers
  double window_bit_toggles = 0;    ///< an inference: of windows and the pixel in front
  double output_bit_toggles = 0;    ///< an inference: of the codes that leave
};

/// Area and energy of a plan in one technology. `activity`: from measure_activity, or empty: the technology's
/// mean activity. Throws Error, naming the key, where the technology lacks a figure that an area needs; where
/// it lacks one that an energy needs, energies are absent.
FfeCost calibrated_ffe_cost(const HardwarePlan& plan, const Technology& technology,
                            const CalibratedOptions& options, const std::vector<ConvActivity>& activity = {});

}  // namespace fixynn
