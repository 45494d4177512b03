// SPDX-License-Identifier: Apache-2.0
#include "train/kernel_bench.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/error.h"

namespace fixynn {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// A device whose second pass takes 10 times as long in every third profile.
class FakeEngine : public TrainEngine {
 public:
  explicit FakeEngine(std::string device) : device_(std::move(device)) {}
  std::string describe() const override { return device_ + ", fake"; }
  EngineFacts facts() const override {
    EngineFacts facts;
    facts.device = device_;
    return facts;
  }
  std::vector<PassTime> profile_step(const StepSpec&) override {
    ++queued_;
    const double slow = ++profiles_ % 3 == 0 ? 10.0 : 1.0;
    return {{"l01_depthwise forward", 0.010, 1e7}, {"head", 0.030 * slow, 0}};
  }
  double copy_bytes_per_second() override { return 2e12; }
  void set_state(const TrainState&) override {}
  TrainState state() override { return {}; }
  void attach(const ImageSet&, const AugmentSpec&, uint64_t) override {}
  void train_step(const StepSpec&) override { ++queued_, ++steps_; }
  StepMetrics take_metrics() override {
    EXPECT_LE(queued_, kMostQueuedSteps);
    queued_ = 0;
    return {};
  }
  void evaluate(const ImageSet&, std::span<const uint32_t>, bool, std::vector<float>&) override {}
  std::vector<float> measure_statistics(std::span<const uint32_t>, bool, bool) override { return {}; }

  int steps_ = 0;

 private:
  std::string device_;
  int queued_ = 0, profiles_ = 0;
};

TEST(KernelBench, MediansAndShares) {
  FakeEngine engine("Card");
  const KernelBenchResult result = measure_kernels(engine, StepSpec{}, 0.02);
  ASSERT_EQ(result.passes.size(), 2u);
  EXPECT_NEAR(result.passes[0].microseconds, 10, 1e-9);
  EXPECT_NEAR(result.passes[1].microseconds, 30, 1e-9) << "the slow third does not count";
  EXPECT_NEAR(result.sum_of_passes(), 40, 1e-9);
  EXPECT_GT(result.step_microseconds, 0);
  EXPECT_GT(engine.steps_, 9) << "whole steps are timed too";

  const auto json = nlohmann::json::parse(kernel_bench_json({}, result));
  EXPECT_EQ(json["mode"], "kernels");
  EXPECT_NEAR(json["passes"][0]["gb_per_s"].get<double>(), 1000, 1e-6);
  EXPECT_NEAR(json["passes"][0]["share_of_copy"].get<double>(), 0.5, 1e-9);
  EXPECT_NEAR(json["passes"][1]["share_of_step"].get<double>(), 0.75, 1e-9);
  EXPECT_NEAR(json["copy_gb_per_s"].get<double>(), 2000, 1e-6);
  EXPECT_NEAR(json["sum_of_passes_microseconds"].get<double>(), 40, 1e-9);

  const std::string text = kernel_bench_text({}, result);
  EXPECT_THAT(text, AllOf(HasSubstr("l01_depthwise forward"), HasSubstr("1000"), HasSubstr("50 %"),
                          HasSubstr("75 %"), HasSubstr("sum of passes")));
}

TEST(KernelBench, AnEngineThatCannotTellSaysSo) {
  FakeEngine cpu("cpu");
  try {
    measure_kernels(cpu, StepSpec{}, 0.1);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kUsage);
    EXPECT_THAT(error.what(), AllOf(HasSubstr("cpu, fake"), HasSubstr("--device cuda")));
  }
  EXPECT_EQ(cpu.steps_, 0) << "before any work";
}

}  // namespace
}  // namespace fixynn
