// SPDX-License-Identifier: Apache-2.0
#include "plot/draw_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plot/plot_labels.h"
#include "plot/plot_lines.h"
#include "plot/plot_text.h"

namespace fixynn {
namespace {

/// One drawing: what all its steps need.
struct Drawing {
  const PlotSpec& spec;
  const PlotView& view;
  Canvas& canvas;
  PlotLayout layout;
  bool somebody_highlighted = false;  // highlighted names may belong to another plot

  double unit() const { return canvas.unit(); }
  bool hidden(const PlotSeries& series) const { return view.hidden.contains(series.name); }
  bool faint(const PlotSeries& series) const {
    return series.faint || (somebody_highlighted && series.name != view.highlighted);
  }
};

bool drawable(const PlotPoint& point, const PlotSpec& spec) {
  return std::isfinite(point.x) && std::isfinite(point.y) && (!spec.x_log || point.x > 0) &&
         (!spec.y_log || point.y > 0);
}

bool all_hollow(const PlotSeries& series) {
  return !series.line && !series.points.empty() &&
         std::all_of(series.points.begin(), series.points.end(), [](const PlotPoint& p) { return p.hollow; });
}

void draw_legend(Drawing& d) {
  const double unit = d.unit();
  for (const PlotLegendEntry& entry : d.layout.legend) {
    const PlotSeries& series = d.spec.series[entry.series];
    const double x = entry.box.left, base = entry.box.top + 13 * unit, middle = base - 4 * unit;
    const bool faint = d.hidden(series) || (d.somebody_highlighted && series.name != d.view.highlighted);
    d.canvas.begin_series({series.colour, series.dashed, faint});
    if (series.line) {
      const PlotPixel stroke[] = {{x, middle}, {x + 20 * unit, middle}};
      d.canvas.polyline(stroke);
    }
    if (series.markers)
      d.canvas.marker(series.marker, {x + 10 * unit, middle}, 3.5 * unit, all_hollow(series));
    d.canvas.text(PlotFont::kLegend, {x + 25 * unit, base}, PlotAnchor::kStart, series.name);
    d.canvas.end_series();
  }
}

void draw_minor_grid(Drawing& d) {
  const PlotBox& f = d.layout.frame;
  for (double tick : d.layout.x_minor) {
    const double x = d.layout.x(tick);
    d.canvas.line(PlotLine::kMinorGrid, {x, f.top}, {x, f.bottom});
  }
  for (double tick : d.layout.y_minor) {
    const double y = d.layout.y(tick);
    d.canvas.line(PlotLine::kMinorGrid, {f.left, y}, {f.right, y});
  }
}

/// Figures that would touch the one before are left out; their ticks stay.
void draw_x_ticks(Drawing& d) {
  const PlotBox& f = d.layout.frame;
  const double unit = d.unit();
  double free_from = -1e300;
  for (double tick : d.layout.x_ticks) {
    const double x = d.layout.x(tick);
    if (d.view.minor_grid) d.canvas.line(PlotLine::kGrid, {x, f.top}, {x, f.bottom});
    d.canvas.line(PlotLine::kAxis, {x, f.bottom}, {x, f.bottom + 4 * unit});
    const std::string text = format_tick(tick, d.spec.x_log ? tick : d.layout.x_step);
    const double half = d.canvas.text_width(PlotFont::kTick, text) / 2;
    if (x - half < free_from) continue;
    d.canvas.text(PlotFont::kTick, {x, f.bottom + 18 * unit}, PlotAnchor::kMiddle, text);
    free_from = x + half + 2 * unit;
  }
}

void draw_y_ticks(Drawing& d) {
  const PlotBox& f = d.layout.frame;
  const double unit = d.unit();
  double free_below = 1e300;
  for (double tick : d.layout.y_ticks) {
    const double y = d.layout.y(tick);
    d.canvas.line(PlotLine::kGrid, {f.left, y}, {f.right, y});
    if (y > free_below) continue;
    d.canvas.text(PlotFont::kTick, {f.left - 7 * unit, y + 4 * unit}, PlotAnchor::kEnd,
                  format_tick(tick, d.spec.y_log ? tick : d.layout.y_step));
    free_below = y - 11 * unit;
  }
}

void draw_axes(Drawing& d) {
  const PlotBox& f = d.layout.frame;
  const double unit = d.unit();
  draw_minor_grid(d);
  draw_y_ticks(d);
  d.canvas.line(PlotLine::kAxis, {f.left, f.bottom}, {f.right, f.bottom});
  draw_x_ticks(d);
  d.canvas.text(PlotFont::kLabel, {(f.left + f.right) / 2, f.bottom + 37 * unit}, PlotAnchor::kMiddle,
                d.spec.x_label);
  d.canvas.text(PlotFont::kLabel, {d.layout.area.left + 14 * unit, (f.top + f.bottom) / 2},
                PlotAnchor::kMiddle, d.spec.y_label, -90);
}

/// A vertical line with its text at the top, on the side where there is more room.
void draw_vertical(Drawing& d, PlotLine kind, double x, const std::string& label, double text_base) {
  const PlotBox& f = d.layout.frame;
  const double unit = d.unit();
  d.canvas.line(kind, {x, f.top}, {x, f.bottom});
  if (label.empty()) return;
  const bool flip = x > (f.left + f.right) / 2;
  d.canvas.text(PlotFont::kNote, {x + (flip ? -5 : 5) * unit, f.top + text_base * unit},
                flip ? PlotAnchor::kEnd : PlotAnchor::kStart, label);
}

bool within_frame(const Drawing& d, const PlotMark& mark) {
  if (!std::isfinite(mark.at) || (mark.at <= 0 && (mark.vertical ? d.spec.x_log : d.spec.y_log)))
    return false;
  const PlotBox& f = d.layout.frame;
  const double at = mark.vertical ? d.layout.x(mark.at) : d.layout.y(mark.at);
  return mark.vertical ? at > f.left - 0.5 && at < f.right + 0.5 : at > f.top - 0.5 && at < f.bottom + 0.5;
}

void draw_marks(Drawing& d) {
  const PlotBox& f = d.layout.frame;
  const double unit = d.unit();
  for (const PlotMark& mark : d.spec.marks) {
    if (!within_frame(d, mark)) continue;
    if (mark.vertical) {
      draw_vertical(d, PlotLine::kMark, d.layout.x(mark.at), mark.label, 11);
      continue;
    }
    const double y = d.layout.y(mark.at);
    d.canvas.line(PlotLine::kMark, {f.left, y}, {f.right, y});
    d.canvas.text(PlotFont::kNote, {f.left + 6 * unit, y - 5 * unit}, PlotAnchor::kStart, mark.label);
  }
}

std::vector<PixelPoint> to_pixels(const Drawing& d, const PlotSeries& series) {
  std::vector<PixelPoint> pixels;
  pixels.reserve(series.points.size());
  // PlotScale's formula with its logarithms taken out of the loop.
  const auto straight = [](const PlotScale& scale) {
    const double low = scale.log ? std::log(scale.low) : scale.low;
    const double high = scale.log ? std::log(scale.high) : scale.high;
    const double factor = (scale.end - scale.start) / (high - low);
    return std::pair(scale.start - low * factor, factor);
  };
  const auto [x_offset, x_factor] = straight(d.layout.x);
  const auto [y_offset, y_factor] = straight(d.layout.y);
  for (size_t i = 0; i < series.points.size(); ++i) {
    const PlotPoint& point = series.points[i];
    if (!drawable(point, d.spec)) continue;
    const double x = d.spec.x_log ? std::log(point.x) : point.x;
    const double y = d.spec.y_log ? std::log(point.y) : point.y;
    pixels.push_back({x_offset + x * x_factor, y_offset + y * y_factor, i});
  }
  const double crowded = 2 * d.layout.frame.width() / d.unit();
  if (static_cast<double>(pixels.size()) <= crowded) return pixels;
  return series.line ? thin_columns(pixels, d.layout.frame.left, d.layout.frame.right)
                     : thin_cells(pixels, 4 * d.unit());
}

/// Where lines and error bars may be: a little over the edge when all is shown, so that a line along it is
/// whole.
PlotBox line_box(const Drawing& d) {
  const double room = d.view.y_low || d.view.y_high ? 0 : 6 * d.unit();
  const PlotBox& f = d.layout.frame;
  return {f.left, f.top - room, f.right, f.bottom + room};
}

void draw_error_bar(Drawing& d, const PlotPoint& point, double x) {
  if (!point.low || !point.high || !std::isfinite(*point.low) || !std::isfinite(*point.high)) return;
  const PlotBox box = line_box(d);
  const bool endless = d.spec.y_log && *point.low <= 0;  // down to the axis, which has no zero
  if (d.spec.y_log && *point.high <= 0) return;
  const double low = endless ? box.bottom + 1 : d.layout.y(*point.low), high = d.layout.y(*point.high);
  if (high > box.bottom || low < box.top) return;
  d.canvas.error_bar(x, std::min(low, box.bottom), std::max(high, box.top), low <= box.bottom,
                     high >= box.top);
}

bool in_frame(const PlotBox& f, const PixelPoint& pixel) {
  return pixel.x >= f.left - 1 && pixel.x <= f.right + 1 && pixel.y >= f.top - 1 && pixel.y <= f.bottom + 1;
}

/// Markers of a line that are closer than two pixels in the mean would be a smear.
bool has_markers(const Drawing& d, const PlotSeries& series, const std::vector<PixelPoint>& pixels) {
  if (pixels.size() == 1) return true;
  if (!series.markers || !series.line) return series.markers;
  const PlotBox& f = d.layout.frame;
  const auto count = std::count_if(pixels.begin(), pixels.end(),
                                   [&](const PixelPoint& pixel) { return in_frame(f, pixel); });
  return static_cast<double>(count) * 2 * d.unit() <= f.width();
}

void draw_points(Drawing& d, size_t number, const std::vector<PixelPoint>& pixels) {
  const PlotSeries& series = d.spec.series[number];
  const bool markers = has_markers(d, series, pixels);
  for (const PixelPoint& pixel : pixels) {
    if (!in_frame(d.layout.frame, pixel)) continue;
    const PlotPoint& point = series.points[pixel.index];
    // A front runs through others' points: these are what is meant there.
    if (!series.steps) d.layout.points.push_back({{number, pixel.index}, pixel.x, pixel.y});
    if (!markers && point.tooltip.empty() && !point.low) continue;
    d.canvas.begin_hint(point.tooltip);
    draw_error_bar(d, point, pixel.x);
    if (markers) {
      d.canvas.marker(series.marker, {pixel.x, pixel.y}, 4 * d.unit(), point.hollow);
    } else if (!point.tooltip.empty()) {
      d.canvas.spot({pixel.x, pixel.y}, 6 * d.unit());
    }
    d.canvas.end_hint();
  }
}

struct DrawnLine {
  std::vector<PixelPoint> points;
  std::vector<std::vector<PlotPixel>> parts;
};

DrawnLine draw_series(Drawing& d, size_t number) {
  const PlotSeries& series = d.spec.series[number];
  DrawnLine drawn{to_pixels(d, series), {}};
  if (drawn.points.empty()) return drawn;
  d.canvas.begin_series({series.colour, series.dashed, d.faint(series)});
  if (series.line && drawn.points.size() > 1) {
    std::vector<PlotPixel> line;
    if (series.steps) {
      line = stairs(drawn.points, series.step_direction);
    } else {
      for (const PixelPoint& point : drawn.points) line.push_back({point.x, point.y});
    }
    drawn.parts = clip_line(line, line_box(d));
    for (const std::vector<PlotPixel>& part : drawn.parts) d.canvas.polyline(part);
  }
  draw_points(d, number, drawn.points);
  d.canvas.end_series();
  return drawn;
}

/// Boxes along a line, so that labels keep off it.
void add_line_boxes(const std::vector<PlotPixel>& line, double unit, std::vector<PlotBox>& taken) {
  const double step = 5 * unit, half = 1.5 * unit;
  for (size_t i = 1; i < line.size(); ++i) {
    const auto [x0, y0] = line[i - 1];
    const auto [x1, y1] = line[i];
    const double length = std::hypot(x1 - x0, y1 - y0);
    const int steps = static_cast<int>(std::min(length, 3000.0) / step) + 1;
    for (int k = 0; k <= steps; ++k) {
      const double share = static_cast<double>(k) / steps;
      const double x = x0 + share * (x1 - x0), y = y0 + share * (y1 - y0);
      taken.push_back({x - half, y - half, x + half, y + half});
    }
  }
}

void add_mark_boxes(const Drawing& d, std::vector<PlotBox>& taken) {
  const PlotBox& f = d.layout.frame;
  const double unit = d.unit();
  for (const PlotMark& mark : d.spec.marks) {
    if (!within_frame(d, mark)) continue;
    if (mark.vertical) {
      const double x = d.layout.x(mark.at);
      add_line_boxes({{x, f.top}, {x, f.bottom}}, unit, taken);
      continue;
    }
    const double y = d.layout.y(mark.at), width = d.canvas.text_width(PlotFont::kNote, mark.label);
    add_line_boxes({{f.left, y}, {f.right, y}}, unit, taken);
    taken.push_back({f.left + 6 * unit, y - 15 * unit, f.left + 6 * unit + width, y - 2 * unit});
  }
}

void draw_point_labels(Drawing& d, const std::vector<DrawnLine>& lines) {
  const double unit = d.unit();
  std::vector<PlotLabel> labels;
  std::vector<PlotBox> taken;
  for (const DrawnPoint& drawn : d.layout.points) {
    const PlotSeries& series = d.spec.series[drawn.ref.series];
    const PlotPoint& point = series.points[drawn.ref.point];
    if (!point.label.empty()) labels.push_back({drawn.x, drawn.y, point.label});
  }
  if (labels.empty()) return;
  add_mark_boxes(d, taken);
  for (const DrawnPoint& drawn : d.layout.points) {
    const PlotSeries& series = d.spec.series[drawn.ref.series];
    const PlotPoint& point = series.points[drawn.ref.point];
    const double r = 5 * unit;
    if (series.markers) taken.push_back({drawn.x - r, drawn.y - r, drawn.x + r, drawn.y + r});
    if (point.low && point.high) {
      const double high = d.spec.y_log && *point.high <= 0 ? drawn.y : d.layout.y(*point.high);
      const double low = d.spec.y_log && *point.low <= 0 ? d.layout.frame.bottom : d.layout.y(*point.low);
      taken.push_back({drawn.x - 4 * unit, high, drawn.x + 4 * unit, low});
    }
  }
  for (const DrawnLine& line : lines) {
    for (const std::vector<PlotPixel>& part : line.parts) add_line_boxes(part, unit, taken);
  }
  const PlotBox& f = d.layout.frame;
  draw_labels(labels, std::move(taken), {f.left, f.top - 6 * unit, f.right + 12 * unit, f.bottom}, d.canvas);
}

void draw_notes(Drawing& d, bool any) {
  const PlotBox& f = d.layout.frame;
  const double unit = d.unit();
  if (!any) {
    d.canvas.text(PlotFont::kNote, {(f.left + f.right) / 2, (f.top + f.bottom) / 2}, PlotAnchor::kMiddle,
                  d.spec.empty_text);
  }
  if (d.layout.not_positive == 0) return;
  d.canvas.text(PlotFont::kTick, {f.right, f.bottom - 6 * unit}, PlotAnchor::kEnd,
                fmt::format("{} {} not positive: left out of the logarithmic axis", d.layout.not_positive,
                            d.layout.not_positive == 1 ? "point is" : "points are"));
}

/// What shows the state of the mouse and of the selection, over everything.
void draw_view(Drawing& d) {
  const PlotBox& f = d.layout.frame;
  for (const PlotPointRef& selected : d.view.selected) {
    for (const DrawnPoint& point : d.layout.points) {
      if (point.ref == selected) d.canvas.ring({point.x, point.y}, 8 * d.unit());
    }
  }
  if (d.view.cursor && std::isfinite(*d.view.cursor) && (!d.spec.x_log || *d.view.cursor > 0)) {
    const double x = d.layout.x(*d.view.cursor);
    if (x >= f.left && x <= f.right) draw_vertical(d, PlotLine::kCursor, x, d.view.cursor_label, 24);
  }
  if (!d.view.crosshair || !f.contains(d.view.crosshair->x, d.view.crosshair->y)) return;
  const PlotPixel at = *d.view.crosshair;
  d.canvas.line(PlotLine::kCrosshair, {at.x, f.top}, {at.x, f.bottom});
  d.canvas.line(PlotLine::kCrosshair, {f.left, at.y}, {f.right, at.y});
}

}  // namespace

PlotLayout draw_plot(const PlotSpec& spec, const PlotView& view, Canvas& canvas, const PlotBox& area) {
  Drawing d{spec, view, canvas, layout_plot(spec, view, canvas, area)};
  d.somebody_highlighted = !view.highlighted.empty() &&
                           std::any_of(spec.series.begin(), spec.series.end(), [&](const PlotSeries& series) {
                             return series.name == view.highlighted;
                           });
  draw_legend(d);
  draw_axes(d);
  draw_marks(d);
  std::vector<DrawnLine> lines;
  bool any = false;
  for (size_t i = 0; i < spec.series.size(); ++i) {
    if (d.hidden(spec.series[i])) {
      any = any || !spec.series[i].points.empty();
      continue;
    }
    lines.push_back(draw_series(d, i));
    any = any || !lines.back().points.empty();
  }
  draw_point_labels(d, lines);
  draw_notes(d, any);
  draw_view(d);
  return std::move(d.layout);
}

}  // namespace fixynn
