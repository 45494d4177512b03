// SPDX-License-Identifier: Apache-2.0
#include "cost/calibrated_model.h"

#include <algorithm>

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
      fail("technology {}: {} is unknown; give it a value, or calibrate with --base", technology.name,
           key.key);
    }
  }
  fail("technology {} lacks a figure", technology.name);
}

/// Flip-flops that are always clocked: counters, flags and enables on their way.
double line_buffer_control_bits(const ConvPlan& conv) {
  return static_cast<double>(conv.line_buffer.control_register_bits());
}
double requantiser_control_bits(const ConvPlan& conv) {
  return static_cast<double>(conv.requantiser.control_register_bits + conv.requantiser.fifo_register_bits());
}

/// How often an inference clocks the register bits of a convolution's parts.
struct RegisterEvents {
  double pipeline = 0, windows = 0, outputs = 0;
  double always = 0;  ///< of bits that see every clock, at the highest rate
};

double input_pixels(const ConvPlan& conv) {
  return static_cast<double>(conv.conv.in_size) * conv.conv.in_size;
}

RegisterEvents register_events(const ConvPlan& conv, bool clock_gating, double frame_clocks) {
  const RequantiserPlan& requantiser = conv.requantiser;
  const double pipeline = static_cast<double>(conv.pipeline_register_bits);
  const double hold = static_cast<double>(conv.hold_register_bits);
  const double windows =
      static_cast<double>(conv.line_buffer.window_register_bits() + conv.line_buffer.pixel_register_bits());
  const double outputs = static_cast<double>(requantiser.output_register_bits);
  const double control = static_cast<double>(conv.control_register_bits());
  RegisterEvents events;
  if (!clock_gating) {
    const double data = pipeline + hold + windows + outputs + static_cast<double>(requantiser.parameter_bits);
    events.always = (data + control) * frame_clocks;
    return events;
  }
  const double output_pixels = static_cast<double>(conv.output_pixels), inputs = input_pixels(conv);
  events.pipeline = pipeline * output_pixels + hold * inputs;
  events.windows = windows * inputs;
  events.outputs = outputs * output_pixels;
  events.always = control * frame_clocks;
  return events;
}

CostParts area_um2(const ConvPlan& conv, const Technology& t, AdderMapping mapping) {
  const bool gates = mapping == AdderMapping::kGates;
  const double adder_bit =
      needed(t, gates ? &Technology::adder_bit_area_um2 : &Technology::full_adder_bit_area_um2);
  const double adder = (gates ? t.adder_area_um2 : t.full_adder_area_um2).value.value_or(0);
  const double flip_flop = needed(t, &Technology::register_bit_area_um2);
  const double register_bit = flip_flop + needed(t, &Technology::enable_bit_area_um2);
  const double select_bit = needed(t, &Technology::requantiser_select_bit_area_um2);
  const RequantiserPlan& r = conv.requantiser;
  const double product_bits = static_cast<double>(r.accumulator_bits) * kMultiplierBits;
  const double selected_bits =
      r.channels_per_multiplier == 1
          ? 0
          : static_cast<double>(r.channels) * (r.accumulator_bits + kMultiplierBits + kBiasBits);
  const int64_t memory_bits = conv.memory_bits();
  const LineBufferPlan& rows = conv.line_buffer;
  CostParts parts;
  parts.adders = static_cast<double>(conv.adder_bits) * adder_bit + static_cast<double>(conv.adders) * adder;
  parts.pipeline = static_cast<double>(conv.pipeline_register_bits + conv.hold_register_bits) * register_bit +
                   static_cast<double>(conv.enable_register_bits()) * flip_flop;
  parts.windows =
      static_cast<double>(rows.window_register_bits() + rows.pixel_register_bits()) * register_bit +
      static_cast<double>(rows.mask_bits()) * t.mask_bit_area_um2.value.value_or(select_bit) +
      line_buffer_control_bits(conv) * flip_flop;
  parts.requantisers =
      r.multipliers * (product_bits * needed(t, &Technology::requantiser_product_bit_area_um2) +
                       needed(t, &Technology::requantiser_unit_area_um2)) +
      selected_bits * select_bit + static_cast<double>(r.output_register_bits) * register_bit +
      requantiser_control_bits(conv) * flip_flop;
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
  const double windows =
      static_cast<double>(conv.line_buffer.window_register_bits() + conv.line_buffer.pixel_register_bits()) *
      inputs;
  const double codes = static_cast<double>(conv.requantiser.output_register_bits) * outputs;
  return {adder_bit_evaluations(conv, plan.options) * share, pipeline * share, windows * share,
          codes * share};
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
  CostParts parts;
  parts.adders = changes.adder_bit_toggles * *toggle * kPjPerFj;
  parts.pipeline = (events.pipeline * *clock + changes.pipeline_bit_toggles * *change) * kPjPerFj;
  parts.windows = (events.windows * *clock + changes.window_bit_toggles * *change) * kPjPerFj;
  parts.requantisers = (outputs * r.channels * r.accumulator_bits * kMultiplierBits * *product +
                        events.outputs * *clock + changes.output_bit_toggles * *change) *
                       kPjPerFj;
  parts.clocks = events.always * *clock * kPjPerFj;
  parts.memories = accesses > 0 ? accesses * *access * kPjPerFj : 0;
  return parts;
}

/// Bits of the outputs' FIFOs that an inference writes and reads.
double output_accesses(const HardwarePlan& plan, int tap_layer) {
  const auto bits = [&](const ConvPlan& conv, const OutputPlan& output) {
    return 2.0 * static_cast<double>(conv.output_pixels) * output.width_bits;
  };
  double sum = bits(plan.convs.back(), plan.output);
  if (tap_layer > 0) {
    const size_t tap = static_cast<size_t>(MobileNet::convs_in_layers(tap_layer)) - 1;
    sum += bits(plan.convs.at(tap), output_plan(plan, tap));
  }
  return sum;
}

/// The input stage, the control registers and the outputs as a row of their own. Registers are in `pipeline`;
/// the few gates around them are not counted, and most of them load on some condition.
LayerCost interfaces(const HardwarePlan& plan, const Technology& t, const CalibratedOptions& options,
                     double frame_clocks) {
  const HardwareCounts all = hardware_counts(plan, options.tap_layer);
  LayerCost row;
  row.name = "interfaces";
  row.layer.reset();
  row.csd_digits = row.adders = row.adder_bits = row.multipliers = 0;
  row.register_bits = all.register_bits;
  row.memory_bits = all.memory_bits;
  for (const ConvPlan& conv : plan.convs) {
    *row.register_bits -= conv.register_bits();
    *row.memory_bits -= conv.memory_bits();
  }
  const auto registers = static_cast<double>(*row.register_bits);
  CostParts area;
  area.pipeline = registers * (needed(t, &Technology::register_bit_area_um2) +
                               needed(t, &Technology::enable_bit_area_um2));
  area.memories = static_cast<double>(*row.memory_bits) * needed(t, &Technology::sram_bit_area_um2);
  row.area_parts_um2 = area;
  const auto& clock = t.register_bit_clock_energy_fj.value;
  const auto& access = t.sram_bit_access_energy_fj.value;
  if (!clock || !access) return row;
  const auto control = static_cast<double>(control_plan(plan, options.tap_layer).register_bits);
  const double clocked = options.clock_gating ? registers - control : registers;
  CostParts energy;
  energy.clocks = clocked * frame_clocks * *clock * kPjPerFj;
  energy.memories = output_accesses(plan, options.tap_layer) * *access * kPjPerFj;
  row.energy_parts_pj = energy;
  return row;
}

/// Clocks from the first pixel to the first code of the layers that are used, at the output.
int64_t used_latency_cycles(const HardwarePlan& plan, int tap_layer) {
  if (tap_layer == 0) return plan.latency_cycles() + kOutputCycles;
  int64_t cycles = kInputCycles + kOutputCycles;
  const auto convs = static_cast<size_t>(MobileNet::convs_in_layers(tap_layer));
  for (size_t i = 0; i < convs; ++i) cycles += plan.convs.at(i).latency_cycles;
  return cycles;
}

LayerCost layer_cost(const HardwarePlan& plan, size_t index, const Technology& technology,
                     const CalibratedOptions& options, const std::vector<ConvActivity>& activity,
                     double frame_clocks) {
  const ConvPlan& conv = plan.convs[index];
  LayerCost layer;
  layer.name = conv.conv.name;
  layer.layer = conv.conv.layer;
  layer.weight_bits = conv.quant.weight_bits;
  layer.activation_bits = conv.quant.activation_bits;
  layer.weights = conv.weights;
  layer.zero_weights = conv.zero_weights;
  layer.csd_digits = conv.csd_digits;
  layer.adders = conv.adders;
  layer.adder_bits = conv.adder_bits;
  layer.register_bits = conv.register_bits();
  layer.memory_bits = conv.memory_bits();
  layer.multipliers = conv.requantiser.multipliers;
  layer.area_parts_um2 = area_um2(conv, technology, options.mapping);
  layer.energy_parts_pj = energy_pj(plan, index, technology, options, activity, frame_clocks);
  return layer;
}

/// Adds a row to the sums, with its leakage.
void add_layer(FfeCost& cost, LayerCost layer, const Technology& technology, double frame_clocks) {
  const double clock_hz = needed(technology, &Technology::clock_mhz) * 1e6;
  layer.area_mm2 = layer.area_parts_um2->total() / kUm2PerMm2;
  cost.area_mm2 += layer.area_mm2;
  if (layer.energy_parts_pj && cost.energy_known) {
    const double frame_s = frame_clocks / clock_hz;
    CostParts& parts = *layer.energy_parts_pj;
    const double leakage_w = layer.area_parts_um2->total() * *technology.leakage_nw_per_um2.value * 1e-9;
    cost.energy_per_inference_j += (parts.total() - parts.clocks) * 1e-12;
    cost.static_power_w += leakage_w + parts.clocks * 1e-12 / frame_s;
    parts.leakage = leakage_w * frame_s * 1e12;
    layer.energy_nj = layer.energy_parts_pj->total() * 1e-3;
  } else {
    cost.energy_known = false;
  }
  cost.layers.push_back(std::move(layer));
}

}  // namespace

FfeCost calibrated_ffe_cost(const HardwarePlan& plan, const Technology& technology,
                            const CalibratedOptions& options, const std::vector<ConvActivity>& activity) {
  if (!activity.empty() && activity.size() < plan.convs.size()) {
    fail("activity was counted for {} convolutions where the plan has {}", activity.size(),
         plan.convs.size());
  }
  if (options.tap_layer < 0 || options.tap_layer >= std::max(plan.fixed_layers, 1)) {
    fail("a tap behind layer {} of {} is not possible", options.tap_layer, plan.fixed_layers);
  }
  const double clock_hz = needed(technology, &Technology::clock_mhz) * 1e6;
  const double frame_clocks = static_cast<double>(plan.frame_cycles());
  FfeCost cost;
  cost.model = CostModelKind::kCalibrated;
  cost.fixed_layers = plan.fixed_layers;
  cost.energy_known = technology.leakage_nw_per_um2.value.has_value();
  if (plan.convs.empty()) return cost;
  for (size_t i = 0; i < plan.convs.size(); ++i) {
    add_layer(cost, layer_cost(plan, i, technology, options, activity, frame_clocks), technology,
              frame_clocks);
  }
  add_layer(cost, interfaces(plan, technology, options, frame_clocks), technology, frame_clocks);
  cost.most_inferences_per_second = clock_hz / frame_clocks;
  cost.latency_s = static_cast<double>(used_latency_cycles(plan, options.tap_layer)) / clock_hz;
  return cost;
}

}  // namespace fixynn
