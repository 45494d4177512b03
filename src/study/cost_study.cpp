// SPDX-License-Identifier: Apache-2.0
#include "study/cost_study.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "hardware/plan_rules.h"

namespace fixynn {
namespace {

constexpr double kPublishedClockMhz = 810;  // DeepFreeze's FFE in 16 nm; the paper names no clock
constexpr double kDramPjPerByte = 120;      // published: DeepFreeze

Technology study_technology(const CostRequest& request) {
  Technology technology = find_technology(request.technology);
  if (request.clock_mhz) {
    technology.clock_mhz = {*request.clock_mhz, FigureKind::kDerived, "asked for; not met by timing analysis",
                            std::nullopt, std::nullopt};
  }
  if (!technology.clock_mhz.value) {
    fail_usage("technology {} names no clock; give --clock-mhz", technology.name);
  }
  return technology;
}

std::vector<HardwarePlan> make_plans(const HardwareDesign& design, const CostRequest& request,
                                     AdderGraphCache& cache, const PlanProgress& progress) {
  const int largest = *std::max_element(request.fixed_layers.begin(), request.fixed_layers.end());
  const HardwarePlan plan =
      request.instant ? InstantEstimate(design).plan(
                            {.quant = design.quant, .fixed_layers = largest, .options = request.plan})
                      : plan_hardware(design, largest, request.plan, cache, request.threads, progress);
  std::vector<HardwarePlan> plans;
  for (const int layers : request.fixed_layers) plans.push_back(first_layers(plan, layers));
  return plans;
}

Technology at_end_of_ranges(const Technology& technology, bool high) {
  Technology result = technology;
  for (const TechnologyKey& key : technology_keys()) {
    Figure& figure = result.*key.figure;
    // The clock is a choice, not an uncertainty of the cost.
    if (key.figure == &Technology::clock_mhz || !figure.value) continue;
    figure.value = (high ? figure.high : figure.low).value_or(*figure.value);
  }
  return result;
}

/// The early tap is built where fewer layers are used than there are.
CalibratedOptions ffe_options(const CostRequest& request, int fixed_layers) {
  CalibratedOptions options = request.calibrated;
  const int used = request.used_layers.value_or(fixed_layers);
  options.tap_layer = used < fixed_layers ? used : 0;
  return options;
}

void add_calibrated(const HardwareDesign& design, const CostRequest& request, AdderGraphCache& cache,
                    const std::vector<ConvActivity>& activity, const PlanProgress& progress,
                    CostStudy& study) {
  study.technology = study_technology(request);
  study.plans = make_plans(design, request, cache, progress);
  const Technology low = at_end_of_ranges(*study.technology, false);
  const Technology high = at_end_of_ranges(*study.technology, true);
  for (const HardwarePlan& plan : study.plans) {
    const CalibratedOptions options = ffe_options(request, plan.fixed_layers);
    study.ffes.push_back(calibrated_ffe_cost(plan, *study.technology, options, activity));
    study.ranges.push_back({calibrated_ffe_cost(plan, low, options, activity),
                            calibrated_ffe_cost(plan, high, options, activity)});
  }
  study.activity_measured = !activity.empty();
}

void check_used_layers(int used_layers, const std::vector<int>& fixed_layers) {
  if (used_layers < 1 || used_layers > MobileNet::kLayers) {
    fail_usage("used layers: {} is outside 1..{}", used_layers, MobileNet::kLayers);
  }
  bool some = false;
  for (const int layers : fixed_layers) {
    if (layers != 0 && used_layers > layers) {
      fail_usage("used layers: {} of {} fixed layers cannot be used; give at most as many as are built",
                 used_layers, layers);
    }
    some = some || layers != 0;
  }
  if (!some) fail_usage("used layers: {} of no fixed layers cannot be used; fix some layers", used_layers);
}

}  // namespace

void check_cost_request(const CostRequest& request) {
  if (request.fixed_layers.empty()) fail_usage("no number of fixed layers is given; give some of 0..14");
  for (const int layers : request.fixed_layers) {
    if (layers < 0 || layers > MobileNet::kLayers) {
      fail_usage("fixed layers: {} is outside 0..{}", layers, MobileNet::kLayers);
    }
  }
  if (request.used_layers) check_used_layers(*request.used_layers, request.fixed_layers);
  if (request.areas_mm2.empty()) fail_usage("no area is given; give some square millimetres");
  for (const double area : request.areas_mm2) {
    if (const std::string fault = area_fault(area); !fault.empty()) fail_usage("{}", fault);
  }
  if (request.clock_mhz) {
    if (const std::string fault = clock_fault(*request.clock_mhz); !fault.empty()) fail_usage("{}", fault);
  }
  if (request.plan.levels_per_stage < 0) {
    fail_usage("levels per stage: {} is negative; give 0 (registers at outputs only) or more",
               request.plan.levels_per_stage);
  }
  if (request.model == CostModelKind::kCalibrated) study_technology(request);
}

PlatformRequest platform_request(const CostRequest& request, const Technology* technology, double area_mm2,
                                 int fixed_layers) {
  PlatformRequest platform;
  platform.area_mm2 = area_mm2;
  platform.clock_mhz =
      technology != nullptr ? *technology->clock_mhz.value : request.clock_mhz.value_or(kPublishedClockMhz);
  if (fixed_layers > 0) platform.used_layers = request.used_layers;
  platform.dram_energy_pj_per_byte = technology != nullptr
                                         ? technology->dram_energy_pj_per_byte.value.value_or(kDramPjPerByte)
                                         : kDramPjPerByte;
  return platform;
}

CostStudy run_cost_study(const HardwareDesign& design, const CostRequest& request, AdderGraphCache& cache,
                         const std::vector<ConvActivity>& activity, const PlanProgress& progress) {
  check_cost_request(request);
  CostStudy study;
  study.request = request;
  study.network = design.network;
  study.source = design.source;
  study.assumed_weights = design.assumed_weights;
  switch (request.model) {
    case CostModelKind::kCalibrated:
      add_calibrated(design, request, cache, activity, progress, study);
      break;
    case CostModelKind::kPaper:
      for (const int layers : request.fixed_layers) {
        study.ffes.push_back(paper_ffe_cost(design.network, layers));
      }
      break;
    case CostModelKind::kDeepFreeze:
      for (const int layers : request.fixed_layers) {
        study.ffes.push_back(deepfreeze_ffe_cost(design, layers, request.faults));
      }
      break;
  }
  for (const double area : request.areas_mm2) {
    for (const FfeCost& ffe : study.ffes) {
      study.points.push_back(
          evaluate_platform(design.network, ffe,
                            platform_request(request, study.technology ? &*study.technology : nullptr, area,
                                             ffe.fixed_layers)));
    }
  }
  return study;
}

}  // namespace fixynn
