// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gui/model/session.h"
#include "plot/plot_spec.h"
#include "plot/plot_view.h"

namespace fixynn::gui {

// From the session's state to what plots show: pure functions, the same for the screen, SVG and CSV.

/// The key of a tab's plot in Settings::views and SetView, and the name of its file: "trade_off", ...
std::string plot_id(Tab tab);

/// What a point of a plot stands for, so that clicking it selects it. Published points stand for nothing.
struct PlotTarget {
  int run = 0;  ///< 0: no measured point; a design with these layers
  int fixed_layers = 0;
  std::optional<double> area_mm2{};  ///< where the plot is over areas
};

/// AdoptPoint for a measured one, else SetFixedLayers and SetArea, which change the design alone.
Actions actions_of(const PlotTarget& target);

struct PlotModel {
  PlotSpec spec;
  std::vector<std::vector<std::optional<PlotTarget>>> targets;  ///< [series][point]
  std::vector<PlotPointRef> selected;                           ///< the design's own points
  std::optional<double> cursor;                                 ///< the shared area, on axes of area
  std::vector<std::string> notes;  ///< what is missing or modelled: a line under the plot each
};

/// Accuracy or drop against energy, efficiency or FFE area: the shown runs with error bars over seeds, the
/// design as it is edited (hollow), the Pareto front, the line of 1 percentage point, the paper's points.
PlotModel trade_off_plot(const Session& session);
/// Figure 2: throughput against efficiency by area, a line for each N.
PlotModel area_sweep_plot(const Session& session);
/// Loss or accuracy of the shown runs' trainings.
PlotModel training_plot(const Session& session);
/// What the layers of the FFE cost, or what their weights are.
BarSpec layers_bars(const Session& session);

/// The plot of a tab as a file: as it is looked at, in light colours. Nullopt for Compare, which is a table.
std::optional<SaveFile> plot_svg_file(const Session& session, Tab tab);
/// Its figures, or those of the table.
SaveFile plot_csv_file(const Session& session, Tab tab);

/// Exponential smoothing: each value is `factor` times the last smoothed one and (1 - factor) times its own,
/// corrected for the start.
std::vector<double> smoothed(const std::vector<double>& values, double factor);

}  // namespace fixynn::gui
