// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "plot/draw_plot.h"
#include "plot/plot_axes.h"
#include "plot/plot_text.h"
#include "plot/ticks.h"

namespace fixynn {
namespace {

constexpr double kCellHeight = 19;        // units
constexpr double kSlant = -50;            // degrees, of names that have no room side by side
constexpr double kLongestName = 92 - 17;  // units that slanted names may take below the bars

double finite(double value) {
  return std::isfinite(value) ? std::max(value, 0.0) : 0;
}

double height_of(const Bar& bar) {
  if (bar.parts.empty()) return finite(bar.value);
  double sum = 0;
  for (const BarPart& part : bar.parts) sum += finite(part.value);
  return sum;
}

struct Drawing {
  const BarSpec& spec;
  const BarView& view;
  Canvas& canvas;
  BarLayout layout;
  std::vector<double> ticks;
  bool slanted = false;

  double unit() const { return canvas.unit(); }
  double pitch() const {
    return layout.frame.width() / std::max<double>(1, static_cast<double>(spec.bars.size()));
  }
};

/// Entries from left to right, wrapped. Returns the lower edge of the last line.
double draw_legend(Drawing& d, double left) {
  const double unit = d.unit();
  double x = left, top = d.layout.area.top + 5 * unit;
  for (const auto& [text, colour] : d.spec.legend) {
    const double width = 16 * unit + d.canvas.text_width(PlotFont::kLegend, text);
    if (x + width > d.layout.area.right && x > left) x = left, top += 18 * unit;
    d.canvas.begin_series({colour});
    d.canvas.box(PlotFill::kSeries, {x, top, x + 11 * unit, top + 11 * unit}, 2 * unit);
    d.canvas.end_series();
    d.canvas.text(PlotFont::kLegend, {x + 16 * unit, top + 10 * unit}, PlotAnchor::kStart, text);
    x += width + 24 * unit;
  }
  return top + 11 * unit;
}

double widest_of(const Canvas& canvas, const std::vector<std::string>& texts) {
  double widest = 0;
  for (const std::string& text : texts) widest = std::max(widest, canvas.text_width(PlotFont::kTick, text));
  return widest;
}

void layout_bars(Drawing& d) {
  const double unit = d.unit();
  const PlotBox& area = d.layout.area;
  PlotBox& f = d.layout.frame;
  double highest = 0, longest = 0;
  for (const Bar& bar : d.spec.bars) {
    highest = std::max(highest, height_of(bar));
    longest = std::max(longest, d.canvas.text_width(PlotFont::kTick, bar.label));
  }
  d.ticks = nice_ticks(0, highest > 0 ? highest : 1, 4);
  std::vector<std::string> beside = d.spec.cell_rows;
  for (double tick : d.ticks) beside.push_back(format_tick(tick, d.ticks[1] - d.ticks[0]));
  f.left = area.left + 34 * unit + widest_of(d.canvas, beside);
  f.right = std::max(area.right - 8 * unit, f.left + 24 * unit);
  f.top = draw_legend(d, f.left) + 14 * unit;
  d.slanted = longest + 6 * unit > d.pitch();
  const double names = d.slanted ? std::min(kLongestName * unit, longest * 0.77 + 8 * unit) : 8 * unit;
  const double cells = kCellHeight * unit * static_cast<double>(d.spec.cell_rows.size());
  f.bottom = std::max(area.bottom - 17 * unit - names - cells, f.top + 8 * unit);
  d.layout.y = {0, d.ticks.back(), f.bottom, f.top, false};
}

void draw_axis(Drawing& d) {
  const PlotBox& f = d.layout.frame;
  const double unit = d.unit();
  double free_below = 1e300;
  for (double tick : d.ticks) {
    const double y = d.layout.y(tick);
    d.canvas.line(PlotLine::kGrid, {f.left, y}, {f.right, y});
    if (y > free_below) continue;
    d.canvas.text(PlotFont::kTick, {f.left - 7 * unit, y + 4 * unit}, PlotAnchor::kEnd,
                  format_tick(tick, d.ticks[1] - d.ticks[0]));
    free_below = y - 11 * unit;
  }
  d.canvas.text(PlotFont::kLabel, {d.layout.area.left + 14 * unit, (f.top + f.bottom) / 2},
                PlotAnchor::kMiddle, d.spec.y_label, -90);
  for (size_t row = 0; row < d.spec.cell_rows.size(); ++row) {
    const double y = f.bottom + (17 + kCellHeight * static_cast<double>(row)) * unit;
    d.canvas.text(PlotFont::kTick, {f.left - 7 * unit, y}, PlotAnchor::kEnd, d.spec.cell_rows[row]);
  }
}

/// Cells of one bar and, below them, its name.
void draw_foot(Drawing& d, const Bar& bar, const PlotBox& box) {
  const double unit = d.unit(), middle = (box.left + box.right) / 2, bottom = d.layout.frame.bottom;
  for (size_t row = 0; row < d.spec.cell_rows.size(); ++row) {
    const double y = bottom + (5 + kCellHeight * static_cast<double>(row)) * unit;
    d.canvas.box(PlotFill::kCell, {box.left, y, box.right, y + (kCellHeight - 3) * unit}, 3 * unit);
    if (row < bar.cells.size() && !bar.cells[row].empty())
      d.canvas.text(PlotFont::kCell, {middle, y + 12 * unit}, PlotAnchor::kMiddle, bar.cells[row]);
  }
  const double y = bottom + (17 + kCellHeight * static_cast<double>(d.spec.cell_rows.size())) * unit;
  if (d.slanted) {
    d.canvas.text(PlotFont::kTick, {middle + 4 * unit, y}, PlotAnchor::kEnd, bar.label, kSlant);
  } else {
    d.canvas.text(PlotFont::kTick, {middle, y}, PlotAnchor::kMiddle, bar.label);
  }
}

void draw_part(Drawing& d, const PlotBox& box, int colour, const std::string& tooltip, double round) {
  d.canvas.begin_series({colour});
  d.canvas.begin_hint(tooltip);
  d.canvas.box(PlotFill::kSeries, box, round);
  d.canvas.end_hint();
  d.canvas.end_series();
}

void draw_bar(Drawing& d, const Bar& bar, const PlotBox& box) {
  if (bar.parts.empty()) {
    draw_part(d, box, bar.colour, bar.tooltip, 2 * d.unit());
    return;
  }
  double sum = 0;
  for (const BarPart& part : bar.parts) {
    const double value = finite(part.value), lower = d.layout.y(sum);
    sum += value;
    if (value > 0)
      draw_part(d, {box.left, d.layout.y(sum), box.right, lower}, part.colour,
                part.tooltip.empty() ? bar.tooltip : part.tooltip, 0);
  }
}

}  // namespace

BarLayout draw_bars(const BarSpec& spec, const BarView& view, Canvas& canvas, const PlotBox& area) {
  Drawing d{spec, view, canvas, {}, {}};
  d.layout.area = area;
  layout_bars(d);
  draw_axis(d);
  const PlotBox& f = d.layout.frame;
  const double pitch = d.pitch(), unit = d.unit();
  const double cells = kCellHeight * unit * static_cast<double>(spec.cell_rows.size());
  for (size_t i = 0; i < spec.bars.size(); ++i) {
    const double left = f.left + pitch * static_cast<double>(i);
    const PlotBox box{left + 0.1 * pitch, d.layout.y(height_of(spec.bars[i])), left + 0.9 * pitch, f.bottom};
    d.layout.bars.push_back(box);
    d.layout.columns.push_back({left, f.top, left + pitch, f.bottom + cells + 20 * unit});
    draw_bar(d, spec.bars[i], box);
    draw_foot(d, spec.bars[i], box);
  }
  canvas.line(PlotLine::kAxis, {f.left, f.bottom}, {f.right, f.bottom});
  if (spec.bars.empty()) {
    canvas.text(PlotFont::kNote, {(f.left + f.right) / 2, (f.top + f.bottom) / 2}, PlotAnchor::kMiddle,
                "nothing to show");
  }
  const auto outline = [&](size_t bar) {
    if (bar < d.layout.bars.size()) canvas.outline(d.layout.bars[bar], 2 * unit);
  };
  for (size_t bar : view.selected) outline(bar);
  if (view.hovered) outline(*view.hovered);
  return std::move(d.layout);
}

std::optional<size_t> bar_at(const BarLayout& layout, double x, double y) {
  for (size_t i = 0; i < layout.columns.size(); ++i) {
    if (layout.columns[i].contains(x, y)) return i;
  }
  return std::nullopt;
}

std::optional<size_t> bar_part_at(const BarSpec& spec, const BarLayout& layout, size_t bar, double y) {
  if (bar >= spec.bars.size() || y > layout.y(0)) return std::nullopt;
  double sum = 0;
  for (size_t part = 0; part < spec.bars[bar].parts.size(); ++part) {
    sum += finite(spec.bars[bar].parts[part].value);
    if (y >= layout.y(sum)) return part;
  }
  return std::nullopt;
}

}  // namespace fixynn
