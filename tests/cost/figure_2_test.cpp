// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "cost/platform.h"
#include "cost/published_models.h"

namespace fixynn {
namespace {

class Figure2 : public testing::Test {
 protected:
  PlatformPoint at(int fixed_layers, double area_mm2) const {
    PlatformRequest request;
    request.area_mm2 = area_mm2;
    return evaluate_platform(network_, paper_ffe_cost(network_, fixed_layers), request);
  }
  bool pays(int fixed_layers, double area_mm2) const {
    const PlatformPoint point = at(fixed_layers, area_mm2);
    return point.feasible && point.relative_throughput > 1.0 && point.relative_efficiency > 1.0;
  }
  const MobileNet network_ = make_mobilenet(0.25, 224, 1001);
};

// "At areas greater than 2 mm2, it is beneficial in both performance and energy efficiency to invest area to
// fix some layers."
TEST_F(Figure2, FixingLayersPaysAboveAboutTwoSquareMillimetres) {
  for (const int fixed_layers : {4, 7}) {
    const auto crossing = crossing_area_mm2(network_, paper_ffe_cost(network_, fixed_layers));
    ASSERT_TRUE(crossing);
    RecordProperty("crossing_um2_" + std::to_string(fixed_layers), static_cast<int>(*crossing * 1e6));
    EXPECT_GT(*crossing, 1.7) << fixed_layers;
    EXPECT_LT(*crossing, 2.3) << fixed_layers;
    for (double area = *crossing + 1e-6; area < 6; area += 0.01)
      EXPECT_TRUE(pays(fixed_layers, area)) << area;
    EXPECT_FALSE(pays(fixed_layers, *crossing - 1e-6));
  }
  EXPECT_NEAR(*crossing_area_mm2(network_, paper_ffe_cost(network_, 4)), 1.908, 0.001);
  EXPECT_NEAR(*crossing_area_mm2(network_, paper_ffe_cost(network_, 7)), 2.169, 0.001);
  EXPECT_NEAR(*crossing_area_mm2(network_, paper_ffe_cost(network_, 11)), 2.627, 0.001);
}

TEST_F(Figure2, CrossingIsAbsentWhereFixingNeverPays) {
  EXPECT_FALSE(crossing_area_mm2(network_, paper_ffe_cost(network_, 4), {}, 1.5));
  EXPECT_FALSE(crossing_area_mm2(network_, paper_ffe_cost(network_, 0)));
}

TEST_F(Figure2, ThroughputGrowsWithAreaForEveryNumberOfLayers) {
  for (int fixed_layers = 0; fixed_layers <= 14; ++fixed_layers) {
    double before = 0;
    for (double area = 0.55; area <= 6; area += 0.05) {
      const PlatformPoint point = at(fixed_layers, area);
      if (!point.feasible) {
        EXPECT_EQ(before, 0) << "feasible at less area only";
        continue;
      }
      EXPECT_GT(*point.throughput_tops, before) << fixed_layers << " layers, " << area;
      before = *point.throughput_tops;
    }
    EXPECT_GT(before, 0) << fixed_layers;
  }
}

TEST_F(Figure2, EfficiencyGrowsWithFixedLayersWhereTheyFit) {
  for (const double area : {3.0, 4.0, 5.0}) {
    double before = 0;
    for (int fixed_layers = 0; fixed_layers <= 14; ++fixed_layers) {
      const PlatformPoint point = at(fixed_layers, area);
      // The smallest NVDLAs are inefficient: a design that only just fits has gone too far.
      if (!point.feasible || *point.programmable_area_mm2 < 1.4) continue;
      EXPECT_GT(*point.energy_efficiency_tops_per_w, before) << fixed_layers << " layers, " << area;
      before = *point.energy_efficiency_tops_per_w;
    }
  }
}

TEST_F(Figure2, MoreLayersNeedMoreArea) {
  double before = 0;
  for (int fixed_layers = 1; fixed_layers <= 14; ++fixed_layers) {
    const double area = paper_ffe_cost(network_, fixed_layers).area_mm2;
    EXPECT_GT(area, before);
    before = area;
    EXPECT_FALSE(at(fixed_layers, area + 0.5499).feasible);
    EXPECT_TRUE(at(fixed_layers, area + 0.5501).feasible);
  }
}

}  // namespace
}  // namespace fixynn
