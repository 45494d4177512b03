// SPDX-License-Identifier: Apache-2.0
#include "study/background_study.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace fixynn {
namespace {

HardwareDesign small_design(int bits) {
  const MobileNet network = make_mobilenet(0.25, 64, 10);
  return assumed_design(network, std::vector<ConvQuant>(network.convs.size(), {bits, 8}), 0.3);
}

CostRequest first_layers(int layers) {
  CostRequest request;
  request.fixed_layers = {layers};
  request.instant = true;  // replaced: the background is for the exact costs
  request.threads = 1;
  return request;
}

/// Waits for what is at work, a minute at most.
BackgroundStudy::State finish(const BackgroundStudy& study) {
  for (int i = 0; i < 6000 && study.state().busy; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return study.state();
}

TEST(BackgroundStudy, GivesTheExactCostsOnce) {
  const auto cache = std::make_shared<AdderGraphCache>();
  BackgroundStudy background(cache);
  EXPECT_FALSE(background.take());
  EXPECT_EQ(background.submit(small_design(8), first_layers(3)), 1);
  EXPECT_FALSE(finish(background).error);
  const auto result = background.take();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->first, 1);
  CostRequest request = first_layers(3);
  request.instant = false;
  AdderGraphCache fresh;
  EXPECT_EQ(result->second.ffes[0].area_mm2,
            run_cost_study(small_design(8), request, fresh).ffes[0].area_mm2);
  EXPECT_FALSE(background.take());
}

TEST(BackgroundStudy, ANewRequestReplacesTheOneAtWork) {
  const auto cache = std::make_shared<AdderGraphCache>();
  BackgroundStudy background(cache);
  for (int bits = 8; bits >= 4; --bits) (void)background.submit(small_design(bits), first_layers(5));
  EXPECT_FALSE(finish(background).error);
  const auto result = background.take();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->first, 5);
  EXPECT_EQ(result->second.ffes[0].layers[0].weight_bits, 4);
  EXPECT_FALSE(background.take());
}

TEST(BackgroundStudy, AFailureIsASentenceAndTheNextRequestWorks) {
  const auto cache = std::make_shared<AdderGraphCache>();
  BackgroundStudy background(cache);
  (void)background.submit(small_design(8), first_layers(15));
  EXPECT_THAT(finish(background).error.value_or(""), testing::HasSubstr("15"));
  EXPECT_FALSE(background.take());
  (void)background.submit(small_design(8), first_layers(1));
  EXPECT_FALSE(finish(background).error);
  EXPECT_TRUE(background.take());
}

/// Milliseconds that `body` takes.
template <typename Body>
double milliseconds(const Body& body) {
  const auto start = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

// Layer 14's 256 x 256 matrix is optimised first and takes some twenty seconds. Ten times what stopping takes
// on a quiet machine.
constexpr double kMostStopMs = 500;

TEST(BackgroundStudy, IsDestroyedWithinAnAdderGraph) {
  const auto cache = std::make_shared<AdderGraphCache>();
  auto background = std::make_unique<BackgroundStudy>(cache);
  (void)background->submit(small_design(8), first_layers(14));
  std::this_thread::sleep_for(std::chrono::milliseconds(700));
  EXPECT_TRUE(background->state().busy);
  EXPECT_LT(milliseconds([&] { background.reset(); }), kMostStopMs);
}

TEST(BackgroundStudy, WorkIsReplacedWithinAnAdderGraph) {
  const auto cache = std::make_shared<AdderGraphCache>();
  BackgroundStudy background(cache);
  (void)background.submit(small_design(8), first_layers(14));
  std::this_thread::sleep_for(std::chrono::milliseconds(700));
  EXPECT_LT(milliseconds([&] {
              (void)background.submit(small_design(8), first_layers(0));
              EXPECT_FALSE(finish(background).error);
            }),
            kMostStopMs);
  const auto result = background.take();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->first, 2);
}

TEST(BackgroundStudy, CountedActivityIsTheResults) {
  const auto cache = std::make_shared<AdderGraphCache>();
  BackgroundStudy background(cache);
  const std::vector<ConvActivity> activity = {{1e6, 2e6, 4e6}};
  (void)background.submit(small_design(8), first_layers(1), activity);
  EXPECT_FALSE(finish(background).error);
  const auto result = background.take();
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->second.activity_measured);
  CostRequest request = first_layers(1);
  request.instant = false;
  EXPECT_EQ(result->second.ffes[0].energy_per_inference_j,
            run_cost_study(small_design(8), request, *cache, activity).ffes[0].energy_per_inference_j);
}

}  // namespace
}  // namespace fixynn
