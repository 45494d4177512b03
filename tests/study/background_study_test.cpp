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

TEST(BackgroundStudy, CanBeDestroyedAtWork) {
  const auto cache = std::make_shared<AdderGraphCache>();
  BackgroundStudy background(cache);
  (void)background.submit(small_design(8), first_layers(6));
}

}  // namespace
}  // namespace fixynn
