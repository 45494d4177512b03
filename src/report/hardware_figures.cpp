// SPDX-License-Identifier: Apache-2.0
#include "report/hardware_figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>

#include "cost/published_models.h"
#include "plot/plot_text.h"

namespace fixynn {
namespace {

constexpr int kFrontColour = 6;
constexpr double kPublishedArea = 3.0;

std::string area_text(double area_mm2) {
  return format_area(area_mm2) + " mm²";
}

PlotSeries sweep_series(const ModelFigures& figures, int fixed_layers, int colour, double area_mm2) {
  PlotSeries series;
  series.name = fixed_layers == 0 ? "N = 0 (NVDLA alone)" : fmt::format("N = {}", fixed_layers);
  series.colour = colour;
  std::vector<const PlatformPoint*> sweep;
  for (const PlatformPoint& point : figures.points) {
    if (point.fixed_layers == fixed_layers && point.feasible && point.throughput_tops &&
        point.energy_efficiency_tops_per_w) {
      sweep.push_back(&point);
    }
  }
  std::sort(sweep.begin(), sweep.end(),
            [](const PlatformPoint* a, const PlatformPoint* b) { return a->area_mm2 < b->area_mm2; });
  for (const PlatformPoint* point : sweep) {
    PlotPoint drawn;
    drawn.x = *point->throughput_tops;
    drawn.y = *point->energy_efficiency_tops_per_w;
    drawn.hollow = std::fabs(point->area_mm2 - area_mm2) > 1e-9;
    // The ends say which way the area grows.
    if (point == sweep.front() || point == sweep.back()) drawn.label = area_text(point->area_mm2);
    drawn.tooltip =
        fmt::format("N = {}, {}: {} TOPS, {} TOPS/W, modelled{}", fixed_layers, area_text(point->area_mm2),
                    format_fixed(drawn.x, 2), format_fixed(drawn.y, 2),
                    point->extrapolated ? ", NVDLA larger than any published" : "");
    series.points.push_back(drawn);
  }
  return series;
}

PlotSeries published_series() {
  PlotSeries series;
  series.name = "published, 3.0 mm²";
  series.colour = -1;
  series.line = false;
  series.marker = PlotMarker::kDiamond;
  for (const PaperRow& row : paper_table_1()) {
    if (!row.tops || !row.tops_per_w) continue;
    PlotPoint point{*row.tops, *row.tops_per_w, {}, {}, "", "", true};  // hollow: ours may lie inside it
    point.tooltip =
        fmt::format("published in Table 1, N = {}, {}: {} TOPS, {} TOPS/W", row.fixed_layers,
                    area_text(kPublishedArea), format_fixed(*row.tops, 2), format_fixed(*row.tops_per_w, 2));
    series.points.push_back(point);
  }
  return series;
}

/// "N = 7", with the error bar of the seeds.
PlotPoint trade_off_point(const TradeOff& point, bool as_drop) {
  const ResultRow& row = *point.row;
  const double baseline = as_drop ? row.top1_mean + *row.drop : 0;
  const auto value = [&](double top1) { return as_drop ? baseline - top1 : top1; };
  PlotPoint drawn;
  drawn.x = point.energy_uj;
  drawn.y = value(row.top1_mean);
  drawn.label = fmt::format("N = {}", row.fixed_layers);
  if (row.points.size() > 1) {
    drawn.low = std::min(value(row.top1_low), value(row.top1_high));
    drawn.high = std::max(value(row.top1_low), value(row.top1_high));
  }
  drawn.tooltip =
      fmt::format("{}, N = {}: {} {} measured, {} µJ an inference modelled", row.dataset, row.fixed_layers,
                  format_fixed(drawn.y, 2), as_drop ? "points lost" : "%", format_fixed(point.energy_uj, 3));
  if (drawn.low) {
    drawn.tooltip += fmt::format(" (mean of {} seeds, {} to {})", row.points.size(),
                                 format_fixed(*drawn.low, 2), format_fixed(*drawn.high, 2));
  }
  return drawn;
}

/// Steps, so that the line is what an energy budget buys.
PlotSeries front_series(const std::vector<TradeOff>& points) {
  PlotSeries series;
  series.name = "Pareto front";
  series.colour = kFrontColour;
  series.dashed = true;
  series.markers = false;
  double last = 0;
  for (size_t index : pareto_front(points)) {
    const TradeOff& point = points[index];
    if (!series.points.empty()) series.points.push_back({point.energy_uj, last, {}, {}, "", "", false});
    last = point.row->top1_mean;
    series.points.push_back({point.energy_uj, last, {}, {}, "", "", false});
  }
  if (series.points.size() < 2) series.points.clear();
  return series;
}

PlotSeries grey_series(const HardwareReport& report, const std::string& dataset, bool as_drop) {
  PlotSeries series;
  series.colour = -1;
  series.dashed = true;
  series.marker = PlotMarker::kDiamond;
  series.sets_range = false;
  for (const DesignReport& design : report.designs) {
    if (!series.points.empty()) break;
    for (const PublishedTradeOff& point : published_trade_offs(design.paper, dataset, report.area_mm2)) {
      PlotPoint drawn{point.energy_uj, as_drop ? point.drop : point.top1_percent, {}, {}, "", "", false};
      drawn.tooltip = fmt::format("{}, N = {}: {} {} published, {} µJ an inference by the paper's model",
                                  dataset, point.fixed_layers, format_fixed(drawn.y, 1),
                                  as_drop ? "points lost" : "%", format_fixed(point.energy_uj, 3));
      series.points.push_back(drawn);
    }
  }
  if (!series.points.empty()) series.name = "published accuracy, paper model";
  return series;
}

PlotSpec energy_plot(const HardwareReport& report) {
  PlotSpec spec;
  spec.x_label = fmt::format("energy per inference at {}, µJ (modelled: {})", area_text(report.area_mm2),
                             energy_model(report.designs.front()).name());
  spec.x_from_zero = true;
  spec.width = 620;
  spec.height = 380;
  return spec;
}

/// Of a design, in legends: what sets it apart from the others.
std::string design_label(const HardwareReport& report, size_t design) {
  if (report.designs.size() == 1) return "measured";
  const auto text_of = [&](size_t index) {
    const DesignRows& own = report.designs[index].design;
    const auto differs = [&](auto member) {
      return std::any_of(report.designs.begin(), report.designs.end(),
                         [&](const DesignReport& other) { return other.design.*member != own.*member; });
    };
    std::vector<std::string> parts;
    if (differs(&DesignRows::weight_bits) || differs(&DesignRows::activation_bits))
      parts.push_back(own.weight_bits == 0 ? "float"
                                           : fmt::format("{}/{} bits", own.weight_bits, own.activation_bits));
    if (differs(&DesignRows::back_end_bits))
      parts.push_back(fmt::format("back end {} bits", own.back_end_bits));
    if (differs(&DesignRows::input_size)) parts.push_back(fmt::format("{} pixels", own.input_size));
    if (differs(&DesignRows::alpha)) parts.push_back("alpha " + format_tick(own.alpha, 0.05));
    std::string text;
    for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
    return text;
  };
  const std::string text = text_of(design);
  size_t same = 0;
  for (size_t other = 0; other < report.designs.size(); ++other) same += text_of(other) == text ? 1 : 0;
  if (same < 2) return text;
  return fmt::format("{}{}FFE {}", text, text.empty() ? "" : ", ", design + 1);
}

PlotSeries design_series(const std::vector<TradeOff>& points, size_t design, const std::string& name,
                         int colour, bool as_drop) {
  PlotSeries series;
  series.name = name;
  series.colour = colour;
  for (const TradeOff& point : points) {
    if (point.design == design && (!as_drop || point.row->drop))
      series.points.push_back(trade_off_point(point, as_drop));
  }
  series.line = as_drop;
  if (series.points.empty()) series.name.clear();
  return series;
}

}  // namespace

PlotSpec figure_2_plot(const ModelFigures& figures, double area_mm2) {
  PlotSpec spec;
  spec.title = fmt::format("Throughput and efficiency by area, {}", figures.name());
  spec.description = fmt::format(
      "Figure 2 of the paper by the {}: throughput against energy efficiency, one line for each number of "
      "fixed layers, one point for each area; filled points have {}.",
      figures.name(), area_text(area_mm2));
  spec.x_label = "throughput, TOPS";
  spec.y_label = "energy efficiency, TOPS/W";
  spec.x_log = spec.y_log = true;
  spec.width = 720;
  spec.height = 460;
  int colour = 0;
  for (int n : layers_of(figures)) spec.series.push_back(sweep_series(figures, n, colour++, area_mm2));
  std::erase_if(spec.series, [](const PlotSeries& series) { return series.points.empty(); });
  spec.series.push_back(published_series());
  return spec;
}

std::string crossing_sentence(const ModelFigures& figures) {
  if (!knows_energies(figures)) {
    return fmt::format(
        "The technology {} lacks figures that energies need, so the {} cannot say where fixing layers pays.",
        figures.technology, figures.name());
  }
  std::string each;
  double least = 0;
  for (int n : layers_of(figures)) {
    if (n == 0) continue;
    const auto found = figures.crossings.find(n);
    each += (each.empty() ? "" : ", ") +
            (found == figures.crossings.end()
                 ? fmt::format("N = {} not up to {}", n, area_text(kMostCrossingAreaMm2))
                 : fmt::format("N = {} from {}", n, area_text(std::ceil(found->second * 100 - 1e-6) / 100)));
    if (found != figures.crossings.end() && (least == 0 || found->second < least)) least = found->second;
  }
  if (least == 0) {
    return fmt::format("By the {}, fixing layers pays in throughput and efficiency at no area: {}.",
                       figures.name(), each);
  }
  return fmt::format(
      "By the {}, fixing layers is better in both throughput and efficiency than a larger NVDLA from {} on: "
      "{}.",
      figures.name(), area_text(std::ceil(least * 100 - 1e-6) / 100), each);
}

PlotSpec accuracy_energy_plot(const HardwareReport& report, const std::string& dataset) {
  PlotSpec spec = energy_plot(report);
  spec.title = "Accuracy against energy, " + dataset;
  spec.description =
      "Test accuracy against modelled energy of an inference for each number of frozen layers of " + dataset +
      ", with the Pareto front and the line one point below N = 0.";
  spec.y_label = "test top-1, %";
  spec.y_high = 100;
  const std::vector<TradeOff> points = trade_offs(report, dataset);
  spec.series.push_back(front_series(points));
  if (spec.series.back().points.empty()) spec.series.pop_back();
  for (size_t d = 0; d < report.designs.size(); ++d) {
    spec.series.push_back(design_series(points, d, design_label(report, d), static_cast<int>(d % 6), false));
    const ResultRow* baseline = find_row(report.designs[d].design.rows, dataset, 0);
    if (baseline == nullptr || report.designs.size() > 2) continue;
    const std::string whose = report.designs.size() == 1 ? "" : " of " + design_label(report, d);
    spec.marks.push_back({baseline->top1_mean - 1, "1 point below N = 0" + whose, false});
  }
  spec.series.push_back(grey_series(report, dataset, false));
  return spec;
}

PlotSpec drop_energy_plot(const HardwareReport& report) {
  PlotSpec spec = energy_plot(report);
  spec.title = "Accuracy lost against energy";
  spec.description =
      "Percentage points of accuracy lost against N = 0 over modelled energy of an inference, with the line "
      "at one point.";
  spec.y_label = "points lost against N = 0";
  spec.y_from_zero = true;
  spec.marks = {{1.0, "1 point", false}};
  const std::vector<std::string> datasets = datasets_of(report);
  int colour = 0;
  std::set<double> labelled;  // data sets on one FFE share their energies: one label is enough
  for (const std::string& dataset : datasets) {
    const std::vector<TradeOff> points = trade_offs(report, dataset);
    for (size_t d = 0; d < report.designs.size(); ++d) {
      std::string name = dataset;
      if (report.designs.size() > 1) name += ", " + design_label(report, d);
      PlotSeries series = design_series(points, d, name, colour % 8, true);
      if (series.points.empty()) continue;
      for (PlotPoint& point : series.points) {
        if (!labelled.insert(point.x).second) point.label.clear();
      }
      ++colour;
      spec.series.push_back(series);
    }
  }
  bool named = false;
  for (const std::string& dataset : datasets) {
    PlotSeries grey = grey_series(report, dataset, true);
    if (named) grey.name.clear();
    named = named || !grey.points.empty();
    spec.series.push_back(grey);
  }
  return spec;
}

std::vector<std::string> datasets_of(const HardwareReport& report) {
  std::vector<std::string> names;
  for (const DesignReport& design : report.designs) {
    for (const std::string& name : datasets_of(design.design.rows)) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  return names;
}

std::string design_suffix(const HardwareReport& report, size_t design) {
  if (report.designs.size() == 1) return "";
  const DesignRows& rows = report.designs[design].design;
  return fmt::format("_w{}a{}_{}_{}", rows.weight_bits, rows.activation_bits, rows.input_size, design + 1);
}

std::vector<std::pair<std::string, PlotSpec>> report_plots(const HardwareReport& report) {
  std::vector<std::pair<std::string, PlotSpec>> plots;
  for (size_t d = 0; d < report.designs.size(); ++d) {
    const std::string suffix = design_suffix(report, d);
    if (report.designs[d].calibrated)
      plots.emplace_back("figure_2_calibrated" + suffix,
                         figure_2_plot(*report.designs[d].calibrated, report.area_mm2));
    plots.emplace_back("figure_2_paper" + suffix, figure_2_plot(report.designs[d].paper, report.area_mm2));
  }
  int number = 0;
  for (const std::string& dataset : datasets_of(report)) {
    // Of a foreign points.jsonl: anything could stand there.
    const bool plain = std::all_of(dataset.begin(), dataset.end(),
                                   [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '-'; });
    ++number;
    plots.emplace_back("accuracy_energy_" + (plain ? dataset : std::to_string(number)),
                       accuracy_energy_plot(report, dataset));
  }
  plots.emplace_back("drop_energy", drop_energy_plot(report));
  return plots;
}

}  // namespace fixynn
