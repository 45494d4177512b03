// SPDX-License-Identifier: Apache-2.0
#include "cost/calibrated_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "cost/technology_fixture.h"

namespace fixynn {
namespace {

using testing::HasSubstr;

HardwarePlan plan_of(int weight_bits, int activation_bits, double sparsity, int fixed_layers,
                     const PlanOptions& options = {}) {
  const MobileNet network = make_mobilenet(0.25, 64, 10);
  const HardwareDesign design = assumed_design(
      network, std::vector<ConvQuant>(network.convs.size(), {weight_bits, activation_bits}), sparsity);
  AdderGraphCache cache;
  return plan_hardware(design, fixed_layers, options, cache, 1);
}

FfeCost cost_of(const HardwarePlan& plan, const CalibratedOptions& options = {}) {
  return calibrated_ffe_cost(plan, round_technology(), options);
}

TEST(CalibratedModel, AreaOfConv1ByHand) {
  PlanOptions options;
  options.fold = Fold::kNone;
  const HardwarePlan plan = plan_of(8, 8, 0.3, 1, options);
  const ConvPlan& conv = plan.convs.front();
  const CostParts area = *cost_of(plan).layers.front().area_parts_um2;
  // round_technology: full-adder bit 0.25 less 0.5 an adder, register 0.25 + enable 0.125, SRAM 0.0625,
  // requantiser 0.5 * product bits - 8, mask 0.03125.
  EXPECT_DOUBLE_EQ(area.adders,
                   0.25 * static_cast<double>(conv.adder_bits) - 0.5 * static_cast<double>(conv.adders));
  const double enables = 2 * conv.stages() + 1;  // valid and commit a stage, and the commit of what is done
  EXPECT_DOUBLE_EQ(area.pipeline, 0.375 * static_cast<double>(conv.pipeline_register_bits) + 0.25 * enables);
  // Nine pixels of the window and the one that arrived; five taps can lie behind the map.
  EXPECT_DOUBLE_EQ(area.windows, 0.375 * (9 + 1) * 3 * 8 + 0.03125 * 5 * 3 * 8 +
                                     0.25 * static_cast<double>(conv.line_buffer.control_register_bits()));
  EXPECT_DOUBLE_EQ(area.requantisers,
                   8 * (0.5 * conv.requantiser.accumulator_bits * 16 - 8) + 0.375 * 8 * 8 + 0.25 * 8);
  EXPECT_DOUBLE_EQ(area.parameters, 0.375 * 2 * 48 * 8);
  EXPECT_DOUBLE_EQ(area.memories, 0.0625 * 2 * 64 * 3 * 8);
}

TEST(CalibratedModel, SharedMultipliersPayForTheirSelectors) {
  const HardwarePlan plan = plan_of(8, 8, 0.3, 1);  // burst: 2 channels a multiplier after conv1
  const RequantiserPlan& r = plan.convs.front().requantiser;
  ASSERT_EQ(r.multipliers, 4);
  EXPECT_DOUBLE_EQ(cost_of(plan).layers.front().area_parts_um2->requantisers,
                   4 * (0.5 * r.accumulator_bits * 16 - 8) + 0.0625 * 8 * (r.accumulator_bits + 48) +
                       0.375 * 8 * 8 + 0.25 * 8);
}

/// Adder bits before the first register, counted apart from the model.
double first_stage_bits(const ConvPlan& conv) {
  int64_t bits = 0;
  for (size_t g = 0; g < conv.graphs.size(); ++g) {
    const std::vector<NodeFacts> facts = node_facts(*conv.graphs[g], conv.input);
    for (size_t n = facts.size(); n-- > 0;) {
      if (conv.pipelines[g].stage[n] == 0) bits += facts[n].adder_bits;
    }
  }
  return static_cast<double>(bits);
}

TEST(CalibratedModel, EnergyOfConv1ByHand) {
  const HardwarePlan plan = plan_of(8, 8, 0.3, 1);
  const ConvPlan& conv = plan.convs.front();
  const CostParts energy = *cost_of(plan).layers.front().energy_parts_pj;
  const double outputs = 32 * 32, inputs = 64 * 64;
  // 2 fJ a toggle, half of the bits toggle; clock 1 fJ, change 0.5 fJ, product bit 0.25 fJ, access 4 fJ.
  // With stride 2 the adders before the first register see every pixel, not only every fourth.
  const double first = first_stage_bits(conv);
  ASSERT_GT(first, 0);
  ASSERT_LT(first, static_cast<double>(conv.adder_bits));
  EXPECT_DOUBLE_EQ(
      energy.adders,
      1e-3 * 2 * 0.5 * (first * inputs + (static_cast<double>(conv.adder_bits) - first) * outputs));
  const double pipeline_bits = static_cast<double>(conv.pipeline_register_bits);
  EXPECT_DOUBLE_EQ(energy.pipeline, 1e-3 * pipeline_bits * outputs * (1 + 0.5 * 0.5));
  // The pixel that arrived is a further register in front of the window.
  EXPECT_DOUBLE_EQ(energy.windows, 1e-3 * inputs * (9 + 1) * 24 * (1 + 0.5 * 0.5));
  // Two channels share a multiplier: 0.375 fJ a product bit.
  ASSERT_EQ(conv.requantiser.channels_per_multiplier, 2);
  EXPECT_DOUBLE_EQ(energy.requantisers,
                   1e-3 * outputs * 8 * (conv.requantiser.accumulator_bits * 16 * 0.375 + 8 * (1 + 0.25)));
  // Enables, counters and the eight bits that count channels see every clock of the frame.
  const double enables = 2 * conv.stages() + 1;
  const double control = static_cast<double>(conv.line_buffer.control_register_bits());
  EXPECT_DOUBLE_EQ(energy.clocks, 1e-3 * inputs * (enables + control + 8));
  EXPECT_DOUBLE_EQ(energy.memories, 1e-3 * inputs * 24 * 3 * 4);
}

TEST(CalibratedModel, AMultiplierOfOneChannelTakesItsOwnEnergy) {
  PlanOptions options;
  options.fold = Fold::kNone;
  const HardwarePlan plan = plan_of(8, 8, 0.3, 1, options);
  const double outputs = 32 * 32;
  EXPECT_DOUBLE_EQ(cost_of(plan).layers.front().energy_parts_pj->requantisers,
                   1e-3 * outputs * 8 * (plan.convs[0].requantiser.accumulator_bits * 16 * 0.25 + 8 * 1.25));
  // Only what the plan needs must be known.
  Technology technology = round_technology();
  technology.shared_requantiser_product_bit_energy_fj.value.reset();
  EXPECT_TRUE(calibrated_ffe_cost(plan, technology, {}).energy_known);
  EXPECT_FALSE(calibrated_ffe_cost(plan_of(8, 8, 0.3, 1), technology, {}).energy_known);
}

// The adders of a depthwise layer of stride 1 and of a pointwise one are evaluated once a pixel; in front of
// the latter stands a register where the codes that it reads change one after another.
TEST(CalibratedModel, PointwiseLayersBehindSharedMultipliersHoldTheirPixel) {
  for (const Fold fold : {Fold::kBurst, Fold::kNone}) {
    PlanOptions options;
    options.fold = fold;
    const HardwarePlan plan = plan_of(8, 8, 0.3, 2, options);
    const ConvPlan& conv = plan.convs[2];
    ASSERT_EQ(conv.conv.name, "l01_pointwise");
    const double held = fold == Fold::kBurst ? 8 * 8 : 0;
    const double bits = static_cast<double>(conv.pipeline_register_bits) + held, pixels = 32 * 32;
    const LayerCost layer = cost_of(plan).layers[2];
    const double enables = 2 * (conv.stages() + (held > 0 ? 1 : 0)) + 1;
    EXPECT_DOUBLE_EQ(layer.area_parts_um2->pipeline, 0.375 * bits + 0.25 * enables);
    EXPECT_DOUBLE_EQ(layer.energy_parts_pj->pipeline, 1e-3 * bits * pixels * (1 + 0.5 * 0.5));
    const FfeCost ungated = cost_of(plan, {.clock_gating = false});
    EXPECT_DOUBLE_EQ(ungated.layers[2].energy_parts_pj->pipeline, 1e-3 * bits * 0.5 * 0.5 * pixels);
    EXPECT_DOUBLE_EQ(ungated.layers[2].energy_parts_pj->clocks,
                     1e-3 * static_cast<double>(conv.register_bits()) * 64 * 64);
    for (const size_t i : {size_t{1}, size_t{2}}) {
      EXPECT_DOUBLE_EQ(cost_of(plan).layers[i].energy_parts_pj->adders,
                       1e-3 * 2 * 0.5 * static_cast<double>(plan.convs[i].adder_bits) * pixels);
    }
  }
}

TEST(CalibratedModel, CountedActivityReplacesTheMean) {
  const HardwarePlan plan = plan_of(8, 8, 0.3, 1);
  const FfeCost counted = calibrated_ffe_cost(plan, round_technology(), {}, {{1e6, 2e6, 4e6, 8e6}});
  const CostParts energy = *counted.layers.front().energy_parts_pj;
  EXPECT_DOUBLE_EQ(energy.adders, 1e-3 * 2 * 1e6);
  const double pipeline_bits = static_cast<double>(plan.convs.front().pipeline_register_bits);
  const ConvPlan& conv = plan.convs.front();
  EXPECT_DOUBLE_EQ(energy.pipeline, 1e-3 * (pipeline_bits * 32 * 32 + 0.5 * 2e6));
  EXPECT_DOUBLE_EQ(energy.windows, 1e-3 * (10 * 24 * 64 * 64 + 0.5 * 4e6));
  const double product_bits = 8 * conv.requantiser.accumulator_bits * 16;
  EXPECT_DOUBLE_EQ(energy.requantisers, 1e-3 * (32 * 32 * (product_bits * 0.375 + 8 * 8) + 0.5 * 8e6));
}

/// Input stage, control registers and the FIFO of the output: a row behind the convolutions.
TEST(CalibratedModel, InterfacesAreARowOfTheirOwn) {
  const HardwarePlan plan = plan_of(8, 8, 0.3, 2);
  const FfeCost cost = cost_of(plan);
  ASSERT_EQ(cost.layers.size(), plan.convs.size() + 1);
  const LayerCost& row = cost.layers.back();
  EXPECT_EQ(row.name, "interfaces");
  EXPECT_FALSE(row.layer);
  EXPECT_EQ(row.memory_bits, plan.output.memory_bits());
  EXPECT_DOUBLE_EQ(row.area_parts_um2->memories, 0.0625 * static_cast<double>(plan.output.memory_bits()));
  int64_t registers = 0, memories = 0;
  for (const LayerCost& layer : cost.layers) {
    registers += *layer.register_bits;
    memories += *layer.memory_bits;
  }
  EXPECT_EQ(registers, hardware_counts(plan, 0).register_bits);
  EXPECT_EQ(memories, hardware_counts(plan, 0).memory_bits);
  // A pixel is written and read once: 4 fJ a bit each.
  EXPECT_DOUBLE_EQ(row.energy_parts_pj->memories, 1e-3 * 2 * 4 * 16 * 8 * 32 * 32);
  EXPECT_TRUE(cost_of(plan_of(8, 8, 0.3, 0)).layers.empty());
}

/// A tap is built: its FIFO and gates, and what its pixels cost. Only the layers before it are waited for.
TEST(CalibratedModel, AnEarlyTapIsInTheInterfaces) {
  const HardwarePlan plan = plan_of(8, 8, 0.3, 2);
  const FfeCost plain = cost_of(plan), tapped = cost_of(plan, {.tap_layer = 1});
  const LayerCost &without = plain.layers.back(), &with = tapped.layers.back();
  const HardwareCounts all = hardware_counts(plan, 0), more = hardware_counts(plan, 1);
  ASSERT_GT(more.register_bits, all.register_bits);
  EXPECT_EQ(*with.register_bits - *without.register_bits, more.register_bits - all.register_bits);
  EXPECT_EQ(*with.memory_bits - *without.memory_bits, more.memory_bits - all.memory_bits);
  // 8 channels of 8 bits at 32 x 32, written and read.
  EXPECT_DOUBLE_EQ(with.energy_parts_pj->memories - without.energy_parts_pj->memories,
                   1e-3 * 2 * 4 * 8 * 8 * 32 * 32);
  EXPECT_DOUBLE_EQ(*tapped.latency_s, *cost_of(plan_of(8, 8, 0.3, 1)).latency_s);
  EXPECT_LT(*tapped.latency_s, *plain.latency_s);
  EXPECT_THROW(cost_of(plan, {.tap_layer = 2}), Error);
}

/// At 1 fJ a clock of 800 MHz every register bit takes 0.8 uW, whether there is work or not.
TEST(CalibratedModel, UngatedRegistersSeeEveryClock) {
  const HardwarePlan plan = plan_of(8, 8, 0.3, 3);
  const FfeCost gated = cost_of(plan), ungated = cost_of(plan, {.clock_gating = false});
  EXPECT_DOUBLE_EQ(ungated.area_mm2, gated.area_mm2);
  const double leakage_w = ungated.area_mm2 * 1e6 * 3e-9;
  const auto registers = static_cast<double>(hardware_counts(plan, 0).register_bits);
  EXPECT_NEAR(ungated.static_power_w, leakage_w + registers * 0.8e-6, 1e-12);
  EXPECT_LT(ungated.energy_per_inference_j, gated.energy_per_inference_j);
  EXPECT_GT(*ungated.least_energy_j(), *gated.least_energy_j());
}

TEST(CalibratedModel, SumsRatesAndLeakage) {
  const HardwarePlan plan = plan_of(8, 8, 0.3, 3);
  const FfeCost cost = cost_of(plan);
  double area = 0;
  for (const LayerCost& layer : cost.layers) area += layer.area_mm2;
  EXPECT_DOUBLE_EQ(cost.area_mm2, area);
  EXPECT_DOUBLE_EQ(*cost.most_inferences_per_second, 800e6 / (64 * 64));
  // 3 nW/um2, and what is clocked without work.
  double clocks_pj = 0, energy_nj = 0;
  for (const LayerCost& layer : cost.layers) {
    clocks_pj += layer.energy_parts_pj->clocks;
    energy_nj += *layer.energy_nj;
  }
  EXPECT_GT(clocks_pj, 0);
  EXPECT_NEAR(cost.static_power_w, area * 1e6 * 3e-9 + clocks_pj * 1e-12 * *cost.most_inferences_per_second,
              1e-12);
  EXPECT_NEAR(*cost.least_energy_j(), energy_nj * 1e-9, 1e-15);
  EXPECT_NEAR(*cost.latency_s, static_cast<double>(plan.latency_cycles() + kOutputCycles) / 800e6, 1e-15);
}

// What must hold for every network: fewer bits, more zeros or fewer layers never cost more.
TEST(CalibratedModel, MonotoneInBitsSparsityAndLayers) {
  for (const int fixed_layers : {1, 3, 4}) {
    double last_area = 0, last_energy = 0;
    for (const auto& [weight_bits, activation_bits] : {std::pair{2, 2}, {4, 4}, {6, 4}, {6, 6}, {8, 8}}) {
      const FfeCost cost = cost_of(plan_of(weight_bits, activation_bits, 0.3, fixed_layers));
      EXPECT_GT(cost.area_mm2, last_area) << weight_bits << "/" << activation_bits;
      EXPECT_GT(cost.energy_per_inference_j, last_energy) << weight_bits << "/" << activation_bits;
      last_area = cost.area_mm2;
      last_energy = cost.energy_per_inference_j;
    }
    last_area = last_energy = 1e9;
    for (const double sparsity : {0.0, 0.3, 0.5, 0.75, 0.95, 1.0}) {
      const FfeCost cost = cost_of(plan_of(8, 8, sparsity, fixed_layers));
      EXPECT_LE(cost.area_mm2, last_area) << sparsity;
      EXPECT_LE(cost.energy_per_inference_j, last_energy) << sparsity;
      last_area = cost.area_mm2;
      last_energy = cost.energy_per_inference_j;
    }
  }
  double last_area = 0, last_energy = 0;
  for (int n = 1; n <= 5; ++n) {
    const FfeCost cost = cost_of(plan_of(8, 8, 0.3, n));
    EXPECT_GT(cost.area_mm2, last_area) << n;
    EXPECT_GT(cost.energy_per_inference_j, last_energy) << n;
    last_area = cost.area_mm2;
    last_energy = cost.energy_per_inference_j;
  }
}

TEST(CalibratedModel, MissingFiguresAreNamedOrLeaveEnergiesOut) {
  const HardwarePlan plan = plan_of(8, 8, 0.3, 1);
  Technology technology = round_technology();
  technology.sram_bit_access_energy_fj.value.reset();
  const FfeCost without = calibrated_ffe_cost(plan, technology, {});
  EXPECT_FALSE(without.energy_known);
  EXPECT_FALSE(without.layers.front().energy_nj.has_value());
  EXPECT_GT(without.area_mm2, 0);
  technology.register_bit_area_um2.value.reset();
  try {
    (void)calibrated_ffe_cost(plan, technology, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("register_bit_area_um2"));
  }
}

}  // namespace
}  // namespace fixynn
