// SPDX-License-Identifier: Apache-2.0
#include "plot/svg_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>

#include "plot/draw_plot.h"
#include "plot/plot_text.h"
#include "plot/svg_canvas.h"

namespace fixynn {
namespace {

using Colours = std::map<std::string, std::string, std::less<>>;

constexpr int kTitleHeight = 28;
constexpr int kHues = 8;

std::string replace_all(std::string text, std::string_view what, std::string_view with) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

/// The custom properties: `block` 0 for light, 1 for dark.
Colours page_colours(int block) {
  const std::string style = plot_colours();
  size_t begin = style.find(":root{");
  for (int i = 0; i < block; ++i) begin = style.find(":root{", begin + 1);
  begin += 6;
  std::string_view rest(style);
  rest = rest.substr(begin, style.find('}', begin) - begin);
  Colours colours;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(';'), rest.size()), colon = rest.find(':');
    const size_t start = rest.find("--");
    if (start < colon && colon < end)
      colours.emplace(rest.substr(start, colon - start), rest.substr(colon + 1, end - colon - 1));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return colours;
}

std::string with_colours(std::string rules, const Colours& colours) {
  for (const auto& [name, value] : colours) rules = replace_all(rules, "var(" + name + ")", value);
  return rules;
}

/// plot_style() without custom properties, which viewers of SVG files rarely know: a rule with a series'
/// colour becomes one for each colour.
std::string plain_rules(const Colours& colours) {
  const std::string style = plot_style();
  std::string plain;
  for (size_t at = 0; at < style.size();) {
    const size_t end = style.find('}', at);
    if (end == std::string::npos) break;
    const std::string rule = style.substr(at, end + 1 - at);
    at = end + 1;
    if (rule.find("{--c:") != std::string::npos) continue;
    if (rule.find("var(--c)") == std::string::npos) {
      plain += with_colours(rule, colours);
      continue;
    }
    for (int hue = -1; hue < kHues; ++hue) {
      const std::string name = hue < 0 ? "grey" : fmt::format("c{}", hue);
      std::string one = replace_all(rule, "var(--c)", "var(--" + name + ")");
      one = replace_all(one, ".series", ".series." + name);
      plain += with_colours(replace_all(one, ".bar", ".bar." + name), colours);
    }
  }
  return plain + with_colours(
                     "\n.back{fill:var(--panel)}.title{fill:var(--text);font-size:14px;"
                     "font-weight:600}\n",
                     colours);
}

/// What is common to all kinds of charts.
struct Picture {
  const std::string& title;
  const std::string& description;
  int width, height;
  const std::string& elements;
};

std::string inline_svg(const Picture& picture) {
  return fmt::format(
      "<svg xmlns='http://www.w3.org/2000/svg' class='plot' role='img' viewBox='0 0 {} {}' aria-label='{}'>"
      "<desc>{}</desc>{}</svg>",
      picture.width, picture.height, escape_html(picture.title), escape_html(picture.description),
      picture.elements);
}

std::string svg_file(const Picture& picture) {
  return fmt::format(
      "<?xml version='1.0' encoding='UTF-8'?>\n"
      "<svg xmlns='http://www.w3.org/2000/svg' class='plot' role='img' width='{0}' height='{1}' "
      "viewBox='0 {2} {0} {1}' aria-label='{3}'><desc>{4}</desc>"
      "<style>{5}@media (prefers-color-scheme:dark){{{6}}}</style><rect class='back' x='0' y='{2}' "
      "width='100%' height='100%'/><text class='title' x='14' y='-8'>{3}</text>{7}</svg>\n",
      picture.width, picture.height + kTitleHeight, -kTitleHeight, escape_html(picture.title),
      escape_html(picture.description), plain_rules(page_colours(0)), plain_rules(page_colours(1)),
      picture.elements);
}

std::string plot_elements(const PlotSpec& spec, PlotView view) {
  view.crosshair.reset();  // where the mouse is says nothing about the figure
  SvgCanvas canvas;
  draw_plot(spec, view, canvas, {0, 0, double(spec.width), double(spec.height)});
  return canvas.elements();
}

std::string bar_elements(const BarSpec& spec) {
  SvgCanvas canvas;
  draw_bars(spec, {}, canvas, {0, 0, double(spec.width), double(spec.height)});
  return canvas.elements();
}

}  // namespace

PlotView report_view() {
  PlotView view;
  view.minor_grid = false;
  return view;
}

std::string render_plot(const PlotSpec& spec, const PlotView& view) {
  return inline_svg({spec.title, spec.description, spec.width, spec.height, plot_elements(spec, view)});
}

std::string render_plot_file(const PlotSpec& spec, const PlotView& view) {
  return svg_file({spec.title, spec.description, spec.width, spec.height, plot_elements(spec, view)});
}

std::string render_bars(const BarSpec& spec) {
  return inline_svg({spec.title, spec.description, spec.width, spec.height, bar_elements(spec)});
}

std::string render_bars_file(const BarSpec& spec) {
  return svg_file({spec.title, spec.description, spec.width, spec.height, bar_elements(spec)});
}

}  // namespace fixynn
