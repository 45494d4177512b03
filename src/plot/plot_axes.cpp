// SPDX-License-Identifier: Apache-2.0
#include "plot/plot_axes.h"

#include <algorithm>
#include <cmath>

#include "plot/ticks.h"

namespace fixynn {
namespace {

PlotAxis make_log_axis(PlotRange range) {
  if (range.empty) range.low = 1, range.high = 10;
  PlotAxis axis{range.low / 1.08, range.high * 1.08, {}};
  for (double tick : log_ticks(axis.low, axis.high)) {
    if (tick >= axis.low * (1 - 1e-9) && tick <= axis.high * (1 + 1e-9)) axis.ticks.push_back(tick);
  }
  if (axis.ticks.size() < 2) {
    axis.ticks = log_ticks(axis.low, axis.high);
    axis.low = std::min(axis.low, axis.ticks.front());
    axis.high = std::max(axis.high, axis.ticks.back());
  }
  return axis;
}

PlotAxis make_linear_y_axis(const PlotSpec& spec, PlotRange y, int count) {
  if (spec.y_from_zero) y.add(0);
  if (y.empty) y.low = 0, y.high = 1;
  const double room = (y.high - y.low) * 0.06;
  const bool low_is_zero = spec.y_from_zero && y.low == 0;
  double low = low_is_zero ? y.low : y.low - room, high = y.high + room;
  if (high - low < 1e-9) low -= 0.5, high += 0.5;
  if (spec.y_low) low = std::max(low, *spec.y_low);
  if (spec.y_high) high = std::min(high, *spec.y_high);
  if (high - low < 1e-9) low = high - 1;
  PlotAxis axis{low, high, nice_ticks(low, high, count)};
  // A little below zero (the range of several seeds at N = 0) is no reason for another tick.
  if (spec.y_from_zero && low < 0) {
    while (axis.ticks.size() > 2 && axis.ticks.front() < low) axis.ticks.erase(axis.ticks.begin());
  }
  axis.low = std::min(low, axis.ticks.front());
  axis.high = std::max(high, axis.ticks.back());
  return axis;
}

std::vector<double> within(const std::vector<double>& ticks, double low, double high) {
  const double slack = 1e-9 * (high - low);
  std::vector<double> kept;
  std::copy_if(ticks.begin(), ticks.end(), std::back_inserter(kept),
               [&](double tick) { return tick >= low - slack && tick <= high + slack; });
  return kept;
}

PlotAxis make_linear_x_axis(const PlotSpec& spec, PlotRange x, int count) {
  if (spec.x_from_zero) x.add(0);
  if (x.empty) x.low = 0, x.high = 1;
  if (x.high - x.low < 1e-9) x.low -= 0.5, x.high += 0.5;
  PlotAxis axis{x.low, x.high, spec.x_ticks};
  if (axis.ticks.empty()) axis.ticks = within(nice_ticks(x.low, x.high, count), x.low, x.high);
  return axis;
}

PlotAxis zoomed(PlotAxis axis, const PlotZoom& zoom, bool log, const std::vector<double>& own_ticks,
                int count) {
  if (!zoom.low && !zoom.high) return axis;
  const double low = zoom.low.value_or(axis.low), high = zoom.high.value_or(axis.high);
  // Below this, neighbouring pixels would be the same double.
  const double least = 1e-12 * std::max({std::fabs(low), std::fabs(high), 1e-300});
  if (!std::isfinite(low) || !std::isfinite(high) || high - low <= least || (log && low <= 0)) return axis;
  axis = {low, high, within(own_ticks, low, high)};
  if (axis.ticks.size() > 1) return axis;
  if (log) axis.ticks = within(log_ticks(low, high), low, high);
  if (axis.ticks.size() < 2) axis.ticks = within(nice_ticks(low, high, count), low, high);
  return axis;
}

}  // namespace

void PlotRange::add(double value) {
  if (!std::isfinite(value) || (log && value <= 0)) return;
  low = empty ? value : std::min(low, value);
  high = empty ? value : std::max(high, value);
  empty = false;
}

PlotAxis make_x_axis(const PlotSpec& spec, PlotRange x, const PlotZoom& zoom, int count) {
  return zoomed(spec.x_log ? make_log_axis(x) : make_linear_x_axis(spec, x, count), zoom, spec.x_log,
                spec.x_ticks, count);
}

PlotAxis make_y_axis(const PlotSpec& spec, PlotRange y, const PlotZoom& zoom, int count) {
  return zoomed(spec.y_log ? make_log_axis(y) : make_linear_y_axis(spec, y, count), zoom, spec.y_log, {},
                count);
}

double tick_step(const std::vector<double>& ticks, bool log) {
  double step = 1;
  for (size_t i = 1; i < ticks.size(); ++i) step = std::min(step, ticks[i] - ticks[i - 1]);
  return log ? std::min(step, ticks.empty() ? 1.0 : ticks.front()) : step;
}

}  // namespace fixynn
