// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "gui/model/plot_parts.h"
#include "gui/model/tables.h"
#include "plot/plot_text.h"

namespace fixynn::gui {
namespace {

// Differences that would read as 0 are none.
constexpr double kLeastPercent = 0.05, kLeastPoints = 0.005;

/// What a column is about. `costs` is null where they are not known.
struct Column {
  std::string name;
  const Design* design = nullptr;
  const DesignCosts* costs = nullptr;
  DesignAccuracy accuracy;
  const OpenRun* run = nullptr;

  const PlatformPoint* platform() const {
    return costs != nullptr && costs->known() && costs->platform().feasible ? &costs->platform() : nullptr;
  }
};

std::vector<Column> columns_of(const Session& session) {
  std::vector<Column> columns;
  for (size_t i = 0; i < session.pins().size(); ++i) {
    const Pin& pin = session.pins()[i];
    columns.push_back(
        {pin.name, &pin.design, session.pin_costs(i), session.pin_accuracy(pin), session.run(pin.run)});
  }
  // One alone compares with what is on the screen.
  if (columns.size() == 1) {
    columns.push_back(
        {"design", &session.design(), &session.costs(), session.accuracy(), session.active_run()});
  }
  return columns;
}

enum class Better { kMore, kLess, kNeither };
enum class Difference { kPercent, kPoints, kCount };

/// A figure of a row; `own` false: it is not the column's own (a stale accuracy), so it is not compared.
struct Figure {
  std::optional<double> value;
  std::string text;
  bool own = true;
};

std::string signed_text(double value, int decimals) {
  return (value > 0 ? "+" : "") + format_fixed(value, decimals);
}

std::string delta_text(double first, double value, Difference kind) {
  switch (kind) {
    case Difference::kPercent: {
      if (first == 0) return "";
      const double percent = 100 * (value / first - 1);
      if (std::fabs(percent) < kLeastPercent) return "";
      return signed_text(percent, std::fabs(percent) < 9.95 ? 1 : 0) + " %";
    }
    case Difference::kPoints:
      if (std::fabs(value - first) < kLeastPoints) return "";
      return signed_text(value - first, 2) + " pp";
    case Difference::kCount:
      return signed_text(value - first, 0);
  }
  return "";
}

void add_row(CompareTable& table, const std::string& name, const std::vector<Column>& columns, Better better,
             Difference difference, const std::function<Figure(const Column&)>& figure) {
  CompareTable::Row row;
  row.name = name;
  Figure first;
  for (size_t i = 0; i < columns.size(); ++i) {
    const Figure own = figure(columns[i]);
    CompareCell cell;
    cell.text = own.text.empty() ? "–" : own.text;
    if (i == 0) {
      first = own;
    } else if (first.value && own.value && first.own && own.own && *first.value != *own.value) {
      cell.delta = delta_text(*first.value, *own.value, difference);
      if (better != Better::kNeither && !cell.delta.empty())
        cell.better = (*own.value > *first.value) == (better == Better::kMore) ? 1 : -1;
    }
    row.cells.push_back(std::move(cell));
  }
  table.rows.push_back(std::move(row));
}

/// A figure of the platform with its unit; the reason where it cannot be built.
std::function<Figure(const Column&)> platform_figure(std::optional<double> PlatformPoint::*member,
                                                     const char* unit) {
  return [member, unit](const Column& column) -> Figure {
    if (column.costs != nullptr && column.costs->known() && column.platform() == nullptr)
      return {{}, "cannot be built", true};
    const PlatformPoint* platform = column.platform();
    if (platform == nullptr || !(platform->*member)) return {};
    return {platform->*member, short_number(*(platform->*member)) + unit, true};
  };
}

void add_accuracy_rows(CompareTable& table, const std::vector<Column>& columns) {
  add_row(table, "Accuracy", columns, Better::kMore, Difference::kPoints, [](const Column& column) -> Figure {
    const DesignAccuracy& accuracy = column.accuracy;
    if (!accuracy.point) return {};
    const double top1 = accuracy.point->row.top1_mean;
    return {top1, format_fixed(top1, 2) + (accuracy.stale ? " % (stale)" : " %"), !accuracy.stale};
  });
  add_row(table, "Drop", columns, Better::kLess, Difference::kPoints, [](const Column& column) -> Figure {
    const DesignAccuracy& accuracy = column.accuracy;
    if (!accuracy.drop) return {};
    return {accuracy.drop, format_fixed(*accuracy.drop, 2) + (accuracy.stale ? " pp (stale)" : " pp"),
            !accuracy.stale};
  });
}

void add_design_rows(CompareTable& table, const std::vector<Column>& columns) {
  add_row(table, "Fixed layers", columns, Better::kNeither, Difference::kCount,
          [](const Column& column) -> Figure {
            const Design& design = *column.design;
            std::string text = fmt::format("{}", design.fixed_layers);
            if (design.tap_layer) text += fmt::format(", {} used", *design.tap_layer);
            return {design.fixed_layers, text, true};
          });
  add_row(table, "Bits", columns, Better::kNeither, Difference::kCount, [](const Column& column) -> Figure {
    return {{}, bits_label(column.design->bits, column.design->fixed_layers), true};
  });
  add_row(table, "Area", columns, Better::kNeither, Difference::kPercent, [](const Column& column) -> Figure {
    return {column.design->area_mm2, area_words(column.design->area_mm2), true};
  });
}

/// Sums over the fixed layers.
struct Silicon {
  int64_t weights = 0, zeros = 0;
};

Silicon silicon_of(const Column& column) {
  Silicon silicon;
  if (column.costs == nullptr || !column.costs->known()) return silicon;
  for (const LayerCost& layer : column.costs->ffe().layers) {
    silicon.weights += layer.weights;
    silicon.zeros += layer.zero_weights;
  }
  return silicon;
}

void add_silicon_rows(CompareTable& table, const std::vector<Column>& columns) {
  add_row(table, "FFE area", columns, Better::kLess, Difference::kPercent,
          [](const Column& column) -> Figure {
            const PlatformPoint* platform = column.platform();
            if (platform == nullptr) return {};
            std::string text = short_number(platform->ffe_area_mm2) + " mm²";
            if (platform->ffe_copies > 1) text += fmt::format(" ({} copies)", platform->ffe_copies);
            return {platform->ffe_area_mm2, text, true};
          });
  add_row(table, "Fixed ops", columns, Better::kNeither, Difference::kPoints,
          [](const Column& column) -> Figure {
            if (column.costs == nullptr || !column.costs->known()) return {};
            const double percent = column.costs->platform().fixed_ops_percent;
            return {percent, format_fixed(percent, 1) + " %", true};
          });
  add_row(table, "Weights in silicon", columns, Better::kNeither, Difference::kPercent,
          [](const Column& column) -> Figure {
            const Silicon silicon = silicon_of(column);
            if (silicon.weights == 0) return {};
            const double weights = static_cast<double>(silicon.weights);
            return {weights, format_grouped(weights), true};
          });
  add_row(table, "Zeros", columns, Better::kNeither, Difference::kPoints, [](const Column& column) -> Figure {
    const Silicon silicon = silicon_of(column);
    // The paper's model looks at no weight's value.
    if (silicon.weights == 0 || column.design->model == CostModelKind::kPaper) return {};
    const double percent = 100.0 * static_cast<double>(silicon.zeros) / static_cast<double>(silicon.weights);
    return {percent, format_fixed(percent, 1) + " %", true};
  });
  add_row(table, "Costs", columns, Better::kNeither, Difference::kCount, [](const Column& column) -> Figure {
    if (column.costs == nullptr || !column.costs->known()) return {};
    const bool exact = column.costs->quality == CostQuality::kExact;
    std::string text = exact ? "exact" : "estimate";
    text +=
        column.design->model == CostModelKind::kPaper ? ", paper's model" : ", " + column.design->technology;
    return {{}, text + (column.costs->assumed_weights ? ", assumed weights" : ""), true};
  });
}

void add_configuration(CompareTable& table, const std::vector<Column>& columns) {
  std::vector<std::map<std::string, std::string>> values;
  std::vector<std::string> keys;  // in the order in which they first stand
  std::set<std::string> known;
  for (const Column& column : columns) {
    values.emplace_back();
    if (column.run == nullptr) continue;
    for (const auto& [key, value] : flatten_yaml(column.run->run->config_text)) {
      values.back()[key] = value;
      if (known.insert(key).second) keys.push_back(key);
    }
  }
  for (const std::string& key : keys) {
    CompareTable::Difference difference{key, {}};
    for (size_t i = 0; i < columns.size(); ++i) {
      const auto found = values[i].find(key);
      difference.values.push_back(found == values[i].end() ? "–" : found->second);
    }
    const bool same =
        std::all_of(difference.values.begin(), difference.values.end(),
                    [&](const std::string& value) { return value == difference.values.front(); });
    if (!same) table.configuration.push_back(std::move(difference));
  }
}

}  // namespace

CompareTable compare_table(const Session& session) {
  const std::vector<Column> columns = columns_of(session);
  CompareTable table;
  for (const Column& column : columns) table.columns.push_back(column.name);
  if (columns.empty()) return table;
  add_design_rows(table, columns);
  add_accuracy_rows(table, columns);
  add_row(table, "Energy per inference", columns, Better::kLess, Difference::kPercent,
          platform_figure(&PlatformPoint::energy_per_inference_uj, " µJ"));
  add_row(table, "Efficiency", columns, Better::kMore, Difference::kPercent,
          platform_figure(&PlatformPoint::energy_efficiency_tops_per_w, " TOPS/W"));
  add_row(table, "Throughput", columns, Better::kMore, Difference::kPercent,
          platform_figure(&PlatformPoint::throughput_tops, " TOPS"));
  add_row(table, "Inferences a second", columns, Better::kMore, Difference::kPercent,
          platform_figure(&PlatformPoint::inferences_per_second, ""));
  add_row(table, "Latency", columns, Better::kLess, Difference::kPercent,
          platform_figure(&PlatformPoint::latency_us, " µs"));
  add_silicon_rows(table, columns);
  add_configuration(table, columns);
  return table;
}

TextTable as_text(const CompareTable& table) {
  TextTable text;
  text.headings.push_back("");
  for (const std::string& column : table.columns) text.headings.push_back(column);
  for (const CompareTable::Row& row : table.rows) {
    std::vector<std::string> cells = {row.name};
    for (const CompareCell& cell : row.cells)
      cells.push_back(cell.text + (cell.delta.empty() ? "" : " (" + cell.delta + ")"));
    text.rows.push_back(std::move(cells));
  }
  for (const CompareTable::Difference& difference : table.configuration) {
    std::vector<std::string> cells = {difference.key};
    cells.insert(cells.end(), difference.values.begin(), difference.values.end());
    text.rows.push_back(std::move(cells));
  }
  return text;
}

}  // namespace fixynn::gui
