// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "plot/svg_plot.h"
#include "study/cost_study.h"

namespace fixynn {

/// Several areas: Figure 2 of the paper, throughput against efficiency, a series for each number of fixed
/// layers and a point for each area, with the rows of the paper's Table 1 beside them. One area: energy an
/// inference by number of fixed layers with the FFE's area at each point; FFE area where no energy is known.
PlotSpec cost_plot(const CostStudy& study);

/// Of throughput against efficiency with a line for each number of fixed layers, points in order of area:
/// sets which axes are logarithmic and which begin at 0, so that no line is crushed by another.
void choose_sweep_axes(PlotSpec& spec);

/// cost_plot as a file of its own.
std::string render_cost_plot(const CostStudy& study);

}  // namespace fixynn
