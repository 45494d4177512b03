// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "plot/canvas.h"
#include "plot/plot_spec.h"
#include "plot/plot_view.h"

namespace fixynn {

/// From data to pixels and back.
struct PlotScale {
  double low = 0, high = 1;   ///< data
  double start = 0, end = 1;  ///< pixels of `low` and `high`
  bool log = false;
  double operator()(double value) const;
  double value(double pixel) const;
};

struct PlotLegendEntry {
  size_t series = 0;
  PlotBox box;
};

struct DrawnPoint {
  PlotPointRef ref;
  double x = 0, y = 0;  ///< pixels
};

/// Where everything of a plot is, for the mouse and for tests.
struct PlotLayout {
  PlotBox area;   ///< the whole plot
  PlotBox frame;  ///< the part between the axes
  PlotScale x, y;
  std::vector<double> x_ticks, y_ticks, x_minor, y_minor;
  double x_step = 1, y_step = 1;  ///< distances of ticks, for format_tick
  std::vector<PlotLegendEntry> legend;
  std::vector<DrawnPoint> points;  ///< those within the frame; of crowded series the ones that were drawn
  size_t not_positive = 0;         ///< points that a logarithmic axis leaves out
};

/// Only the frame, the scales, the ticks and the legend's boxes; draws nothing.
PlotLayout layout_plot(const PlotSpec& spec, const PlotView& view, const Canvas& canvas, const PlotBox& area);

/// Draws into `area`. Points that are not finite are left out; a plot without any point says so in its
/// middle. The title is not drawn. Series with more points than pixels keep the lowest and the highest of
/// each pixel column.
PlotLayout draw_plot(const PlotSpec& spec, const PlotView& view, Canvas& canvas, const PlotBox& area);

/// The drawn point nearest to the pixel, at most `max_distance` pixels away. Of equally near ones the last
/// drawn.
std::optional<PlotPointRef> nearest_point(const PlotLayout& layout, double x, double y, double max_distance);

/// Where the bars are.
struct BarLayout {
  PlotBox area, frame;
  PlotScale y;
  std::vector<PlotBox> bars;     ///< each bar's own box
  std::vector<PlotBox> columns;  ///< each bar's column from the top of the frame to its cells, for the mouse
};

BarLayout draw_bars(const BarSpec& spec, const BarView& view, Canvas& canvas, const PlotBox& area);

/// The bar whose column holds the pixel.
std::optional<size_t> bar_at(const BarLayout& layout, double x, double y);
/// The part of that bar under the pixel, of bars with parts.
std::optional<size_t> bar_part_at(const BarSpec& spec, const BarLayout& layout, size_t bar, double y);

}  // namespace fixynn
