// SPDX-License-Identifier: Apache-2.0
#include "report/table_1.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "cost/published_models.h"
#include "plot/plot_text.h"

namespace fixynn {
namespace {

constexpr std::array<const char*, 4> kColumnTitles = {"TOPS", "relative", "TOPS/W", "relative"};
constexpr std::array<const char*, 4> kColumnKeys = {"tops", "relative_tops", "tops_per_w",
                                                    "relative_tops_per_w"};

MarkedFigure cell(const std::optional<double>& value, Mark mark, int decimals) {
  MarkedFigure figure;
  figure.value = value;
  figure.mark = mark;
  figure.decimals = decimals;
  return figure;
}

HardwareColumns published_columns(int fixed_layers) {
  HardwareColumns columns;
  for (MarkedFigure& figure : columns) figure.mark = Mark::kPublished;
  for (const PaperRow& row : paper_table_1()) {
    if (row.fixed_layers != fixed_layers) continue;
    const std::optional<double> values[] = {row.tops, row.relative_tops, row.tops_per_w,
                                            row.relative_tops_per_w};
    for (size_t i = 0; i < columns.size(); ++i) {
      columns[i].value = values[i];
      if (!values[i])
        columns[i].why_absent = fmt::format("The paper leaves these cells of N = {} empty", fixed_layers);
    }
  }
  return columns;
}

HardwareColumns modelled_columns(const ModelFigures& figures, int fixed_layers, double area_mm2) {
  HardwareColumns columns;
  const PlatformPoint* point = figures.at(fixed_layers, area_mm2);
  if (point == nullptr) return columns;
  columns = {cell(point->throughput_tops, Mark::kModelled, 2),
             cell(point->relative_throughput, Mark::kModelled, 2),
             cell(point->energy_efficiency_tops_per_w, Mark::kModelled, 2),
             cell(point->relative_efficiency, Mark::kModelled, 2)};
  if (point->feasible) {
    for (MarkedFigure& figure : columns)
      figure.why_absent = fmt::format("{}: the technology lacks a figure that energies need", figures.name());
    return columns;
  }
  const std::string why = fmt::format("{}, N = {}, {} mm²: cannot be built: {}", figures.name(), fixed_layers,
                                      format_area(area_mm2), point->reason);
  for (MarkedFigure& figure : columns) figure.why_absent = why;
  return columns;
}

AccuracyPair accuracy_pair(const DesignRows& design, const std::string& dataset, int fixed_layers) {
  AccuracyPair pair;
  pair.published.mark = Mark::kPublished;
  pair.published.decimals = 1;
  for (const PublishedPoint& point : published_points(dataset)) {
    if (point.fixed_layers == fixed_layers) pair.published.value = point.top1_percent;
  }
  pair.measured.mark = Mark::kMeasured;
  pair.measured.decimals = 2;
  if (const ResultRow* row = find_row(design.rows, dataset, fixed_layers)) {
    pair.measured.value = row->top1_mean;
    pair.measured.seeds = row->points.size();
    if (row->points.size() > 1) pair.measured.low = row->top1_low, pair.measured.high = row->top1_high;
  }
  return pair;
}

std::string sign_html(Mark mark) {
  return fmt::format(" <i class=\"mark m-{}\" title=\"{}\">{}</i>", mark_name(mark), mark_name(mark),
                     mark_sign(mark));
}

std::string head_cell(const std::string& text, Mark mark) {
  return fmt::format("<th>{}{}</th>", escape_html(text), sign_html(mark));
}

std::string layers_cells(const Table1Row& row) {
  const bool printed =
      row.published_ops_percent && std::fabs(*row.published_ops_percent - row.fixed_ops_percent) < 0.05;
  return fmt::format("<td>{}</td><td>{}{}{}</td>", row.fixed_layers, format_fixed(row.fixed_ops_percent, 1),
                     sign_html(Mark::kModelled), printed ? sign_html(Mark::kPublished) : "");
}

std::string accuracy_table(const Table1& table, std::vector<std::string>& notes) {
  std::string head = "<tr><th rowspan=\"2\">fixed<br>layers</th><th rowspan=\"2\">fixed<br>ops %</th>",
              second = "<tr>";
  for (const PaperDataset& dataset : table.datasets) {
    head += fmt::format("<th class=\"group\" colspan=\"2\">{}</th>", escape_html(dataset.heading));
    second += head_cell("paper", Mark::kPublished) + head_cell("ours", Mark::kMeasured);
  }
  std::string html =
      "<div class=\"scroll\"><table class=\"paper\">\n" + head + "</tr>\n" + second + "</tr>\n";
  for (const Table1Row& row : table.rows) {
    html += "<tr>" + layers_cells(row);
    for (const AccuracyPair& pair : row.accuracies) {
      html += fmt::format("<td>{}</td><td class=\"own\">{}</td>", figure_html(pair.published, notes),
                          figure_html(pair.measured, notes));
    }
    html += "</tr>\n";
  }
  return html + "</table></div>\n";
}

std::string hardware_table(const Table1& table, std::vector<std::string>& notes) {
  const int width = table.has_calibrated ? 3 : 2;
  std::string head = "<tr><th rowspan=\"2\">fixed<br>layers</th><th rowspan=\"2\">fixed<br>ops %</th>",
              second = "<tr>";
  for (const char* title : kColumnTitles) {
    head += fmt::format("<th class=\"group\" colspan=\"{}\">{}</th>", width, title);
    second += head_cell("paper", Mark::kPublished) + head_cell("model", Mark::kModelled);
    if (table.has_calibrated) second += head_cell("calibr.", Mark::kModelled);
  }
  std::string html =
      "<div class=\"scroll\"><table class=\"paper\">\n" + head + "</tr>\n" + second + "</tr>\n";
  for (const Table1Row& row : table.rows) {
    html += "<tr>" + layers_cells(row);
    for (size_t column = 0; column < kColumnTitles.size(); ++column) {
      html += fmt::format("<td>{}</td><td>{}</td>", figure_html(row.published[column], notes),
                          figure_html(row.paper[column], notes));
      if (table.has_calibrated)
        html += fmt::format("<td class=\"own\">{}</td>", figure_html(row.calibrated[column], notes));
    }
    html += "</tr>\n";
  }
  return html + "</table></div>\n";
}

}  // namespace

std::string mark_sign(Mark mark) {
  return mark == Mark::kMeasured ? "●" : mark == Mark::kModelled ? "○" : "◆";
}

std::string mark_name(Mark mark) {
  return mark == Mark::kMeasured ? "measured" : mark == Mark::kModelled ? "modelled" : "published";
}

std::string mark_legend() {
  const auto entry = [](Mark mark, const char* text) {
    return fmt::format("<span><i class=\"mark m-{}\">{}</i> {}</span> ", mark_name(mark), mark_sign(mark),
                       text);
  };
  return "<p class=\"marks\">" + entry(Mark::kMeasured, "measured: trained and tested in these runs") +
         entry(Mark::kModelled, "modelled: computed by a cost model") +
         entry(Mark::kPublished, "published: printed in the FixyNN paper") + "</p>\n";
}

std::string figure_html(const MarkedFigure& figure, std::vector<std::string>& notes) {
  if (!figure.value && figure.why_absent.empty()) return "<span class=\"none\">n/a</span>";
  if (!figure.value) {
    auto found = std::find(notes.begin(), notes.end(), figure.why_absent);
    if (found == notes.end()) found = notes.insert(notes.end(), figure.why_absent);
    return fmt::format("<span title=\"{}\">– <sup>{}</sup></span>", escape_html(figure.why_absent),
                       found - notes.begin() + 1);
  }
  std::string html = format_fixed(*figure.value, figure.decimals) + sign_html(figure.mark);
  if (figure.low && figure.high) {
    html += fmt::format("<small>{}–{} ({})</small>", format_fixed(*figure.low, figure.decimals),
                        format_fixed(*figure.high, figure.decimals), figure.seeds);
  }
  return html;
}

Table1 make_table_1(const HardwareReport& report, size_t design) {
  const DesignReport& own = report.designs[design];
  Table1 table;
  table.area_mm2 = report.area_mm2;
  table.has_calibrated = own.calibrated.has_value();
  table.paper_name = own.paper.name();
  if (own.calibrated) table.calibrated_name = own.calibrated->name();
  table.datasets = paper_datasets();
  for (const std::string& dataset : datasets_of(own.design.rows)) {
    const bool known = std::any_of(table.datasets.begin(), table.datasets.end(),
                                   [&](const PaperDataset& other) { return other.name == dataset; });
    if (!known) table.datasets.push_back({dataset, dataset});
  }
  std::set<int> layers;
  for (const PaperRow& row : paper_table_1()) layers.insert(row.fixed_layers);
  for (const ResultRow& row : own.design.rows) layers.insert(row.fixed_layers);
  for (int n : layers) {
    Table1Row row;
    row.fixed_layers = n;
    if (const PlatformPoint* point = own.paper.at(n, report.area_mm2))
      row.fixed_ops_percent = point->fixed_ops_percent;
    for (const PaperRow& paper : paper_table_1()) {
      if (paper.fixed_layers == n) row.published_ops_percent = paper.fixed_ops_percent;
    }
    for (const PaperDataset& dataset : table.datasets)
      row.accuracies.push_back(accuracy_pair(own.design, dataset.name, n));
    row.published = published_columns(n);
    row.paper = modelled_columns(own.paper, n, report.area_mm2);
    if (own.calibrated) row.calibrated = modelled_columns(*own.calibrated, n, report.area_mm2);
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string table_1_html(const Table1& table) {
  std::vector<std::string> notes;
  const std::string accuracy = accuracy_table(table, notes), hardware = hardware_table(table, notes);
  std::string html =
      "<h3>Accuracy, test top-1 %; ours: mean, range over seeds and their number</h3>\n" + accuracy;
  html += fmt::format("<h3>Throughput and energy efficiency: the paper at 3.0 mm², the {}{} at {} mm²</h3>\n",
                      table.paper_name,
                      table.has_calibrated ? " and the " + escape_html(table.calibrated_name) : "",
                      format_area(table.area_mm2));
  html += hardware;
  if (notes.empty()) return html;
  html += "<ol class=\"notes\">";
  for (const std::string& note : notes) html += fmt::format("<li>{}.</li>", escape_html(note));
  return html + "</ol>\n";
}

std::string table_1_csv(const Table1& table) {
  std::string csv = "fixed_layers,fixed_ops_percent_modelled,fixed_ops_percent_published";
  for (const PaperDataset& dataset : table.datasets) {
    const std::string column = "top1_percent_" + dataset.name;
    for (const char* kind : {"_published", "_measured", "_measured_low", "_measured_high", "_measured_seeds"})
      csv += "," + csv_field(column + kind);
  }
  for (const char* key : kColumnKeys)
    csv += fmt::format(",{0}_published,{0}_modelled_paper,{0}_modelled_calibrated", key);
  csv += ",infeasible_paper,infeasible_calibrated\n";
  for (const Table1Row& row : table.rows) {
    csv += fmt::format("{},{},{}", row.fixed_layers, csv_number(row.fixed_ops_percent, 2),
                       csv_number(row.published_ops_percent, 1));
    for (const AccuracyPair& pair : row.accuracies) {
      csv += fmt::format(",{},{},{},{},{}", csv_number(pair.published.value, 1),
                         csv_number(pair.measured.value, 3), csv_number(pair.measured.low, 3),
                         csv_number(pair.measured.high, 3),
                         pair.measured.seeds == 0 ? "" : std::to_string(pair.measured.seeds));
    }
    for (size_t column = 0; column < kColumnKeys.size(); ++column) {
      csv += fmt::format(",{},{},{}", csv_number(row.published[column].value, 2),
                         csv_number(row.paper[column].value, 4), csv_number(row.calibrated[column].value, 4));
    }
    // An efficiency may be unknown where the point can be built; a throughput may not.
    csv += fmt::format(",{},{}\n", csv_field(row.paper.front().value ? "" : row.paper.front().why_absent),
                       csv_field(row.calibrated.front().value ? "" : row.calibrated.front().why_absent));
  }
  return csv;
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string csv_number(const std::optional<double>& value, int decimals) {
  return value && std::isfinite(*value) ? fmt::format("{:.{}f}", *value, decimals) : "";
}

}  // namespace fixynn
