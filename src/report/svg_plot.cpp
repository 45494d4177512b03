// SPDX-License-Identifier: Apache-2.0
#include "report/svg_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/html_text.h"

namespace fixynn {
namespace {

constexpr double kCharacterWidth = 6.4;  // of the 11.5 pixel figures on the axes, about

struct Scale {
  double low, high;   // data
  double start, end;  // pixels
  bool log = false;
  double operator()(double value) const {
    const double share = log ? std::log(value / low) / std::log(high / low) : (value - low) / (high - low);
    return start + share * (end - start);
  }
};

struct Range {
  double low = 0, high = 0;
  bool empty = true;
  void add(double value) {
    if (!std::isfinite(value)) return;
    low = empty ? value : std::min(low, value);
    high = empty ? value : std::max(high, value);
    empty = false;
  }
};

bool drawable(const PlotPoint& point, const PlotSpec& spec) {
  return std::isfinite(point.x) && std::isfinite(point.y) && (!spec.x_log || point.x > 0) &&
         (!spec.y_log || point.y > 0);
}

std::string colour_class(int colour) {
  return colour < 0 ? "grey" : fmt::format("c{}", colour % 8);
}

struct Frame {
  double left, top, right, bottom;
  Scale x, y;
  std::vector<double> x_ticks, y_ticks;
};

struct Axis {
  double low, high;
  std::vector<double> ticks;
};

Axis make_log_axis(Range range) {
  if (range.empty) range.low = 1, range.high = 10;
  Axis axis{range.low / 1.08, range.high * 1.08, {}};
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

Axis make_y_axis(const PlotSpec& spec, Range y) {
  if (spec.y_log) return make_log_axis(y);
  if (spec.y_from_zero) y.add(0);
  if (y.empty) y.low = 0, y.high = 1;
  const double room = (y.high - y.low) * 0.06;
  const bool low_is_zero = spec.y_from_zero && y.low == 0;
  double low = low_is_zero ? y.low : y.low - room, high = y.high + room;
  if (high - low < 1e-9) low -= 0.5, high += 0.5;
  if (spec.y_low) low = std::max(low, *spec.y_low);
  if (spec.y_high) high = std::min(high, *spec.y_high);
  if (high - low < 1e-9) low = high - 1;
  Axis axis{low, high, nice_ticks(low, high, 5)};
  // A little below zero (the range of several seeds at N = 0) is no reason for another tick.
  if (spec.y_from_zero && low < 0) {
    while (axis.ticks.size() > 2 && axis.ticks.front() < low) axis.ticks.erase(axis.ticks.begin());
  }
  axis.low = std::min(low, axis.ticks.front());
  axis.high = std::max(high, axis.ticks.back());
  return axis;
}

Axis make_x_axis(const PlotSpec& spec, Range x) {
  if (spec.x_log) return make_log_axis(x);
  if (spec.x_from_zero) x.add(0);
  if (x.empty) x.low = 0, x.high = 1;
  if (x.high - x.low < 1e-9) x.low -= 0.5, x.high += 0.5;
  Axis axis{x.low, x.high, spec.x_ticks};
  if (!axis.ticks.empty()) return axis;
  for (double tick : nice_ticks(x.low, x.high, 8)) {
    if (tick >= x.low - 1e-9 && tick <= x.high + 1e-9) axis.ticks.push_back(tick);
  }
  return axis;
}

/// The smallest distance between ticks; for format_tick.
double tick_step(const std::vector<double>& ticks, bool log) {
  double step = 1;
  for (size_t i = 1; i < ticks.size(); ++i) step = std::min(step, ticks[i] - ticks[i - 1]);
  return log ? std::min(step, ticks.empty() ? 1.0 : ticks.front()) : step;
}

Frame make_frame(const PlotSpec& spec, double legend_height) {
  Range x, y;
  for (const PlotSeries& series : spec.series) {
    for (const PlotPoint& point : series.points) {
      if (!drawable(point, spec)) continue;
      x.add(point.x);
      if (!series.sets_range) continue;
      y.add(point.y);
      y.add(point.low.value_or(point.y));
      y.add(point.high.value_or(point.y));
    }
  }
  for (const PlotMark& mark : spec.marks) (mark.vertical ? x : y).add(mark.at);
  for (double tick : spec.x_ticks) x.add(tick);
  const Axis x_axis = make_x_axis(spec, x), y_axis = make_y_axis(spec, y);
  Frame frame;
  frame.x_ticks = x_axis.ticks;
  frame.y_ticks = y_axis.ticks;
  size_t widest = 0;
  const double step = tick_step(frame.y_ticks, spec.y_log);
  for (double tick : frame.y_ticks) {
    widest = std::max(widest, format_tick(tick, spec.y_log ? tick : step).size());
  }
  frame.left = 34 + kCharacterWidth * static_cast<double>(widest);
  frame.top = 12 + legend_height;
  frame.right = spec.width - 18;
  frame.bottom = spec.height - 44;
  frame.x = {x_axis.low, x_axis.high, frame.left + 10, frame.right - 10, spec.x_log};
  frame.y = {y_axis.low, y_axis.high, frame.bottom, frame.top, spec.y_log};
  return frame;
}

std::string draw_axes(const PlotSpec& spec, const Frame& f) {
  std::string svg;
  const double y_step = tick_step(f.y_ticks, spec.y_log), x_step = tick_step(f.x_ticks, spec.x_log);
  for (double tick : f.y_ticks) {
    const double y = f.y(tick);
    svg += fmt::format("<line class='grid' x1='{:.1f}' y1='{:.1f}' x2='{:.1f}' y2='{:.1f}'/>", f.left, y,
                       f.right, y);
    svg += fmt::format("<text class='tick' x='{:.1f}' y='{:.1f}' text-anchor='end'>{}</text>", f.left - 7,
                       y + 4, format_tick(tick, spec.y_log ? tick : y_step));
  }
  svg += fmt::format("<line class='axis' x1='{:.1f}' y1='{:.1f}' x2='{:.1f}' y2='{:.1f}'/>", f.left, f.bottom,
                     f.right, f.bottom);
  for (double tick : f.x_ticks) {
    svg += fmt::format("<line class='axis' x1='{0:.1f}' y1='{1:.1f}' x2='{0:.1f}' y2='{2:.1f}'/>", f.x(tick),
                       f.bottom, f.bottom + 4);
    svg += fmt::format("<text class='tick' x='{:.1f}' y='{:.1f}' text-anchor='middle'>{}</text>", f.x(tick),
                       f.bottom + 18, format_tick(tick, spec.x_log ? tick : x_step));
  }
  svg += fmt::format("<text class='label' x='{:.1f}' y='{:.1f}' text-anchor='middle'>{}</text>",
                     (f.left + f.right) / 2, f.bottom + 37, escape_html(spec.x_label));
  svg += fmt::format(
      "<text class='label' text-anchor='middle' transform='translate(14 {:.1f}) rotate(-90)'>{}</text>",
      (f.top + f.bottom) / 2, escape_html(spec.y_label));
  return svg;
}

std::string draw_marks(const PlotSpec& spec, const Frame& f) {
  std::string svg;
  for (const PlotMark& mark : spec.marks) {
    if (mark.vertical) {
      const double x = f.x(mark.at);
      svg += fmt::format("<line class='mark' x1='{0:.1f}' y1='{1:.1f}' x2='{0:.1f}' y2='{2:.1f}'/>", x, f.top,
                         f.bottom);
      const bool flip = x > (f.left + f.right) / 2;
      svg += fmt::format("<text class='note' x='{:.1f}' y='{:.1f}' text-anchor='{}'>{}</text>",
                         x + (flip ? -5 : 5), f.top + 11, flip ? "end" : "start", escape_html(mark.label));
      continue;
    }
    const double y = f.y(mark.at);
    svg += fmt::format("<line class='mark' x1='{:.1f}' y1='{:.1f}' x2='{:.1f}' y2='{:.1f}'/>", f.left, y,
                       f.right, y);
    svg += fmt::format("<text class='note' x='{:.1f}' y='{:.1f}'>{}</text>", f.left + 6, y - 5,
                       escape_html(mark.label));
  }
  return svg;
}

std::string draw_marker(PlotMarker marker, double x, double y, double size, bool hollow) {
  const char* style = hollow ? " class='hollow'" : "";
  if (marker == PlotMarker::kCircle)
    return fmt::format("<circle{} cx='{:.1f}' cy='{:.1f}' r='{:.1f}'/>", style, x, y, size);
  if (marker == PlotMarker::kDiamond) {
    const double r = size * (hollow ? 2.0 : 1.4);
    return fmt::format(
        "<polygon{0} points='{1:.1f},{2:.1f} {3:.1f},{4:.1f} {1:.1f},{5:.1f} {6:.1f},{4:.1f}'/>", style, x,
        y - r, x + r, y, y + r, x - r);
  }
  const double r = size * 0.95;
  return fmt::format("<polygon{0} points='{1:.1f},{2:.1f} {3:.1f},{2:.1f} {3:.1f},{4:.1f} {1:.1f},{4:.1f}'/>",
                     style, x - r, y - r, x + r, y + r);
}

std::string draw_point(const PlotSeries& series, const PlotPoint& p, const Frame& f, bool marker) {
  const double x = f.x(p.x), y = f.y(p.y);
  std::string svg = "<g>";
  if (!p.tooltip.empty()) svg += fmt::format("<title>{}</title>", escape_html(p.tooltip));
  if (p.low && p.high && std::isfinite(*p.low) && std::isfinite(*p.high)) {
    const double low = f.y(*p.low), high = f.y(*p.high);
    svg += fmt::format("<path class='error' d='M{:.1f} {:.1f}h8m-4 0V{:.1f}m-4 0h8'/>", x - 4, low, high);
  }
  if (marker) {
    svg += draw_marker(series.marker, x, y, 4, p.hollow);
  } else if (!p.tooltip.empty()) {
    svg += fmt::format("<circle class='hover' cx='{:.1f}' cy='{:.1f}' r='6'/>", x, y);
  }
  return svg + "</g>";
}

std::string draw_series(const PlotSpec& spec, const PlotSeries& series, const Frame& f) {
  std::vector<const PlotPoint*> points;
  for (const PlotPoint& point : series.points) {
    if (drawable(point, spec)) points.push_back(&point);
  }
  if (points.empty()) return "";
  std::string svg = fmt::format("<g class='series {}{}{}'>", colour_class(series.colour),
                                series.dashed ? " dashed" : "", series.faint ? " faint" : "");
  if (series.line && points.size() > 1) {
    svg += "<polyline points='";
    for (const PlotPoint* p : points) svg += fmt::format("{:.1f},{:.1f} ", f.x(p->x), f.y(p->y));
    svg += "'/>";
  }
  for (const PlotPoint* p : points) svg += draw_point(series, *p, f, series.markers || points.size() == 1);
  return svg + "</g>";
}

/// Boxes along a line, so that labels keep off it.
void add_line_boxes(const std::vector<std::pair<double, double>>& line, std::vector<PlotBox>& taken) {
  constexpr double kStep = 5, kHalf = 1.5;
  for (size_t i = 1; i < line.size(); ++i) {
    const auto [x0, y0] = line[i - 1];
    const auto [x1, y1] = line[i];
    const double length = std::hypot(x1 - x0, y1 - y0);
    const int steps = static_cast<int>(std::min(length, 3000.0) / kStep) + 1;
    for (int k = 0; k <= steps; ++k) {
      const double share = static_cast<double>(k) / steps;
      const double x = x0 + share * (x1 - x0), y = y0 + share * (y1 - y0);
      taken.push_back({x - kHalf, y - kHalf, x + kHalf, y + kHalf});
    }
  }
}

std::string draw_point_labels(const PlotSpec& spec, const Frame& f) {
  std::vector<PlotLabel> labels;
  std::vector<PlotBox> taken;
  for (const PlotMark& mark : spec.marks) {
    if (mark.vertical) {
      add_line_boxes({{f.x(mark.at), f.top}, {f.x(mark.at), f.bottom}}, taken);
    } else {
      const double y = f.y(mark.at), width = kCharacterWidth * static_cast<double>(mark.label.size());
      add_line_boxes({{f.left, y}, {f.right, y}}, taken);
      taken.push_back({f.left + 6, y - 15, f.left + 6 + width, y - 2});
    }
  }
  for (const PlotSeries& series : spec.series) {
    std::vector<std::pair<double, double>> line;
    for (const PlotPoint& p : series.points) {
      if (!drawable(p, spec)) continue;
      const double x = f.x(p.x), y = f.y(p.y);
      if (series.line) line.emplace_back(x, y);
      if (y < f.top - 1 || y > f.bottom + 1) continue;
      if (series.markers) taken.push_back({x - 5, y - 5, x + 5, y + 5});
      if (p.low && p.high) taken.push_back({x - 4, f.y(*p.high), x + 4, f.y(*p.low)});
      if (!p.label.empty()) labels.push_back({x, y, p.label});
    }
    add_line_boxes(line, taken);
  }
  return draw_labels(labels, taken, {f.left, f.top - 6, f.right + 12, f.bottom});
}

bool all_hollow(const PlotSeries& series) {
  return !series.line && !series.points.empty() &&
         std::all_of(series.points.begin(), series.points.end(), [](const PlotPoint& p) { return p.hollow; });
}

/// Entries from left to right, wrapped. Returns the drawing and its height.
std::pair<std::string, double> draw_legend(const PlotSpec& spec) {
  std::string svg;
  double x = 46, y = 14;
  bool any = false;
  for (const PlotSeries& series : spec.series) {
    if (series.name.empty()) continue;
    const double width = 42 + 6.6 * static_cast<double>(series.name.size());
    if (x + width > spec.width && x > 46) x = 46, y += 18;
    svg +=
        fmt::format("<g class='series {}{}'>", colour_class(series.colour), series.dashed ? " dashed" : "");
    if (series.line)
      svg += fmt::format("<polyline points='{0:.1f},{1:.1f} {2:.1f},{1:.1f}'/>", x, y - 4, x + 20);
    if (series.markers) svg += draw_marker(series.marker, x + 10, y - 4, 3.5, all_hollow(series));
    svg += fmt::format("</g><text class='legend' x='{:.1f}' y='{:.1f}'>{}</text>", x + 25, y,
                       escape_html(series.name));
    x += width;
    any = true;
  }
  return {svg, any ? y + 4 : 0};
}

}  // namespace

std::vector<double> nice_ticks(double low, double high, int count) {
  if (!std::isfinite(low) || !std::isfinite(high)) low = 0, high = 1;
  if (high < low) std::swap(low, high);
  if (high - low < 1e-12 * std::max(1.0, std::fabs(high))) low -= 0.5, high += 0.5;
  const double raw = (high - low) / std::max(count, 1);
  const double magnitude = std::pow(10.0, std::floor(std::log10(raw)));
  double step = 10 * magnitude;
  for (double factor : {5.0, 2.0, 1.0}) {
    if (factor * magnitude >= raw * (1 - 1e-9)) step = factor * magnitude;
  }
  std::vector<double> ticks;
  const double first = std::floor(low / step + 1e-9), last = std::ceil(high / step - 1e-9);
  for (double i = first; i <= last; ++i) ticks.push_back(i * step);
  if (ticks.size() < 2) ticks.push_back(ticks.front() + step);
  return ticks;
}

std::vector<double> log_ticks(double low, double high) {
  if (!(low > 0) || !std::isfinite(high) || high < low) low = 1, high = 10;
  const bool tens_only = high / low > 1000;
  std::vector<double> all;
  const int first = static_cast<int>(std::floor(std::log10(low))) - 1;
  const int last = static_cast<int>(std::ceil(std::log10(high))) + 1;
  for (int power = first; power <= last; ++power) {
    for (double factor : {1.0, 2.0, 5.0}) {
      if (factor == 1.0 || !tens_only) all.push_back(factor * std::pow(10.0, power));
    }
  }
  // From the last one at or below `low` to the first one at or above `high`.
  const auto begin = std::upper_bound(all.begin(), all.end(), low * (1 + 1e-9)) - 1;
  auto end = std::lower_bound(all.begin(), all.end(), high * (1 - 1e-9)) + 1;
  if (end - begin < 2) ++end;
  return {begin, end};
}

std::string render_plot(const PlotSpec& spec) {
  const auto [legend, legend_height] = draw_legend(spec);
  const Frame frame = make_frame(spec, legend_height);
  std::string svg = fmt::format(
      "<svg xmlns='http://www.w3.org/2000/svg' class='plot' role='img' viewBox='0 0 {} {}' aria-label='{}'>",
      spec.width, spec.height, escape_html(spec.title));
  svg += fmt::format("<desc>{}</desc>", escape_html(spec.description));
  svg += legend + draw_axes(spec, frame) + draw_marks(spec, frame);
  bool any = false;
  // A nested drawing in the same coordinates cuts off what lies outside the frame.
  const double top = frame.top - 6, height = frame.bottom - frame.top + 12;
  svg += fmt::format("<svg x='0' y='{0:.1f}' width='{1}' height='{2:.1f}' viewBox='0 {0:.1f} {1} {2:.1f}'>",
                     top, spec.width, height);
  for (const PlotSeries& series : spec.series) {
    const std::string drawn = draw_series(spec, series, frame);
    any = any || !drawn.empty();
    svg += drawn;
  }
  svg += "</svg>" + draw_point_labels(spec, frame);
  if (!any) {
    svg += fmt::format(
        "<text class='note' x='{:.1f}' y='{:.1f}' text-anchor='middle'>nothing measured yet</text>",
        (frame.left + frame.right) / 2, (frame.top + frame.bottom) / 2);
  }
  return svg + "</svg>";
}

std::string plot_style() {
  return R"css(
.plot{display:block;width:100%;height:auto;font:11.5px system-ui,sans-serif;font-variant-numeric:tabular-nums}
.plot .grid{stroke:var(--line);stroke-width:1}
.plot .axis{stroke:var(--muted);stroke-width:1}
.plot .mark{stroke:var(--accent);stroke-width:1.2;stroke-dasharray:5 4}
.plot .tick{fill:var(--muted)}
.plot .label{fill:var(--text);font-size:12px}
.plot .legend{fill:var(--text);font-size:12px}
.plot .name{fill:var(--text);font-size:11px;paint-order:stroke;stroke:var(--panel);stroke-width:3px;
stroke-linejoin:round}
.plot .note{fill:var(--accent);font-size:11.5px}
.plot .series{--c:var(--grey)}
.plot .series polyline{fill:none;stroke:var(--c);stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.plot .series circle{fill:var(--c);stroke:var(--panel);stroke-width:1.2}
.plot .series polygon{fill:var(--c);stroke:var(--panel);stroke-width:1.2}
.plot .series .hollow{fill:var(--panel);stroke:var(--c);stroke-width:1.8}
.plot .series polygon.hollow{fill:none;stroke:var(--c)}
.plot .series circle.hover{fill:transparent;stroke:none}
.plot .series .error{fill:none;stroke:var(--c);stroke-width:1.4}
.plot .dashed polyline{stroke-dasharray:6 4}
.plot .faint{opacity:.4}
.plot .bar{fill:var(--c)}
.plot .cell{fill:var(--chip)}
.plot .cell-text{fill:var(--text);font-size:11px}
.plot .heat-text{font-size:11.5px;fill:var(--text)}
.plot .c0{--c:var(--c0)}.plot .c1{--c:var(--c1)}.plot .c2{--c:var(--c2)}.plot .c3{--c:var(--c3)}
.plot .c4{--c:var(--c4)}.plot .c5{--c:var(--c5)}.plot .c6{--c:var(--c6)}.plot .c7{--c:var(--c7)}
.plot .grey{--c:var(--grey)}
)css";
}

}  // namespace fixynn
