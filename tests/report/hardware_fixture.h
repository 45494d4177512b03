// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cost/published_models.h"
#include "report/fake_run.h"
#include "report/hardware_costs.h"

namespace fixynn::testing_report {

/// A run in memory: a point for each N, with the accuracies of fake_accuracy.
inline ReportRun report_run(const std::string& name, const FakeRun& fake = {}, int input_size = 64) {
  ReportRun run;
  run.root = "runs/" + name;
  run.name = name;
  run.facts.name = name;
  run.facts.input_size = input_size;
  run.facts.config_text = "name: x\nffe:\n  weight_bits: 8\n  activation_bits: 8\ntrain:\n  epochs: 1\n";
  for (int n : fake.fixed_layers) {
    for (uint64_t seed : fake.seeds) {
      run.points.push_back(fake_point(fake, n, seed));
      run.points.back().back_end_bits = 8;
    }
  }
  return run;
}

/// The paper's model of a design's network, dressed up as `model`: exact and instant.
inline ModelFigures paper_figures(const DesignRows& design, double area_mm2, CostModelKind model) {
  HardwareDesign network_only;
  network_only.network = make_mobilenet(design.alpha, design.input_size, 43);
  CostRequest request;
  request.model = CostModelKind::kPaper;
  request.fixed_layers = {0, 4, 7, 11, 14};
  request.areas_mm2 = report_areas(area_mm2);
  AdderGraphCache cache;
  ModelFigures figures = figures_of(run_cost_study(network_only, request, cache));
  figures.model = model;
  if (model == CostModelKind::kCalibrated) {
    figures.technology = "16nm";
    figures.area_evidence = "derived";
  }
  return figures;
}

inline HardwareReport hardware_report(std::vector<ReportRun> runs, bool calibrated = false,
                                      double area_mm2 = 3.0) {
  HardwareReport report;
  report.joined = join_runs(std::move(runs));
  report.area_mm2 = area_mm2;
  for (const DesignRows& design : report.joined.designs) {
    DesignReport one;
    one.design = design;
    one.paper = paper_figures(design, area_mm2, CostModelKind::kPaper);
    if (calibrated) one.calibrated = paper_figures(design, area_mm2, CostModelKind::kCalibrated);
    report.designs.push_back(std::move(one));
  }
  return report;
}

}  // namespace fixynn::testing_report
