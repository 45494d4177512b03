// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/parity.h"

namespace fixynn {
namespace {

using testing_engine::CaseSetup;
using testing_engine::compare_with_reference;
using testing_engine::Comparison;
using testing_engine::EngineCase;
using testing_engine::EngineFactory;

std::unique_ptr<TrainEngine> make_cpu_engine(const TrainPlan& plan, int threads) {
  return make_train_engine(plan, {.device = DeviceChoice::kCpu, .threads = threads});
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

std::string case_name(const testing::TestParamInfo<EngineCase>& info) {
  return info.param.name;
}

/// A reference whose batch norms are off by single precision's rounding, as an engine in float might be.
class NoisyReference : public ReferenceEngine {
 public:
  explicit NoisyReference(const TrainPlan& plan) : ReferenceEngine(plan), network_(plan.network) {}
  void set_state(const TrainState& state) override {
    TrainState noisy = state;
    RandomSequence random(4, RandomStream::kSynthesise, 0);
    const ParameterLayout layout(network_);
    for (size_t i = 0; i < network_.convs.size(); ++i) {
      // gamma and beta lie side by side. Convolution weights stay: another rounding of their codes is no
      // noise.
      for (size_t k = 0; k < 2 * static_cast<size_t>(network_.convs[i].out_channels); ++k) {
        noisy.parameters.values[layout.convs[i].gamma + k] *= 1.0f + random.uniform(-2e-7f, 2e-7f);
      }
    }
    ReferenceEngine::set_state(noisy);
  }

 private:
  MobileNet network_;
};

/// An engine that computes another plan than it was asked for.
EngineFactory wrong_reference(const std::function<void(TrainPlan&)>& spoil) {
  return [spoil](const TrainPlan& plan) -> std::unique_ptr<TrainEngine> {
    TrainPlan wrong = plan;
    spoil(wrong);
    return std::make_unique<ReferenceEngine>(wrong);
  };
}

class ParityTolerances : public testing::TestWithParam<EngineCase> {};

TEST_P(ParityTolerances, LetSinglePrecisionPass) {
  const Comparison comparison = compare_with_reference(
      GetParam(), [](const TrainPlan& plan) { return std::make_unique<NoisyReference>(plan); });
  EXPECT_THAT(comparison.faults(), testing::IsEmpty()) << comparison.summary();
}

INSTANTIATE_TEST_SUITE_P(Cases, ParityTolerances, testing::ValuesIn(testing_engine::engine_cases()),
                         case_name);

TEST(ParityTolerancesTest, CatchEveryWrongSetting) {
  const EngineCase plain{"plain", 32, 5};
  const EngineCase frozen{"frozen", 32, 5, 0.25, 4};
  const EngineCase int4{"int4", 40, 1, 0.25, 4, 4, 4, true, false, true, 1, false, true};
  const auto notices = [](const EngineCase& c, const std::function<void(TrainPlan&)>& spoil) {
    return !compare_with_reference(c, wrong_reference(spoil)).faults().empty();
  };
  EXPECT_FALSE(notices(plain, [](TrainPlan&) {}));
  EXPECT_TRUE(notices(plain, [](TrainPlan& plan) { plan.nesterov = false; }));
  EXPECT_TRUE(notices(plain, [](TrainPlan& plan) { plan.momentum = 0.88f; }));
  EXPECT_TRUE(notices(plain, [](TrainPlan& plan) { plan.weight_decay = 0; }));
  EXPECT_TRUE(notices(plain, [](TrainPlan& plan) { plan.label_smoothing = 0.11f; }));
  EXPECT_TRUE(notices(plain, [](TrainPlan& plan) { plan.batch_norm_momentum = 0.4f; }));
  EXPECT_TRUE(notices(frozen, [](TrainPlan& plan) {
    plan.fixed_layers = 3;
    plan.frozen.resize(5);
  }));
  EXPECT_FALSE(notices(int4, [](TrainPlan&) {}));
  EXPECT_TRUE(notices(int4, [](TrainPlan& plan) { plan.head_weight_bits = 5; }));
  EXPECT_TRUE(notices(int4, [](TrainPlan& plan) { plan.quant[20].weight_bits = 5; }));
  EXPECT_TRUE(notices(int4, [](TrainPlan& plan) { plan.quant[20].activation_bits = 5; }));
  EXPECT_TRUE(notices(int4, [](TrainPlan& plan) { plan.frozen[2].codes[9] ^= 1; }));
}

class CpuParity : public testing::TestWithParam<EngineCase> {};

TEST_P(CpuParity, AgreesWithTheReference) {
  const Comparison comparison =
      compare_with_reference(GetParam(), [](const TrainPlan& plan) { return make_cpu_engine(plan, 2); });
  EXPECT_THAT(comparison.faults(), testing::IsEmpty()) << comparison.summary();
  RecordProperty("worst", comparison.summary());
}

INSTANTIATE_TEST_SUITE_P(Cases, CpuParity, testing::ValuesIn(testing_engine::engine_cases()), case_name);

class CpuFrozen : public testing::TestWithParam<EngineCase> {};

TEST_P(CpuFrozen, WeightsKeepTheirBits) {
  const EngineCase& c = GetParam();
  const CaseSetup setup(c);
  const std::unique_ptr<TrainEngine> engine = make_cpu_engine(setup.plan, 2);
  setup.start(*engine);
  const std::vector<uint32_t> samples = setup.samples(0);
  engine->train_step(setup.step(c, 0, samples));
  const TrainState after = engine->state();
  const ParameterLayout layout(setup.network);
  for (int i = 0; i < MobileNet::convs_in_layers(c.fixed_layers); ++i) {
    const size_t first = layout.convs[static_cast<size_t>(i)].weight;
    const size_t count = static_cast<size_t>(setup.network.convs[static_cast<size_t>(i)].weight_count());
    EXPECT_EQ(std::memcmp(&after.parameters.values[first], &setup.state.parameters.values[first],
                          count * sizeof(float)),
              0);
    EXPECT_TRUE(std::all_of(&after.momentum[first], &after.momentum[first] + count,
                            [](float v) { return v == 0.0f; }));
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, CpuFrozen,
                         testing::Values(EngineCase{"float_1", 32, 4, 0.25, 1},
                                         EngineCase{"float_7_frozen_statistics", 33, 4, 0.25, 7, 0, 0, false,
                                                    true},
                                         EngineCase{"int8_4", 32, 4, 0.25, 4, 8, 8, true},
                                         EngineCase{"int4_14", 40, 2, 0.25, 14, 4, 8, true}),
                         case_name);

struct Everything {
  TrainState state;
  std::vector<float> logits, statistics;
  double loss_sum = 0;
};

Everything run_everything(const EngineCase& c, int threads) {
  const CaseSetup setup(c);
  const std::unique_ptr<TrainEngine> engine = make_cpu_engine(setup.plan, threads);
  setup.start(*engine);
  for (int number = 0; number < 2; ++number) {
    const std::vector<uint32_t> samples = setup.samples(number);
    engine->train_step(setup.step(c, number, samples));
  }
  Everything result;
  result.loss_sum = engine->take_metrics().loss_sum();
  result.state = engine->state();
  const std::vector<uint32_t> samples = setup.samples(2);
  engine->evaluate(setup.images, samples, c.fake_quantise, result.logits);
  result.statistics = engine->measure_statistics(samples, c.fake_quantise, true);
  return result;
}

class CpuThreads : public testing::TestWithParam<EngineCase> {};

TEST_P(CpuThreads, GiveTheSameBits) {
  const Everything one = run_everything(GetParam(), 1);
  for (int threads : {2, 3}) {
    const Everything many = run_everything(GetParam(), threads);
    EXPECT_TRUE(same_bits(one.state.parameters.values, many.state.parameters.values))
        << threads << " threads";
    EXPECT_TRUE(same_bits(one.state.parameters.statistics, many.state.parameters.statistics))
        << threads << " threads";
    EXPECT_TRUE(same_bits(one.state.momentum, many.state.momentum)) << threads << " threads";
    EXPECT_TRUE(same_bits(one.logits, many.logits)) << threads << " threads";
    EXPECT_TRUE(same_bits(one.statistics, many.statistics)) << threads << " threads";
    EXPECT_EQ(one.loss_sum, many.loss_sum) << threads << " threads";
  }
}

INSTANTIATE_TEST_SUITE_P(
    Cases, CpuThreads,
    testing::Values(EngineCase{"float_batch8", 32, 8}, EngineCase{"float_fixed_4_batch5", 33, 5, 0.25, 4},
                    EngineCase{"int8_batch1", 64, 1, 0.25, 0, 8, 8, true},
                    EngineCase{"int8_fixed_7_batch5", 40, 5, 0.25, 7, 8, 8, true, false, true, 2, true}),
    case_name);

}  // namespace
}  // namespace fixynn
