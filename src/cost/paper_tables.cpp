// SPDX-License-Identifier: Apache-2.0
#include "cost/paper_tables.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace fixynn {
namespace {

// Published: FixyNN paper, Table 1, hardware columns; the cells of 14 layers are empty there.
constexpr std::array<PaperRow, 5> kTable1 = {{
    {0, 0.0, 1.91, 1.00, 5.58, 1.00},
    {4, 27.1, 2.32, 1.21, 7.98, 1.43},
    {7, 44.3, 2.62, 1.37, 10.78, 1.93},
    {11, 77.0, 3.18, 1.66, 25.86, 4.63},
    {14, 97.0, std::nullopt, std::nullopt, std::nullopt, std::nullopt},
}};

constexpr double kPaperAreaMm2 = 3.0;
// Section 3.1: "at areas greater than 2 mm2".
constexpr double kPaperCrossingMm2 = 2.0;

PaperComparison compared(std::string figure, std::string what, std::string unit, const PlatformPoint& point,
                         std::optional<double> published, std::optional<double> modelled) {
  PaperComparison row{.figure = std::move(figure),
                      .what = std::move(what),
                      .unit = std::move(unit),
                      .fixed_layers = point.fixed_layers,
                      .used_layers = point.used_layers,
                      .published = published,
                      .modelled = modelled,
                      .residual_percent = std::nullopt,
                      .note = point.reason};
  if (published && modelled && *published != 0) row.residual_percent = 100 * (*modelled / *published - 1);
  return row;
}

PaperComparison crossing(const MobileNet& network, int fixed_layers) {
  PlatformPoint point;
  point.fixed_layers = point.used_layers = fixed_layers;
  PaperComparison row = compared("Figure 2", "crossing area", "mm2", point, kPaperCrossingMm2,
                                 crossing_area_mm2(network, paper_ffe_cost(network, fixed_layers)));
  row.residual_percent.reset();
  row.note = "the paper says about 2 mm2 for some layers fixed";
  return row;
}

}  // namespace

std::span<const PaperRow> paper_table_1() {
  return kTable1;
}

PaperEarlyTap paper_early_tap() {
  return {.built_layers = 7, .used_layers = 4, .relative_tops = 1.04, .relative_tops_per_w = 1.49};
}

std::vector<PaperComparison> compare_with_paper() {
  const MobileNet network = make_mobilenet(0.25, 224, 1001);
  PlatformRequest request;
  request.area_mm2 = kPaperAreaMm2;
  std::vector<PaperComparison> rows;
  for (const PaperRow& paper : kTable1) {
    const PlatformPoint point =
        evaluate_platform(network, paper_ffe_cost(network, paper.fixed_layers), request);
    const auto add = [&](const char* what, const char* unit, std::optional<double> published,
                         std::optional<double> modelled) {
      rows.push_back(compared("Table 1", what, unit, point, published, modelled));
    };
    add("fixed operations", "%", paper.fixed_ops_percent, point.fixed_ops_percent);
    rows.back().note.clear();
    add("throughput", "TOPS", paper.tops, point.throughput_tops);
    add("relative throughput", "x", paper.relative_tops, point.relative_throughput);
    add("efficiency", "TOPS/W", paper.tops_per_w, point.energy_efficiency_tops_per_w);
    add("relative efficiency", "x", paper.relative_tops_per_w, point.relative_efficiency);
  }
  const PaperEarlyTap tap = paper_early_tap();
  request.used_layers = tap.used_layers;
  const PlatformPoint point = evaluate_platform(network, paper_ffe_cost(network, tap.built_layers), request);
  rows.push_back(compared("Section 3.3", "relative throughput", "x", point, tap.relative_tops,
                          point.relative_throughput));
  rows.push_back(compared("Section 3.3", "relative efficiency", "x", point, tap.relative_tops_per_w,
                          point.relative_efficiency));
  for (const int fixed_layers : {4, 7, 11}) rows.push_back(crossing(network, fixed_layers));
  return rows;
}

double worst_table_1_residual_percent(const std::vector<PaperComparison>& rows) {
  double worst = 0;
  for (const PaperComparison& row : rows) {
    const bool counted = row.figure == "Table 1" && (row.what == "throughput" || row.what == "efficiency");
    if (counted && row.residual_percent) worst = std::max(worst, std::abs(*row.residual_percent));
  }
  return worst;
}

}  // namespace fixynn
