// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "report/trade_off.h"
#include "study/cost_study.h"

namespace fixynn {

/// What the hardware report is asked for.
struct HardwareReportRequest {
  CostModelKind model = CostModelKind::kCalibrated;  ///< or kPaper: then nothing else is modelled
  std::string technology = "16nm";
  double area_mm2 = 3.0;
  int threads = 0;
};

/// (what, done, total): convolutions whose adder graphs are there.
using ReportProgress = std::function<void(const std::string& what, int done, int total)>;

/// Areas of Figure 2, 0.6 to 4 mm2, and the report's own.
std::vector<double> report_areas(double area_mm2);

/// A study's figures, with crossings.
ModelFigures figures_of(const CostStudy& study);

/// Costs of all designs. The calibrated model takes a network of the design's runs, the one with the most
/// fixed layers that can be read; else the run's configuration, with its pretrained or assumed weights; where
/// that fails too, calibrated_missing says why. Throws Error(kUsage) for an unknown technology and an area
/// that is not positive.
HardwareReport make_hardware_report(JoinedRuns joined, const HardwareReportRequest& request,
                                    AdderGraphCache& cache, const ReportProgress& progress = {});

}  // namespace fixynn
