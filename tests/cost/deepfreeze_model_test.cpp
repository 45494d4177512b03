// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "core/error.h"
#include "cost/platform.h"
#include "cost/published_models.h"

namespace fixynn {
namespace {

constexpr DeepFreezeFaults kCorrected{.line_buffer_forgets_channels = false,
                                      .strided_ops_count_four_times = false};

// Weights that are all 1.
HardwareDesign dense_design(int weight_bits, int activation_bits) {
  HardwareDesign design;
  design.network = make_mobilenet(0.25, 224, 1001);
  for (const Conv& conv : design.network.convs) {
    design.quant.push_back({.weight_bits = weight_bits, .activation_bits = activation_bits});
    QuantisedWeights& weights = design.weights.emplace_back();
    weights.codes.assign(static_cast<size_t>(conv.weight_count()), int8_t{1});
    weights.bits = weight_bits;
  }
  return design;
}

TEST(DeepFreezeModel, CountsAsPublished) {
  const FfeCost cost = deepfreeze_ffe_cost(dense_design(8, 8), 2, {});
  ASSERT_EQ(cost.layers.size(), 3u);
  // conv1: 216 weights; 9 x 224 codes of line buffer; 27 codes of window.
  EXPECT_NEAR(cost.layers[0].area_mm2, 216 * 64 * 2.05e-7 + (9 * 224 + 27) * 8 * 1.62e-6, 1e-12);
  // Depthwise of 8 channels: the line buffer has one.
  EXPECT_NEAR(cost.layers[1].area_mm2, 72 * 64 * 2.05e-7 + (9 * 112 + 72) * 8 * 1.62e-6, 1e-12);
  // Pointwise: a row of one channel.
  EXPECT_NEAR(cost.layers[2].area_mm2, 128 * 64 * 2.05e-7 + (112 + 8) * 8 * 1.62e-6, 1e-12);
  // Power as long as a frame passes: 50,176 clocks at 810 MHz.
  const double power_w = 216 * 64 * 5.79e-8 + (9 * 224 + 27) * 8 * 4e-7;
  EXPECT_NEAR(*cost.layers[0].energy_nj, power_w * 50'176 / 810e6 * 1e9, 1e-6);
  EXPECT_NEAR(*cost.most_inferences_per_second, 810e6 / 50'176, 1e-6);
}

TEST(DeepFreezeModel, LineBuffersWithoutTheFaultHoldEveryChannel) {
  const FfeCost cost = deepfreeze_ffe_cost(dense_design(8, 8), 2, kCorrected);
  EXPECT_EQ(*cost.layers[0].memory_bits, 3 * 224 * 3 * 8);
  EXPECT_EQ(*cost.layers[1].memory_bits, 3 * 112 * 8 * 8);
  EXPECT_EQ(*cost.layers[2].memory_bits, 0);
  EXPECT_EQ(*deepfreeze_ffe_cost(dense_design(8, 8), 2, {}).layers[1].memory_bits, 9 * 112 * 8);
}

TEST(DeepFreezeModel, IsProportionalToNonzeroWeightsAndBits) {
  HardwareDesign design = dense_design(4, 6);
  for (size_t i = 0; i < 36; ++i) design.weights[1].codes[2 * i] = 0;
  const LayerCost layer = deepfreeze_ffe_cost(design, 2, {}).layers[1];
  EXPECT_EQ(layer.weights, 72);
  EXPECT_EQ(layer.zero_weights, 36);
  EXPECT_NEAR(layer.area_parts_um2->adders, 36 * 4 * 6 * 0.205, 1e-9);
}

TEST(DeepFreezeModel, PartsAddUpAndLayersGrow) {
  const HardwareDesign design = dense_design(8, 8);
  double before_area = -1, before_energy = -1;
  for (int layers = 0; layers <= 14; ++layers) {
    const FfeCost cost = deepfreeze_ffe_cost(design, layers, {});
    EXPECT_GT(cost.area_mm2, before_area);
    EXPECT_GT(cost.energy_per_inference_j, before_energy);
    before_area = cost.area_mm2;
    before_energy = cost.energy_per_inference_j;
    double area = 0, energy = 0;
    for (const LayerCost& layer : cost.layers) {
      area += layer.area_parts_um2->total() * 1e-6;
      energy += layer.energy_parts_pj->total() * 1e-12;
    }
    EXPECT_NEAR(area, cost.area_mm2, 1e-9);
    EXPECT_NEAR(energy, cost.energy_per_inference_j, 1e-15);
  }
}

TEST(DeepFreezePlatform, IsTheNvdlaAloneWithoutFixedLayers) {
  const HardwareDesign design = dense_design(8, 8);
  const DeepFreezePlatform platform =
      deepfreeze_platform(design.network, deepfreeze_ffe_cost(design, 0, {}), {});
  EXPECT_NEAR(platform.tops, 4, 1e-9);
  EXPECT_NEAR(platform.power_w, 0.891, 1e-9);
  EXPECT_NEAR(platform.tops_per_w, 4 / 0.891, 1e-9);
  EXPECT_DOUBLE_EQ(platform.area_mm2, 3.3);
}

// 40,774,272 multiply-accumulates; 3,556,224 of them in conv1 and the four strided depthwise convolutions,
// which the published rule counts four times.
TEST(DeepFreezePlatform, StridedOperationsCountFourTimesWithTheFault) {
  const HardwareDesign design = dense_design(8, 8);
  const FfeCost ffe = deepfreeze_ffe_cost(design, 7, {});
  const double frame_s = 50'176 / 810e6;  // the FFE is the slower part
  EXPECT_NEAR(deepfreeze_platform(design.network, ffe, {}).tops, 2 * 51'442'944.0 / frame_s * 1e-12, 1e-9);
  EXPECT_NEAR(deepfreeze_platform(design.network, ffe, kCorrected).tops, 2 * 40'774'272.0 / frame_s * 1e-12,
              1e-9);
}

TEST(DeepFreezeModel, FitsThePlatform) {
  const HardwareDesign design = dense_design(8, 8);
  const PlatformPoint point =
      evaluate_platform(design.network, deepfreeze_ffe_cost(design, 4, {}), PlatformRequest{});
  ASSERT_TRUE(point.feasible) << point.reason;
  EXPECT_FALSE(point.latency_us);
  EXPECT_NEAR(*point.energy_efficiency_tops_per_w * *point.energy_per_inference_uj, 84.069888, 1e-6);
}

TEST(DeepFreezeModel, RefusesWhatItCannotCount) {
  HardwareDesign design = dense_design(8, 8);
  EXPECT_THROW(deepfreeze_ffe_cost(design, 15, {}), Error);
  design.weights[2].codes.pop_back();
  EXPECT_THROW(deepfreeze_ffe_cost(design, 2, {}), Error);
  EXPECT_NO_THROW(deepfreeze_ffe_cost(design, 1, {}));
  design.quant[0].weight_bits = kFloatBits;
  EXPECT_THROW(deepfreeze_ffe_cost(design, 1, {}), Error);
  design.weights.clear();
  EXPECT_THROW(deepfreeze_ffe_cost(design, 1, {}), Error);
}

}  // namespace
}  // namespace fixynn
