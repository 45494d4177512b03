// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cost/ffe_cost.h"
#include "hardware/design.h"

namespace fixynn {

/// The two-parameter area law and the power law that reproduce the paper's hardware figures; they look at the
/// number of weights and layers alone, so `layers` has an entry a layer, with 0 bits and no energies (what a
/// layer costs an inference depends on the rate). Power is static, and neither rate nor latency has a limit.
/// Constants and how they were fitted: paper_model.cpp. Throws Error(kUsage) for layers outside 0..14.
FfeCost paper_ffe_cost(const MobileNet& network, int fixed_layers);

/// A row of Table 1 of the paper (Whatmough et al. 2018, arXiv 1812.01672), hardware columns at 3.0 mm2.
struct PaperRow {
  int fixed_layers;
  double fixed_ops_percent;
  std::optional<double> tops, relative_tops, tops_per_w, relative_tops_per_w;
};
std::span<const PaperRow> paper_table_1();
/// Section 3.3: 7 layers built, 4 used.
struct PaperEarlyTap {
  int built_layers, used_layers;
  double relative_tops, relative_tops_per_w;
};
PaperEarlyTap paper_early_tap();

/// DeepFreeze's two counting faults (github.com/ARM-software/DeepFreeze, model_ppa.py). On: as published.
struct DeepFreezeFaults {
  /// Published: a line buffer holds kernel height x kernel width x image width codes, whatever the channels,
  /// and 1x1 kernels have one too. Off: kernel height x image width x channels codes, none for 1x1 kernels,
  /// as DeepFreeze's own manual has it.
  bool line_buffer_forgets_channels = true;
  /// Published: operations are 2 x weights x *input* pixels, four times too many for stride 2. Off: output
  /// pixels. Areas and energies do not depend on it; deepfreeze_platform's TOPS do.
  bool strided_ops_count_four_times = true;
};

/// The published constants of DeepFreeze (16 nm, 810 MHz): area and power by (activation bits x weight bits)
/// of every nonzero weight, and by bit of line buffer and window register. `layers` has an entry a
/// convolution. All of the FFE draws its power while a frame passes (one input pixel a clock) and none
/// between frames; latency is absent. Batch norm is not counted. Throws Error(kUsage) for layers outside
/// 0..14, Error for a design without bits or codes.
FfeCost deepfreeze_ffe_cost(const HardwareDesign& design, int fixed_layers, const DeepFreezeFaults& faults);

/// What DeepFreeze itself says of FFE and NVDLA together. Its NVDLA is one size (3.3 mm2, 0.891 W, 4 TOPS:
/// peak figures) and comes on top of the FFE's area, so these figures do not compare with
/// evaluate_platform's.
struct DeepFreezePlatform {
  double area_mm2 = 0, tops = 0, tops_per_w = 0, power_w = 0;
};
/// `ffe` of deepfreeze_ffe_cost for `network`. Operations are the convolutions', head and batch norm left
/// out.
DeepFreezePlatform deepfreeze_platform(const MobileNet& network, const FfeCost& ffe,
                                       const DeepFreezeFaults& faults);

}  // namespace fixynn
