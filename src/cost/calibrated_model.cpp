// SPDX-License-Identifier: Apache-2.0
#include "cost/calibrated_model.h"

#include "core/error.h"
#include "cost/plan_events.h"

namespace fixynn {
namespace {

/// A line buffer row is read twice and written once a pixel: the two rows above are read, the oldest is
/// replaced.
constexpr int kLineBufferReads = 2;
constexpr int kLineBufferWrites = 1;
constexpr double kUm2PerMm2 = 1e6;
constexpr double kPjPerFj = 1e-3;

double needed(const Technology& technology, Figure Technology::*figure) {
  if (const auto& value = (technology.*figure).value) return *value;
  for (const TechnologyKey& key : technology_keys()) {
    if (key.figure == figure) {
      fail("technology {}: {} is unknown; give it a value, or calibrate", technology.name, key.key);
    }
  }
  fail("technology {} lacks a figure", technology.name);
}

/// Register bits that move a pixel through a convolution, and how often an inference clocks each.
struct RegisterEvents {
  double pipeline = 0, windows = 0, outputs = 0, parameters = 0;
};

double input_pixels(const ConvPlan& conv) {
  return static_cast<double>(conv.conv.in_size) * conv.conv.in_size;
}

/// Clock events an inference; ungated flip-flops see every clock of the frame.
RegisterEvents register_events(const ConvPlan& conv, bool clock_gating, double frame_clocks) {
  const RequantiserPlan& requantiser = conv.requantiser;
  const double bits_pipeline = static_cast<double>(conv.pipeline_register_bits);
  const double bits_hold = static_cast<double>(conv.hold_register_bits);
  const double bits_windows = static_cast<double>(conv.line_buffer.window_register_bits());
  const double bits_outputs = static_cast<double>(requantiser.output_register_bits);
  if (!clock_gating) {
    return {(bits_pipeline + bits_hold) * frame_clocks, bits_windows * frame_clocks,
            bits_outputs * frame_clocks, static_cast<double>(requantiser.parameter_bits) * frame_clocks};
  }
  const double outputs = static_cast<double>(conv.output_pixels), inputs = input_pixels(conv);
  return {bits_pipeline * outputs + bits_hold * inputs, bits_windows * inputs, bits_outputs * outputs, 0};
}

CostParts area_um2(const ConvPlan& conv, const Technology& t, AdderMapping mapping) {
  const bool gates = mapping == AdderMapping::kGates;
  const double adder_bit =
      needed(t, gates ? &Technology::adder_bit_area_um2 : &Technology::full_adder_bit_area_um2);
  const double adder = (gates ? t.adder_area_um2 : t.full_adder_area_um2).value.value_or(0);
  const double register_bit =
      needed(t, &Technology::register_bit_area_um2) + needed(t, &Technology::enable_bit_area_um2);
  const RequantiserPlan& r = conv.requantiser;
  const double product_bits = static_cast<double>(r.accumulator_bits) * kMultiplierBits;
  const double selected_bits =
      r.channels_per_multiplier == 1
          ? 0
          : static_cast<double>(r.channels) * (r.accumulator_bits + kMultiplierBits + kBiasBits);
  const int64_t memory_bits = conv.line_buffer.memory_bits() + r.fifo_memory_bits;
  CostParts parts;
  parts.adders = static_cast<double>(conv.adder_bits) * adder_bit + static_cast<double>(conv.adders) * adder;
  parts.pipeline = static_cast<double>(conv.pipeline_register_bits + conv.hold_register_bits) * register_bit;
  parts.windows = static_cast<double>(conv.line_buffer.window_register_bits()) * register_bit;
  parts.requantisers =
      r.multipliers * (product_bits * needed(t, &Technology::requantiser_product_bit_area_um2) +
                       needed(t, &Technology::requantiser_unit_area_um2)) +
      selected_bits * needed(t, &Technology::requantiser_select_bit_area_um2) +
      static_cast<double>(r.output_register_bits) * register_bit +
      static_cast<double>(r.control_register_bits) * needed(t, &Technology::register_bit_area_um2);
  parts.parameters = static_cast<double>(r.parameter_bits) * register_bit;
  parts.memories =
      memory_bits == 0 ? 0 : static_cast<double>(memory_bits) * needed(t, &Technology::sram_bit_area_um2);
  return parts;
}

/// Toggles an inference: counted, or at the technology's mean activity.
ConvActivity toggles(const HardwarePlan& plan, size_t index, const std::vector<ConvActivity>& counted,
                     double share) {
  if (!counted.empty()) return counted[index];
  const ConvPlan& conv = plan.convs[index];
  const double inputs = input_pixels(conv), outputs = static_cast<double>(conv.output_pixels);
  const double pipeline = static_cast<double>(conv.pipeline_register_bits) * outputs +
                          static_cast<double>(conv.hold_register_bits) * inputs;
  const double windows = static_cast<double>(conv.line_buffer.window_register_bits()) * inputs;
  return {adder_bit_evaluations(conv, plan.options) * share, pipeline * share, windows * share};
}

/// Bits of memories read or written an inference.
double memory_accesses(const ConvPlan& conv) {
  const RequantiserPlan& r = conv.requantiser;
  const double line_bits = double{1} * conv.line_buffer.channels * conv.line_buffer.bits;
  const double fifo_bits = r.fifo_memory_bits > 0 ? double{1} * r.channels * r.accumulator_bits : 0;
  return input_pixels(conv) * line_bits * (kLineBufferReads + kLineBufferWrites) +
         static_cast<double>(conv.output_pixels) * fifo_bits * 2;
}

/// Absent where the technology lacks a figure.
std::optional<CostParts> energy_pj(const HardwarePlan& plan, size_t index, const Technology& t,
                                   const CalibratedOptions& options,
                                   const std::vector<ConvActivity>& activity, double frame_clocks) {
  const ConvPlan& conv = plan.convs[index];
  const RequantiserPlan& r = conv.requantiser;
  const auto& toggle = options.mapping == AdderMapping::kGates ? t.adder_bit_toggle_energy_fj.value
                                                               : t.full_adder_bit_toggle_energy_fj.value;
  const auto& share = t.adder_bit_activity.value;
  const auto& clock = t.register_bit_clock_energy_fj.value;
  const auto& change = t.register_bit_toggle_energy_fj.value;
  const auto& product = r.channels_per_multiplier > 1 ? t.shared_requantiser_product_bit_energy_fj.value
                                                      : t.requantiser_product_bit_energy_fj.value;
  const auto& access = t.sram_bit_access_energy_fj.value;
  const double accesses = memory_accesses(conv);
  if (!toggle || !share || !clock || !change || !product || (accesses > 0 && !access)) return {};
  const double outputs = static_cast<double>(conv.output_pixels);
  const ConvActivity changes = toggles(plan, index, activity, *share);
  const RegisterEvents events = register_events(conv, options.clock_gating, frame_clocks);
  const double output_toggles = static_cast<double>(r.output_register_bits) * outputs * *share;
  CostParts parts;
  parts.adders = changes.adder_bit_toggles * *toggle * kPjPerFj;
  parts.pipeline = (events.pipeline * *clock + changes.pipeline_bit_toggles * *change) * kPjPerFj;
  parts.windows = (events.windows * *clock + changes.window_bit_toggles * *change) * kPjPerFj;
  parts.requantisers =
      (outputs * r.channels * r.accumulator_bits * kMultiplierBits * *product +
       (events.outputs + static_cast<double>(r.control_register_bits) * frame_clocks) * *clock +
       output_toggles * *change) *
      kPjPerFj;
  parts.parameters = events.parameters * *clock * kPjPerFj;
  parts.memories = accesses > 0 ? accesses * *access * kPjPerFj : 0;
  return parts;
}

}  // namespace

FfeCost calibrated_ffe_cost(const HardwarePlan& plan, const Technology& technology,
                            const CalibratedOptions& options, const std::vector<ConvActivity>& activity) {
  if (!activity.empty() && activity.size() < plan.convs.size()) {
    fail("activity was counted for {} convolutions where the plan has {}", activity.size(),
         plan.convs.size());
  }
  const double clock_hz = needed(technology, &Technology::clock_mhz) * 1e6;
  const double frame_clocks = static_cast<double>(plan.network.input_size) * plan.network.input_size;
  FfeCost cost;
  cost.model = CostModelKind::kCalibrated;
  cost.fixed_layers = plan.fixed_layers;
  cost.energy_known = technology.leakage_nw_per_um2.value.has_value();
  for (size_t i = 0; i < plan.convs.size(); ++i) {
    const ConvPlan& conv = plan.convs[i];
    LayerCost& layer = cost.layers.emplace_back();
    layer.name = conv.conv.name;
    layer.layer = conv.conv.layer;
    layer.weight_bits = conv.quant.weight_bits;
    layer.activation_bits = conv.quant.activation_bits;
    layer.weights = conv.weights;
    layer.zero_weights = conv.zero_weights;
    layer.csd_digits = conv.csd_digits;
    layer.adders = conv.adders;
    layer.adder_bits = conv.adder_bits;
    layer.register_bits = conv.pipeline_register_bits + conv.hold_register_bits +
                          conv.line_buffer.window_register_bits() + conv.requantiser.output_register_bits +
                          conv.requantiser.control_register_bits + conv.requantiser.parameter_bits;
    layer.memory_bits = conv.line_buffer.memory_bits() + conv.requantiser.fifo_memory_bits;
    layer.multipliers = conv.requantiser.multipliers;
    layer.area_parts_um2 = area_um2(conv, technology, options.mapping);
    layer.area_mm2 = layer.area_parts_um2->total() / kUm2PerMm2;
    cost.area_mm2 += layer.area_mm2;
    layer.energy_parts_pj = energy_pj(plan, i, technology, options, activity, frame_clocks);
    if (!layer.energy_parts_pj || !cost.energy_known) {
      cost.energy_known = false;
      continue;
    }
    cost.energy_per_inference_j += layer.energy_parts_pj->total() * 1e-12;
    const double leakage_w = layer.area_parts_um2->total() * *technology.leakage_nw_per_um2.value * 1e-9;
    cost.static_power_w += leakage_w;
    layer.energy_parts_pj->leakage = leakage_w * frame_clocks / clock_hz * 1e12;
    layer.energy_nj = layer.energy_parts_pj->total() * 1e-3;
  }
  if (!plan.convs.empty()) {
    cost.most_inferences_per_second = clock_hz / frame_clocks;
    cost.latency_s = static_cast<double>(plan.latency_cycles()) / clock_hz;
  }
  return cost;
}

}  // namespace fixynn
