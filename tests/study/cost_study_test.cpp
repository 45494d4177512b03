// SPDX-License-Identifier: Apache-2.0
#include "study/cost_study.h"

#include "study/study_fixtures.h"

namespace fixynn {
namespace {

using study_test::error_of;
using study_test::small_design;
using study_test::TemporaryFolder;
using testing::HasSubstr;

CostRequest calibrated(std::vector<int> layers, bool instant = false) {
  CostRequest request;
  request.fixed_layers = std::move(layers);
  request.instant = instant;
  request.threads = 2;
  return request;
}

/// asap7 with every energy known, so that tests of energy do not depend on what has been measured.
std::filesystem::path known_technology(const TemporaryFolder& folder) {
  Technology technology = find_technology("asap7");
  for (const TechnologyKey& key : technology_keys()) {
    Figure& figure = technology.*key.figure;
    if (!figure.value) figure.value = 0.5;
    figure.low = figure.high = std::nullopt;
  }
  technology.sram_bit_area_um2.low = *technology.sram_bit_area_um2.value / 2;
  technology.sram_bit_area_um2.high = *technology.sram_bit_area_um2.value * 2;
  technology.adder_bit_activity.low = *technology.adder_bit_activity.value / 2;
  write_file_atomic(folder / "known.json", technology_json(technology), false);
  return folder / "known.json";
}

TEST(CostStudy, PointsAreAreasTimesLayers) {
  AdderGraphCache cache;
  CostRequest request = calibrated({0, 2, 1}, true);
  request.areas_mm2 = {1.0, 3.0};
  const CostStudy study = run_cost_study(small_design(), request, cache);
  ASSERT_EQ(study.points.size(), 6u);
  EXPECT_EQ(study.points[4].fixed_layers, 2);
  EXPECT_EQ(study.points[4].area_mm2, 3.0);
  EXPECT_EQ(study.ffes.size(), 3u);
  EXPECT_EQ(study.plans[1].fixed_layers, 2);
  EXPECT_EQ(study.ranges.size(), 3u);
  EXPECT_TRUE(study.assumed_weights);
  EXPECT_EQ(study.technology->name, "16nm");
}

TEST(CostStudy, PlansOfFewerLayersAreThoseOfTheirOwn) {
  AdderGraphCache cache;
  const HardwareDesign design = small_design(4, 0.6);
  const CostStudy study = run_cost_study(design, calibrated({1, 3}), cache);
  const HardwarePlan own = plan_hardware(design, 1, {}, cache);
  ASSERT_EQ(study.plans[0].convs.size(), own.convs.size());
  for (size_t i = 0; i < own.convs.size(); ++i) {
    EXPECT_EQ(study.plans[0].convs[i].adder_bits, own.convs[i].adder_bits);
    EXPECT_EQ(study.plans[0].convs[i].pipeline_register_bits, own.convs[i].pipeline_register_bits);
    EXPECT_EQ(study.plans[0].convs[i].latency_cycles, own.convs[i].latency_cycles);
  }
  EXPECT_EQ(study.ffes[0].area_mm2, calibrated_ffe_cost(own, *study.technology, {}).area_mm2);
}

TEST(CostStudy, AreaAndEnergyRiseWithLayersAndBitsAndFallWithSparsity) {
  const TemporaryFolder folder;
  AdderGraphCache cache;
  CostRequest request = calibrated({0, 1, 2, 3});
  request.technology = known_technology(folder).string();
  const auto cost = [&](int bits, double sparsity) {
    return run_cost_study(small_design(bits, sparsity), request, cache).ffes;
  };
  const auto check_less = [](const std::vector<FfeCost>& less, const std::vector<FfeCost>& more) {
    for (size_t n = 1; n < less.size(); ++n) {
      EXPECT_LT(less[n].area_mm2, more[n].area_mm2) << n;
      EXPECT_LT(less[n].energy_per_inference_j, more[n].energy_per_inference_j) << n;
    }
  };
  const auto eight = cost(8, 0), six = cost(6, 0), four = cost(4, 0), pruned = cost(8, 0.5),
             most = cost(8, 0.9);
  for (size_t n = 1; n < eight.size(); ++n) {
    EXPECT_GT(eight[n].area_mm2, eight[n - 1].area_mm2);
    EXPECT_GT(eight[n].energy_per_inference_j, eight[n - 1].energy_per_inference_j);
    EXPECT_GT(eight[n].static_power_w, eight[n - 1].static_power_w);
  }
  check_less(six, eight);
  check_less(four, six);
  check_less(pruned, eight);
  check_less(most, pruned);
}

TEST(CostStudy, RangesHoldTheCost) {
  const TemporaryFolder folder;
  AdderGraphCache cache;
  CostRequest request = calibrated({2});
  request.technology = known_technology(folder).string();
  const CostStudy study = run_cost_study(small_design(), request, cache);
  const double area = study.ffes[0].area_mm2;
  EXPECT_LT(study.ranges[0].low.area_mm2, area);
  EXPECT_GT(study.ranges[0].high.area_mm2, area);
  // Only the memories have a range: half and twice their area.
  double memories = 0;
  for (const LayerCost& layer : study.ffes[0].layers) memories += layer.area_parts_um2->memories * 1e-6;
  EXPECT_NEAR(area - study.ranges[0].low.area_mm2, memories / 2, 1e-9);
  EXPECT_NEAR(study.ranges[0].high.area_mm2 - area, memories, 1e-9);
  ASSERT_TRUE(study.ranges[0].low.least_energy_j());
  EXPECT_LT(*study.ranges[0].low.least_energy_j(), *study.ranges[0].high.least_energy_j());
}

TEST(CostStudy, ClockIsTheTechnologysOrTheOneAskedFor) {
  AdderGraphCache cache;
  CostRequest request = calibrated({2}, true);
  const double pixels = 64.0 * 64.0;
  const CostStudy own = run_cost_study(small_design(), request, cache);
  EXPECT_NEAR(*own.ffes[0].most_inferences_per_second,
              *find_technology("16nm").clock_mhz.value * 1e6 / pixels, 1);
  request.clock_mhz = 400;
  const CostStudy slow = run_cost_study(small_design(), request, cache);
  EXPECT_NEAR(*slow.ffes[0].most_inferences_per_second, 400e6 / pixels, 1);
  const double head_ops = 2.0 * slow.network.feature_channels() * slow.network.classes;
  EXPECT_NEAR(*slow.points[0].throughput_cap_tops, 400e-6 * (inference_ops(slow.network) + head_ops) / pixels,
              1e-9);
  EXPECT_EQ(*slow.technology->clock_mhz.value, 400);
}

TEST(CostStudy, ThreadsAndRepetitionGiveTheSame) {
  const HardwareDesign design = small_design();
  CostRequest request = calibrated({0, 2});
  AdderGraphCache first_cache, second_cache;
  request.threads = 1;
  const CostStudy first = run_cost_study(design, request, first_cache);
  request.threads = 3;
  const CostStudy second = run_cost_study(design, request, second_cache);
  EXPECT_EQ(first.ffes[1].area_mm2, second.ffes[1].area_mm2);
  EXPECT_EQ(first.points[1].throughput_tops, second.points[1].throughput_tops);
}

TEST(CostStudy, PaperModelLooksAtNothingButLayers) {
  AdderGraphCache cache;
  CostRequest request;
  request.model = CostModelKind::kPaper;
  const CostStudy eight = run_cost_study(small_design(8, 0, 224), request, cache);
  const CostStudy four = run_cost_study(small_design(4, 0.9, 224), request, cache);
  ASSERT_EQ(eight.points.size(), 5u);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(eight.points[i].throughput_tops, four.points[i].throughput_tops);
    EXPECT_NEAR(*eight.points[i].throughput_tops, *paper_table_1()[i].tops, 0.015 * *paper_table_1()[i].tops);
    EXPECT_NEAR(*eight.points[i].energy_efficiency_tops_per_w, *paper_table_1()[i].tops_per_w,
                0.015 * *paper_table_1()[i].tops_per_w);
    EXPECT_NEAR(eight.points[i].fixed_ops_percent, paper_table_1()[i].fixed_ops_percent, 0.05);
  }
  EXPECT_FALSE(eight.points[4].feasible);
  EXPECT_THAT(eight.points[4].reason, HasSubstr("2.76 mm2"));
  EXPECT_FALSE(eight.technology);
  EXPECT_TRUE(eight.plans.empty());
}

TEST(CostStudy, AnEarlyTapUsesFewerLayersThanAreBuilt) {
  AdderGraphCache cache;
  CostRequest request;
  request.model = CostModelKind::kPaper;
  request.fixed_layers = {0, 7};
  request.used_layers = 4;
  const CostStudy study = run_cost_study(small_design(8, 0, 224), request, cache);
  EXPECT_EQ(study.points[0].used_layers, 0);
  EXPECT_EQ(study.points[1].used_layers, 4);
  EXPECT_NEAR(*study.points[1].relative_throughput, paper_early_tap().relative_tops, 0.015);
}

TEST(CostStudy, DeepFreezeFaultsChangeTheLineBuffers) {
  AdderGraphCache cache;
  CostRequest request;
  request.model = CostModelKind::kDeepFreeze;
  request.fixed_layers = {7};
  const CostStudy published = run_cost_study(small_design(), request, cache);
  request.faults = {false, false};
  const CostStudy corrected = run_cost_study(small_design(), request, cache);
  EXPECT_NE(published.ffes[0].area_mm2, corrected.ffes[0].area_mm2);
}

TEST(CostStudy, ProgressCanStop) {
  AdderGraphCache cache;
  int calls = 0;
  const std::string error = error_of([&] {
    run_cost_study(small_design(), calibrated({3}), cache, {}, [&](int, int) { return ++calls < 2; });
  });
  EXPECT_THAT(error, HasSubstr("stopped"));
  EXPECT_LT(calls, 5);
}

TEST(CostStudy, ImpossibleRequestsAreOneSentence) {
  const HardwareDesign design = small_design();
  AdderGraphCache cache;
  const auto with = [&](const std::function<void(CostRequest&)>& edit) {
    CostRequest request = calibrated({0, 2}, true);
    edit(request);
    return error_of([&] { run_cost_study(design, request, cache); });
  };
  EXPECT_THAT(with([](CostRequest& r) { r.areas_mm2 = {-3}; }), HasSubstr("-3 mm2"));
  EXPECT_THAT(with([](CostRequest& r) { r.areas_mm2 = {0}; }), HasSubstr("more than 0"));
  EXPECT_THAT(with([](CostRequest& r) { r.areas_mm2 = {std::nan("")}; }), HasSubstr("nan mm2"));
  EXPECT_THAT(with([](CostRequest& r) { r.areas_mm2 = {INFINITY}; }), HasSubstr("inf mm2"));
  EXPECT_THAT(with([](CostRequest& r) { r.areas_mm2.clear(); }), HasSubstr("no area"));
  EXPECT_THAT(with([](CostRequest& r) { r.fixed_layers = {15}; }), HasSubstr("15 is outside 0..14"));
  EXPECT_THAT(with([](CostRequest& r) { r.fixed_layers = {-1}; }), HasSubstr("-1 is outside 0..14"));
  EXPECT_THAT(with([](CostRequest& r) { r.fixed_layers.clear(); }), HasSubstr("no number of fixed layers"));
  EXPECT_THAT(with([](CostRequest& r) { r.used_layers = 3; }), HasSubstr("3 of 2 fixed layers"));
  EXPECT_THAT(with([](CostRequest& r) { r.used_layers = 0; }), HasSubstr("0 is outside 1..14"));
  EXPECT_THAT(with([](CostRequest& r) { r.used_layers = 15; }), HasSubstr("15 is outside 1..14"));
  EXPECT_THAT(with([](CostRequest& r) {
                r.fixed_layers = {0};
                r.used_layers = 14;
              }),
              HasSubstr("14 of no fixed layers"));
  EXPECT_THAT(with([](CostRequest& r) { r.areas_mm2 = {1e308}; }), HasSubstr("at most 1000 mm2"));
  EXPECT_THAT(with([](CostRequest& r) { r.technology = "3nm"; }), HasSubstr("\"3nm\""));
  EXPECT_THAT(with([](CostRequest& r) { r.technology = "/nowhere/t.json"; }), HasSubstr("/nowhere/t.json"));
  EXPECT_THAT(with([](CostRequest& r) { r.clock_mhz = 0; }), HasSubstr("0 MHz"));
  EXPECT_THAT(with([](CostRequest& r) { r.clock_mhz = -800; }), HasSubstr("-800 MHz"));
  EXPECT_THAT(with([](CostRequest& r) { r.clock_mhz = 1e-300; }), HasSubstr("1..100000 MHz"));
  EXPECT_THAT(with([](CostRequest& r) { r.plan.levels_per_stage = -1; }), HasSubstr("levels per stage"));
}

}  // namespace
}  // namespace fixynn
