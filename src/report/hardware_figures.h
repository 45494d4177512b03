// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "plot/svg_plot.h"
#include "report/trade_off.h"

namespace fixynn {

/// Figure 2 of the paper by one model: throughput against efficiency, a colour a number of fixed layers, a
/// point an area; the report's area and the published points of 3.0 mm2 stand out.
PlotSpec figure_2_plot(const ModelFigures& figures, double area_mm2);

/// Figure 2's message in a sentence: from which area on fixing layers pays.
std::string crossing_sentence(const ModelFigures& figures);

/// Accuracy against energy of one data set over all designs, with the Pareto front and the line one point
/// below N = 0.
PlotSpec accuracy_energy_plot(const HardwareReport& report, const std::string& dataset);

/// Points of accuracy lost against energy, all data sets and designs, with the 1 point line.
PlotSpec drop_energy_plot(const HardwareReport& report);

/// All data sets of all designs, in order.
std::vector<std::string> datasets_of(const HardwareReport& report);

/// Every plot of the report: the name of its file without ".svg", and the plot.
std::vector<std::pair<std::string, PlotSpec>> report_plots(const HardwareReport& report);

/// Part of a file's name for a design: "", or "_w8a8_224_2" when the report has several.
std::string design_suffix(const HardwareReport& report, size_t design);

}  // namespace fixynn
