// SPDX-License-Identifier: Apache-2.0
#include "hardware/pixel_times.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/philox.h"
#include "hardware/plan_rules.h"

namespace fixynn {
namespace {

/// A plan without weights: rates and buffers do not depend on them. `strides`: of conv1 and each block.
HardwarePlan plan_of(int size, const std::vector<int>& strides, int channels, Fold fold) {
  MobileNet network{0.25, size, 2, {}};
  int in_channels = 3;
  const auto add = [&](ConvKind kind, int layer, int stride) {
    const SamePadding padding =
        kind == ConvKind::kPointwise ? SamePadding{size, 0} : same_padding_3(size, stride);
    network.convs.push_back(
        {kind, layer, "conv", in_channels, channels, stride, size, padding.output, padding.before});
    size = padding.output;
    in_channels = channels;
  };
  add(ConvKind::kConv1, 0, strides[0]);
  for (size_t layer = 1; layer < strides.size(); ++layer) {
    add(ConvKind::kDepthwise, static_cast<int>(layer), strides[layer]);
    add(ConvKind::kPointwise, static_cast<int>(layer), 1);
  }
  PlanOptions options;
  options.fold = fold;
  const std::vector<ConvQuant> quant(network.convs.size(), ConvQuant{8, 8});
  const std::vector<WeightFacts> facts(network.convs.size(), WeightFacts{0, 0, {-1000, 1000}});
  HardwarePlan plan = plan_without_graphs(network, quant, static_cast<int>(strides.size()), options, facts);
  finish_plan(plan);
  return plan;
}

/// Frames of pixels, first without pauses, then with pauses of every length here and there.
PixelTimes paused_input(const HardwarePlan& plan, int frames, uint32_t seed) {
  const int64_t size = plan.network.input_size, pixels = size * size;
  PixelTimes times = input_times(plan, frames * pixels);
  RandomSequence random(seed, RandomStream::kSynthesise, 0);
  int64_t late = 0;
  for (size_t i = 0; i < times.size(); ++i) {
    if (seed > 0 && random.below(40) == 0)
      late += random.below(seed % 3 == 0 ? 4 : 4 * static_cast<uint32_t>(size));
    times[i] += late;
  }
  return times;
}

/// Most pixels in the FIFO of the accumulators at once, which arrive in `arrivals` and leave in `pops`.
int64_t deepest(const PixelTimes& arrivals, const PixelTimes& pops) {
  int64_t most = 0;
  for (size_t i = 0, popped = 0; i < arrivals.size(); ++i) {
    // Written in the clock of arrival; the place of one that leaves in that clock is free in the next.
    while (pops[popped] < arrivals[i]) ++popped;
    most = std::max(most, static_cast<int64_t>(i + 1 - popped));
  }
  return most;
}

struct Shape {
  int size;
  std::vector<int> strides;
};

const Shape kShapes[] = {{32, {2, 1, 2, 1}},    {33, {2, 1, 2, 1}}, {17, {2, 2, 2}},
                         {16, {2, 2, 2, 2}},    {11, {2, 2, 1, 2}}, {12, {1, 1, 2, 2}},
                         {13, {1, 2, 1, 2}},    {7, {2, 2, 2}},     {5, {2, 1, 2, 2}},
                         {4, {2, 2, 1}},        {97, {2, 1, 2, 1}}, {48, {2, 1, 2, 1, 2}},
                         {21, {2, 2, 1, 1, 2}}, {9, {2, 2, 2, 2}},  {40, {2, 2, 2, 2, 2}}};

/// What every consumer of a stream relies on, and FIFOs that never overflow, whatever the input does.
TEST(PixelTimes, StreamsKeepTheirPaceAndFifosTheirDepth) {
  bool some_fifo = false, some_full = false;
  for (const Shape& shape : kShapes) {
    for (const Fold fold : {Fold::kNone, Fold::kBurst, Fold::kMean}) {
      for (const int channels : {1, 3, 8, 40}) {
        const HardwarePlan plan = plan_of(shape.size, shape.strides, channels, fold);
        for (uint32_t seed = 0; seed < 6; ++seed) {
          PixelTimes times = paused_input(plan, 4, seed);
          for (size_t i = 0; i < plan.convs.size(); ++i) {
            const ConvPlan& conv = plan.convs[i];
            for (size_t p = 1; p < times.size(); ++p) {
              ASSERT_GE(times[p] - times[p - 1], conv.input_clocks_per_pixel_in_row)
                  << shape.size << " conv " << i << " pixel " << p << " seed " << seed;
            }
            const PixelTimes out = output_times(conv, times);
            const RequantiserPlan& r = conv.requantiser;
            if (r.fifo_words > 0) {
              ConvPlan unhindered = conv;
              unhindered.requantiser.fifo_words = 0;
              PixelTimes arrivals = output_times(unhindered, times), pops = out;
              for (int64_t& time : arrivals) time -= r.cycles;
              for (int64_t& time : pops) time -= r.cycles + 1;
              const int64_t words = deepest(arrivals, pops);
              ASSERT_LE(words, r.fifo_words) << shape.size << " conv " << i << " seed " << seed;
              some_fifo = true;
              some_full = some_full || words == r.fifo_words;
            } else {
              for (size_t p = 1; p < out.size(); ++p)
                ASSERT_GE(out[p] - out[p - 1], r.channels_per_multiplier);
            }
            times = out;
          }
          EXPECT_GE(times.back() - times.front(), 0);
        }
      }
    }
  }
  EXPECT_TRUE(some_fifo);
  EXPECT_TRUE(some_full);
}

TEST(PixelTimes, EveryPixelOfEveryFrameLeaves) {
  for (const Shape& shape : kShapes) {
    const HardwarePlan plan = plan_of(shape.size, shape.strides, 4, Fold::kMean);
    PixelTimes times = input_times(plan, int64_t{3} * shape.size * shape.size);
    for (const ConvPlan& conv : plan.convs) {
      times = output_times(conv, times);
      EXPECT_EQ(static_cast<int64_t>(times.size()), 3 * conv.output_pixels);
    }
  }
}

TEST(PixelTimes, LatencyIsThatOfTheFirstPixel) {
  for (const Shape& shape : kShapes) {
    for (const Fold fold : {Fold::kNone, Fold::kBurst, Fold::kMean}) {
      const HardwarePlan plan = plan_of(shape.size, shape.strides, 8, fold);
      PixelTimes times = input_times(plan, int64_t{4} * shape.size * shape.size);
      int64_t sum = kInputCycles;
      for (const ConvPlan& conv : plan.convs) {
        times = output_times(conv, times);
        sum += conv.latency_cycles;
        EXPECT_EQ(sum, times.front()) << shape.size;
      }
      EXPECT_EQ(plan.latency_cycles(), sum);
    }
  }
}

TEST(PixelTimes, FramesFollowAtTheFrameRate) {
  for (const Shape& shape : kShapes) {
    const HardwarePlan plan = plan_of(shape.size, shape.strides, 8, Fold::kMean);
    PixelTimes times = input_times(plan, int64_t{4} * shape.size * shape.size);
    for (const ConvPlan& conv : plan.convs) times = output_times(conv, times);
    const size_t frame = static_cast<size_t>(plan.convs.back().output_pixels);
    EXPECT_EQ(times[2 * frame] - times[frame], plan.frame_cycles()) << shape.size;
  }
}

}  // namespace
}  // namespace fixynn
