// SPDX-License-Identifier: Apache-2.0
#include "train/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <set>

namespace fixynn {
namespace {

TrainConfig config(LearningRateSchedule schedule, double warmup_epochs) {
  TrainConfig train;
  train.learning_rate = 0.1;
  train.schedule = schedule;
  train.warmup_epochs = warmup_epochs;
  return train;
}

TEST(Schedule, ConstantStays) {
  const TrainConfig train = config(LearningRateSchedule::kConstant, 1);
  EXPECT_DOUBLE_EQ(learning_rate_at(train, 0, 100, 10), 0.1);
  EXPECT_DOUBLE_EQ(learning_rate_at(train, 99, 100, 10), 0.1);
}

TEST(Schedule, CosineWarmsUpLinearlyAndFallsToZero) {
  const TrainConfig train = config(LearningRateSchedule::kCosine, 1);
  EXPECT_DOUBLE_EQ(learning_rate_at(train, 0, 110, 10), 0.01);
  EXPECT_DOUBLE_EQ(learning_rate_at(train, 4, 110, 10), 0.05);
  EXPECT_DOUBLE_EQ(learning_rate_at(train, 9, 110, 10), 0.1);
  EXPECT_DOUBLE_EQ(learning_rate_at(train, 10, 110, 10), 0.1);
  EXPECT_NEAR(learning_rate_at(train, 60, 110, 10), 0.05, 1e-12);  // half-way down
  EXPECT_LT(learning_rate_at(train, 109, 110, 10), 1e-4);
}

TEST(Schedule, OneCycleRisesAndFalls) {
  const TrainConfig train = config(LearningRateSchedule::kOneCycle, 3);
  EXPECT_DOUBLE_EQ(learning_rate_at(train, 0, 100, 10), 0.004);
  EXPECT_NEAR(learning_rate_at(train, 15, 100, 10), 0.052, 1e-12);
  EXPECT_DOUBLE_EQ(learning_rate_at(train, 30, 100, 10), 0.1);
  EXPECT_NEAR(learning_rate_at(train, 65, 100, 10), 0.0500002, 1e-9);
  EXPECT_LT(learning_rate_at(train, 99, 100, 10), 1e-4);
}

TEST(Schedule, AWarmUpLongerThanTheTrainingIsCutToHalf) {
  const TrainConfig train = config(LearningRateSchedule::kCosine, 50);
  EXPECT_DOUBLE_EQ(learning_rate_at(train, 5, 10, 10), 0.1);
  EXPECT_LT(learning_rate_at(train, 9, 10, 10), 0.02);
}

TEST(Schedule, IncompleteBatchesAreLeftOutUnlessAlone) {
  EXPECT_EQ(epoch_steps(130, 64).steps, 2);
  EXPECT_EQ(epoch_steps(130, 64).batch_size, 64);
  EXPECT_EQ(epoch_steps(128, 64).steps, 2);
  EXPECT_EQ(epoch_steps(20, 64).steps, 1);
  EXPECT_EQ(epoch_steps(20, 64).batch_size, 20);
  EXPECT_EQ(epoch_steps(0, 64).steps, 0);
}

TEST(Schedule, PhasesBeginAtWholeEpochs) {
  EXPECT_TRUE(phase_reached(0, 10, 0.0));
  EXPECT_FALSE(phase_reached(2, 10, 0.3));
  EXPECT_TRUE(phase_reached(3, 10, 0.3));
  EXPECT_FALSE(phase_reached(9, 10, 1.0));
}

TEST(Shuffle, IsAPermutationThatDependsOnSeedAndEpochAlone) {
  std::vector<uint32_t> indices(1000);
  std::iota(indices.begin(), indices.end(), 500u);
  const auto order = epoch_order(indices, 1, 0);
  EXPECT_THAT(order, testing::UnorderedElementsAreArray(indices));
  EXPECT_EQ(order, epoch_order(indices, 1, 0));
  EXPECT_NE(order, epoch_order(indices, 1, 1));
  EXPECT_NE(order, epoch_order(indices, 2, 0));
  EXPECT_NE(order, indices);
}

TEST(Shuffle, IsTheSameOnEveryMachine) {
  // Written down once: a change would break the resuming of old runs.
  const std::vector<uint32_t> indices = {0, 1, 2, 3, 4, 5, 6, 7};
  EXPECT_THAT(epoch_order(indices, 42, 3), testing::ElementsAre(0, 4, 5, 1, 2, 3, 7, 6));
  std::set<uint32_t> first;
  for (uint32_t epoch = 0; epoch < 200; ++epoch) first.insert(epoch_order(indices, 7, epoch)[0]);
  EXPECT_EQ(first.size(), indices.size());  // every place is reached
}

}  // namespace
}  // namespace fixynn
