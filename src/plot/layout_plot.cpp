// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "plot/draw_plot.h"
#include "plot/plot_axes.h"
#include "plot/plot_text.h"
#include "plot/ticks.h"

namespace fixynn {
namespace {

bool hidden(const PlotSeries& series, const PlotView& view) {
  return view.hidden.contains(series.name);
}

/// Entries from left to right, wrapped. Returns the height that they take, in pixels.
double layout_legend(const PlotSpec& spec, const Canvas& canvas, PlotLayout& layout) {
  const double unit = canvas.unit(), first = layout.area.left + 46 * unit;
  double x = first, base = layout.area.top + 14 * unit;
  for (size_t i = 0; i < spec.series.size(); ++i) {
    const std::string& name = spec.series[i].name;
    if (name.empty()) continue;
    const double width = 25 * unit + canvas.text_width(PlotFont::kLegend, name);
    if (x + width > layout.area.right && x > first) x = first, base += 18 * unit;
    layout.legend.push_back({i, {x, base - 13 * unit, x + width, base + 5 * unit}});
    x += width + 17 * unit;
  }
  return layout.legend.empty() ? 0 : base + 4 * unit - layout.area.top;
}

struct Ranges {
  PlotRange x, y;
};

Ranges find_ranges(const PlotSpec& spec, const PlotView& view, PlotLayout& layout) {
  Ranges ranges;
  ranges.x.log = spec.x_log;
  ranges.y.log = spec.y_log;
  const bool all_hidden = std::all_of(spec.series.begin(), spec.series.end(),
                                      [&](const PlotSeries& series) { return hidden(series, view); });
  for (const PlotSeries& series : spec.series) {
    if (!all_hidden && hidden(series, view)) continue;
    for (const PlotPoint& point : series.points) {
      if (!std::isfinite(point.x) || !std::isfinite(point.y)) continue;
      if ((spec.x_log && point.x <= 0) || (spec.y_log && point.y <= 0)) {
        ++layout.not_positive;
        continue;
      }
      ranges.x.add(point.x);
      if (!series.sets_range) continue;
      ranges.y.add(point.y);
      if (point.low) ranges.y.add(*point.low);
      if (point.high) ranges.y.add(*point.high);
    }
  }
  for (const PlotMark& mark : spec.marks) (mark.vertical ? ranges.x : ranges.y).add(mark.at);
  for (double tick : spec.x_ticks) ranges.x.add(tick);
  return ranges;
}

/// Steps between ticks that fit into so many pixels.
int steps_within(double pixels, double pitch, int most) {
  return std::clamp(static_cast<int>(pixels / pitch), 2, most);
}

}  // namespace

double PlotScale::operator()(double value) const {
  const double share = log ? std::log(value / low) / std::log(high / low) : (value - low) / (high - low);
  return start + share * (end - start);
}

double PlotScale::value(double pixel) const {
  const double share = (pixel - start) / (end - start);
  return log ? low * std::exp(share * std::log(high / low)) : low + share * (high - low);
}

PlotLayout layout_plot(const PlotSpec& spec, const PlotView& view, const Canvas& canvas,
                       const PlotBox& area) {
  PlotLayout layout;
  layout.area = area;
  const double unit = canvas.unit();
  const double legend_height = layout_legend(spec, canvas, layout);
  const Ranges ranges = find_ranges(spec, view, layout);
  // A frame of at least some pixels, however small the area is.
  const double least = 8 * unit;
  layout.frame.top = area.top + 12 * unit + legend_height;
  layout.frame.bottom = std::max(area.bottom - 44 * unit, layout.frame.top + least);
  const PlotAxis y_axis = make_y_axis(spec, ranges.y, {view.y_low, view.y_high},
                                      steps_within(layout.frame.height(), 50 * unit, 5));
  layout.y_ticks = y_axis.ticks;
  layout.y_step = tick_step(layout.y_ticks, spec.y_log);
  double widest = 0;
  for (double tick : layout.y_ticks) {
    const std::string text = format_tick(tick, spec.y_log ? tick : layout.y_step);
    widest = std::max(widest, canvas.text_width(PlotFont::kTick, text));
  }
  layout.frame.left = area.left + 34 * unit + widest;
  layout.frame.right = std::max(area.right - 18 * unit, layout.frame.left + 3 * least);
  const PlotAxis x_axis = make_x_axis(spec, ranges.x, {view.x_low, view.x_high},
                                      steps_within(layout.frame.width(), 52 * unit, 8));
  layout.x_ticks = x_axis.ticks;
  layout.x_step = tick_step(layout.x_ticks, spec.x_log);
  const PlotBox& frame = layout.frame;
  layout.x = {x_axis.low, x_axis.high, frame.left + 10 * unit, frame.right - 10 * unit, spec.x_log};
  layout.y = {y_axis.low, y_axis.high, frame.bottom, frame.top, spec.y_log};
  if (!view.minor_grid) return layout;
  const auto minor = [](const PlotAxis& axis, bool log) {
    return log ? minor_log_ticks(axis.ticks, axis.low, axis.high)
               : minor_ticks(axis.ticks, axis.low, axis.high);
  };
  layout.x_minor = minor(x_axis, spec.x_log);
  layout.y_minor = minor(y_axis, spec.y_log);
  // Lines closer than this are a grey area.
  if (static_cast<double>(layout.x_minor.size()) * 6 * unit > frame.width()) layout.x_minor.clear();
  if (static_cast<double>(layout.y_minor.size()) * 6 * unit > frame.height()) layout.y_minor.clear();
  return layout;
}

std::optional<PlotPointRef> nearest_point(const PlotLayout& layout, double x, double y, double max_distance) {
  std::optional<PlotPointRef> nearest;
  double least = max_distance * max_distance;
  for (const DrawnPoint& point : layout.points) {
    const double dx = point.x - x, dy = point.y - y, distance = dx * dx + dy * dy;
    if (distance > least) continue;
    least = distance;
    nearest = point.ref;
  }
  return nearest;
}

}  // namespace fixynn
