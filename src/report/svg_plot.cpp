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
  double operator()(double value) const { return start + (value - low) / (high - low) * (end - start); }
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

bool drawable(const PlotPoint& point) {
  return std::isfinite(point.x) && std::isfinite(point.y);
}

std::string colour_class(int colour) {
  return colour < 0 ? "grey" : fmt::format("c{}", colour % 8);
}

struct Frame {
  double left, top, right, bottom;
  Scale x, y;
  std::vector<double> x_ticks, y_ticks;
};

Frame make_frame(const PlotSpec& spec, double legend_height) {
  Range x, y;
  for (const PlotSeries& series : spec.series) {
    for (const PlotPoint& point : series.points) {
      if (!drawable(point)) continue;
      x.add(point.x);
      if (!series.sets_range) continue;
      y.add(point.y);
      y.add(point.low.value_or(point.y));
      y.add(point.high.value_or(point.y));
    }
  }
  for (const PlotMark& mark : spec.marks) (mark.vertical ? x : y).add(mark.at);
  for (double tick : spec.x_ticks) x.add(tick);
  if (spec.y_from_zero) y.add(0);
  if (x.empty) x.low = 0, x.high = 1;
  if (y.empty) y.low = 0, y.high = 1;
  const double room = (y.high - y.low) * 0.06;
  const bool low_is_zero = spec.y_from_zero && y.low == 0;
  double low = low_is_zero ? y.low : y.low - room, high = y.high + room;
  if (high - low < 1e-9) low -= 0.5, high += 0.5;
  if (spec.y_low) low = std::max(low, *spec.y_low);
  if (spec.y_high) high = std::min(high, *spec.y_high);
  if (high - low < 1e-9) low = high - 1;
  Frame frame;
  frame.y_ticks = nice_ticks(low, high, 5);
  // A little below zero (the range of several seeds at N = 0) is no reason for another tick.
  if (spec.y_from_zero && low < 0) {
    while (frame.y_ticks.size() > 2 && frame.y_ticks.front() < low)
      frame.y_ticks.erase(frame.y_ticks.begin());
  }
  low = std::min(low, frame.y_ticks.front());
  high = std::max(high, frame.y_ticks.back());
  if (x.high - x.low < 1e-9) x.low -= 0.5, x.high += 0.5;
  frame.x_ticks = spec.x_ticks;
  if (frame.x_ticks.empty()) {
    for (double tick : nice_ticks(x.low, x.high, 8)) {
      if (tick >= x.low - 1e-9 && tick <= x.high + 1e-9) frame.x_ticks.push_back(tick);
    }
  }
  size_t widest = 0;
  const double step = frame.y_ticks[1] - frame.y_ticks[0];
  for (double tick : frame.y_ticks) widest = std::max(widest, format_tick(tick, step).size());
  frame.left = 34 + kCharacterWidth * static_cast<double>(widest);
  frame.top = 12 + legend_height;
  frame.right = spec.width - 18;
  frame.bottom = spec.height - 44;
  frame.x = {x.low, x.high, frame.left + 10, frame.right - 10};
  frame.y = {low, high, frame.bottom, frame.top};
  return frame;
}

std::string draw_axes(const PlotSpec& spec, const Frame& f) {
  std::string svg;
  const double y_step = f.y_ticks[1] - f.y_ticks[0];
  for (double tick : f.y_ticks) {
    const double y = f.y(tick);
    svg += fmt::format("<line class='grid' x1='{:.1f}' y1='{:.1f}' x2='{:.1f}' y2='{:.1f}'/>", f.left, y,
                       f.right, y);
    svg += fmt::format("<text class='tick' x='{:.1f}' y='{:.1f}' text-anchor='end'>{}</text>", f.left - 7,
                       y + 4, format_tick(tick, y_step));
  }
  svg += fmt::format("<line class='axis' x1='{:.1f}' y1='{:.1f}' x2='{:.1f}' y2='{:.1f}'/>", f.left, f.bottom,
                     f.right, f.bottom);
  double x_step = 1;
  for (size_t i = 1; i < f.x_ticks.size(); ++i) x_step = std::min(x_step, f.x_ticks[i] - f.x_ticks[i - 1]);
  for (double tick : f.x_ticks) {
    svg += fmt::format("<line class='axis' x1='{0:.1f}' y1='{1:.1f}' x2='{0:.1f}' y2='{2:.1f}'/>", f.x(tick),
                       f.bottom, f.bottom + 4);
    svg += fmt::format("<text class='tick' x='{:.1f}' y='{:.1f}' text-anchor='middle'>{}</text>", f.x(tick),
                       f.bottom + 18, format_tick(tick, x_step));
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

std::string draw_series(const PlotSeries& series, const Frame& f) {
  std::vector<const PlotPoint*> points;
  for (const PlotPoint& point : series.points) {
    if (drawable(point)) points.push_back(&point);
  }
  if (points.empty()) return "";
  std::string svg = fmt::format("<g class='series {}{}{}'>", colour_class(series.colour),
                                series.dashed ? " dashed" : "", series.faint ? " faint" : "");
  if (series.line && points.size() > 1) {
    svg += "<polyline points='";
    for (const PlotPoint* p : points) svg += fmt::format("{:.1f},{:.1f} ", f.x(p->x), f.y(p->y));
    svg += "'/>";
  }
  for (const PlotPoint* p : points) {
    const double x = f.x(p->x), y = f.y(p->y);
    svg += "<g>";
    if (!p->tooltip.empty()) svg += fmt::format("<title>{}</title>", escape_html(p->tooltip));
    if (p->low && p->high && std::isfinite(*p->low) && std::isfinite(*p->high)) {
      const double low = f.y(*p->low), high = f.y(*p->high);
      svg += fmt::format("<path class='error' d='M{:.1f} {:.1f}h8m-4 0V{:.1f}m-4 0h8'/>", x - 4, low, high);
    }
    if (series.markers || points.size() == 1) {
      svg += fmt::format("<circle cx='{:.1f}' cy='{:.1f}' r='4'/>", x, y);
    } else if (!p->tooltip.empty()) {
      svg += fmt::format("<circle class='hover' cx='{:.1f}' cy='{:.1f}' r='6'/>", x, y);
    }
    svg += "</g>";
  }
  return svg + "</g>";
}

/// Entries from left to right, wrapped. Returns the drawing and its height.
std::pair<std::string, double> draw_legend(const PlotSpec& spec) {
  std::string svg;
  double x = 46, y = 14;
  bool any = false;
  for (const PlotSeries& series : spec.series) {
    if (series.name.empty()) continue;
    const double width = 34 + 6.6 * static_cast<double>(series.name.size());
    if (x + width > spec.width && x > 46) x = 46, y += 18;
    svg +=
        fmt::format("<g class='series {}{}'>", colour_class(series.colour), series.dashed ? " dashed" : "");
    svg += fmt::format("<polyline points='{:.1f},{:.1f} {:.1f},{:.1f}'/>", x, y - 4, x + 20, y - 4);
    if (series.markers) svg += fmt::format("<circle cx='{:.1f}' cy='{:.1f}' r='3.5'/>", x + 10, y - 4);
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
    const std::string drawn = draw_series(series, frame);
    any = any || !drawn.empty();
    svg += drawn;
  }
  svg += "</svg>";
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
.plot .note{fill:var(--accent);font-size:11.5px}
.plot .series{--c:var(--grey)}
.plot .series polyline{fill:none;stroke:var(--c);stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.plot .series circle{fill:var(--c);stroke:var(--panel);stroke-width:1.2}
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
