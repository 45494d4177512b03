// SPDX-License-Identifier: Apache-2.0
#include "cost/activity.h"

#include <gmock/gmock.h>

#include <bit>

#include "core/error.h"
#include "cost/plan_events.h"
#include "integer/calibrated_network.h"
#include "integer/executor.h"

namespace fixynn {
namespace {

using test::error_of;
using testing::HasSubstr;

struct HandMade {
  HardwarePlan plan;
  IntegerNetwork network;
};

/// A network of one convolution on 2x2 pixels, and its plan without graphs.
HandMade one_conv(ConvKind kind, int out_channels, const std::vector<int8_t>& weights) {
  HandMade made;
  IntegerConv& conv = made.network.convs.emplace_back();
  conv.conv = Conv{kind, 0, "only", 3, out_channels, 1, 2, 2, kind == ConvKind::kPointwise ? 0 : 1};
  conv.quant = {8, 8};
  conv.weights.codes = weights;
  conv.weights.bits = 8;
  conv.weights.scales.assign(static_cast<size_t>(out_channels), 1.0F);
  conv.requantizers.resize(static_cast<size_t>(out_channels));
  conv.accumulator_min = -100000;
  conv.accumulator_max = 100000;
  made.network.network.input_size = 2;
  made.network.network.convs = {conv.conv};
  made.plan.network = made.network.network;
  ConvPlan& plan = made.plan.convs.emplace_back();
  plan.conv = conv.conv;
  plan.quant = conv.quant;
  plan.input = {-128, 127};
  return made;
}

void add_graph(ConvPlan& plan, const AdderGraph& graph, std::vector<int> registers) {
  plan.graphs.push_back(std::make_shared<AdderGraph>(graph));
  PipelinePlan& pipeline = plan.pipelines.emplace_back();
  pipeline.stage.assign(registers.size(), 0);
  pipeline.registers = std::move(registers);
}

/// Channel 0 is 0, 1, 3, -8 in raster order, channel 1 is 0, 0, 1, 1, channel 2 is 0.
std::vector<uint8_t> small_image() {
  return {128, 128, 128, 129, 128, 128, 131, 129, 128, 120, 129, 128};
}

TEST(Activity, AnAdderAndItsRegistersAreCountedByHand) {
  HandMade made = one_conv(ConvKind::kPointwise, 1, {1, 2, 0});
  AdderGraph graph;
  graph.inputs = 3;
  graph.adders = {{{0, 0, false}, {1, 1, false}}};
  graph.outputs = {{3, 0, false}};
  add_graph(made.plan.convs[0], graph, {1, 0, 0, 2});
  const std::vector<std::vector<uint8_t>> images = {small_image()};
  const auto activity = measure_activity(made.plan, made.network, images, 1);
  ASSERT_EQ(activity.size(), 1u);
  // The sum is 0, 1, 5, -6 in 10 bits, of which the lowest passes through: 0 + 1 + 9 toggles.
  EXPECT_DOUBLE_EQ(activity[0].adder_bit_toggles, 10);
  // One register of x0 in 8 bits (1 + 1 + 7) and two of the sum (1 + 1 + 10).
  EXPECT_DOUBLE_EQ(activity[0].pipeline_bit_toggles, 9 + 2 * 12);
  EXPECT_DOUBLE_EQ(activity[0].window_bit_toggles, 0);
  // The mean over images: a uniform one toggles nothing.
  const std::vector<std::vector<uint8_t>> two = {small_image(), std::vector<uint8_t>(12, 200)};
  EXPECT_DOUBLE_EQ(measure_activity(made.plan, made.network, two, 2)[0].adder_bit_toggles, 5);
}

TEST(Activity, WindowsArePaddedWithZeroAndTheirRegistersSeeEveryPixel) {
  // The tap above to the left times 3: only the last output pixel sees a pixel, the first one, there.
  std::vector<int8_t> weights(27, 0);
  weights[0] = 3;
  HandMade made = one_conv(ConvKind::kDepthwise, 3, weights);
  ConvPlan& plan = made.plan.convs[0];
  plan.line_buffer = {2, 2, 3, 8};
  AdderGraph times_3;
  times_3.inputs = 9;
  times_3.adders = {{{0, 0, false}, {0, 1, false}}};
  times_3.outputs = {{9, 0, false}};
  AdderGraph nothing;
  nothing.inputs = 9;
  nothing.outputs = {AdderOutput{}};
  add_graph(plan, times_3, std::vector<int>(10, 0));
  add_graph(plan, nothing, std::vector<int>(9, 0));
  add_graph(plan, nothing, std::vector<int>(9, 0));
  std::vector<uint8_t> image = small_image();
  image[0] = 128 + 5;
  const std::vector<std::vector<uint8_t>> images = {image};
  const auto activity = measure_activity(made.plan, made.network, images, 1);
  // 3 * 5 = 15 after 0, 0, 0: bits 1, 2 and 3; bit 0 passes through.
  EXPECT_DOUBLE_EQ(activity[0].adder_bit_toggles, 3);
  // Nine registers see 5, 1, 3, -8 (1 + 1 + 7 toggles) and 0, 0, 1, 1 (1).
  EXPECT_DOUBLE_EQ(activity[0].window_bit_toggles, (9 + 1) * (1 + 1 + 7 + 1));
  EXPECT_DOUBLE_EQ(activity[0].pipeline_bit_toggles, 0);
}

/// What graph `g` sees with the window around pixel (cy, cx), or that pixel alone.
std::vector<int64_t> window_around(const Conv& conv, size_t g, const std::vector<int16_t>& input, int cy,
                                   int cx) {
  std::vector<int64_t> window;
  const int reach = conv.kind == ConvKind::kPointwise ? 0 : 1;
  for (int y = cy - reach; y <= cy + reach; ++y) {
    for (int x = cx - reach; x <= cx + reach; ++x) {
      for (int c = 0; c < conv.in_channels; ++c) {
        if (conv.kind == ConvKind::kDepthwise && c != static_cast<int>(g)) continue;
        const bool inside = y >= 0 && y < conv.in_size && x >= 0 && x < conv.in_size;
        window.push_back(inside ? input[static_cast<size_t>((y * conv.in_size + x) * conv.in_channels + c)]
                                : 0);
      }
    }
  }
  return window;
}

/// The same counts with evaluate_nodes, window by window: the register behind a stage-0 node keeps its value
/// until the next output, but the node itself follows every pixel that the window takes.
double plain_count(const ConvPlan& plan, const std::vector<int16_t>& input) {
  const Conv& conv = plan.conv;
  const int first_centre = conv.kind == ConvKind::kPointwise ? 0 : 1 - conv.pad_before;
  int64_t toggles = 0;
  for (size_t g = 0; g < plan.graphs.size(); ++g) {
    const AdderGraph& graph = *plan.graphs[g];
    const auto facts = node_facts(graph, plan.input);
    std::vector<int64_t> nodes(facts.size()), last_seen, last_taken;
    const auto count = [&](size_t n, int64_t last) {
      for (int bit = facts[n].width - facts[n].adder_bits; bit < facts[n].width; ++bit) {
        toggles += ((nodes[n] ^ last) >> bit) & 1;
      }
    };
    for (int y = 0; y < conv.in_size; ++y) {
      for (int x = 0; x < conv.in_size; ++x) {
        evaluate_nodes(graph, window_around(conv, g, input, y, x), nodes);
        const bool taken =
            y % conv.stride == first_centre % conv.stride && x % conv.stride == first_centre % conv.stride;
        for (size_t n = 0; n < nodes.size(); ++n) {
          const bool first_stage = plan.pipelines[g].stage[n] == 0;
          if (first_stage && !last_seen.empty()) count(n, last_seen[n]);
          if (!first_stage && taken && !last_taken.empty()) count(n, last_taken[n]);
        }
        last_seen = nodes;
        if (taken) last_taken = nodes;
      }
    }
  }
  return static_cast<double>(toggles);
}

class ActivityOfNetwork : public testing::Test {
 protected:
  static constexpr int kLayers = 4;
  const test::CalibratedNetwork calibrated_ = test::make_calibrated(32, 5, {8, 8});
  const IntegerNetwork network_ = calibrated_.lower(kLayers, 8);
  HardwarePlan make_plan() const {
    AdderGraphCache cache;
    return plan_hardware(design_from_network(network_, {}, 0, "test"), kLayers, {}, cache, 2);
  }
};

TEST_F(ActivityOfNetwork, EqualsCountingPixelByPixelForAnyNumberOfThreads) {
  const HardwarePlan plan = make_plan();
  const auto one = measure_activity(plan, network_, calibrated_.images, 1);
  const auto three = measure_activity(plan, network_, calibrated_.images, 3);
  const auto first = measure_activity(plan, network_, std::span(calibrated_.images).first(1), 1);
  ASSERT_EQ(one.size(), plan.convs.size());
  const IntegerResult result = IntegerExecutor(network_).run(calibrated_.images[0]);
  for (size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(one[i].adder_bit_toggles, three[i].adder_bit_toggles) << i;
    EXPECT_EQ(one[i].pipeline_bit_toggles, three[i].pipeline_bit_toggles) << i;
    EXPECT_EQ(one[i].window_bit_toggles, three[i].window_bit_toggles) << i;
    std::vector<int16_t> input = input_from_pixels(calibrated_.images[0]);
    if (i > 0) input.assign(result.codes[i - 1].begin(), result.codes[i - 1].end());
    EXPECT_DOUBLE_EQ(first[i].adder_bit_toggles, plain_count(plan.convs[i], input)) << i;
    const double evaluations = adder_bit_evaluations(plan.convs[i], plan.options);
    EXPECT_GT(one[i].adder_bit_toggles, 0.05 * evaluations) << i;
    EXPECT_LT(one[i].adder_bit_toggles, 0.7 * evaluations) << i;
    EXPECT_GT(one[i].pipeline_bit_toggles, 0) << i;
    EXPECT_GT(one[i].output_bit_toggles, 0) << i;
    // The ten registers of a window see the codes that left the convolution before.
    if (plan.convs[i].conv.kind == ConvKind::kDepthwise) {
      EXPECT_DOUBLE_EQ(one[i].window_bit_toggles, 10 * one[i - 1].output_bit_toggles) << i;
    }
  }
}

// conv1 and the depthwise layers of stride 2 have adders on both sides of their first register, or the test
// above would show nothing.
TEST_F(ActivityOfNetwork, StridedWindowsHaveAddersBeforeAndBehindTheirFirstRegister) {
  int strided = 0;
  for (const ConvPlan& conv : make_plan().convs) {
    if (conv.conv.stride == 1) continue;
    int first = 0, later = 0;
    for (const PipelinePlan& pipeline : conv.pipelines) {
      for (const int stage : pipeline.stage) ++(stage == 0 ? first : later);
    }
    EXPECT_GT(first, 9);
    EXPECT_GT(later, 0);
    ++strided;
  }
  EXPECT_EQ(strided, 2);
}

TEST_F(ActivityOfNetwork, HoldRegistersToggleWithThePixelsThatTheyTake) {
  HardwarePlan plan = make_plan();
  constexpr size_t kPointwise = 2;
  ASSERT_GT(plan.convs[kPointwise].hold_register_bits, 0);
  const auto images = std::span(calibrated_.images).first(1);
  const double held = measure_activity(plan, network_, images, 1)[kPointwise].pipeline_bit_toggles;
  plan.convs[kPointwise].hold_register_bits = 0;
  const double bare = measure_activity(plan, network_, images, 1)[kPointwise].pipeline_bit_toggles;
  const IntegerResult result = IntegerExecutor(network_).run(images[0]);
  const std::vector<uint8_t>& codes = result.codes[kPointwise - 1];
  const size_t channels = static_cast<size_t>(plan.convs[kPointwise].conv.in_channels);
  int toggles = 0;
  for (size_t i = channels; i < codes.size(); ++i)
    toggles += std::popcount<uint8_t>(codes[i] ^ codes[i - channels]);
  EXPECT_GT(toggles, 0);
  EXPECT_DOUBLE_EQ(held - bare, toggles);
}

TEST_F(ActivityOfNetwork, APlanOfAnotherNetworkIsRefused) {
  const HardwarePlan plan = make_plan();
  const auto fault = [&](const HardwarePlan& changed, const IntegerNetwork& network) {
    return error_of([&] { measure_activity(changed, network, calibrated_.images, 1); });
  };
  IntegerNetwork other = network_;
  other.convs[2].weights.codes[3] = static_cast<int8_t>(other.convs[2].weights.codes[3] ^ 1);
  EXPECT_THAT(fault(plan, other),
              HasSubstr("l01_pointwise: the hardware plan is not of this network's weights"));
  HardwarePlan bits = plan;
  bits.convs[1].quant.weight_bits = 6;
  EXPECT_THAT(fault(bits, network_), HasSubstr("l01_depthwise: the hardware plan has other bits"));
  IntegerNetwork shorter = network_;
  shorter.convs.resize(3);
  shorter.has_head = false;
  EXPECT_THAT(fault(plan, shorter), HasSubstr("the hardware plan has 7 convolutions"));
  HardwarePlan estimate = plan;
  estimate.convs[0].graphs.clear();
  EXPECT_THAT(fault(estimate, network_), HasSubstr("l00_conv1: the hardware plan has 0 adder graphs"));
  EXPECT_THAT(error_of([&] { measure_activity(plan, network_, {}, 1); }), HasSubstr("none were given"));
  const std::vector<std::vector<uint8_t>> small = {std::vector<uint8_t>(10, 0)};
  EXPECT_THAT(error_of([&] { measure_activity(plan, network_, small, 1); }),
              HasSubstr("an image of 10 bytes"));
}

}  // namespace
}  // namespace fixynn
