// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <map>
#include <string_view>
#include <vector>

#include "report/html_text.h"
#include "report/report_sections.h"
#include "report/svg_plot.h"

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

/// The custom properties of the page: `block` 0 for light, 1 for dark.
Colours page_colours(int block) {
  const std::string style = page_style();
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

}  // namespace

std::string render_plot_file(const PlotSpec& spec) {
  std::string plot = render_plot(spec);
  const std::string view = fmt::format("viewBox='0 0 {} {}'", spec.width, spec.height);
  plot.replace(plot.find(view), view.size(),
               fmt::format("width='{0}' height='{1}' viewBox='0 {2} {0} {1}'", spec.width,
                           spec.height + kTitleHeight, -kTitleHeight));
  const std::string inside = fmt::format(
      "<style>{}@media (prefers-color-scheme:dark){{{}}}</style><rect class='back' x='0' y='{}' "
      "width='100%' height='100%'/><text class='title' x='14' y='-8'>{}</text>",
      plain_rules(page_colours(0)), plain_rules(page_colours(1)), -kTitleHeight, escape_html(spec.title));
  plot.insert(plot.find("</desc>") + 7, inside);
  return "<?xml version='1.0' encoding='UTF-8'?>\n" + plot + "\n";
}

}  // namespace fixynn
