// SPDX-License-Identifier: Apache-2.0
#include "gui/plot/plot_zoom.h"

#include <algorithm>
#include <cmath>

namespace fixynn::gui {
namespace {

/// Sets both ends of an axis to what is at these pixels, if that is a range that can be drawn.
void set_range(const PlotScale& scale, double start, double end, std::optional<double>& low,
               std::optional<double>& high) {
  const double new_low = scale.value(start), new_high = scale.value(end);
  constexpr double kLargest = 1e30;
  if (!(std::fabs(new_low) < kLargest) || !(std::fabs(new_high) < kLargest)) return;
  if (scale.log && !(new_low > 1 / kLargest)) return;
  if (new_high - new_low <= 1e-9 * std::max({std::fabs(new_low), std::fabs(new_high), 1e-20})) return;
  low = new_low;
  high = new_high;
}

}  // namespace

void zoom_at(PlotView& view, const PlotLayout& layout, PlotPixel at, double factor, ZoomAxes axes) {
  const auto zoom = [&](const PlotScale& scale, double pixel, std::optional<double>& low,
                        std::optional<double>& high) {
    set_range(scale, pixel + (scale.start - pixel) * factor, pixel + (scale.end - pixel) * factor, low, high);
  };
  if (axes != ZoomAxes::kY) zoom(layout.x, at.x, view.x_low, view.x_high);
  if (axes != ZoomAxes::kX) zoom(layout.y, at.y, view.y_low, view.y_high);
}

void pan(PlotView& view, const PlotLayout& layout, double dx, double dy) {
  set_range(layout.x, layout.x.start - dx, layout.x.end - dx, view.x_low, view.x_high);
  set_range(layout.y, layout.y.start - dy, layout.y.end - dy, view.y_low, view.y_high);
}

void zoom_to_box(PlotView& view, const PlotLayout& layout, PlotPixel from, PlotPixel to, double least) {
  const PlotBox& f = layout.frame;
  const auto [left, right] =
      std::minmax({std::clamp(from.x, f.left, f.right), std::clamp(to.x, f.left, f.right)});
  const auto [top, bottom] =
      std::minmax({std::clamp(from.y, f.top, f.bottom), std::clamp(to.y, f.top, f.bottom)});
  if (right - left >= least) set_range(layout.x, left, right, view.x_low, view.x_high);
  if (bottom - top >= least) set_range(layout.y, bottom, top, view.y_low, view.y_high);
}

void toggle_series(PlotView& view, const std::string& name) {
  if (view.hidden.erase(name) == 0) view.hidden.insert(name);
}

void solo_series(PlotView& view, const PlotSpec& spec, const std::string& name) {
  std::set<std::string> others;
  for (const PlotSeries& series : spec.series) {
    if (!series.name.empty() && series.name != name) others.insert(series.name);
  }
  const bool solo = !view.hidden.contains(name) &&
                    std::includes(view.hidden.begin(), view.hidden.end(), others.begin(), others.end());
  // Names that other plots hide with the same view stay hidden.
  for (const std::string& other : others) {
    if (solo) {
      view.hidden.erase(other);
    } else {
      view.hidden.insert(other);
    }
  }
  view.hidden.erase(name);
}

}  // namespace fixynn::gui
