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
/// number of weights and layers alone. Constants and how they were fitted: paper_model.cpp.
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

/// DeepFreeze's two counting faults. On: as published.
struct DeepFreezeFaults {
  bool line_buffer_forgets_channels = true;
  bool strided_ops_count_four_times = true;
};

/// The published constants of DeepFreeze (16 nm, 810 MHz): area and power by (activation bits x weight bits)
/// of every nonzero weight, and by bit of line buffer.
FfeCost deepfreeze_ffe_cost(const HardwareDesign& design, int fixed_layers, const DeepFreezeFaults& faults);

}  // namespace fixynn
