// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "plot/plot_spec.h"

namespace fixynn {

/// The values that an axis has to show.
struct PlotRange {
  double low = 0, high = 0;
  bool empty = true;
  bool log = false;  ///< values that are not positive do not count
  void add(double value);
};

struct PlotAxis {
  double low = 0, high = 1;
  std::vector<double> ticks;
};

/// What the user zoomed to, either end alone as well.
struct PlotZoom {
  std::optional<double> low, high;
};

/// `count`: about so many steps between ticks. A zoom takes the place of the range as it is, without rounding
/// to ticks; one that is not finite, upside down or not positive on a logarithmic axis is not heeded.
PlotAxis make_x_axis(const PlotSpec& spec, PlotRange x, const PlotZoom& zoom, int count);
PlotAxis make_y_axis(const PlotSpec& spec, PlotRange y, const PlotZoom& zoom, int count);

/// The smallest distance between ticks; for format_tick.
double tick_step(const std::vector<double>& ticks, bool log);

}  // namespace fixynn
