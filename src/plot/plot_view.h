// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace fixynn {

/// A point of a PlotSpec: series[series].points[point].
struct PlotPointRef {
  size_t series = 0, point = 0;
  friend bool operator==(const PlotPointRef&, const PlotPointRef&) = default;
};

struct PlotPixel {
  double x = 0, y = 0;
  friend bool operator==(const PlotPixel&, const PlotPixel&) = default;
};

/// How a plot is looked at: what the user changes with the mouse. The spec stays as it is.
struct PlotView {
  std::optional<double> x_low, x_high, y_low, y_high;  ///< zoom, in data units; none = fits the data
  std::set<std::string> hidden;        ///< names of series that are neither drawn nor set the range
  std::string highlighted;             ///< name of the series beside which others fade; "" = none
  std::vector<PlotPointRef> selected;  ///< ringed
  std::optional<PlotPixel> crosshair;  ///< drawn through this pixel, when within the frame
  std::optional<double> cursor;        ///< data x of a vertical line that can be dragged
  std::string cursor_label{};          ///< beside the line
  bool minor_grid = true;

  bool zoomed() const { return x_low || x_high || y_low || y_high; }
  /// Back to the whole data; hidden series stay hidden.
  void fit() { x_low = x_high = y_low = y_high = std::nullopt; }
  friend bool operator==(const PlotView&, const PlotView&) = default;
};

/// How bars are looked at.
struct BarView {
  std::vector<size_t> selected;  ///< bars with an outline
  std::optional<size_t> hovered{};
};

}  // namespace fixynn
