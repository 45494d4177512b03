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

/// Flip-flops that are always clocked: counters, flags and enables on their way.
double line_buffer_control_bits(const ConvPlan& conv) {
  return static_cast<double>(conv.line_buffer.control_register_bits());
}
double requantiser_control_bits(const ConvPlan& conv) {
  return static_cast<double>(conv.requantiser.control_register_bits + conv.requantiser.fifo_register_bits());
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
  const double bits_windows =
      static_cast<double>(conv.line_buffer.window_register_bits() + conv.line_buffer.pixel_register_bits());
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
  const double enables = static_cast<double>(conv.enable_register_bits()) * frame_clocks;
  const double line_control = line_buffer_control_bits(conv) * frame_clocks;
  parts.pipeline = ((events.pipeline + enables) * *clock + changes.pipeline_bit_toggles * *change) * kPjPerFj;
  parts.windows =
      ((events.windows + line_control) * *clock + changes.window_bit_toggles * *change) * kPjPerFj;
  parts.requantisers =
      (outputs * r.channels * r.accumulator_bits * kMultiplierBits * *product +
       (events.outputs + requantiser_control_bits(conv) * frame_clocks) * *clock + output_toggles * *change) *
      kPjPerFj;
  parts.parameters = events.parameters * *clock * kPjPerFj;
  parts.memories = accesses > 0 ? accesses * *access * kPjPerFj : 0;
  return parts;
}

/// Bits of the streams' and the control port's registers that are not a convolution's.
struct InterfaceBits {
  double input = 0, control = 0, output = 0, output_memory = 0;
};

InterfaceBits interface_bits(const HardwarePlan& plan) {
  const HardwareCounts all = hardware_counts(plan, 0);
  InterfaceBits bits;
  bits.control = static_cast<double>(control_plan(plan, 0).register_bits);
  bits.output = static_cast<double>(plan.output.register_bits());
  bits.output_memory = static_cast<double>(plan.output.memory_bits());
  bits.input = static_cast<double>(all.register_bits) - bits.control - bits.output;
  for (const ConvPlan& conv : plan.convs) bits.input -= static_cast<double>(conv.register_bits());
  return bits;
}

/// The input stage, the control registers and the FIFO of the output as a row of their own. Registers are in
/// `pipeline`; the few gates around them are not counted.
LayerCost interfaces(const HardwarePlan& plan, const Technology& t, const CalibratedOptions& options,
                     double frame_clocks) {
  const InterfaceBits bits = interface_bits(plan);
  const double registers = bits.input + bits.control + bits.output;
  LayerCost row;
  row.name = "interfaces";
  row.layer = plan.fixed_layers;  // behind the last
  row.csd_digits = row.adders = row.adder_bits = row.multipliers = 0;
  row.register_bits = static_cast<int64_t>(registers);
  row.memory_bits = plan.output.memory_bits();
  CostParts area;
  area.pipeline = registers * (needed(t, &Technology::register_bit_area_um2) +
                               needed(t, &Technology::enable_bit_area_um2));
  area.memories = bits.output_memory * needed(t, &Technology::sram_bit_area_um2);
  row.area_parts_um2 = area;
  const auto& clock = t.register_bit_clock_energy_fj.value;
  const auto& access = t.sram_bit_access_energy_fj.value;
  if (!clock || !access) return row;
  const double outputs = static_cast<double>(plan.convs.back().output_pixels);
  const double idle = options.clock_gating ? 0 : bits.control * frame_clocks;
  CostParts energy;
  energy.pipeline = ((bits.input + bits.output) * frame_clocks + idle) * *clock * kPjPerFj;
  energy.memories = 2 * outputs * plan.output.width_bits * *access * kPjPerFj;
  row.energy_parts_pj = energy;
  return row;
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
    cost.energy_per_inference_j += layer.energy_parts_pj->total() * 1e-12;
    const double leakage_w = layer.area_parts_um2->total() * *technology.leakage_nw_per_um2.value * 1e-9;
    cost.static_power_w += leakage_w;
    layer.energy_parts_pj->leakage = leakage_w * frame_clocks / clock_hz * 1e12;
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
  cost.latency_s = static_cast<double>(plan.latency_cycles()) / clock_hz;
  return cost;
}

}  // namespace fixynn
