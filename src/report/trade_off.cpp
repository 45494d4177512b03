// SPDX-License-Identifier: Apache-2.0
#include "report/trade_off.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "plot/plot_text.h"
#include "report/pareto.h"

namespace fixynn {
namespace {

constexpr double kSameArea = 1e-9;
constexpr double kMostDrop = 1.0;  // percentage points

std::string join_names(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i)
    text += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  return text;
}

/// "−34 %", "+12 %".
std::string change_text(double ratio) {
  const std::string text = format_fixed(100 * (ratio - 1), 0);
  return (ratio >= 1 ? "+" : "") + text + " %";
}

/// Numbers of fixed layers (> 0) that every data set has measured and keeps within one point, rising.
std::vector<int> accurate_depths(const DesignRows& design, const std::vector<std::string>& datasets) {
  std::set<int> depths;
  for (const ResultRow& row : design.rows) {
    if (row.fixed_layers > 0) depths.insert(row.fixed_layers);
  }
  std::vector<int> accurate;
  for (int depth : depths) {
    const bool all = std::all_of(datasets.begin(), datasets.end(), [&](const std::string& dataset) {
      const ResultRow* row = find_row(design.rows, dataset, depth);
      return row != nullptr && row->drop && *row->drop <= kMostDrop + 1e-9;
    });
    if (all) accurate.push_back(depth);
  }
  return accurate;
}

std::string evidence_text(const ModelFigures& figures) {
  if (figures.model == CostModelKind::kPaper) return "in 16 nm by the paper's model (fitted)";
  const std::string weights = figures.assumed_weights ? ", assumed weights" : "";
  std::string technology = figures.technology;  // "16nm": 16 nm
  const size_t digits = technology.find_first_not_of("0123456789");
  if (digits != std::string::npos && digits > 0 && technology.substr(digits) == "nm")
    technology.insert(digits, " ");
  return fmt::format("in {} ({}{})", technology, figures.area_evidence, weights);
}

std::string hardware_clause(const ModelFigures& figures, int depth, double area_mm2) {
  const PlatformPoint* fixed = figures.at(depth, area_mm2);
  const PlatformPoint* none = figures.at(0, area_mm2);
  std::vector<std::string> parts;
  if (none != nullptr && fixed->energy_per_inference_uj && none->energy_per_inference_uj) {
    parts.push_back("energy per inference " +
                    change_text(*fixed->energy_per_inference_uj / *none->energy_per_inference_uj));
  } else {
    parts.push_back("energy per inference n/a");
  }
  if (fixed->relative_throughput) parts.push_back("throughput " + change_text(*fixed->relative_throughput));
  const std::string area = format_fixed(fixed->ffe_area_mm2, 3) + " mm² ";
  parts.push_back(
      (fixed->ffe_copies > 1 ? fmt::format("{} FFEs, together {}", fixed->ffe_copies, area) : "FFE " + area) +
      evidence_text(figures));
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

std::string no_depth_sentence(const DesignRows& design, const std::vector<std::string>& datasets) {
  const ResultRow* nearest = nullptr;
  for (const ResultRow& row : design.rows) {
    if (row.fixed_layers > 0 && row.drop && (nearest == nullptr || *row.drop < *nearest->drop))
      nearest = &row;
  }
  if (nearest == nullptr) return fmt::format("Only N = 0 has been measured on {}.", join_names(datasets));
  if (datasets.size() > 1) {
    return fmt::format("No measured number of frozen layers stays within 1 point of accuracy on all of {}.",
                       join_names(datasets));
  }
  return fmt::format(
      "No measured number of frozen layers stays within 1 point of accuracy on {}; the nearest, N = {}, "
      "loses "
      "{} points.",
      datasets.front(), nearest->fixed_layers, format_fixed(*nearest->drop, 2));
}

}  // namespace

std::string format_area(double area_mm2) {
  const bool one = std::fabs(area_mm2 * 10 - std::round(area_mm2 * 10)) < 1e-6;
  return format_tick(area_mm2, one ? 0.1 : 0.01);
}

const PlatformPoint* ModelFigures::at(int fixed_layers, double area_mm2) const {
  for (const PlatformPoint& point : points) {
    if (point.fixed_layers == fixed_layers && std::fabs(point.area_mm2 - area_mm2) < kSameArea) return &point;
  }
  return nullptr;
}

const FfeCost* ModelFigures::ffe(int fixed_layers) const {
  for (const FfeCost& cost : ffes) {
    if (cost.fixed_layers == fixed_layers) return &cost;
  }
  return nullptr;
}

std::string ModelFigures::name() const {
  switch (model) {
    case CostModelKind::kPaper:
      return "paper model";
    case CostModelKind::kCalibrated:
      return "calibrated model, " + technology;
    case CostModelKind::kDeepFreeze:
      return "DeepFreeze model";
  }
  return "";
}

bool knows_energies(const ModelFigures& figures) {
  const auto some = [&](auto condition) {
    return std::any_of(figures.points.begin(), figures.points.end(), [&](const PlatformPoint& point) {
      return point.fixed_layers > 0 && point.feasible && condition(point);
    });
  };
  return !some([](const PlatformPoint&) { return true; }) ||
         some([](const PlatformPoint& point) { return point.energy_per_inference_uj.has_value(); });
}

const ModelFigures& energy_model(const DesignReport& design) {
  return knows_energies(design.main()) ? design.main() : design.paper;
}

std::vector<TradeOff> trade_offs(const HardwareReport& report, const std::string& dataset) {
  std::vector<TradeOff> points;
  for (size_t d = 0; d < report.designs.size(); ++d) {
    for (const ResultRow& row : report.designs[d].design.rows) {
      if (row.dataset != dataset) continue;
      const PlatformPoint* platform = energy_model(report.designs[d]).at(row.fixed_layers, report.area_mm2);
      if (platform == nullptr || !platform->feasible || !platform->energy_per_inference_uj) continue;
      points.push_back({d, &row, platform, *platform->energy_per_inference_uj});
    }
  }
  return points;
}

std::vector<size_t> pareto_front(std::span<const TradeOff> points) {
  std::vector<std::pair<double, double>> places;
  places.reserve(points.size());
  for (const TradeOff& point : points) places.emplace_back(point.energy_uj, point.row->top1_mean);
  return pareto_indices(places, false, true);
}

std::vector<PublishedTradeOff> published_trade_offs(const ModelFigures& paper, const std::string& dataset,
                                                    double area_mm2) {
  std::vector<PublishedTradeOff> points;
  const std::vector<PublishedPoint> published = published_points(dataset);
  for (const PublishedPoint& point : published) {
    const PlatformPoint* platform = paper.at(point.fixed_layers, area_mm2);
    if (platform == nullptr || !platform->energy_per_inference_uj) continue;
    points.push_back({point.fixed_layers, point.top1_percent,
                      published.front().top1_percent - point.top1_percent,
                      *platform->energy_per_inference_uj});
  }
  return points;
}

Answer answer_of(const HardwareReport& report, size_t design) {
  const DesignReport& own = report.designs[design];
  Answer answer;
  answer.design = design;
  for (const std::string& dataset : datasets_of(own.design.rows)) {
    if (find_row(own.design.rows, dataset, 0) != nullptr) answer.datasets.push_back(dataset);
  }
  if (answer.datasets.empty()) {
    answer.sentence = "N = 0 has not been measured, so the loss of accuracy cannot be stated.";
    return answer;
  }
  const std::vector<int> depths = accurate_depths(own.design, answer.datasets);
  if (depths.empty()) {
    answer.sentence = no_depth_sentence(own.design, answer.datasets);
    return answer;
  }
  const ModelFigures& figures = own.main();
  for (int depth : depths) {
    const PlatformPoint* point = figures.at(depth, report.area_mm2);
    if (point != nullptr && point->feasible) {
      answer.fixed_layers = depth;
      answer.deeper.reset();
    } else {
      answer.deeper = depth;
      answer.deeper_reason = point != nullptr ? point->reason : "the cost model has no such point";
    }
  }
  if (!answer.fixed_layers) {
    answer.sentence = fmt::format(
        "{} of {} layers can be frozen within 1 point of accuracy on {}, but no platform of {} mm² can be "
        "built with them: {}.",
        *answer.deeper, MobileNet::kLayers, join_names(answer.datasets), format_area(report.area_mm2),
        answer.deeper_reason);
    return answer;
  }
  answer.sentence = fmt::format("{} of {} layers can be frozen within 1 point of accuracy on {}: {}.",
                                *answer.fixed_layers, MobileNet::kLayers, join_names(answer.datasets),
                                hardware_clause(figures, *answer.fixed_layers, report.area_mm2));
  return answer;
}

std::vector<int> layers_of(const ModelFigures& figures) {
  std::set<int> layers;
  for (const PlatformPoint& point : figures.points) layers.insert(point.fixed_layers);
  return {layers.begin(), layers.end()};
}

}  // namespace fixynn
