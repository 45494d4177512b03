// SPDX-License-Identifier: Apache-2.0
#include "cost/nvdla.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

namespace fixynn {
namespace {

TEST(Nvdla, GivesItsPointsExactly) {
  ASSERT_EQ(nvdla_points().size(), 6u);
  for (const NvdlaPoint& point : nvdla_points()) {
    const auto at = nvdla_at(point.area_mm2);
    ASSERT_TRUE(at) << point.macs;
    EXPECT_DOUBLE_EQ(at->tops, point.power_mw * 1e-3 * point.tops_per_w);
    EXPECT_DOUBLE_EQ(at->tops_per_w, point.tops_per_w);
    EXPECT_FALSE(at->extrapolated);
  }
}

// The paper's baseline, with nothing fitted: 1.91 TOPS and 5.58 TOPS/W.
TEST(Nvdla, IsLinearInAreaBetweenThem) {
  const auto at = nvdla_at(3.0);
  ASSERT_TRUE(at);
  EXPECT_NEAR(at->tops, 0.2 * 1.1655 + 0.8 * 2.0952, 1e-12);
  EXPECT_NEAR(at->tops_per_w, 5.58, 1e-12);
}

TEST(Nvdla, IsAbsentBelowTheSmallest) {
  EXPECT_TRUE(nvdla_at(0.55));
  for (const double area : {0.5499, 0.0, -1.0, std::nan("")}) EXPECT_FALSE(nvdla_at(area)) << area;
}

TEST(Nvdla, IsSeveralOfTheLargestAboveIt) {
  const auto two = nvdla_at(6.6);
  ASSERT_TRUE(two);
  EXPECT_TRUE(two->extrapolated);
  EXPECT_NEAR(two->tops, 2 * 2.0952, 1e-12);
  EXPECT_DOUBLE_EQ(two->tops_per_w, 5.4);
  EXPECT_NEAR(nvdla_at(3.3 + 1e-9)->tops, nvdla_at(3.3)->tops, 1e-8);
}

TEST(Nvdla, GrowsWithArea) {
  double before = 0;
  for (double area = 0.55; area < 7; area += 0.01) {
    const double tops = nvdla_at(area)->tops;
    EXPECT_GT(tops, before) << area;
    before = tops;
  }
}

// The evidence for the recalled figures: power x TOPS/W over the primer's frames a second is the work of one
// frame of ResNet-50 (7.7 GOP), whatever the size.
TEST(Nvdla, RecalledFiguresAgreeWithThePrimersFrameRates) {
  constexpr std::array<double, 6> kFramesPerSecond = {7.3, 20, 46, 93, 153, 269};
  for (size_t i = 0; i < kFramesPerSecond.size(); ++i) {
    const double gop_per_frame = nvdla_points()[i].tops() * 1e3 / kFramesPerSecond[i];
    EXPECT_NEAR(gop_per_frame, 7.74, 0.13) << nvdla_points()[i].macs;
  }
  EXPECT_FALSE(nvdla_points().back().recalled);
  EXPECT_TRUE(nvdla_points().front().recalled);
}

}  // namespace
}  // namespace fixynn
