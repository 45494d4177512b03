// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "core/text.h"
#include "plot/plot_text.h"
#include "report/hardware_figures.h"
#include "report/hardware_page.h"
#include "report/table_1.h"

namespace fixynn {
namespace {

constexpr size_t kWidth = 110;

/// End of the word at `at`, with a unit that follows it.
size_t word_end(const std::string& text, size_t at) {
  const size_t end = std::min(text.find(' ', at), text.size());
  for (const std::string_view unit : {" %", " mm²", " mm2"}) {
    if (std::string_view(text).substr(end).starts_with(unit))
      return std::min(text.find(' ', end + 1), text.size());
  }
  return end;
}

/// Words on lines of the terminal's width, the second and further ones indented by two; `used` columns of the
/// first are taken.
std::string filled(const std::string& text, size_t used = 0) {
  std::string out, line;
  for (size_t at = 0; at < text.size();) {
    const size_t end = word_end(text, at);
    const std::string word = text.substr(at, end - at);
    if (!line.empty() && used + line.size() + 1 + word.size() > kWidth) {
      out += line + "\n";
      used = 0;
      line = " ";
    }
    line += (line.empty() ? "" : " ") + word;
    at = end + 1;
  }
  return out + line + "\n";
}

/// ASCII, so that columns stay aligned: published in brackets is said in the head.
std::string number(const MarkedFigure& figure) {
  if (figure.value) return fmt::format("{:.{}f}", *figure.value, figure.decimals);
  return figure.why_absent.empty() ? "n/a" : "-";
}

std::string optional_number(const std::optional<double>& value, int decimals) {
  return value ? fmt::format("{:.{}f}", *value, decimals) : "n/a";
}

std::string accuracy_lines(const Table1& table, const DesignRows& design) {
  std::string text;
  for (size_t i = 0; i < table.datasets.size(); ++i) {
    const std::string& name = table.datasets[i].name;
    bool measured = false;
    for (const ResultRow& row : design.rows) measured = measured || row.dataset == name;
    if (!measured) continue;
    text += fmt::format("{:<14}{:>4}{:>13}{:>13}{:>20}{:>9}\n", "top-1 %", "N", "published", "measured",
                        "over seeds", "drop");
    for (const Table1Row& row : table.rows) {
      const AccuracyPair& pair = row.accuracies[i];
      const ResultRow* own = find_row(design.rows, name, row.fixed_layers);
      const std::string range = pair.measured.low ? fmt::format("{:.2f}..{:.2f} ({})", *pair.measured.low,
                                                                *pair.measured.high, pair.measured.seeds)
                                : pair.measured.seeds == 1 ? "1 seed"
                                                           : "-";
      text += fmt::format("{:<14}{:>4}{:>13}{:>13}{:>20}{:>9}\n", printable(name, 13), row.fixed_layers,
                          number(pair.published), number(pair.measured), range,
                          own != nullptr ? optional_number(own->drop, 2) : "-");
    }
    text += "\n";
  }
  return text;
}

std::string without_trailing_spaces(std::string line) {
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line + "\n";
}

std::string relative(const MarkedFigure& figure) {
  return number(figure) + (figure.value ? "x" : "");
}

std::string hardware_lines(const Table1& table) {
  std::string text =
      without_trailing_spaces(fmt::format("{:>4}{:>8}   {:<28}{:<28}{}", "N", "fixed", "published at 3.0 mm2",
                                          "paper model", table.has_calibrated ? "calibrated model" : ""));
  const char* columns = " TOPS         TOPS/W        ";
  text += without_trailing_spaces(
      fmt::format("{:>4}{:>8}   {}{}{}", "", "ops %", columns, columns, table.has_calibrated ? columns : ""));
  const auto group = [](const HardwareColumns& figures) {
    return fmt::format("{:>5} {:>6} {:>7} {:>6} ", number(figures[0]), relative(figures[1]),
                       number(figures[2]), relative(figures[3]));
  };
  for (const Table1Row& row : table.rows) {
    text += without_trailing_spaces(fmt::format("{:>4}{:>8.1f}   {:<28}{:<28}{}", row.fixed_layers,
                                                row.fixed_ops_percent, group(row.published), group(row.paper),
                                                table.has_calibrated ? group(row.calibrated) : ""));
  }
  return text + "\n";
}

std::string platform_lines(const ModelFigures& figures, double area_mm2) {
  std::string text = fmt::format("platforms of {} mm2, {}\n{:>4}{:>10}{:>11}{:>11}{:>13}{:>13}{:>13}\n",
                                 format_area(area_mm2), figures.name(), "N", "FFE mm2", "NVDLA mm2", "TOPS",
                                 "TOPS/W", "energy uJ", "pixels/clock");
  for (int n : layers_of(figures)) {
    const PlatformPoint* point = figures.at(n, area_mm2);
    if (point == nullptr) continue;
    if (!point->feasible) {
      const std::string start = fmt::format("{:>4}{:>10.3f}  ", n, point->ffe_area_mm2);
      text += start + filled("cannot be built: " + point->reason, start.size());
      continue;
    }
    text += fmt::format("{:>4}{:>10.3f}{:>11}{:>11}{:>13}{:>13}{:>13}\n", n, point->ffe_area_mm2,
                        optional_number(point->programmable_area_mm2, 2),
                        optional_number(point->throughput_tops, 2),
                        optional_number(point->energy_efficiency_tops_per_w, 2),
                        optional_number(point->energy_per_inference_uj, 3),
                        n > 0 ? optional_number(point->required_pixels_per_clock, 2) : "-");
  }
  return text + "\n";
}

}  // namespace

std::string hardware_report_text(const HardwareReport& report) {
  std::string text;
  for (size_t d = 0; d < report.designs.size(); ++d) {
    const DesignReport& design = report.designs[d];
    text += filled(design.design.name());
    text += filled(answer_of(report, d).sentence) + "\n";
    const Table1 table = make_table_1(report, d);
    text += accuracy_lines(table, design.design) + hardware_lines(table);
    text += platform_lines(design.main(), report.area_mm2);
    text += filled(crossing_sentence(design.main()));
    if (!design.calibrated_missing.empty()) text += filled(design.calibrated_missing);
    if (d + 1 < report.designs.size()) text += "\n";
  }
  for (const std::vector<std::string>* notes : {&report.joined.notes, &report.notes}) {
    for (const std::string& note : *notes) text += filled("note: " + note);
  }
  return text;
}

}  // namespace fixynn
