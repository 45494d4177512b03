// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "plot/plot_text.h"
#include "plot/svg_plot.h"

namespace fixynn {
namespace {

std::string open_svg(const std::string& title, const std::string& description, double width, double height) {
  return fmt::format(
      "<svg xmlns='http://www.w3.org/2000/svg' class='plot' role='img' viewBox='0 0 {:.0f} {:.0f}' "
      "aria-label='{}'>"
      "<desc>{}</desc>",
      width, height, escape_html(title), escape_html(description));
}

std::string shorten(const std::string& text, size_t length) {
  if (text.size() <= length) return text;
  size_t end = length - 1;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

}  // namespace

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
