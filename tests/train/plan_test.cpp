// SPDX-License-Identifier: Apache-2.0
#include "train/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <csignal>
#include <numeric>

#include "small_run.h"
#include "train/evaluate.h"

namespace fixynn {
namespace {

/// Random weights with their batch norms' identity, as a folded network has them, and biases in beta.
ModelParameters folded_parameters(const MobileNet& network) {
  ModelParameters parameters = initialise_parameters(network, 3);
  const ParameterLayout layout(network);
  for (const auto& conv : layout.convs) {
    const size_t channels = conv.variance - conv.mean;
    for (size_t c = 0; c < channels; ++c) {
      parameters.values[conv.beta + c] = 0.3f * std::sin(static_cast<float>(c));
      parameters.statistics[conv.variance + c] = static_cast<float>(1.0 - kBatchNormEpsilon);
    }
  }
  return parameters;
}

TEST(BatchNorm, PuttingItBackDoesNotChangeTheFunction) {
  const MobileNet network = make_mobilenet(0.25, 32, 3);
  const ImageSet images = coloured_images(24, 1);
  std::vector<uint32_t> samples(images.count());
  std::iota(samples.begin(), samples.end(), 0u);
  ModelParameters parameters = folded_parameters(network);
  const auto engine =
      make_train_engine(make_float_plan(network, 8), {.device = DeviceChoice::kCpu, .threads = 1});
  const std::vector<float> momentum(parameters.values.size(), 0.0f);
  engine->attach(images, AugmentSpec{}, 1);
  engine->set_state({parameters, momentum});
  std::vector<float> before, after;
  engine->evaluate(images, samples, false, before);

  const std::vector<float> folded_values = parameters.values;
  put_back_batch_norm(network, engine->measure_statistics(samples, false, false), parameters);
  engine->set_state({parameters, momentum});
  engine->evaluate(images, samples, false, after);
  ASSERT_EQ(before.size(), after.size());
  for (size_t i = 0; i < before.size(); ++i) EXPECT_NEAR(after[i], before[i], 1e-4) << i;

  // And the batch norms are real ones now.
  const ParameterLayout layout(network);
  EXPECT_NE(parameters.values[layout.convs[5].gamma], 1.0f);
  EXPECT_NE(parameters.statistics[layout.convs[5].mean], 0.0f);
  EXPECT_EQ(parameters.values[layout.convs[5].weight], folded_values[layout.convs[5].weight]);
}

TEST(BatchNorm, MeasuredStatisticsAreThoseOfTrainingMode) {
  // Normalised with what was measured over one batch, inference gives what training mode gives on that batch.
  const MobileNet network = make_mobilenet(0.25, 32, 3);
  const ImageSet images = coloured_images(16, 1);
  std::vector<uint32_t> samples(images.count());
  std::iota(samples.begin(), samples.end(), 0u);
  ModelParameters parameters = initialise_parameters(network, 3);
  const auto engine =
      make_train_engine(make_float_plan(network, 16), {.device = DeviceChoice::kCpu, .threads = 1});
  engine->attach(images, AugmentSpec{}, 1);
  engine->set_state({parameters, std::vector<float>(parameters.values.size(), 0.0f)});
  const std::vector<float> own = engine->measure_statistics(samples, false, true);
  parameters.statistics = own;
  engine->set_state({parameters, std::vector<float>(parameters.values.size(), 0.0f)});
  const std::vector<float> running = engine->measure_statistics(samples, false, false);
  for (size_t i = 0; i < own.size(); ++i)
    EXPECT_NEAR(own[i], running[i], 1e-3 + 1e-3 * std::fabs(own[i])) << i;
}

TEST(Plan, TheHeadIsQuantisedOnlyBehindQuantisedLayers) {
  const MobileNet network = make_mobilenet(0.25, 32, 3);
  RunConfig config;
  EXPECT_EQ(make_train_plan(config, network, 4).head_weight_bits, 8);
  config.back_end.bits = kFloatBits;
  EXPECT_EQ(make_train_plan(config, network, 4).head_weight_bits, kFloatBits);
  config.ffe.weight_bits = config.ffe.activation_bits = kFloatBits;
  config.back_end.bits = 8;
  EXPECT_EQ(make_train_plan(config, network, 4).head_weight_bits, kFloatBits);
}

TEST(Evaluate, CountsTop1Top5AndTiesTowardsTheLowerClass) {
  ImageSet images = coloured_images(4, 1);
  images.labels = {0, 1, 2, 6};
  const std::vector<uint32_t> samples = {0, 1, 2, 3};
  const std::vector<float> rows[] = {{9, 1, 1, 1, 1, 1, 1},   // right
                                     {5, 5, 1, 1, 1, 1, 1},   // tie: class 0 wins, 1 is in the best five
                                     {9, 8, 7, 1, 1, 1, 1},   // in the best five
                                     {1, 1, 1, 1, 1, 0, 0}};  // last of all
  const auto source = [&](std::span<const uint32_t> chunk, std::vector<float>& logits) {
    logits.clear();
    for (const uint32_t sample : chunk) logits.insert(logits.end(), rows[sample].begin(), rows[sample].end());
  };
  const EvaluationResult result = evaluate_images(images, samples, 7, source);
  EXPECT_EQ(result.top1, 1);
  EXPECT_EQ(result.top5, 3);
  EXPECT_THAT(result.predicted, testing::ElementsAre(0, 0, 0, 0));
  const auto confusion = confusion_matrix(images, samples, result.predicted, 7);
  EXPECT_EQ(confusion[6][0], 1);
  EXPECT_EQ(confusion[0][6], 0);
  EXPECT_TRUE(evaluate_images(images, samples, 7, source, [] { return true; }).stopped);
}

TEST(StopSignalTest, NotesTheFirstAndGivesTheHandlerBack) {
  {
    const StopSignal signal;
    EXPECT_EQ(signal.received(), 0);
    std::raise(SIGTERM);
    EXPECT_EQ(signal.received(), SIGTERM);
  }
  const StopSignal again;
  EXPECT_EQ(again.received(), 0);
}

TEST(StopSignalDeathTest, TheSecondOneEndsTheProcess) {
  EXPECT_EXIT(
      {
        const StopSignal signal;
        std::raise(SIGINT);
        std::raise(SIGINT);
      },
      testing::KilledBySignal(SIGINT), "");
}

}  // namespace
}  // namespace fixynn
