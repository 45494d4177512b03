// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fixynn {

// What a chart shows. The same description is drawn on the screen (gui/plot) and into SVG files (svg_plot.h)
// by one routine (draw_plot.h). Values are in the units that the labels name; sizes are in pixels at scale 1.

struct PlotPoint {
  double x = 0, y = 0;
  std::optional<double> low, high;  ///< error bar
  std::string tooltip;
  std::string label{};  ///< written beside the marker
  bool hollow = false;  ///< marker without filling
};

/// Shapes, so that a series can be told without its colour.
enum class PlotMarker { kCircle, kDiamond, kSquare, kTriangle, kDownTriangle, kCross };

/// A shape for the series with this number, in the order circle, square, triangle, diamond, down-triangle,
/// cross.
PlotMarker marker_of(size_t index);

/// Which leg of a stair comes first, from each point to the next one.
enum class StepDirection {
  kVerticalFirst,   ///< x and y are both "more is better": beyond x only the next point's y can be had
  kHorizontalFirst  ///< x is a cost, y "more is better": up to the next x only this point's y can be had
};

struct PlotSeries {
  std::string name;  ///< in the legend; empty = not in it
  std::vector<PlotPoint> points;
  int colour = 0;  ///< 0..7: a hue of the page or the theme; -1: grey
  bool line = true;
  bool markers = true;
  PlotMarker marker = PlotMarker::kCircle;
  bool dashed = false;
  bool faint = false;      ///< for further seeds of a series that is drawn already
  bool sets_range = true;  ///< false: the y axis does not stretch for it; what lies outside is cut off
  bool steps = false;      ///< the line is a staircase (Pareto fronts); points in order of x
  StepDirection step_direction = StepDirection::kVerticalFirst;
};

/// A straight line across the plot.
struct PlotMark {
  double at = 0;
  std::string label;
  bool vertical = false;
};

struct PlotSpec {
  std::string title;        ///< also the accessible name
  std::string description;  ///< one sentence that says what the plot shows, for screen readers
  std::string x_label, y_label;
  std::vector<PlotSeries> series;
  std::vector<PlotMark> marks;
  std::vector<double> x_ticks;          ///< empty = chosen
  std::optional<double> y_low, y_high;  ///< limits that the axis may not pass (percentages end at 100)
  bool y_from_zero = false;
  bool x_from_zero = false;
  bool x_log = false,
       y_log = false;             ///< logarithmic; points that are not positive are left out, and it is said
  int width = 520, height = 320;  ///< of files; on the screen the widget's size counts
  std::string empty_text = "nothing measured yet";  ///< in the middle of a plot without any point
};

/// One of the stacked parts of a bar, from the bottom up.
struct BarPart {
  double value = 0;
  int colour = 0;
  std::string tooltip{};  ///< empty = the bar's
};

struct Bar {
  std::string label;
  double value = 0;
  int colour = 0;
  std::string tooltip;
  std::vector<std::string> cells;  ///< texts below the bar, one for each row of BarSpec::cell_rows
  std::vector<BarPart> parts{};    ///< when there are any, they are drawn and `value` and `colour` are not
};

struct BarSpec {
  std::string title, description, y_label;
  std::vector<Bar> bars;
  std::vector<std::string> cell_rows;               ///< names of the rows of cells
  std::vector<std::pair<std::string, int>> legend;  ///< text, colour
  int width = 1040, height = 300;
};

/// A matrix of counts, rows = true class, columns = predicted class. Shading is by share of the row; the
/// diagonal has another hue than errors.
struct HeatMapSpec {
  std::string title, description, row_title, column_title;
  std::vector<std::string> rows, columns;
  std::vector<std::vector<double>> counts;
  std::vector<double> row_totals;  ///< including classes that have no column
  std::vector<int> diagonal;       ///< column of each row's own class, -1 = none
};

}  // namespace fixynn
