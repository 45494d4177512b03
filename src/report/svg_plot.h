// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace fixynn {

// Charts as inline SVG. Colours come from the style sheet of the page (plot_style()), so that light and dark
// modes share one drawing. All texts are escaped here.

struct PlotPoint {
  double x = 0, y = 0;
  std::optional<double> low, high;  ///< error bar
  std::string tooltip;
  std::string label{};  ///< written beside the marker
  bool hollow = false;  ///< marker without filling
};

/// Shapes, so that a figure's kind can be told without its colour.
enum class PlotMarker { kCircle, kDiamond, kSquare };

struct PlotSeries {
  std::string name;  ///< in the legend; empty = not in it
  std::vector<PlotPoint> points;
  int colour = 0;  ///< 0..7: a hue of the page; -1: grey
  bool line = true;
  bool markers = true;
  PlotMarker marker = PlotMarker::kCircle;
  bool dashed = false;
  bool faint = false;      ///< for further seeds of a series that is drawn already
  bool sets_range = true;  ///< false: the y axis does not stretch for it; what lies outside is cut off
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
  bool x_log = false, y_log = false;  ///< logarithmic; points that are not positive are left out
  int width = 520, height = 320;
};

/// Points that are not finite are left out. A plot without any point says so in its middle.
std::string render_plot(const PlotSpec& spec);

/// The same as a file of its own, with its title above it and colours that need no page (svg_file.cpp).
std::string render_plot_file(const PlotSpec& spec);

struct Bar {
  std::string label;
  double value = 0;
  int colour = 0;
  std::string tooltip;
  std::vector<std::string> cells;  ///< texts below the bar, one for each row of BarSpec::cell_rows
};

struct BarSpec {
  std::string title, description, y_label;
  std::vector<Bar> bars;
  std::vector<std::string> cell_rows;               ///< names of the rows of cells
  std::vector<std::pair<std::string, int>> legend;  ///< text, colour
  int width = 1040, height = 300;
};
std::string render_bars(const BarSpec& spec);

/// A matrix of counts, rows = true class, columns = predicted class. Shading is by share of the row; the
/// diagonal has another hue than errors.
struct HeatMapSpec {
  std::string title, description, row_title, column_title;
  std::vector<std::string> rows, columns;
  std::vector<std::vector<double>> counts;
  std::vector<double> row_totals;  ///< including classes that have no column
  std::vector<int> diagonal;       ///< column of each row's own class, -1 = none
};
std::string render_heat_map(const HeatMapSpec& spec);

/// Round numbers 1, 2, 5 x 10^k covering [low, high] in about `count` steps, ends included.
std::vector<double> nice_ticks(double low, double high, int count);
/// 1, 2, 5 x 10^k (only powers of ten beyond three decades) covering [low, high], both positive; at least
/// two.
std::vector<double> log_ticks(double low, double high);

/// A text beside the point (x, y), in pixels.
struct PlotLabel {
  double x = 0, y = 0;
  std::string text;
};
/// A box that labels keep out of or stay in.
struct PlotBox {
  double left = 0, top = 0, right = 0, bottom = 0;
};
/// Texts beside their points where they cover neither each other nor `taken`, as far as there is room.
std::string draw_labels(const std::vector<PlotLabel>& labels, std::vector<PlotBox> taken,
                        const PlotBox& frame);

/// Style rules that the charts need (no <style> tags).
std::string plot_style();

}  // namespace fixynn
