// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cost/published_models.h"
#include "gui/model/plot_parts.h"
#include "plot/plot_text.h"
#include "report/cost_plot.h"
#include "report/trade_off.h"
#include "study/cost_output.h"

namespace fixynn::gui {
namespace {

constexpr int kPaperDepths[] = {0, 4, 7, 11, 14};  // Table 1 and Figure 2
constexpr int kOtherColour = 5;                    // of the design's own N where it is none of those
constexpr double kSameArea = 1e-9;

std::string series_name(int fixed_layers) {
  return fixed_layers == 0 ? "N = 0 (NVDLA alone)" : fmt::format("N = {}", fixed_layers);
}

std::string point_tooltip(const PlatformPoint& point) {
  std::string text =
      fmt::format("N = {}, {}\n{} TOPS, {} TOPS/W", point.fixed_layers, area_words(point.area_mm2),
                  short_number(*point.throughput_tops), short_number(*point.energy_efficiency_tops_per_w));
  if (point.relative_throughput && point.relative_efficiency && point.fixed_layers > 0) {
    text +=
        fmt::format("\n{}x throughput and {}x efficiency of an NVDLA alone",
                    format_fixed(*point.relative_throughput, 2), format_fixed(*point.relative_efficiency, 2));
  }
  if (point.ffe_area_mm2 > 0) text += fmt::format("\nFFE {} mm²", short_number(point.ffe_area_mm2));
  if (point.ffe_copies > 1) text += fmt::format(", {} copies", point.ffe_copies);
  if (point.extrapolated) text += "\nextrapolated: the NVDLA is larger than any published one";
  return text;
}

bool drawable(const PlatformPoint& point) {
  return point.feasible && point.throughput_tops && point.energy_efficiency_tops_per_w;
}

PlotPoint plot_point(const PlatformPoint& point) {
  PlotPoint drawn;
  drawn.x = *point.throughput_tops;
  drawn.y = *point.energy_efficiency_tops_per_w;
  drawn.tooltip = point_tooltip(point);
  drawn.hollow = point.extrapolated;
  return drawn;
}

/// Of one number of layers: "N = 11 up to 1.6 mm²". Small areas are those that cannot be built.
std::string missing_text(const std::vector<const PlatformPoint*>& points) {
  const PlatformPoint& last = *points.back();
  return fmt::format("N = {} {} {}", last.fixed_layers, points.size() == 1 ? "at" : "up to",
                     area_words(last.area_mm2));
}

/// What has no point, by reason.
struct Missing {
  std::vector<std::string> infeasible, without_energy;

  void add_notes(PlotModel& model) const {
    if (!infeasible.empty()) {
      model.notes.push_back("not shown, too small for the FFE and the smallest NVDLA: " + joined(infeasible));
    }
    if (!without_energy.empty())
      model.notes.push_back("not shown, the technology lacks figures for energies: " +
                            joined(without_energy));
  }
};

void add_depth(PlotModel& model, const Session& session, int fixed_layers, int colour, Missing& missing) {
  PlotSeries series;
  series.name = series_name(fixed_layers);
  series.colour = colour;
  series.marker = marker_of(static_cast<size_t>(colour));
  std::vector<std::optional<PlotTarget>> targets;
  std::vector<const PlatformPoint*> infeasible;
  bool without_energy = false;
  std::optional<size_t> own;
  for (const std::vector<PlatformPoint>& at_area : session.area_sweep()) {
    const PlatformPoint& point = at_area[static_cast<size_t>(fixed_layers)];
    if (!drawable(point)) {
      if (point.feasible) without_energy = true;
      if (!point.feasible) infeasible.push_back(&point);
      continue;
    }
    const Design& design = session.design();
    if (fixed_layers == design.fixed_layers && std::fabs(point.area_mm2 - design.area_mm2) < kSameArea)
      own = series.points.size();
    series.points.push_back(plot_point(point));
    targets.push_back(PlotTarget{0, fixed_layers, point.area_mm2});
  }
  if (!infeasible.empty()) missing.infeasible.push_back(missing_text(infeasible));
  if (without_energy) missing.without_energy.push_back(fmt::format("N = {}", fixed_layers));
  if (series.points.empty()) return;
  // The ends say which way the area grows.
  for (const size_t end : {size_t{0}, series.points.size() - 1})
    series.points[end].label = area_words(*targets[end]->area_mm2);
  const auto at = add_series(model, std::move(series), std::move(targets));
  if (own) model.selected.push_back({*at, *own});
}

/// Between two areas of the sweep there is no point of it, so the design has one of its own.
void add_design(PlotModel& model, const Session& session) {
  const PlatformPoint& platform = session.costs().platform();
  if (!drawable(platform)) {
    model.notes.insert(model.notes.begin(),
                       fmt::format("the design is not shown: {}",
                                   platform.feasible ? "its energy is not known" : platform.reason));
    return;
  }
  PlotSeries series;
  series.name = "design";
  series.line = false;
  series.marker = PlotMarker::kDiamond;
  series.colour = 6;
  series.points = {plot_point(platform)};
  series.points.front().hollow = true;
  series.points.front().label = area_words(platform.area_mm2);
  const auto at = add_series(model, std::move(series),
                             {PlotTarget{0, session.design().fixed_layers, session.design().area_mm2}});
  model.selected.push_back({*at, 0});
}

const MobileNet* active_network(const Session& session) {
  const OpenRun* head = session.head_run();
  return head != nullptr && head->basis ? &head->basis->network() : nullptr;
}

void add_published(PlotModel& model, const Session& session) {
  const MobileNet* network = active_network(session);
  // Without a run the design is of the paper's network.
  const bool same = network == nullptr || is_paper_network(*network);
  PlotSeries series;
  series.name = same ? "published, 3.0 mm²" : "published, 3.0 mm² (alpha 0.25, 224 px)";
  series.colour = -1;
  series.line = false;
  series.marker = PlotMarker::kDiamond;
  for (const PaperRow& row : paper_table_1()) {
    if (!row.tops || !row.tops_per_w) continue;
    PlotPoint point;
    point.x = *row.tops;
    point.y = *row.tops_per_w;
    point.tooltip = fmt::format(
        "N = {}, 3.0 mm², published (FixyNN, Table 1)\n{} TOPS, {} TOPS/W\nMobileNetV1 0.25 at 224 px",
        row.fixed_layers, format_fixed(*row.tops, 2), format_fixed(*row.tops_per_w, 2));
    series.points.push_back(std::move(point));
  }
  add_series(model, std::move(series), {});
}

std::string model_words(const Design& design) {
  const std::string technology = design.model == CostModelKind::kCalibrated ? " at " + design.technology : "";
  return fmt::format("{} model{}", cost_model_name(design.model), technology);
}

void note_origin(PlotModel& model, const DesignCosts& costs) {
  if (costs.assumed_weights)
    model.notes.push_back("costs are of assumed weights: no trained or pretrained network was found");
  if (costs.quality == CostQuality::kEstimate) model.notes.push_back("adders are estimated");
}

}  // namespace

PlotModel area_sweep_plot(const Session& session) {
  PlotModel model;
  PlotSpec& spec = model.spec;
  const Design& design = session.design();
  spec.title = "Throughput and efficiency by area, " + model_words(design);
  spec.description =
      "Figure 2 of the paper: throughput against energy efficiency, a line for each number of fixed layers, "
      "a "
      "point for each area of FFE and NVDLA together.";
  spec.x_label = "throughput, TOPS";
  spec.y_label = "energy efficiency, TOPS/W";
  spec.width = 760;
  spec.height = 460;
  spec.empty_text = "no figures";
  if (!session.costs().known() || session.area_sweep().empty()) {
    model.notes.push_back(session.costs().error);
    return model;
  }
  int colour = 0;
  Missing missing;
  for (const int depth : kPaperDepths) add_depth(model, session, depth, colour++, missing);
  if (std::find(std::begin(kPaperDepths), std::end(kPaperDepths), design.fixed_layers) ==
      std::end(kPaperDepths)) {
    add_depth(model, session, design.fixed_layers, kOtherColour, missing);
  }
  missing.add_notes(model);
  choose_sweep_axes(spec);
  add_design(model, session);
  if (session.settings().show_published) add_published(model, session);
  note_origin(model, session.costs());
  return model;
}

}  // namespace fixynn::gui
