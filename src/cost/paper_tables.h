// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cost/platform.h"
#include "cost/published_models.h"

namespace fixynn {

/// One published figure beside the paper model's.
struct PaperComparison {
  std::string figure;  ///< "Table 1", "Section 3.3", "Figure 2"
  std::string what;    ///< "fixed operations", "throughput", "efficiency", "relative throughput", ...
  std::string unit;    ///< "%", "TOPS", "TOPS/W", "x", "mm2"
  int fixed_layers = 0, used_layers = 0;
  std::optional<double> published;         ///< absent: an empty cell of the paper
  std::optional<double> modelled;          ///< absent: infeasible
  std::optional<double> residual_percent;  ///< 100 x (modelled / published - 1)
  std::string note;                        ///< why a figure is absent or a residual is not one
};

/// The hardware columns of Table 1, the early tap and the crossing of Figure 2, for the paper's network
/// (MobileNetV1 0.25 at 224 pixels) at 3.0 mm2, in the paper's order. Relative figures are taken from exact
/// modelled figures; the paper's from its rounded ones.
std::vector<PaperComparison> compare_with_paper();

/// Largest |residual_percent| of the throughputs and efficiencies (relative ones left out) of Table 1.
double worst_table_1_residual_percent(const std::vector<PaperComparison>& rows);

}  // namespace fixynn
