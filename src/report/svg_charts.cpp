// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/html_text.h"
#include "report/svg_plot.h"

namespace fixynn {
namespace {

constexpr double kCellHeight = 19;

std::string open_svg(const std::string& title, const std::string& description, double width, double height) {
  return fmt::format(
      "<svg xmlns='http://www.w3.org/2000/svg' class='plot' role='img' viewBox='0 0 {:.0f} {:.0f}' "
      "aria-label='{}'>"
      "<desc>{}</desc>",
      width, height, escape_html(title), escape_html(description));
}

std::string draw_bar_legend(const BarSpec& spec, double x) {
  std::string svg;
  for (const auto& [text, colour] : spec.legend) {
    svg +=
        fmt::format("<rect class='bar c{}' x='{:.1f}' y='5' width='11' height='11' rx='2'/>", colour % 8, x);
    svg += fmt::format("<text class='legend' x='{:.1f}' y='15'>{}</text>", x + 16, escape_html(text));
    x += 40 + 6.6 * static_cast<double>(text.size());
  }
  return svg;
}

/// Cells of one bar and, below them, its slanted name.
std::string draw_bar_foot(const BarSpec& spec, const Bar& bar, double x, double width, double bottom) {
  std::string svg;
  for (size_t row = 0; row < spec.cell_rows.size(); ++row) {
    const double y = bottom + 5 + kCellHeight * static_cast<double>(row);
    svg += fmt::format("<rect class='cell' x='{:.1f}' y='{:.1f}' width='{:.1f}' height='{:.1f}' rx='3'/>", x,
                       y, width, kCellHeight - 3);
    svg += fmt::format("<text class='cell-text' x='{:.1f}' y='{:.1f}' text-anchor='middle'>{}</text>",
                       x + width / 2, y + 12, escape_html(row < bar.cells.size() ? bar.cells[row] : ""));
  }
  const double y = bottom + 17 + kCellHeight * static_cast<double>(spec.cell_rows.size());
  svg += fmt::format(
      "<text class='tick' text-anchor='end' transform='translate({:.1f} {:.1f}) rotate(-50)'>{}</text>",
      x + width / 2 + 4, y, escape_html(bar.label));
  return svg;
}

std::string shorten(const std::string& text, size_t length) {
  if (text.size() <= length) return text;
  size_t end = length - 1;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

}  // namespace

std::string render_bars(const BarSpec& spec) {
  double highest = 0;
  for (const Bar& bar : spec.bars) {
    if (std::isfinite(bar.value)) highest = std::max(highest, bar.value);
  }
  const std::vector<double> ticks = nice_ticks(0, highest > 0 ? highest : 1, 4);
  const double left = 112, right = spec.width - 8, top = 30;
  const double bottom = spec.height - 92 - kCellHeight * static_cast<double>(spec.cell_rows.size());
  const auto y_of = [&](double value) { return bottom - value / ticks.back() * (bottom - top); };
  std::string svg =
      open_svg(spec.title, spec.description, spec.width, spec.height) + draw_bar_legend(spec, left);
  for (double tick : ticks) {
    svg += fmt::format("<line class='grid' x1='{:.1f}' y1='{:.1f}' x2='{:.1f}' y2='{:.1f}'/>", left,
                       y_of(tick), right, y_of(tick));
    svg += fmt::format("<text class='tick' x='{:.1f}' y='{:.1f}' text-anchor='end'>{}</text>", left - 7,
                       y_of(tick) + 4, format_tick(tick, ticks[1] - ticks[0]));
  }
  svg += fmt::format(
      "<text class='label' text-anchor='middle' transform='translate(52 {:.1f}) rotate(-90)'>{}</text>",
      (top + bottom) / 2, escape_html(spec.y_label));
  for (size_t row = 0; row < spec.cell_rows.size(); ++row) {
    svg +=
        fmt::format("<text class='tick' x='{:.1f}' y='{:.1f}' text-anchor='end'>{}</text>", left - 7,
                    bottom + 17 + kCellHeight * static_cast<double>(row), escape_html(spec.cell_rows[row]));
  }
  const double pitch = (right - left) / std::max<double>(1, static_cast<double>(spec.bars.size()));
  for (size_t i = 0; i < spec.bars.size(); ++i) {
    const Bar& bar = spec.bars[i];
    const double x = left + pitch * (static_cast<double>(i) + 0.1), width = pitch * 0.8;
    const double value = std::isfinite(bar.value) ? bar.value : 0;
    svg += fmt::format(
        "<g><title>{}</title><rect class='bar c{}' x='{:.1f}' y='{:.1f}' width='{:.1f}' "
        "height='{:.1f}' rx='2'/></g>",
        escape_html(bar.tooltip), bar.colour % 8, x, y_of(value), width, bottom - y_of(value));
    svg += draw_bar_foot(spec, bar, x, width, bottom);
  }
  svg += fmt::format("<line class='axis' x1='{:.1f}' y1='{:.1f}' x2='{:.1f}' y2='{:.1f}'/>", left, bottom,
                     right, bottom);
  return svg + "</svg>";
}

std::string render_heat_map(const HeatMapSpec& spec) {
  const double cell = 40, top = 128;
  size_t longest = 0;
  for (const std::string& row : spec.rows) longest = std::max(longest, std::min<size_t>(row.size(), 28));
  const double left = std::max(80.0, 16 + 6.2 * static_cast<double>(longest));
  const double width = left + cell * static_cast<double>(spec.columns.size()) + 84;
  const double height = top + cell * 0.8 * static_cast<double>(spec.rows.size()) + 12;
  std::string svg = open_svg(spec.title, spec.description, width, height);
  svg += fmt::format("<text class='label' x='{:.1f}' y='14'>{}</text>", left, escape_html(spec.column_title));
  svg += fmt::format("<text class='label' x='6' y='{:.1f}'>{}</text>", top - 8, escape_html(spec.row_title));
  for (size_t c = 0; c < spec.columns.size(); ++c) {
    svg += fmt::format("<text class='tick' transform='translate({:.1f} {:.1f}) rotate(-45)'>{}</text>",
                       left + cell * (static_cast<double>(c) + 0.5), top - 6,
                       escape_html(shorten(spec.columns[c], 20)));
  }
  for (size_t r = 0; r < spec.rows.size(); ++r) {
    const double y = top + cell * 0.8 * static_cast<double>(r);
    svg += fmt::format("<text class='tick' x='{:.1f}' y='{:.1f}' text-anchor='end'>{}</text>", left - 8,
                       y + 20, escape_html(shorten(spec.rows[r], 28)));
    for (size_t c = 0; c < spec.columns.size(); ++c) {
      const double count = spec.counts[r][c];
      const double share = spec.row_totals[r] > 0 ? count / spec.row_totals[r] : 0;
      const double x = left + cell * static_cast<double>(c);
      const bool own = spec.diagonal[r] == static_cast<int>(c);
      // Errors are shaded on a steeper scale: 20 % of a class gone elsewhere is much.
      const double opacity = own ? 0.1 + 0.5 * share : std::min(0.9, 4 * share);
      svg += fmt::format("<g><title>{} taken for {}: {} of {} ({} %)</title>", escape_html(spec.rows[r]),
                         escape_html(spec.columns[c]), format_grouped(count),
                         format_grouped(spec.row_totals[r]), format_fixed(100 * share, 1));
      svg += fmt::format("<rect class='cell' x='{:.1f}' y='{:.1f}' width='{:.1f}' height='{:.1f}'/>", x, y,
                         cell - 2, cell * 0.8 - 2);
      svg += fmt::format(
          "<rect class='bar c{}' fill-opacity='{:.3f}' x='{:.1f}' y='{:.1f}' width='{:.1f}' "
          "height='{:.1f}'/>",
          own ? 0 : 1, opacity, x, y, cell - 2, cell * 0.8 - 2);
      if (count > 0) {
        svg += fmt::format("<text class='heat-text' x='{:.1f}' y='{:.1f}' text-anchor='middle'>{}</text>",
                           x + cell / 2 - 1, y + 20, format_grouped(count));
      }
      svg += "</g>";
    }
  }
  return svg + "</svg>";
}

}  // namespace fixynn
