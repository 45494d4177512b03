// SPDX-License-Identifier: Apache-2.0
// Every compiled instruction set computes the same training step: AVX2 and AVX-512 the same bits of
// everything that is summed in the same order, SSE4 (which has no fused multiply-add) nearly.
#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <cmath>
#include <map>

#include "engine/cases.h"
#include "engine/cpu/kernels/kernels.h"

namespace fixynn {
namespace {

using namespace testing_engine;

/// Restores the choice of instruction set for the tests that follow.
struct TargetScope {
  explicit TargetScope(int64_t target) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
  ~TargetScope() {
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
};

double relative_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double difference = 0, norm = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference += std::pow(static_cast<double>(a[i]) - b[i], 2);
    norm += std::pow(static_cast<double>(b[i]), 2);
  }
  return std::sqrt(difference / norm);
}

TEST(InstructionSets, AgreeOnATrainingStep) {
  const MobileNet network = make_mobilenet(0.75, 40, 10);  // 24, 48, 96 ... channels: whole and half vectors
  TrainPlan plan;
  plan.network = network;
  plan.quant.assign(network.convs.size(), ConvQuant{});
  plan.batch_size = 6;
  const ImageSet images = test_images(6, 40, 10, 1);
  const std::vector<uint32_t> samples = {0, 1, 2, 3, 4, 5};
  std::map<std::string, std::vector<float>> results;
  for (const int64_t target : {HWY_AVX3, HWY_AVX2, HWY_SSE4}) {
    if ((hwy::SupportedTargets() & target) == 0) continue;
    const TargetScope scope(target);
    // A target that was not compiled in would silently run other code.
    if (std::string(cpu::kernel_target_name()) != hwy::TargetName(target)) continue;
    auto engine = make_train_engine(plan, {.device = DeviceChoice::kCpu, .threads = 1});
    engine->set_state(
        {initialise_parameters(network, 1), std::vector<float>(ParameterLayout(network).value_count)});
    engine->attach(images, {}, 1);
    StepSpec step;
    step.samples = samples;
    step.learning_rate = 0.01f;
    engine->train_step(step);
    results[hwy::TargetName(target)] = engine->state().parameters.values;
  }
  ASSERT_FALSE(results.empty());
  if (results.count("AVX2") != 0 && results.count("AVX3") != 0) {
    EXPECT_EQ(results["AVX2"], results["AVX3"]);
  }
  const auto& [name, first] = *results.begin();
  for (const auto& [other, values] : results) {
    std::printf("%s against %s: %.2g\n", other.c_str(), name.c_str(), relative_difference(values, first));
    EXPECT_LT(relative_difference(values, first), 1e-4) << other << " against " << name;
  }
}

}  // namespace
}  // namespace fixynn
