// SPDX-License-Identifier: Apache-2.0
#include "hardware/hardware_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/error.h"
#include "hardware/plan_rules.h"

namespace fixynn {
namespace {

using testing::HasSubstr;

HardwareDesign small_design(int weight_bits = 8, int size = 64) {
  const MobileNet network = make_mobilenet(0.25, size, 10);
  return assumed_design(network, std::vector<ConvQuant>(network.convs.size(), {weight_bits, 8}), 0.3);
}

HardwarePlan small_plan(int fixed_layers, const PlanOptions& options = {}) {
  AdderGraphCache cache;
  return plan_hardware(small_design(), fixed_layers, options, cache, 1);
}

int multipliers(const HardwarePlan& plan) {
  int sum = 0;
  for (const ConvPlan& conv : plan.convs) sum += conv.requantiser.multipliers;
  return sum;
}

TEST(HardwarePlan, NoFixedLayersIsAnEmptyFfe) {
  const HardwarePlan plan = small_plan(0);
  EXPECT_TRUE(plan.convs.empty());
  EXPECT_EQ(plan.latency_cycles(), 0);
}

TEST(HardwarePlan, MatricesHoldEveryWeightInItsPlace) {
  const HardwareDesign design = small_design();
  const Conv& conv1 = design.network.convs[0];
  const ConstantMatrix first = conv_matrices(conv1, design.weights[0]).front();
  EXPECT_EQ(first.inputs, 27);
  EXPECT_EQ(first.outputs, 8);
  // [ky][kx][in][out]: row 1, column 2, channel 1, output 5.
  EXPECT_EQ(first.at((1 * 3 + 2) * 3 + 1, 5), design.weights[0].codes[((1 * 3 + 2) * 3 + 1) * 8 + 5]);

  const std::vector<ConstantMatrix> depthwise = conv_matrices(design.network.convs[1], design.weights[1]);
  ASSERT_EQ(depthwise.size(), 8u);
  EXPECT_EQ(depthwise[3].inputs, 9);
  EXPECT_EQ(depthwise[3].outputs, 1);
  EXPECT_EQ(depthwise[3].at(7, 0), design.weights[1].codes[7 * 8 + 3]);

  const ConstantMatrix pointwise = conv_matrices(design.network.convs[2], design.weights[2]).front();
  EXPECT_EQ(pointwise.inputs, 8);
  EXPECT_EQ(pointwise.outputs, 16);
  EXPECT_EQ(pointwise.at(6, 11), design.weights[2].codes[6 * 16 + 11]);
}

TEST(HardwarePlan, GraphsComputeTheLayersMatrices) {
  const HardwareDesign design = small_design();
  const HardwarePlan plan = small_plan(2);
  ASSERT_EQ(plan.convs.size(), 3u);
  for (size_t i = 0; i < plan.convs.size(); ++i) {
    const std::vector<ConstantMatrix> matrices = conv_matrices(plan.convs[i].conv, design.weights[i]);
    ASSERT_EQ(plan.convs[i].graphs.size(), matrices.size());
    for (size_t g = 0; g < matrices.size(); ++g) {
      EXPECT_NO_THROW(check_adder_graph(*plan.convs[i].graphs[g], matrices[g], plan.convs[i].input, "graph"));
    }
  }
}

TEST(HardwarePlan, LineBuffersKeepTwoRowsOfEveryChannel) {
  const HardwarePlan plan = small_plan(3);
  EXPECT_EQ(plan.convs[0].line_buffer.memory_bits(), 2 * 64 * 3 * 8);
  EXPECT_EQ(plan.convs[0].line_buffer.window_register_bits(), 9 * 3 * 8);
  EXPECT_EQ(plan.convs[1].line_buffer.memory_bits(), 2 * 32 * 8 * 8);
  EXPECT_EQ(plan.convs[2].line_buffer.memory_bits(), 0);
  EXPECT_EQ(plan.convs[2].line_buffer.window_register_bits(), 0);
  EXPECT_EQ(plan.convs[3].line_buffer.memory_bits(), 2 * 32 * 16 * 8);
}

TEST(HardwarePlan, RequantisersFoldByPixelRate) {
  PlanOptions options;
  options.sharing = Sharing::kNone;
  options.fold = Fold::kNone;
  EXPECT_EQ(multipliers(small_plan(7, options)), 560);
  options.fold = Fold::kBurst;  // 8/2 + 8/2 + 16/2 + 16/4 + 32/4 + ...
  EXPECT_EQ(multipliers(small_plan(7, options)), 84);
  options.fold = Fold::kMean;
  const HardwarePlan mean = small_plan(7, options);
  EXPECT_EQ(multipliers(mean), 28);
  for (const ConvPlan& conv : mean.convs) {
    EXPECT_LE(conv.requantiser.channels_per_multiplier, kMostChannelsPerMultiplier);
    EXPECT_LE(conv.requantiser.channels_per_multiplier,
              conv.input_clocks_per_pixel_mean * conv.conv.stride * conv.conv.stride);
  }
}

/// Pixels of a row that wait at most, one arriving every `arrival` clocks and one leaving every `service`.
int64_t deepest_queue(int64_t pixels, int64_t arrival, int64_t service) {
  int64_t deepest = 0;
  for (int64_t clock = 0; clock <= (pixels - 1) * arrival; ++clock) {
    deepest = std::max(deepest, clock / arrival + 1 - clock / service);
  }
  return deepest;
}

TEST(HardwarePlan, FifosHoldWhatARowQueuesUp) {
  PlanOptions options;
  options.sharing = Sharing::kNone;
  options.fold = Fold::kMean;
  const HardwarePlan plan = small_plan(7, options);
  int64_t arrival = 1;
  for (const ConvPlan& conv : plan.convs) {
    arrival *= conv.conv.stride;
    const RequantiserPlan& r = conv.requantiser;
    const int64_t service = r.channels_per_multiplier;
    const int64_t entries = service > arrival ? deepest_queue(conv.conv.out_size, arrival, service) : 0;
    EXPECT_EQ(r.fifo_memory_bits, entries * r.channels * r.accumulator_bits) << conv.conv.name;
    // What leaves is evened out: the next convolution needs no FIFO unless it is served more slowly.
    arrival = std::max(arrival, service);
  }
  EXPECT_EQ(plan.convs[0].requantiser.fifo_memory_bits, 17 * 8 * plan.convs[0].requantiser.accumulator_bits);
  EXPECT_EQ(plan.convs[1].requantiser.fifo_memory_bits, 0);
}

/// With an odd size there are more rows and columns of outputs than half of the input's: a multiplier must
/// not have more channels than there are clocks a pixel, or its FIFO grows row by row.
TEST(HardwarePlan, OddSizesLeaveFewerClocksAPixel) {
  AdderGraphCache cache;
  PlanOptions options;
  options.sharing = Sharing::kNone;
  options.fold = Fold::kMean;
  const HardwarePlan plan = plan_hardware(small_design(8, 97), 5, options, cache, 1);
  EXPECT_EQ(plan.frame_cycles(), 97 * 97 + 1);
  EXPECT_EQ(plan.convs[0].requantiser.channels_per_multiplier, 3);  // 9410 / 49^2, where 4 is 2^2
  for (const ConvPlan& conv : plan.convs) {
    EXPECT_LE(conv.requantiser.channels_per_multiplier * conv.output_pixels, plan.frame_cycles());
  }
}

TEST(HardwarePlan, LineBuffersKnowTheirPace) {
  PlanOptions options;
  options.sharing = Sharing::kNone;
  for (const Fold fold : {Fold::kBurst, Fold::kMean}) {
    options.fold = fold;
    const HardwarePlan plan = small_plan(4, options);
    EXPECT_EQ(plan.convs[0].line_buffer.pace, 1);
    EXPECT_EQ(plan.convs[0].line_buffer.flush_delay, 1);  // rows follow without a gap
    const LineBufferPlan& second = plan.convs[1].line_buffer;
    EXPECT_EQ(second.pace, fold == Fold::kBurst ? 2 : 4);
    // Burst: rows of 32 pixels each 2 clocks, then a gap that the flush need not keep. Mean: evened out.
    EXPECT_EQ(second.flush_delay, fold == Fold::kBurst ? 2 : 128 - 31 * 4);
  }
}

TEST(HardwarePlan, MasksHideWhatPaddingCanHide) {
  const HardwarePlan plan = small_plan(2);
  EXPECT_EQ(plan.convs[0].line_buffer.mask_bits(), 5 * 3 * 8);  // stride 2 at an even size: behind only
  EXPECT_EQ(plan.convs[1].line_buffer.mask_bits(), 8 * 8 * 8);
  EXPECT_EQ(plan.convs[2].line_buffer.mask_bits(), 0);
}

TEST(HardwarePlan, OutputsHoldWhatIsUnderWay) {
  const HardwarePlan plan = small_plan(4);
  int64_t clocks = kInputCycles;
  for (const ConvPlan& conv : plan.convs) {
    clocks += (conv.conv.kind == ConvKind::kPointwise ? 1 : 2) + conv.stages() + conv.requantiser.cycles;
  }
  EXPECT_EQ(plan.convs.back().output_clocks_per_pixel_in_row, 4);
  EXPECT_EQ(plan.output.margin, (clocks + 3) / 4 + 2);
  EXPECT_EQ(plan.output.depth, 2 * plan.output.margin);
  EXPECT_EQ(plan.output.width_bits, 32 * 8);
  EXPECT_EQ(plan.output.size, 16);
  EXPECT_EQ(plan.output.memory_bits(), int64_t{plan.output.depth} * 32 * 8);
}

TEST(HardwarePlan, CountsEverything) {
  const HardwarePlan plan = small_plan(2);
  const HardwareCounts counts = hardware_counts(plan, 0), tapped = hardware_counts(plan, 1);
  EXPECT_EQ(counts.adders, plan.convs[0].adders + plan.convs[1].adders + plan.convs[2].adders);
  EXPECT_EQ(counts.memory_bits, 2 * 64 * 24 + 2 * 32 * 64 + plan.output.memory_bits());
  EXPECT_EQ(tapped.memory_bits, counts.memory_bits + output_plan(plan, 0).memory_bits());
  EXPECT_GT(tapped.register_bits, counts.register_bits);
  EXPECT_EQ(tapped.adders, counts.adders);
  EXPECT_EQ(hardware_counts(small_plan(0), 0), HardwareCounts{});
}

TEST(HardwarePlan, AddressesHoldConvolutionsAndChannels) {
  const ControlPlan control = control_plan(small_plan(4), 0);
  EXPECT_EQ(control.conv_bits, 3);     // 7 convolutions
  EXPECT_EQ(control.channel_bits, 5);  // 32 channels
  EXPECT_EQ(control.address_bits(), 12);
}

TEST(HardwarePlan, ParametersAreHeldTwice) {
  EXPECT_EQ(small_plan(1).convs[0].requantiser.parameter_bits, 2 * (16 + 32) * 8);
}

TEST(HardwarePlan, RatesAndPixels) {
  const HardwarePlan plan = small_plan(4);
  EXPECT_EQ(plan.convs[0].input_clocks_per_pixel_mean, 1);
  EXPECT_EQ(plan.convs[1].input_clocks_per_pixel_mean, 4);
  EXPECT_EQ(plan.convs[0].output_pixels, 32 * 32);
  EXPECT_EQ(plan.convs[4].input_clocks_per_pixel_in_row, 4);
  EXPECT_EQ(plan.convs[4].output_pixels, 16 * 16);
}

TEST(HardwarePlan, LatencyWaitsForTheWindowThenThePipeline) {
  PlanOptions options;
  options.levels_per_stage = 0;
  const HardwarePlan plan = small_plan(2, options);
  // conv1, stride 2 on an even size: padding at the end only, so the first window ends at row 2, column 2.
  const RequantiserPlan& first = plan.convs[0].requantiser;
  // Two clocks through the line buffer, one for the sums.
  EXPECT_EQ(plan.convs[0].latency_cycles, 2 * 64 + 2 + 2 + 1 + first.cycles);
  // Depthwise, stride 1: row 1, column 1; a row of it arrives every two network rows.
  EXPECT_EQ(plan.convs[1].latency_cycles, 2 * 64 + 2 + 2 + 1 + plan.convs[1].requantiser.cycles);
  // A register in front of the sums: the codes that enter come from shared multipliers.
  EXPECT_EQ(plan.convs[2].latency_cycles, 1 + 1 + plan.convs[2].requantiser.cycles);
  EXPECT_EQ(plan.latency_cycles(), kInputCycles + plan.convs[0].latency_cycles +
                                       plan.convs[1].latency_cycles + plan.convs[2].latency_cycles);
}

TEST(HardwarePlan, DoesNotDependOnThreads) {
  AdderGraphCache one_cache, two_cache;
  const HardwareDesign design = small_design(6);
  const HardwarePlan one = plan_hardware(design, 3, {}, one_cache, 1);
  const HardwarePlan two = plan_hardware(design, 3, {}, two_cache, 3);
  ASSERT_EQ(one.convs.size(), two.convs.size());
  for (size_t i = 0; i < one.convs.size(); ++i) {
    EXPECT_EQ(one.convs[i].adder_bits, two.convs[i].adder_bits);
    EXPECT_EQ(one.convs[i].pipeline_register_bits, two.convs[i].pipeline_register_bits);
    for (size_t g = 0; g < one.convs[i].graphs.size(); ++g) {
      EXPECT_EQ(*one.convs[i].graphs[g], *two.convs[i].graphs[g]);
    }
  }
}

TEST(HardwarePlan, ProgressCountsConvolutionsAndCanStop) {
  AdderGraphCache cache;
  int last = 0;
  (void)plan_hardware(small_design(), 3, {}, cache, 2, [&](int done, int total) {
    EXPECT_EQ(total, 5);
    EXPECT_EQ(done, ++last);
    return true;
  });
  EXPECT_EQ(last, 5);
  try {
    AdderGraphCache fresh;
    (void)plan_hardware(small_design(), 3, {}, fresh, 1, [](int, int) { return false; });
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("stopped"));
  }
}

TEST(HardwarePlan, RefusesWhatCannotBeBuilt) {
  AdderGraphCache cache;
  HardwareDesign design = small_design();
  EXPECT_THROW((void)plan_hardware(design, 15, {}, cache, 1), Error);
  EXPECT_THROW((void)plan_hardware(design, -1, {}, cache, 1), Error);
  // Stride 1 in front of stride 2 at an odd size: pixels come every clock and leave no clock for the flush.
  HardwareDesign dense = small_design();
  int size = 33;
  for (Conv& conv : dense.network.convs) {
    conv.stride = conv.name == "l02_depthwise" ? 2 : 1;
    const SamePadding padding = same_padding_3(size, conv.stride);
    conv.in_size = size;
    if (conv.kind != ConvKind::kPointwise) {
      size = padding.output;
      conv.pad_before = padding.before;
    }
    conv.out_size = size;
  }
  dense.network.input_size = 33;
  EXPECT_NO_THROW((void)plan_hardware(dense, 2, {}, cache, 1));
  EXPECT_THROW((void)plan_hardware(dense, 3, {}, cache, 1), Error);
  design.quant[1] = {};
  try {
    (void)plan_hardware(design, 2, {}, cache, 1);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("l01_depthwise is in float"));
  }
}

}  // namespace
}  // namespace fixynn
