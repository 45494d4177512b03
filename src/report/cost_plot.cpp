// SPDX-License-Identifier: Apache-2.0
#include "report/cost_plot.h"

#include <fmt/format.h>

#include <algorithm>

#include "study/cost_output.h"

namespace fixynn {
namespace {

constexpr int kPaperAreaMm2 = 3;

std::string layers_text(int layers) {
  return layers == 0 ? "none fixed" : layers == 1 ? "1 layer" : fmt::format("{} layers", layers);
}

bool is_paper_network(const MobileNet& network) {
  return network.alpha == 0.25 && network.input_size == 224;
}

std::string title_end(const CostStudy& study) {
  const std::string technology = study.technology ? " at " + study.technology->name : "";
  return fmt::format("{} model{}", cost_model_name(study.request.model), technology);
}

PlotSeries sweep_series(const CostStudy& study, size_t ffe) {
  PlotSeries series;
  series.name = layers_text(study.ffes[ffe].fixed_layers);
  series.colour = static_cast<int>(ffe % 8);
  for (size_t p = ffe; p < study.points.size(); p += study.ffes.size()) {
    const PlatformPoint& point = study.points[p];
    if (!point.throughput_tops || !point.energy_efficiency_tops_per_w) continue;
    PlotPoint mark;
    mark.x = *point.throughput_tops;
    mark.y = *point.energy_efficiency_tops_per_w;
    mark.hollow = point.extrapolated;
    mark.tooltip = fmt::format("{}, {:g} mm2: {:.2f} TOPS, {:.2f} TOPS/W{}", series.name, point.area_mm2,
                               mark.x, mark.y, point.extrapolated ? ", extrapolated" : "");
    const bool last = p + study.ffes.size() >= study.points.size();
    if (p == ffe || last) mark.label = fmt::format("{:g} mm2", point.area_mm2);
    series.points.push_back(mark);
  }
  return series;
}

/// Published, hence of another shape. Empty for networks that the paper has not.
PlotSeries published_series(const CostStudy& study) {
  PlotSeries series;
  if (!is_paper_network(study.network)) return series;
  series.name = fmt::format("published, {} mm2", kPaperAreaMm2);
  series.colour = -1;
  series.line = false;
  series.marker = PlotMarker::kDiamond;
  for (const PaperRow& row : paper_table_1()) {
    if (!row.tops || !row.tops_per_w) continue;
    PlotPoint point;
    point.x = *row.tops;
    point.y = *row.tops_per_w;
    point.label = fmt::format("{}", row.fixed_layers);
    point.tooltip = fmt::format("published: {}, {} mm2: {:.2f} TOPS, {:.2f} TOPS/W",
                                layers_text(row.fixed_layers), kPaperAreaMm2, point.x, point.y);
    series.points.push_back(point);
  }
  return series;
}

PlotSpec sweep_plot(const CostStudy& study) {
  PlotSpec spec;
  spec.title = "Throughput and efficiency by area, " + title_end(study);
  spec.description = fmt::format(
      "Efficiency in TOPS/W against throughput in TOPS for areas from {:g} to {:g} mm2, a line for each "
      "number "
      "of fixed layers.",
      study.request.areas_mm2.front(), study.request.areas_mm2.back());
  spec.x_label = "throughput, TOPS";
  spec.y_label = "efficiency, TOPS/W";
  spec.width = 760;
  spec.height = 460;
  for (size_t i = 0; i < study.ffes.size(); ++i) spec.series.push_back(sweep_series(study, i));
  choose_sweep_axes(spec);
  if (PlotSeries published = published_series(study); !published.points.empty()) {
    spec.series.push_back(std::move(published));
  }
  return spec;
}

/// Marks the numbers of layers that have no point.
std::vector<PlotMark> infeasible_marks(const CostStudy& study) {
  std::vector<PlotMark> marks;
  for (const PlatformPoint& point : study.points) {
    if (!point.feasible) marks.push_back({double(point.fixed_layers), "infeasible", true});
  }
  return marks;
}

void by_layers(PlotSeries& series) {
  std::sort(series.points.begin(), series.points.end(),
            [](const PlotPoint& a, const PlotPoint& b) { return a.x < b.x; });
}

/// Every second point's label, from the last one back, where all of them would run into each other.
void thin_labels(PlotSeries& series) {
  constexpr size_t kMostLabels = 8;
  const size_t count = series.points.size();
  if (count <= kMostLabels) return;
  for (size_t i = 0; i < count; ++i) {
    if ((count - 1 - i) % 2 == 1) series.points[i].label.clear();
  }
}

PlotSpec energy_plot(const CostStudy& study) {
  PlotSpec spec;
  spec.title =
      fmt::format("Energy and FFE area, {:g} mm2, {}", study.request.areas_mm2.front(), title_end(study));
  spec.description = "Energy of an inference by number of fixed layers, with the FFE's area at each point.";
  spec.y_label = "energy, uJ an inference";
  PlotSeries all{.name = "FFE and NVDLA, with the area of one FFE", .points = {}, .colour = 0};
  PlotSeries ffe{.name = "FFE alone", .points = {}, .colour = 1};
  for (size_t i = 0; i < study.points.size(); ++i) {
    const PlatformPoint& point = study.points[i];
    if (!point.energy_per_inference_uj) continue;
    PlotPoint mark;
    mark.x = point.fixed_layers;
    mark.y = *point.energy_per_inference_uj;
    if (point.fixed_layers > 0) mark.label = fmt::format("{:.2g} mm2", study.ffes[i].area_mm2);
    mark.tooltip = fmt::format("{}: {:.3f} uJ, {} x FFE of {:.4f} mm2", layers_text(point.fixed_layers),
                               mark.y, point.ffe_copies, study.ffes[i].area_mm2);
    all.points.push_back(mark);
    if (point.fixed_layers == 0 || !point.ffe_energy_uj) continue;
    PlotPoint part;
    part.x = point.fixed_layers;
    part.y = *point.ffe_energy_uj;
    if (i < study.ranges.size()) {
      const auto end_uj = [&](const FfeCost& end) -> std::optional<double> {
        const auto joules = end.energy_j(point.ffe_copies, *point.inferences_per_second);
        return joules ? std::optional(*joules * 1e6) : std::nullopt;
      };
      part.low = end_uj(study.ranges[i].low);
      part.high = end_uj(study.ranges[i].high);
    }
    part.tooltip = fmt::format("{}: FFE {:.3f} uJ", layers_text(point.fixed_layers), part.y);
    ffe.points.push_back(part);
  }
  by_layers(all);
  by_layers(ffe);
  thin_labels(all);
  spec.series = {all, ffe};
  return spec;
}

PlotSpec area_plot(const CostStudy& study) {
  PlotSpec spec;
  spec.title = fmt::format("FFE area, {}; energy is unknown", title_end(study));
  spec.description = "Area of the FFE by number of fixed layers.";
  spec.y_label = "FFE area, mm2";
  PlotSeries series{.name = "FFE", .points = {}, .colour = 0};
  for (size_t i = 0; i < study.ffes.size(); ++i) {
    PlotPoint mark;
    mark.x = study.ffes[i].fixed_layers;
    mark.y = study.ffes[i].area_mm2;
    if (i < study.ranges.size()) {
      mark.low = study.ranges[i].low.area_mm2;
      mark.high = study.ranges[i].high.area_mm2;
    }
    mark.tooltip = fmt::format("{}: {:.4f} mm2", layers_text(study.ffes[i].fixed_layers), mark.y);
    series.points.push_back(mark);
  }
  by_layers(series);
  spec.series = {series};
  return spec;
}

}  // namespace

void choose_sweep_axes(PlotSpec& spec) {
  double lowest = 0, highest = 0, widest = 0, narrowest = 0;
  for (const PlotSeries& series : spec.series) {
    for (const PlotPoint& point : series.points) {
      lowest = lowest == 0 ? point.y : std::min(lowest, point.y);
      highest = std::max(highest, point.y);
    }
    if (series.points.empty()) continue;
    const double end = series.points.back().x;
    widest = std::max(widest, end);
    narrowest = narrowest == 0 ? end : std::min(narrowest, end);
  }
  // A model without a rate limit lets 14 layers run away with the axis.
  spec.x_log = widest > 6 * narrowest;
  spec.x_from_zero = !spec.x_log;
  spec.y_log = lowest > 0 && highest > 20 * lowest;
  spec.y_from_zero = !spec.y_log;
}

PlotSpec cost_plot(const CostStudy& study) {
  if (study.request.areas_mm2.size() > 1) return sweep_plot(study);
  const bool energies = std::any_of(study.points.begin(), study.points.end(), [](const PlatformPoint& p) {
    return p.fixed_layers > 0 && p.energy_per_inference_uj;
  });
  PlotSpec spec = energies ? energy_plot(study) : area_plot(study);
  spec.x_label = "fixed layers";
  spec.width = 760;
  spec.height = 420;
  spec.y_from_zero = true;
  spec.x_from_zero = true;
  spec.marks = infeasible_marks(study);
  for (const FfeCost& ffe : study.ffes) spec.x_ticks.push_back(ffe.fixed_layers);
  std::sort(spec.x_ticks.begin(), spec.x_ticks.end());
  return spec;
}

std::string render_cost_plot(const CostStudy& study) {
  return render_plot_file(cost_plot(study));
}

}  // namespace fixynn
