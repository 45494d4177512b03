// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "cost/paper_tables.h"
#include "study/cost_output.h"

namespace fixynn {
namespace {

using Json = nlohmann::ordered_json;

template <typename T>
Json number(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json bits(int value) {
  return value > 0 ? Json(value) : Json(nullptr);
}

Json point_json(const PlatformPoint& point) {
  return {{"area_mm2", point.area_mm2},
          {"fixed_layers", point.fixed_layers},
          {"used_layers", point.used_layers},
          {"fixed_ops_percent", point.fixed_ops_percent},
          {"feasible", point.feasible},
          {"reason", point.feasible ? Json(nullptr) : Json(point.reason)},
          {"ffe_area_mm2", point.ffe_area_mm2},
          {"ffe_copies", point.feasible ? Json(point.ffe_copies) : Json(nullptr)},
          {"programmable_area_mm2", number(point.programmable_area_mm2)},
          {"throughput_tops", number(point.throughput_tops)},
          {"energy_efficiency_tops_per_w", number(point.energy_efficiency_tops_per_w)},
          {"relative_throughput", number(point.relative_throughput)},
          {"relative_efficiency", number(point.relative_efficiency)},
          {"inferences_per_second", number(point.inferences_per_second)},
          {"energy_per_inference_uj", number(point.energy_per_inference_uj)},
          {"ffe_energy_uj", number(point.ffe_energy_uj)},
          {"back_end_energy_uj", number(point.back_end_energy_uj)},
          {"dram_energy_uj", number(point.dram_energy_uj)},
          {"dram_bytes_per_inference", point.dram_bytes_per_inference},
          {"latency_us", number(point.latency_us)},
          {"required_pixels_per_clock", number(point.required_pixels_per_clock)},
          {"throughput_cap_tops", number(point.throughput_cap_tops)},
          {"extrapolated", point.extrapolated}};
}

Json parts_json(const std::optional<CostParts>& parts, bool energies) {
  if (!parts) return nullptr;
  Json json = {{"adders", parts->adders},         {"pipeline", parts->pipeline},
               {"windows", parts->windows},       {"requantisers", parts->requantisers},
               {"parameters", parts->parameters}, {"memories", parts->memories}};
  if (energies) {
    json["clocks"] = parts->clocks;
    json["leakage"] = parts->leakage;
  }
  return json;
}

/// `plan`: of the same convolution, or null.
Json layer_json(const LayerCost& layer, const ConvPlan* plan) {
  Json registers = {{"bits", number(layer.register_bits)}};
  Json memories = {{"bits", number(layer.memory_bits)}};
  if (plan != nullptr) {
    registers["pipeline_bits"] = plan->pipeline_register_bits;
    registers["hold_bits"] = plan->hold_register_bits;
    registers["window_bits"] = plan->line_buffer.window_register_bits();
    registers["pixel_bits"] = plan->line_buffer.pixel_register_bits();
    registers["output_bits"] = plan->requantiser.output_register_bits;
    registers["control_bits"] = plan->control_register_bits();
    registers["parameter_bits"] = plan->requantiser.parameter_bits;
    memories["line_buffer_bits"] = plan->line_buffer.memory_bits();
    memories["fifo_bits"] = plan->requantiser.fifo_memory_bits;
  }
  return {{"name", layer.name},
          {"layer", number(layer.layer)},
          {"weight_bits", bits(layer.weight_bits)},
          {"activation_bits", bits(layer.activation_bits)},
          {"weights", layer.weights},
          {"zeros", layer.zero_weights},
          {"csd_digits", number(layer.csd_digits)},
          {"adders", number(layer.adders)},
          {"adder_bits", number(layer.adder_bits)},
          {"adder_levels", plan != nullptr ? Json(plan->adder_levels) : Json(nullptr)},
          {"registers", registers},
          {"memories", memories},
          {"multipliers", number(layer.multipliers)},
          {"latency_cycles", plan != nullptr ? Json(plan->latency_cycles) : Json(nullptr)},
          {"area_um2", layer.area_mm2 * 1e6},
          {"area_parts_um2", parts_json(layer.area_parts_um2, false)},
          {"energy_nj", number(layer.energy_nj)},
          {"energy_parts_pj", parts_json(layer.energy_parts_pj, true)}};
}

Json layers_json(const CostStudy& study, size_t index) {
  Json layers = Json::array();
  const FfeCost& ffe = study.ffes[index];
  const HardwarePlan* plan = index < study.plans.size() ? &study.plans[index] : nullptr;
  for (size_t i = 0; i < ffe.layers.size(); ++i) {
    const bool planned = plan != nullptr && i < plan->convs.size();
    layers.push_back(layer_json(ffe.layers[i], planned ? &plan->convs[i] : nullptr));
  }
  return layers;
}

Json ffe_json(const CostStudy& study, size_t index) {
  const FfeCost& ffe = study.ffes[index];
  const FfeRange* range = index < study.ranges.size() ? &study.ranges[index] : nullptr;
  const auto known = [&](double value) { return ffe.energy_known ? Json(value) : Json(nullptr); };
  const auto least_uj = [](const FfeCost& cost) {
    const auto joules = cost.least_energy_j();
    return joules ? Json(*joules * 1e6) : Json(nullptr);
  };
  Json json = {{"fixed_layers", ffe.fixed_layers},
               {"area_mm2", ffe.area_mm2},
               {"area_low_mm2", range ? Json(range->low.area_mm2) : Json(nullptr)},
               {"area_high_mm2", range ? Json(range->high.area_mm2) : Json(nullptr)},
               {"static_power_w", known(ffe.static_power_w)},
               {"energy_per_inference_uj", known(ffe.energy_per_inference_j * 1e6)},
               {"least_energy_uj", least_uj(ffe)},
               {"energy_low_uj", range ? least_uj(range->low) : Json(nullptr)},
               {"energy_high_uj", range ? least_uj(range->high) : Json(nullptr)},
               {"most_inferences_per_second", number(ffe.most_inferences_per_second)},
               {"latency_us", ffe.latency_s ? Json(*ffe.latency_s * 1e6) : Json(nullptr)}};
  if (study.request.model == CostModelKind::kDeepFreeze) {
    const DeepFreezePlatform own = deepfreeze_platform(study.network, ffe, study.request.faults);
    json["deepfreeze_platform"] = {{"area_mm2", own.area_mm2},
                                   {"throughput_tops", own.tops},
                                   {"energy_efficiency_tops_per_w", own.tops_per_w},
                                   {"power_w", own.power_w}};
  }
  return json;
}

Json technology_block(const std::optional<Technology>& technology) {
  return technology ? Json::parse(technology_json(*technology)) : Json(nullptr);
}

Json options_json(const CostRequest& request, const DesignChanges& changes) {
  Json json = {{"used_layers", number(request.used_layers)},
               {"bits", changes.bits ? Json(*changes.bits) : Json(nullptr)},
               {"sparsity", number(changes.sparsity)},
               {"input_size", number(changes.input_size)},
               {"activity_images", number(changes.activity_images)},
               {"clock_mhz", number(request.clock_mhz)}};
  if (request.model == CostModelKind::kCalibrated) {
    const char* folds[] = {"none", "burst", "mean"};
    const char* sharings[] = {"none", "per-input", "full"};
    json["technology"] = request.technology;
    json["levels_per_stage"] = request.plan.levels_per_stage;
    json["fold"] = folds[static_cast<int>(request.plan.fold)];
    json["sharing"] = sharings[static_cast<int>(request.plan.sharing)];
    json["adder_cells"] = request.calibrated.mapping == AdderMapping::kGates ? "gates" : "full-adders";
    json["clock_gating"] = request.calibrated.clock_gating;
    json["instant"] = request.instant;
  }
  if (request.model == CostModelKind::kDeepFreeze) {
    json["line_buffer_forgets_channels"] = request.faults.line_buffer_forgets_channels;
    json["strided_ops_count_four_times"] = request.faults.strided_ops_count_four_times;
  }
  return json;
}

Json paper_json() {
  Json rows = Json::array();
  for (const PaperComparison& row : compare_with_paper()) {
    rows.push_back({{"figure", row.figure},
                    {"what", row.what},
                    {"unit", row.unit},
                    {"fixed_layers", row.fixed_layers},
                    {"used_layers", row.used_layers},
                    {"published", number(row.published)},
                    {"modelled", number(row.modelled)},
                    {"residual_percent", number(row.residual_percent)},
                    {"note", row.note}});
  }
  return rows;
}

Json activity_network_json(const CostStudy& study) {
  if (!study.activity_measured) return nullptr;
  return study.activity_as_trained ? "as trained" : "quantised without training";
}

}  // namespace

std::string cost_json(const CostStudy& study) {
  const std::vector<double>& areas = study.request.areas_mm2;
  Json json = {{"model", cost_model_name(study.request.model)},
               {"area_mm2", areas.size() == 1 ? Json(areas.front()) : Json(nullptr)},
               {"areas_mm2", areas},
               {"network",
                {{"source", study.source},
                 {"assumed_weights", study.assumed_weights},
                 {"frozen_layers", number(study.frozen_layers)},
                 {"alpha", study.network.alpha},
                 {"input_size", study.network.input_size},
                 {"classes", study.network.classes}}},
               {"options", options_json(study.request, study.changes)},
               {"points", Json::array()},
               {"ffes", Json::array()},
               {"layers", layers_json(study, largest_ffe(study))},
               {"activity_measured", study.activity_measured},
               {"activity_network", activity_network_json(study)},
               {"technology", technology_block(study.technology)}};
  for (const PlatformPoint& point : study.points) json["points"].push_back(point_json(point));
  for (size_t i = 0; i < study.ffes.size(); ++i) json["ffes"].push_back(ffe_json(study, i));
  if (study.request.model == CostModelKind::kPaper) json["paper"] = paper_json();
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace fixynn
