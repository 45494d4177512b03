// SPDX-License-Identifier: Apache-2.0
#include "gui/model/background.h"

#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>

#include "gui_model/model_fixture.h"

namespace fixynn::gui {
namespace {

TEST(Background, HandsOverOnTheThreadThatAsks) {
  std::atomic<int> wakes = 0;
  Background background([&] { ++wakes; });
  const auto here = std::this_thread::get_id();
  std::thread::id worked, delivered;
  std::promise<std::thread::id> worker;
  background.run([&worker]() -> Background::Delivery {
    worker.set_value(std::this_thread::get_id());
    return {};
  });
  background.run([&delivered]() -> Background::Delivery {
    return [&delivered] { delivered = std::this_thread::get_id(); };
  });
  worked = worker.get_future().get();
  ASSERT_TRUE(comes_true([&] { return wakes == 2; }));
  EXPECT_EQ(background.pending(), 2);
  EXPECT_TRUE(background.deliver());
  EXPECT_EQ(background.pending(), 0);
  EXPECT_FALSE(background.deliver());
  EXPECT_NE(worked, here);
  EXPECT_EQ(delivered, here);
}

TEST(Background, WorkThatHangsHoldsUpNeitherOthersNorTheEnd) {
  const auto gate = std::make_shared<std::promise<void>>();
  const auto opened = std::make_shared<std::shared_future<void>>(gate->get_future());
  const auto late_wakes = std::make_shared<std::atomic<int>>(0);
  const auto late_deliveries = std::make_shared<std::atomic<int>>(0);
  bool quick = false;
  const double seconds = seconds_of([&] {
    Background background([late_wakes] { ++*late_wakes; });
    background.run([opened, late_deliveries]() -> Background::Delivery {
      opened->wait();
      return [late_deliveries] { ++*late_deliveries; };
    });
    background.run([&quick]() -> Background::Delivery { return [&quick] { quick = true; }; });
    EXPECT_TRUE(comes_true([&] {
      background.deliver();
      return quick;
    }));
    EXPECT_EQ(background.pending(), 1);
  });
  EXPECT_LT(seconds, 5);
  const int wakes = *late_wakes;
  gate->set_value();
  // Its copies of what the work holds go with its thread.
  EXPECT_TRUE(comes_true([&] { return late_deliveries.use_count() == 1; }));
  EXPECT_EQ(*late_wakes, wakes);
  EXPECT_EQ(*late_deliveries, 0);
}

TEST(Background, WhatWorkThrowsIsThrownByDeliverAndTheRestComesNext) {
  Background background({});
  background.run([]() -> Background::Delivery { throw std::runtime_error("no such mount"); });
  ASSERT_TRUE(comes_true([&] {
    try {
      return background.deliver() && false;
    } catch (const std::runtime_error& problem) {
      return std::string(problem.what()) == "no such mount";
    }
  }));
  bool next = false;
  background.run([&next]() -> Background::Delivery { return [&next] { next = true; }; });
  EXPECT_TRUE(comes_true([&] {
    background.deliver();
    return next;
  }));
  EXPECT_EQ(background.pending(), 0);
}

TEST(Background, ADeliveryMayAskForMoreWork) {
  Background background({});
  bool second = false;
  background.run([&]() -> Background::Delivery {
    return [&] { background.run([&]() -> Background::Delivery { return [&] { second = true; }; }); };
  });
  EXPECT_TRUE(comes_true([&] {
    background.deliver();
    return second;
  }));
}

}  // namespace
}  // namespace fixynn::gui
