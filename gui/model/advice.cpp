// SPDX-License-Identifier: Apache-2.0
#include "gui/model/advice.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "gui/model/plot_parts.h"
#include "plot/plot_text.h"

namespace fixynn::gui {
namespace {

constexpr size_t kMostAdvice = 5;
constexpr double kLargeShare = 0.15;   // of the FFE's area: a layer worth a word
constexpr double kWorthwhile = 0.02;   // of the FFE's area: a saving worth a word
constexpr int kLeastAdvisedBits = 4;   // below, accuracy is lost without training for it
constexpr double kLossPoints = 1;      // percentage points that the paper allows
constexpr double kDominates = 0.6;     // of the energy
constexpr double kAtLimit = 1 - 2e-3;  // of the throughput that the FFE allows

std::string percent(double share) {
  return format_fixed(100 * share, 0) + " %";
}

const PlatformPoint& platform_at(const Session& session, int fixed_layers) {
  return session.costs().platforms[static_cast<size_t>(fixed_layers)];
}

/// "−34 % energy", of another number of layers against the design's; "" where unknown.
std::string energy_change(const Session& session, int fixed_layers) {
  const PlatformPoint& own = session.costs().platform();
  const PlatformPoint& other = platform_at(session, fixed_layers);
  if (!own.energy_per_inference_uj || !other.energy_per_inference_uj) return "";
  const double change = *other.energy_per_inference_uj / *own.energy_per_inference_uj - 1;
  return fmt::format("{}{} energy", change > 0 ? "+" : "", percent(change));
}

/// The least area of the sweep at which the design's layers can be built.
std::optional<double> feasible_from(const Session& session) {
  const auto n = static_cast<size_t>(session.design().fixed_layers);
  for (const std::vector<PlatformPoint>& at_area : session.area_sweep()) {
    if (at_area[n].feasible) return at_area[n].area_mm2;
  }
  return std::nullopt;
}

void infeasible(const Session& session, std::vector<Advice>& list) {
  const PlatformPoint& platform = session.costs().platform();
  if (platform.feasible) return;
  Advice advice;
  advice.warning = true;
  advice.text = "cannot be built: " + platform.reason;
  if (const std::optional<double> area = feasible_from(session)) {
    advice.remedy = fmt::format("it fits from {} on", area_words(*area));
    advice.actions = {SetArea{*area}};
  } else {
    for (int n = session.design().fixed_layers - 1; n >= 0; --n) {
      if (!platform_at(session, n).feasible) continue;
      advice.remedy = fmt::format("N = {} fits", n);
      advice.actions = {SetFixedLayers{n}};
      break;
    }
  }
  list.push_back(std::move(advice));
}

void not_measured(const Session& session, std::vector<Advice>& list) {
  const OpenRun* head = session.head_run();
  const DesignAccuracy& accuracy = session.accuracy();
  if (head == nullptr || head->run->state == RunState::kReading) return;
  if (accuracy.point && !accuracy.stale) return;
  // What is being trained will be there by itself.
  if (!accuracy.point && is_live(*head->run)) return;
  Advice advice;
  advice.warning = accuracy.stale;
  advice.text = accuracy.stale ? "the accuracy is stale: " + accuracy.note
                               : "the accuracy is not known: " + accuracy.note;
  const std::string fault = session.evaluate_fault();
  advice.remedy = fault.empty() ? "Evaluate trains and tests this design" : "Evaluate cannot: " + fault;
  if (fault.empty()) advice.actions = {Evaluate{}};
  list.push_back(std::move(advice));
}

/// Percentage points lost with N fixed layers of the head run's own bits.
std::optional<double> measured_drop(const OpenRun& head, int fixed_layers) {
  for (const MeasuredPoint& point : measured_points(head.run)) {
    if (point.row.dataset == first_dataset(*head.run) && point.row.fixed_layers == fixed_layers)
      return point.row.drop;
  }
  return std::nullopt;
}

/// The most measured layers within one point that can be built at this area.
std::optional<int> deepest_buildable(const Session& session, const OpenRun& head) {
  const std::string dataset = first_dataset(*head.run);
  std::optional<int> deepest;
  for (const MeasuredPoint& point : measured_points(head.run)) {
    const ResultRow& row = point.row;
    if (row.dataset != dataset || row.fixed_layers == 0 || !row.drop || *row.drop > kLossPoints + 1e-9)
      continue;
    if (platform_at(session, row.fixed_layers).feasible && (!deepest || row.fixed_layers > *deepest))
      deepest = row.fixed_layers;
  }
  return deepest;
}

void depth(const Session& session, std::vector<Advice>& list) {
  const OpenRun* head = session.head_run();
  if (head == nullptr) return;
  const std::optional<int> deepest = deepest_buildable(session, *head);
  const int own = session.design().fixed_layers;
  if (!deepest || *deepest == own) return;
  // The design's own where it was measured, else that of the run's own bits.
  const bool measured = session.accuracy().point && !session.accuracy().stale;
  const std::optional<double> own_drop = measured ? session.accuracy().drop : measured_drop(*head, own);
  const double drop = measured_drop(*head, *deepest).value_or(0);
  const std::string loses =
      drop > 0 ? fmt::format("loses {} pp", format_fixed(drop, 2)) : std::string("loses nothing");
  Advice advice;
  if (*deepest > own) {
    advice.text = fmt::format("N = {} {} against N = 0", *deepest, loses);
  } else if (own_drop && *own_drop > kLossPoints) {
    advice.warning = true;
    advice.text = fmt::format("N = {} loses {} pp, more than 1 pp", own, format_fixed(*own_drop, 2));
  } else {
    return;
  }
  const std::string change = energy_change(session, *deepest);
  advice.remedy = *deepest > own
                      ? fmt::format("N = {}: {}", *deepest, change.empty() ? "within 1 pp" : change)
                      : fmt::format("N = {} {}{}", *deepest, loses, change.empty() ? "" : ", " + change);
  advice.actions = {AdoptPoint{head->run->id, *deepest}};
  list.push_back(std::move(advice));
}

/// The fixed layer with the largest area.
const LayerRow* largest_layer(const DesignCosts& costs) {
  const LayerRow* largest = nullptr;
  for (const LayerRow& row : costs.layers) {
    if (row.fixed && row.area_mm2 && (largest == nullptr || *row.area_mm2 > *largest->area_mm2))
      largest = &row;
  }
  return largest;
}

std::optional<double> ffe_area_of(const Session& session, const Design& design) {
  const OpenRun* head = session.head_run();
  // Assumed weights would be drawn anew for every estimate: too slow for every frame, and of little worth.
  if (head == nullptr || !head->basis || !head->basis->estimate) return std::nullopt;
  try {
    const std::vector<ConvQuant> bits = conv_bits(design, head->basis->network());
    return head->basis->estimate
        ->ffe({.quant = bits, .fixed_layers = design.fixed_layers, .options = {}}, session.technology(), {})
        .area_mm2;
  } catch (const Error&) {
    return std::nullopt;
  }
}

void large_layer(const Session& session, std::vector<Advice>& list) {
  const DesignCosts& costs = session.costs();
  const Design& design = session.design();
  if (design.model != CostModelKind::kCalibrated || design.fixed_layers < 2) return;
  const LayerRow* layer = largest_layer(costs);
  const double total = costs.ffe().area_mm2;
  if (layer == nullptr || total <= 0 || *layer->area_mm2 < kLargeShare * total) return;
  Advice advice;
  advice.text = fmt::format("{} at W{} is {} of the FFE's area", layer->name, layer->bits.weight_bits,
                            percent(*layer->area_mm2 / total));
  const int fewer = layer->bits.weight_bits - 2;
  if (fewer >= kLeastAdvisedBits) {
    Design narrower = design;
    narrower.bits[static_cast<size_t>(layer->layer)].weight_bits = fewer;
    // Both are estimates: what they have in common in error does not count.
    const std::optional<double> before = ffe_area_of(session, design);
    const std::optional<double> after = ffe_area_of(session, narrower);
    if (before && after && *before - *after > kWorthwhile * *before) {
      advice.remedy = fmt::format("W{} saves about {} mm² ({})", fewer, short_number(*before - *after),
                                  percent(1 - *after / *before));
      advice.actions = {SetBits{{layer->layer}, fewer, std::nullopt}};
    }
  }
  if (!advice.actions.empty()) list.push_back(std::move(advice));
}

void ffe_limits(const Session& session, std::vector<Advice>& list) {
  const PlatformPoint& platform = session.costs().platform();
  if (!platform.feasible || !platform.throughput_cap_tops || !platform.throughput_tops ||
      !session.costs().ffe().most_inferences_per_second)
    return;
  const double limit = *platform.throughput_cap_tops * platform.ffe_copies;
  if (*platform.throughput_tops < kAtLimit * limit) return;
  Advice advice;
  advice.text = fmt::format("the fixed extractor limits the throughput: {}one pixel a clock is {} TOPS",
                            platform.ffe_copies > 1 ? fmt::format("{} copies at ", platform.ffe_copies) : "",
                            short_number(limit));
  const auto n = static_cast<size_t>(session.design().fixed_layers);
  for (const std::vector<PlatformPoint>& at_area : session.area_sweep()) {
    const PlatformPoint& other = at_area[n];
    if (other.area_mm2 > session.design().area_mm2 - 0.05) break;
    if (!other.throughput_tops || *other.throughput_tops < kAtLimit * *platform.throughput_tops) continue;
    advice.remedy = fmt::format("{} do as much", area_words(other.area_mm2));
    advice.actions = {SetArea{other.area_mm2}};
    break;
  }
  list.push_back(std::move(advice));
}

void back_end_dominates(const Session& session, std::vector<Advice>& list) {
  const PlatformPoint& platform = session.costs().platform();
  if (!platform.back_end_energy_uj || !platform.energy_per_inference_uj) return;
  const double share = *platform.back_end_energy_uj / *platform.energy_per_inference_uj;
  if (share < kDominates) return;
  const int own = session.design().fixed_layers;
  for (const int n : {4, 7, 11, 14}) {
    const PlatformPoint& other = platform_at(session, n);
    if (n <= own || !other.energy_per_inference_uj ||
        *other.energy_per_inference_uj >= *platform.energy_per_inference_uj)
      continue;
    Advice advice;
    advice.text = fmt::format("the NVDLA takes {} of the energy", percent(share));
    advice.remedy = fmt::format("N = {}: {}", n, energy_change(session, n));
    advice.actions = {SetFixedLayers{n}};
    list.push_back(std::move(advice));
    return;
  }
}

void doubtful_figures(const Session& session, std::vector<Advice>& list) {
  const DesignCosts& costs = session.costs();
  if (costs.assumed_weights) {
    Advice advice;
    advice.text = "costs are of assumed weights, half of them zero";
    const OpenRun* head = session.head_run();
    if (head == nullptr) {
      advice.remedy = "open a run to see those of its network";
      advice.actions = {OpenDialog{OpenDialog::Kind::kOpen}};
    } else {
      advice.remedy = head->basis_error.empty() ? "the first finished training brings its own"
                                                : "the run's weights cannot be read: " + head->basis_error;
    }
    list.push_back(std::move(advice));
  }
  const PlatformPoint& platform = costs.platform();
  if (platform.feasible && platform.extrapolated && platform.programmable_area_mm2) {
    Advice advice;
    advice.text = fmt::format("the NVDLA of {} mm² is larger than any published one: extrapolated",
                              format_fixed(*platform.programmable_area_mm2, 2));
    list.push_back(std::move(advice));
  }
}

}  // namespace

std::vector<Advice> advice_for(const Session& session) {
  std::vector<Advice> list;
  if (!session.costs().known()) {
    if (!session.costs().error.empty()) list.push_back({"no costs: " + session.costs().error, "", {}, true});
    return list;
  }
  infeasible(session, list);
  not_measured(session, list);
  depth(session, list);
  const bool deeper_said = std::any_of(list.begin(), list.end(), [](const Advice& advice) {
    return !advice.actions.empty() && std::holds_alternative<AdoptPoint>(advice.actions.front());
  });
  large_layer(session, list);
  ffe_limits(session, list);
  if (!deeper_said) back_end_dominates(session, list);
  doubtful_figures(session, list);
  if (list.size() > kMostAdvice) list.resize(kMostAdvice);
  return list;
}

}  // namespace fixynn::gui
