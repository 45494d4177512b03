// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "study/cost_study.h"

namespace fixynn {

/// "paper", "calibrated", "deepfreeze".
std::string cost_model_name(CostModelKind kind);

/// Entry of `ffes` with the most fixed layers; its layers are the ones that outputs list.
size_t largest_ffe(const CostStudy& study);

/// For a terminal, at most 110 columns: a row a point, what is infeasible and why, what is modelled from
/// what, and in the paper's model the residuals against its Table 1. `layers`: also the layers of the largest
/// FFE and where its area and energy go.
std::string cost_table(const CostStudy& study, bool layers);

/// The layer tables of cost_table.
std::string layer_tables(const CostStudy& study);

/// One JSON object, as docs/cost.md describes; what is unknown is null.
std::string cost_json(const CostStudy& study);

/// A header and a row a point; with `layers` instead a row a layer of the largest FFE. Unknown cells are
/// empty.
std::string cost_csv(const CostStudy& study, bool layers);

}  // namespace fixynn
