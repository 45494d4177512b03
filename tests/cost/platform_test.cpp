// SPDX-License-Identifier: Apache-2.0
#include "cost/platform.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "core/error.h"
#include "cost/nvdla.h"
#include "cost/published_models.h"

namespace fixynn {
namespace {

constexpr double kPixels = 224.0 * 224;

const MobileNet& network() {
  static const MobileNet made = make_mobilenet(0.25, 224, 1001);
  return made;
}

// An FFE of one input pixel a clock at 810 MHz; operations are counted as in the paper.
FfeCost pixel_a_clock(int fixed_layers, double area_mm2) {
  FfeCost cost;
  cost.model = CostModelKind::kDeepFreeze;
  cost.fixed_layers = fixed_layers;
  cost.area_mm2 = area_mm2;
  cost.static_power_w = 2e-3;
  cost.energy_per_inference_j = 1e-6;
  cost.most_inferences_per_second = 810e6 / kPixels;
  cost.latency_s = 5e-6;
  return cost;
}

PlatformRequest with_area(double area_mm2) {
  PlatformRequest request;
  request.area_mm2 = area_mm2;
  return request;
}

void expect_refused(const std::function<void()>& work, const std::string& sentence) {
  try {
    work();
    FAIL() << "accepted; expected: " << sentence;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kUsage);
    EXPECT_THAT(error.what(), testing::HasSubstr(sentence));
  }
}

TEST(Platform, CountsOperationsAsThePaperDoes) {
  // 40,774,272 multiply-accumulates of the convolutions and 1,260,672 batch-norm outputs.
  EXPECT_DOUBLE_EQ(inference_ops(network()), 84'069'888);
}

// The calibrated FFE pays for its batch norms, so the NVDLA does not; and the head is somebody's work.
TEST(Platform, CalibratedBackEndsDoWhatRemainsAndTheHead) {
  const double head = 2.0 * 256 * 1001;
  const auto at = [&](int fixed_layers) {
    FfeCost ffe = pixel_a_clock(fixed_layers, 0.1);
    ffe.model = CostModelKind::kCalibrated;
    ffe.most_inferences_per_second.reset();
    if (fixed_layers == 0) ffe.energy_per_inference_j = ffe.static_power_w = 0;
    return evaluate_platform(network(), ffe, with_area(3.0));
  };
  const PlatformPoint none = at(0), all = at(14), one = at(1);
  const double ops = 84'069'888 + head;
  EXPECT_NEAR(*none.inferences_per_second, nvdla_at(3.0)->tops * 1e12 / ops, 1e-3);
  EXPECT_NEAR(*none.energy_efficiency_tops_per_w, 5.58, 1e-9);
  EXPECT_NEAR(*all.inferences_per_second, nvdla_at(2.9)->tops * 1e12 / head, 1);
  // conv1 at 112 x 112 x 8 outputs: 27 multiply-accumulates and one batch norm each.
  EXPECT_NEAR(*one.back_end_energy_uj, (ops - 2.0 * 112 * 112 * 8 * 28) * 1e-6 / nvdla_at(2.9)->tops_per_w,
              1e-9);
  EXPECT_NEAR(all.fixed_ops_percent, 97.0, 0.05);
}

TEST(Platform, AreasAddUp) {
  for (const double area : {1.0, 2.0, 3.0, 8.0}) {
    const PlatformPoint point = evaluate_platform(network(), pixel_a_clock(4, 0.1), with_area(area));
    ASSERT_TRUE(point.feasible);
    EXPECT_DOUBLE_EQ(point.ffe_area_mm2 + *point.programmable_area_mm2, area);
    EXPECT_DOUBLE_EQ(point.ffe_area_mm2, point.ffe_copies * 0.1);
  }
}

// One pixel a clock allows 16,143 inferences of 84 million operations a second.
TEST(Platform, OneCopyIsCappedByThePixelClock) {
  const PlatformPoint point = evaluate_platform(network(), pixel_a_clock(7, 1.2), with_area(3.0));
  ASSERT_TRUE(point.feasible);
  EXPECT_EQ(point.ffe_copies, 1);
  EXPECT_NEAR(*point.throughput_cap_tops, 1.357, 0.001);
  EXPECT_NEAR(*point.throughput_tops, *point.throughput_cap_tops, 1e-9);
  EXPECT_NEAR(*point.required_pixels_per_clock, 1, 1e-9);
}

TEST(Platform, PaperThroughputOfElevenLayersNeedsMoreThanTwoPixelsAClock) {
  const PlatformPoint point = evaluate_platform(network(), paper_ffe_cost(network(), 11), with_area(3.0));
  EXPECT_NEAR(*point.required_pixels_per_clock, 2.34, 0.005);
  EXPECT_GT(*point.throughput_tops, *point.throughput_cap_tops);
  EXPECT_EQ(point.ffe_copies, 1);
  EXPECT_FALSE(point.latency_us);  // the paper's model knows no timing
}

TEST(Platform, TakesTheCopiesWithTheHighestThroughput) {
  const FfeCost ffe = pixel_a_clock(11, 0.28);
  const PlatformPoint point = evaluate_platform(network(), ffe, with_area(3.0));
  const double share = 1 - fixed_ops_percent(network(), 11) / 100;
  double best = 0;
  int best_copies = 0;
  for (int copies = 1; copies <= 8; ++copies) {
    const auto nvdla = nvdla_at(3.0 - copies * 0.28);
    if (!nvdla) continue;
    const double tops = std::min(nvdla->tops / share, copies * 810e6 / kPixels * 84'069'888e-12);
    if (tops > best) best = tops, best_copies = copies;
  }
  EXPECT_GT(best_copies, 1);
  EXPECT_EQ(point.ffe_copies, best_copies);
  EXPECT_NEAR(*point.throughput_tops, best, 1e-9);
}

// A second FFE that is all but free: taken when it gains 0.2 % of throughput, not for 0.05 %.
TEST(Platform, TakesTheFewestCopiesOnTies) {
  const double back_end_tops = nvdla_at(3.0)->tops / (1 - fixed_ops_percent(network(), 4) / 100);
  FfeCost ffe = pixel_a_clock(4, 1e-9);
  const auto copies_at = [&](double share_of_back_end) {
    ffe.most_inferences_per_second = share_of_back_end * back_end_tops / 84'069'888e-12;
    return evaluate_platform(network(), ffe, with_area(3.0)).ffe_copies;
  };
  EXPECT_EQ(copies_at(1.5), 1);
  EXPECT_EQ(copies_at(0.9995), 1);
  EXPECT_EQ(copies_at(0.998), 2);
  EXPECT_EQ(copies_at(0.3), 4);
}

// However large the platform is, more copies would not help, nor fewer.
TEST(Platform, TakesAsManyCopiesAsPay) {
  for (const double area_mm2 : {1.0, 3.0, 12.0, 100.0, 1000.0}) {
    const FfeCost ffe = pixel_a_clock(13, 0.3);
    const PlatformPoint point = evaluate_platform(network(), ffe, with_area(area_mm2));
    const double share = 1 - fixed_ops_percent(network(), 13) / 100;
    double best = 0;
    for (int copies = 1; copies * 0.3 < area_mm2; ++copies) {
      const auto nvdla = nvdla_at(area_mm2 - copies * 0.3);
      if (nvdla)
        best = std::max(best, std::min(nvdla->tops / share, copies * 810e6 / kPixels * 84'069'888e-12));
    }
    EXPECT_GE(*point.throughput_tops, best * 0.999) << area_mm2;
    EXPECT_LE(*point.throughput_tops, best + 1e-9) << area_mm2;
    EXPECT_EQ(point.extrapolated, *point.programmable_area_mm2 > 3.3);
  }
}

// An FFE that waits for its NVDLA has power to pay for all the while.
TEST(Platform, StaticPowerIsPaidForTheTimeOfAnInference) {
  const FfeCost ffe = pixel_a_clock(4, 0.2);
  const PlatformPoint slow = evaluate_platform(network(), ffe, with_area(1.0));
  const PlatformPoint fast = evaluate_platform(network(), ffe, with_area(3.0));
  ASSERT_EQ(slow.ffe_copies, 1);
  EXPECT_NEAR(*slow.ffe_energy_uj, 1 + 2e-3 / *slow.inferences_per_second * 1e6, 1e-9);
  EXPECT_GT(*slow.ffe_energy_uj, *fast.ffe_energy_uj);
}

TEST(Platform, EnergyIsTheSumOfItsPartsAndTimesEfficiencyTheOperations) {
  const PlatformPoint point = evaluate_platform(network(), pixel_a_clock(7, 0.2), with_area(3.0));
  ASSERT_TRUE(point.feasible);
  ASSERT_GT(point.ffe_copies, 1);
  EXPECT_NEAR(*point.ffe_energy_uj, 1 + point.ffe_copies * 2e-3 / *point.inferences_per_second * 1e6, 1e-9);
  const double share = 1 - fixed_ops_percent(network(), 7) / 100;
  const auto nvdla = nvdla_at(*point.programmable_area_mm2);
  EXPECT_NEAR(*point.back_end_energy_uj, 84.069888 * share / nvdla->tops_per_w, 1e-9);
  EXPECT_NEAR(*point.energy_per_inference_uj, *point.ffe_energy_uj + *point.back_end_energy_uj, 1e-9);
  EXPECT_NEAR(*point.energy_efficiency_tops_per_w * *point.energy_per_inference_uj, 84.069888, 1e-6);
  EXPECT_NEAR(*point.inferences_per_second * 84.069888e-6, *point.throughput_tops, 1e-9);
}

TEST(Platform, UnknownEnergiesAreAbsentAndThroughputIsNot) {
  FfeCost ffe = pixel_a_clock(7, 0.2);
  ffe.energy_known = false;
  const PlatformPoint point = evaluate_platform(network(), ffe, with_area(3.0));
  EXPECT_TRUE(point.throughput_tops && point.back_end_energy_uj);
  EXPECT_FALSE(point.energy_per_inference_uj || point.energy_efficiency_tops_per_w || point.ffe_energy_uj ||
               point.relative_efficiency);
}

TEST(Platform, LatencyIsPipelineFrameAndBackEnd) {
  const PlatformPoint point = evaluate_platform(network(), pixel_a_clock(7, 1.2), with_area(3.0));
  const double share = 1 - fixed_ops_percent(network(), 7) / 100;
  const double back_end_us = 84.069888 * share / nvdla_at(1.8)->tops;
  EXPECT_NEAR(*point.latency_us, 5 + kPixels / 810 + back_end_us, 1e-6);
  const PlatformPoint alone = evaluate_platform(network(), {}, with_area(3.3));
  EXPECT_NEAR(*alone.latency_us, 84.069888 / 2.0952, 1e-9);
}

TEST(Platform, DramCarriesTheBackEndsWeightsAndTheHead) {
  PlatformRequest request;
  EXPECT_EQ(evaluate_platform(network(), {}, request).dram_bytes_per_inference, 207'600 + 256 * 1001);
  const FfeCost four = pixel_a_clock(4, 0.1);
  const int64_t bytes = 207'600 - 2'384 + 256 * 1001;
  EXPECT_EQ(evaluate_platform(network(), four, request).dram_bytes_per_inference, bytes);
  request.back_end_weight_bits = 4;
  const PlatformPoint point = evaluate_platform(network(), four, request);
  EXPECT_EQ(point.dram_bytes_per_inference, bytes / 2);
  EXPECT_NEAR(*point.dram_energy_uj, static_cast<double>(bytes / 2) * 120e-6, 1e-9);
  // Not in the efficiency.
  request.dram_energy_pj_per_byte = 0;
  EXPECT_EQ(evaluate_platform(network(), four, request).energy_efficiency_tops_per_w,
            point.energy_efficiency_tops_per_w);
}

TEST(Platform, SaysWhyADesignDoesNotFit) {
  const auto reason = [](const FfeCost& ffe, double area) {
    const PlatformPoint point = evaluate_platform(network(), ffe, with_area(area));
    EXPECT_FALSE(point.feasible);
    return point.reason;
  };
  EXPECT_EQ(reason({}, 0.4), "0.40 mm2 is less than the smallest NVDLA (0.55 mm2)");
  EXPECT_EQ(reason({}, 0.5499), "0.5499 mm2 is less than the smallest NVDLA (0.55 mm2)");
  EXPECT_EQ(reason(pixel_a_clock(14, 5), 3),
            "the FFE needs 5.00 mm2, which leaves nothing of 3.00 mm2 for an NVDLA");
  EXPECT_EQ(reason(pixel_a_clock(14, 2.5), 3),
            "the FFE needs 2.50 mm2, which leaves 0.50 mm2, less than the smallest NVDLA (0.55 mm2)");
}

TEST(Platform, RefusesRequestsThatCannotBe) {
  const FfeCost four = pixel_a_clock(4, 0.1);
  const auto refused = [&](const std::function<void(PlatformRequest&)>& spoil, const std::string& sentence) {
    PlatformRequest request;
    spoil(request);
    expect_refused([&] { evaluate_platform(network(), four, request); }, sentence);
  };
  for (const double area :
       {-3.0, 0.0, std::nan(""), std::numeric_limits<double>::infinity(), 1000.1, 1e308}) {
    refused([&](PlatformRequest& r) { r.area_mm2 = area; }, "mm2 is not possible");
  }
  refused([](PlatformRequest& r) { r.clock_mhz = 0; }, "a clock of 0 MHz is outside 1..100000 MHz");
  refused([](PlatformRequest& r) { r.clock_mhz = 1e-300; }, "a clock of 1e-300 MHz is outside");
  refused([](PlatformRequest& r) { r.used_layers = 5; }, "used layers: 5 is outside 1..4");
  refused([](PlatformRequest& r) { r.used_layers = 0; }, "used layers: 0 is outside 1..4");
  refused([](PlatformRequest& r) { r.back_end_weight_bits = 0; }, "back-end weights: 0 bits");
  refused([](PlatformRequest& r) { r.dram_energy_pj_per_byte = -1; }, "DRAM energy: -1 pJ");
}

TEST(AreaSweep, IncludesBothEnds) {
  EXPECT_THAT(parse_area_sweep("1:2:0.25"), testing::ElementsAre(1, 1.25, 1.5, 1.75, 2));
  // (0.3 - 0.1) / 0.1 is 1.9999999999999998.
  EXPECT_THAT(parse_area_sweep("0.1:0.3:0.1"), testing::ElementsAre(0.1, 0.2, 0.3));
  const std::vector<double> tenths = parse_area_sweep("0.1:5:0.1");
  ASSERT_EQ(tenths.size(), 50u);
  EXPECT_EQ(tenths[2], 0.3);  // not 0.30000000000000004
  EXPECT_EQ(tenths.back(), 5.0);
  EXPECT_THAT(parse_area_sweep("1:2:0.4"), testing::ElementsAre(1, 1.4, 1.8));
  EXPECT_THAT(parse_area_sweep("3:3:1"), testing::ElementsAre(3));
  EXPECT_EQ(parse_area_sweep("0.1:1000:0.1").size(), 10'000u);
}

TEST(AreaSweep, RefusesAnythingElse) {
  for (const char* text : {"",
                           "1",
                           "1:2",
                           "1:2:3:4",
                           "1:2:",
                           ":2:1",
                           "1:2:x",
                           "1:2:0.5 ",
                           "nan:2:1",
                           "1:inf:1",
                           "1:nan:1",
                           "1:2:nan",
                           "-1:2:1",
                           "0:2:1",
                           "1:2:0",
                           "1:2:-1",
                           "2:1:0.5",
                           "0.05:1000:0.05",
                           "1:2:1e-300",
                           "1:1e300:1e-300",
                           "1:1.0000000000001:1e-17",
                           "1,2,3",
                           "1e999:2:1"}) {
    expect_refused([&] { parse_area_sweep(text); }, "give LO:HI:STEP in mm2");
  }
  expect_refused([] { parse_area_sweep("2:1:0.5"); }, "area sweep \"2:1:0.5\": LO is above HI");
  expect_refused([] { parse_area_sweep("0.05:1000:0.05"); }, "these are more than 10000 areas");
  expect_refused([] { parse_area_sweep("1:1000.5:1"); }, "HI is above 1000 mm2");
}

}  // namespace
}  // namespace fixynn
