// SPDX-License-Identifier: Apache-2.0
#include "plot/plot_csv.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <string_view>

namespace fixynn {
namespace {

std::string field(std::string_view text) {
  std::string value;
  if (!text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos)
    value += '\'';
  value += text;
  if (value.find_first_of(",\"\n\r") == std::string::npos) return value;
  std::string quoted = "\"";
  for (char c : value) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string field(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? fmt::format("{}", *value) : "";
}

std::string heading(const std::string& label, const char* otherwise) {
  return field(label.empty() ? std::string_view(otherwise) : std::string_view(label));
}

std::string colour_name(const BarSpec& spec, int colour) {
  for (const auto& [text, number] : spec.legend) {
    if (number == colour) return text;
  }
  return "";
}

}  // namespace

std::string plot_csv(const PlotSpec& spec) {
  std::string csv =
      fmt::format("series,{},{},low,high,label\n", heading(spec.x_label, "x"), heading(spec.y_label, "y"));
  for (const PlotSeries& series : spec.series) {
    for (const PlotPoint& point : series.points) {
      csv +=
          fmt::format("{},{},{},{},{},{}\n", field(series.name), field(std::optional(point.x)),
                      field(std::optional(point.y)), field(point.low), field(point.high), field(point.label));
    }
  }
  return csv;
}

std::string bars_csv(const BarSpec& spec) {
  bool parts = false;
  for (const Bar& bar : spec.bars) parts = parts || !bar.parts.empty();
  std::string csv = parts ? "label,part," : "label,";
  csv += heading(spec.y_label, "value");
  for (const std::string& row : spec.cell_rows) csv += "," + field(row);
  csv += '\n';
  for (const Bar& bar : spec.bars) {
    std::string cells;
    for (size_t row = 0; row < spec.cell_rows.size(); ++row)
      cells += "," + (row < bar.cells.size() ? field(bar.cells[row]) : "");
    for (const BarPart& part : bar.parts) {
      csv += fmt::format("{},{},{}{}\n", field(bar.label), field(colour_name(spec, part.colour)),
                         field(std::optional(part.value)), cells);
    }
    if (bar.parts.empty())
      csv += fmt::format("{},{}{}{}\n", field(bar.label), parts ? "," : "", field(std::optional(bar.value)),
                         cells);
  }
  return csv;
}

}  // namespace fixynn
