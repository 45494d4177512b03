// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cost/activity.h"
#include "cost/instant_estimate.h"
#include "cost/platform.h"
#include "cost/published_models.h"
#include "hardware/technology.h"

namespace fixynn {

struct CostRequest {
  CostModelKind model = CostModelKind::kCalibrated;
  std::vector<int> fixed_layers = {0, 4, 7, 11, 14};
  std::vector<double> areas_mm2 = {3.0};
  std::optional<int> used_layers;
  std::string technology = "16nm";
  std::optional<double> clock_mhz;  ///< absent: the model's or technology's
  PlanOptions plan;
  CalibratedOptions calibrated;
  DeepFreezeFaults faults;
  bool instant = false;  ///< kCalibrated without building adder graphs
  int threads = 0;
};

/// An FFE when every figure of the technology is at the low or the high end of its range; a figure without a
/// range counts as exact. Says nothing about what is not modelled (wires).
struct FfeRange {
  FfeCost low, high;
};

/// What of a study's input was changed or counted on the command line; absent: as the file has it.
struct DesignChanges {
  std::optional<std::string> bits;
  std::optional<double> sparsity;
  std::optional<int> input_size;
  std::optional<int> activity_images;
};

/// Costs of one design for several numbers of fixed layers and areas.
struct CostStudy {
  CostRequest request;
  DesignChanges changes;
  MobileNet network;
  std::string source;
  bool assumed_weights = false;
  std::optional<Technology> technology;  ///< kCalibrated only
  std::vector<FfeCost> ffes;             ///< one an entry of fixed_layers
  std::vector<HardwarePlan> plans;       ///< the same, kCalibrated only
  std::vector<FfeRange> ranges;          ///< the same, kCalibrated only
  std::optional<int> frozen_layers;   ///< of the network: what is fixed beyond them was trained, not frozen
  bool activity_measured = false;     ///< toggles were counted on images
  bool activity_as_trained = false;   ///< with the codes of a network that was trained with these bits
  std::vector<PlatformPoint> points;  ///< areas outermost, fixed_layers innermost
};

/// Throws Error(kUsage) with one sentence for what no design could serve: numbers of layers outside 0..14,
/// more used layers than are built, an area or a clock that cannot be, an unknown technology.
void check_cost_request(const CostRequest& request);

/// What a platform of `fixed_layers` layers at an area is asked for: clock, DRAM energy and early tap of a
/// request. `technology`: of the calibrated model, null otherwise.
PlatformRequest platform_request(const CostRequest& request, const Technology* technology, double area_mm2,
                                 int fixed_layers);

/// `activity`: counted on images for the largest plan, or empty. Throws what
/// check_cost_request and the models refuse.
CostStudy run_cost_study(const HardwareDesign& design, const CostRequest& request, AdderGraphCache& cache,
                         const std::vector<ConvActivity>& activity = {}, const PlanProgress& progress = {});

}  // namespace fixynn
