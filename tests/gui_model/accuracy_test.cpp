// SPDX-License-Identifier: Apache-2.0
#include "gui/model/accuracy.h"

#include <gmock/gmock.h>

#include <memory>

namespace fixynn::gui {
namespace {

using testing::HasSubstr;

Point point_of(int n, uint64_t seed, double top1, int bits = 8) {
  Point point;
  point.dataset = "gtsrb";
  point.fixed_layers = n;
  point.seed = seed;
  point.weight_bits = point.activation_bits = bits;
  point.top1_percent = top1;
  point.network = "networks/" + RunDirectory::network_stem(n, seed, seed == 1) + ".safetensors";
  return point;
}

std::shared_ptr<RunSnapshot> run_of(int id, std::vector<Point> points, int bits = 8) {
  auto run = std::make_shared<RunSnapshot>();
  run->id = id;
  run->root = "/runs/" + std::to_string(id);
  run->title = "run " + std::to_string(id);
  run->facts.alpha = 0.25;
  run->facts.input_size = 64;
  run->config.emplace();
  run->config->train.epochs = 3;
  run->config->ffe.weight_bits = run->config->ffe.activation_bits = bits;
  run->points = std::move(points);
  return run;
}

Design design_of(int layers) {
  Design design;
  design.fixed_layers = layers;
  return design;
}

TEST(AccuracyOf, IsTheRunsOwnWhereNAndBitsAgree) {
  const auto run = run_of(1, {point_of(0, 1, 97), point_of(7, 1, 96), point_of(7, 2, 95)});
  const DesignAccuracy accuracy = accuracy_of(design_of(7), run, {});
  ASSERT_TRUE(accuracy.point);
  EXPECT_FALSE(accuracy.stale);
  EXPECT_DOUBLE_EQ(accuracy.point->row.top1_mean, 95.5);
  EXPECT_DOUBLE_EQ(*accuracy.drop, 1.5);
  EXPECT_EQ(accuracy.note, "2 seeds, 3 epochs at 64 px");
  EXPECT_EQ(network_of(*accuracy.point), "/runs/1/networks/fixed_07.safetensors");
}

TEST(AccuracyOf, OtherBitsMakeItStaleAndTheNoteSaysWhich) {
  const auto run = run_of(1, {point_of(0, 1, 97), point_of(7, 1, 96)});
  Design design = design_of(7);
  design.bits[3].weight_bits = 6;
  const DesignAccuracy accuracy = accuracy_of(design, run, {});
  ASSERT_TRUE(accuracy.point);
  EXPECT_TRUE(accuracy.stale);
  EXPECT_EQ(accuracy.note, "measured at W8A8, not at W8/6 A8");
}

TEST(AccuracyOf, BitsOfLayersThatAreNotFixedDoNotMatter) {
  const auto run = run_of(1, {point_of(0, 1, 97), point_of(7, 1, 96)});
  Design design = design_of(7);
  design.bits[9].weight_bits = 4;
  EXPECT_FALSE(accuracy_of(design, run, {}).stale);
  design.fixed_layers = 0;
  design.bits[0].weight_bits = 2;
  EXPECT_FALSE(accuracy_of(design, run, {}).stale);
}

TEST(AccuracyOf, AnEvaluationWithTheDesignsBitsIsTaken) {
  const auto run = run_of(1, {point_of(0, 1, 97), point_of(7, 1, 96)});
  const auto evaluation = run_of(2, {point_of(7, 1, 94, 6)}, 6);
  evaluation->config->train.epochs = 1;
  Design design = design_of(7);
  design.bits = Design::uniform_bits({6, 6});
  const DesignAccuracy accuracy = accuracy_of(design, run, {run, evaluation});
  ASSERT_TRUE(accuracy.point);
  EXPECT_FALSE(accuracy.stale);
  EXPECT_EQ(accuracy.point->run->id, 2);
  EXPECT_DOUBLE_EQ(*accuracy.drop, 3);
  EXPECT_THAT(accuracy.note, HasSubstr("1 epoch at 64 px, in run 2"));
  EXPECT_THAT(accuracy.note, HasSubstr("trained 1 epoch, N = 0 3"));
}

TEST(AccuracyOf, AnEvaluationOfAnotherNetworkIsNot) {
  const auto run = run_of(1, {point_of(0, 1, 97), point_of(7, 1, 96)});
  const auto evaluation = run_of(2, {point_of(7, 1, 94, 6)}, 6);
  evaluation->facts.input_size = 96;
  Design design = design_of(7);
  design.bits = Design::uniform_bits({6, 6});
  const DesignAccuracy accuracy = accuracy_of(design, run, {run, evaluation});
  EXPECT_TRUE(accuracy.stale);
  EXPECT_EQ(accuracy.point->run->id, 1);
}

TEST(AccuracyOf, FloatLayersAreNoMeasurementOfEightBits) {
  const auto run = run_of(1, {point_of(0, 1, 97, 0), point_of(7, 1, 96, 0)}, kFloatBits);
  const DesignAccuracy accuracy = accuracy_of(design_of(7), run, {});
  EXPECT_TRUE(accuracy.stale);
  EXPECT_EQ(accuracy.note, "measured at float, not at W8A8");
  EXPECT_FALSE(accuracy_of(design_of(0), run, {}).stale);
}

TEST(AccuracyOf, AnEarlyTapHasTheAccuracyOfTheLayersUsed) {
  const auto run = run_of(1, {point_of(0, 1, 97), point_of(4, 1, 96.5), point_of(7, 1, 96)});
  Design design = design_of(7);
  design.tap_layer = 4;
  const DesignAccuracy accuracy = accuracy_of(design, run, {});
  ASSERT_TRUE(accuracy.point);
  EXPECT_EQ(accuracy.point->row.fixed_layers, 4);
  const std::optional<MeasuredPoint> built = built_point(design, run, {});
  ASSERT_TRUE(built);
  EXPECT_EQ(built->row.fixed_layers, 7);
}

TEST(AccuracyOf, NothingMeasuredIsSaid) {
  const auto run = run_of(1, {point_of(0, 1, 97)});
  const DesignAccuracy accuracy = accuracy_of(design_of(7), run, {});
  EXPECT_FALSE(accuracy.point);
  EXPECT_FALSE(accuracy.drop);
  EXPECT_EQ(accuracy.note, "N = 7 has not been measured");
  EXPECT_EQ(accuracy_of(design_of(7), nullptr, {}).note, "no run is open");
  EXPECT_FALSE(built_point(design_of(7), run, {}));
}

TEST(AccuracyOf, WithoutNZeroThereIsNoDrop) {
  const auto run = run_of(1, {point_of(7, 1, 96)});
  EXPECT_FALSE(accuracy_of(design_of(7), run, {}).drop);
}

TEST(MeasuredPoints, AbsentConfigurationLeavesThePointsOwnBits) {
  const auto run = run_of(1, {point_of(7, 1, 96, 6)});
  run->config.reset();
  ASSERT_EQ(measured_points(run).size(), 1u);
  EXPECT_EQ(bits_label(measured_points(run)[0].bits, 7), "W6A6");
  EXPECT_TRUE(measured_points(nullptr).empty());
}

TEST(DeepestWithin, IsTheMostLayersOfTheFirstDataSet) {
  auto points =
      std::vector<Point>{point_of(0, 1, 97), point_of(4, 1, 96.5), point_of(7, 1, 96.1), point_of(11, 1, 90)};
  Point other = point_of(14, 1, 70);
  other.dataset = "svhn";
  points.push_back(other);
  const auto run = run_of(1, points);
  EXPECT_EQ(deepest_within(run, 1), 7);
  EXPECT_EQ(deepest_within(run, 0.6), 4);
  EXPECT_EQ(deepest_within(run, 0.1), std::nullopt);
  EXPECT_EQ(deepest_within(nullptr, 1), std::nullopt);
}

}  // namespace
}  // namespace fixynn::gui
