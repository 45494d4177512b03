// SPDX-License-Identifier: Apache-2.0
#include "report/hardware_costs.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <string_view>

#include "core/error.h"
#include "study/load_design.h"

namespace fixynn {
namespace {

namespace fs = std::filesystem;

constexpr int kUnknownClasses = 1000;

/// The paper's rows and the measured ones.
std::vector<int> layers_to_study(const DesignRows& design) {
  std::set<int> layers;
  for (const PaperRow& row : paper_table_1()) layers.insert(row.fixed_layers);
  for (const ResultRow& row : design.rows) layers.insert(row.fixed_layers);
  return {layers.begin(), layers.end()};
}

int classes_of(const ReportRun& run) {
  const std::string text = fact(run.facts.data, "classes");
  int classes = 0;
  std::from_chars(text.data(), text.data() + text.size(), classes);
  return classes >= 2 ? classes : kUnknownClasses;
}

bool same_bits(const Point& point, const DesignRows& design) {
  return point.weight_bits == design.weight_bits && point.activation_bits == design.activation_bits &&
         point.back_end_bits == design.back_end_bits;
}

/// Networks of the design's runs, the most fixed layers first, then their configurations.
std::vector<fs::path> sources_of(const JoinedRuns& joined, const DesignRows& design) {
  std::vector<std::pair<int, fs::path>> networks;
  std::vector<fs::path> configurations;
  for (size_t index : design.runs) {
    const ReportRun& run = joined.runs[index];
    for (const Point& point : run.points) {
      if (same_bits(point, design)) networks.emplace_back(-point.fixed_layers, run.root / point.network);
    }
    configurations.push_back(run.root / "config.yaml");
  }
  std::stable_sort(networks.begin(), networks.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<fs::path> sources;
  for (auto& network : networks) sources.push_back(std::move(network.second));
  sources.insert(sources.end(), configurations.begin(), configurations.end());
  return sources;
}

struct Source {
  LoadedDesign loaded;
  std::string note;  ///< when it is not a network of the runs
};

/// The first source that can be read. Throws the first one's error when none can.
Source load_first(const std::vector<fs::path>& sources) {
  std::string first_error;
  for (const fs::path& path : sources) {
    std::error_code code;
    if (path.extension() == ".safetensors" && !fs::exists(path, code)) {
      if (first_error.empty())
        first_error = path.string() + ": the network is missing from the run directory";
      continue;
    }
    try {
      DesignRequest request;
      request.path = path;
      Source source{load_design(request), ""};
      if (!first_error.empty())
        source.note =
            first_error + "; the calibrated model took " + source.loaded.design.source + " instead.";
      return source;
    } catch (const Error& error) {
      if (first_error.empty()) first_error = error.what();
    }
  }
  fail("{}", first_error.empty() ? "the run has no network" : first_error);
}

/// As ModelFigures::area_evidence.
std::string area_evidence(const Technology& technology) {
  constexpr FigureKind kBestFirst[] = {FigureKind::kMeasured, FigureKind::kPublished, FigureKind::kFitted,
                                       FigureKind::kDerived};
  std::vector<std::string> kinds;
  for (FigureKind kind : kBestFirst) {
    const bool used =
        std::any_of(technology_keys().begin(), technology_keys().end(), [&](const TechnologyKey& key) {
          const Figure& figure = technology.*key.figure;
          return std::string_view(key.key).find("area") != std::string_view::npos && figure.value &&
                 figure.kind == kind;
        });
    if (used) kinds.push_back(figure_kind_name(kind));
  }
  if (kinds.empty()) return "unknown";
  return kinds.size() == 1 ? kinds.front() : kinds.front() + ", in part " + kinds.back();
}

CostRequest cost_request(const HardwareReportRequest& request, const DesignRows& design,
                         CostModelKind model) {
  CostRequest cost;
  cost.model = model;
  cost.fixed_layers = layers_to_study(design);
  cost.areas_mm2 = report_areas(request.area_mm2);
  cost.technology = request.technology;
  cost.threads = request.threads;
  return cost;
}

void add_calibrated(const HardwareReportRequest& request, const JoinedRuns& joined, AdderGraphCache& cache,
                    const ReportProgress& progress, DesignReport& report, std::vector<std::string>& notes) {
  if (report.design.weight_bits == 0 || report.design.activation_bits == 0) {
    report.calibrated_missing =
        "The FFE of these runs is float, which no fixed hardware computes: train with ffe.weight_bits and "
        "ffe.activation_bits.";
    return;
  }
  try {
    Source source = load_first(sources_of(joined, report.design));
    if (!source.note.empty()) notes.push_back(source.note);
    const auto planned = [&](int done, int total) {
      if (progress) progress(report.design.name(), done, total);
      return true;
    };
    report.calibrated = figures_of(
        run_cost_study(source.loaded.design, cost_request(request, report.design, CostModelKind::kCalibrated),
                       cache, {}, planned));
  } catch (const Error& error) {
    if (error.code() == ExitCode::kUsage) throw;
    report.calibrated_missing =
        std::string("The calibrated model has nothing to say here: ") + error.what() + ".";
  }
}

}  // namespace

std::vector<double> report_areas(double area_mm2) {
  std::vector<double> areas = parse_area_sweep("0.6:4:0.2");
  const bool there =
      std::any_of(areas.begin(), areas.end(), [&](double area) { return std::fabs(area - area_mm2) < 1e-9; });
  if (!there) areas.insert(std::lower_bound(areas.begin(), areas.end(), area_mm2), area_mm2);
  return areas;
}

ModelFigures figures_of(const CostStudy& study) {
  ModelFigures figures;
  figures.model = study.request.model;
  figures.assumed_weights = study.assumed_weights && study.request.model == CostModelKind::kCalibrated;
  figures.activity_measured = study.activity_measured;
  figures.points = study.points;
  figures.ffes = study.ffes;
  PlatformRequest platform;
  if (study.technology) {
    figures.technology = study.technology->name;
    figures.area_evidence = area_evidence(*study.technology);
    platform.clock_mhz = study.technology->clock_mhz.value.value_or(platform.clock_mhz);
  }
  for (size_t i = 0; i < study.ffes.size(); ++i) {
    const FfeCost& ffe = study.ffes[i];
    if (i < study.ranges.size()) figures.ranges[ffe.fixed_layers] = study.ranges[i];
    if (ffe.fixed_layers == 0) continue;
    if (const auto area = crossing_area_mm2(study.network, ffe, platform))
      figures.crossings[ffe.fixed_layers] = *area;
  }
  return figures;
}

HardwareReport make_hardware_report(JoinedRuns joined, const HardwareReportRequest& request,
                                    AdderGraphCache& cache, const ReportProgress& progress) {
  const bool calibrated = request.model == CostModelKind::kCalibrated;
  if (calibrated) find_technology(request.technology);
  HardwareReport report;
  report.area_mm2 = request.area_mm2;
  for (const DesignRows& design : joined.designs) {
    DesignReport one;
    one.design = design;
    one.show_calibrated = calibrated;
    HardwareDesign network_only;
    network_only.network =
        make_mobilenet(design.alpha, design.input_size, classes_of(joined.runs[design.runs.front()]));
    one.paper =
        figures_of(run_cost_study(network_only, cost_request(request, design, CostModelKind::kPaper), cache));
    if (calibrated) add_calibrated(request, joined, cache, progress, one, report.notes);
    report.designs.push_back(std::move(one));
  }
  report.joined = std::move(joined);
  return report;
}

}  // namespace fixynn
