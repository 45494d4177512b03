// SPDX-License-Identifier: Apache-2.0
// The whole CUDA engine: the cases of tests/engine/cases.h against the double-precision reference.
//
//   precision   cases                          allowed difference (relative norm, largest entry)
//   fp32        all of engine_cases()          as the CPU engine: see parity.h
//   tf32, bf16  reduced_cases(), one step      kReduced below; the forward pass of codes is exact in both
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <numeric>

#include "cuda/device_array.h"
#include "cuda/engine/cuda_engine.h"
#include "engine/cpu/cpu_engine.h"
#include "engine/parity.h"

namespace fixynn {
namespace {

using cuda::CudaEngine;
using testing_engine::CaseSetup;
using testing_engine::compare_with_reference;
using testing_engine::EngineCase;

std::unique_ptr<CudaEngine> make_engine(const TrainPlan& plan, Precision precision = Precision::kFp32) {
  EngineOptions options;
  options.threads = 1;
  options.precision = precision;
  return std::make_unique<CudaEngine>(plan, options);
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

std::string case_name(const testing::TestParamInfo<EngineCase>& info) {
  return info.param.name;
}

class CudaParity : public testing_cuda::DeviceTest, public testing::WithParamInterface<EngineCase> {};

TEST_P(CudaParity, AgreesWithTheReference) {
  const auto comparison =
      compare_with_reference(GetParam(), [](const TrainPlan& plan) { return make_engine(plan); });
  EXPECT_THAT(comparison.faults(), testing::IsEmpty()) << comparison.summary();
  RecordProperty("worst", comparison.summary());
}

INSTANTIATE_TEST_SUITE_P(Cases, CudaParity, testing::ValuesIn(testing_engine::engine_cases()), case_name);
/// The widest network, whose weights do not stay in shared memory.
INSTANTIATE_TEST_SUITE_P(Wide, CudaParity, testing::Values(EngineCase{"float_alpha_100", 40, 2, 1.0}),
                         case_name);

struct Reduced {
  Precision precision;
  EngineCase c;
  testing_engine::Tolerances allowed;
};

class CudaReducedPrecision : public testing_cuda::DeviceTest, public testing::WithParamInterface<Reduced> {};

TEST_P(CudaReducedPrecision, StepIsNearTheReference) {
  const auto& [precision, c, allowed] = GetParam();
  const CaseSetup setup(c);
  ReferenceEngine reference(setup.plan);
  const auto engine = make_engine(setup.plan, precision);
  setup.start(reference);
  setup.start(*engine);
  const std::vector<uint32_t> samples = setup.samples(0);
  engine->train_step(setup.step(c, 0, samples));
  reference.train_step(setup.step(c, 0, samples));
  testing_engine::Comparison comparison(allowed);
  comparison.scalar("loss", engine->take_metrics().loss_sum() / c.batch,
                    reference.take_metrics().loss_sum() / c.batch, allowed.loss);
  compare_states(comparison, setup.network, engine->state(), reference.state(), true);
  EXPECT_THAT(comparison.faults(), testing::IsEmpty()) << comparison.summary();
  RecordProperty("worst", comparison.summary());
}

const EngineCase kFloatCase{"float", 40, 4, 0.25, 4};
const EngineCase kInt4Case{"int4", 40, 1, 0.25, 7, 4, 4, true, false, false, 1, false, true};

INSTANTIATE_TEST_SUITE_P(Cases, CudaReducedPrecision,
                         testing::Values(Reduced{Precision::kTf32, kFloatCase, {1e-2, 0.2, 2.0}},
                                         Reduced{Precision::kTf32, kInt4Case, {1e-3, 1e-2, 0.1}},
                                         Reduced{Precision::kBf16, kFloatCase, {5e-2, 0.5, 6.0}}),
                         [](const auto& one) {
                           return std::string(testing_cuda::precision_name(one.param.precision)) + "_" +
                                  one.param.c.name;
                         });

class CudaEngineTest : public testing_cuda::DeviceTest {};

TEST_F(CudaEngineTest, SameSeedGivesTheSameBits) {
  const EngineCase c{"int8", 40, 5, 0.25, 4, 8, 8, true, false, true, 2, true};
  const CaseSetup setup(c);
  std::vector<TrainState> states;
  for (int run = 0; run < 2; ++run) {
    const auto engine = make_engine(setup.plan, Precision::kBf16);
    setup.start(*engine);
    for (int number = 0; number < 2; ++number) {
      const std::vector<uint32_t> samples = setup.samples(number);
      engine->train_step(setup.step(c, number, samples));
    }
    states.push_back(engine->state());
  }
  EXPECT_TRUE(same_bits(states[0].parameters.values, states[1].parameters.values));
  EXPECT_TRUE(same_bits(states[0].parameters.statistics, states[1].parameters.statistics));
  EXPECT_TRUE(same_bits(states[0].momentum, states[1].momentum));
}

TEST_F(CudaEngineTest, FrozenWeightsKeepTheirBits) {
  const EngineCase c{"int8_4", 32, 4, 0.25, 4, 8, 8, true};
  const CaseSetup setup(c);
  const auto engine = make_engine(setup.plan, Precision::kTf32);
  setup.start(*engine);
  const std::vector<uint32_t> samples = setup.samples(0);
  engine->train_step(setup.step(c, 0, samples));
  const TrainState after = engine->state();
  const ParameterLayout layout(setup.network);
  for (size_t i = 0; i < static_cast<size_t>(MobileNet::convs_in_layers(c.fixed_layers)); ++i) {
    const size_t first = layout.convs[i].weight;
    const size_t count = static_cast<size_t>(setup.network.convs[i].weight_count());
    EXPECT_EQ(std::memcmp(&after.parameters.values[first], &setup.state.parameters.values[first], count * 4),
              0);
    EXPECT_TRUE(std::all_of(&after.momentum[first], &after.momentum[first] + count,
                            [](float v) { return v == 0.0f; }));
  }
}

TEST_F(CudaEngineTest, MetricsDoNotDependOnWhenTheyAreTaken) {
  const EngineCase c{"float", 32, 3, 0.25, 14};
  const CaseSetup setup(c);
  std::vector<double> one_by_one, together;
  int64_t correct[2] = {};
  for (const bool each : {true, false}) {
    const auto engine = make_engine(setup.plan);
    setup.start(*engine);
    std::vector<double>& losses = each ? one_by_one : together;
    const auto take = [&] {
      const StepMetrics metrics = engine->take_metrics();
      losses.insert(losses.end(), metrics.step_loss_sums.begin(), metrics.step_loss_sums.end());
      correct[each ? 0 : 1] += metrics.correct;
    };
    for (int number = 0; number < 3; ++number) {
      const std::vector<uint32_t> samples = setup.samples(number);
      engine->train_step(setup.step(c, number, samples));
      if (each) take();
    }
    take();
  }
  EXPECT_EQ(one_by_one.size(), 3u);
  EXPECT_EQ(one_by_one, together);
  EXPECT_EQ(correct[0], correct[1]);
}

/// More steps than the input ring has slots, polled on the way: the same metrics and the same state as one at
/// a time.
TEST_F(CudaEngineTest, QueuedStepsEqualSingleOnes) {
  const EngineCase c{"float", 32, 2, 0.25, 14};
  const CaseSetup setup(c);
  // A card runs ahead of the host; the launcher does not, and is slow.
  const int steps = cuda::open_device().name == "host launcher" ? 20 : 1500;
  const auto run = [&](bool each, std::vector<double>& losses) {
    const auto engine = make_engine(setup.plan);
    setup.start(*engine);
    const auto add = [&](const StepMetrics& metrics) {
      losses.insert(losses.end(), metrics.step_loss_sums.begin(), metrics.step_loss_sums.end());
    };
    for (int number = 0; number < steps; ++number) {
      const std::vector<uint32_t> samples = setup.samples(number);
      engine->train_step(setup.step(c, number, samples));
      if (each) {
        add(engine->take_metrics());
      } else if (number % 7 == 0) {
        add(engine->poll_metrics());
        EXPECT_LE(losses.size(), static_cast<size_t>(number + 1));
      }
    }
    add(engine->take_metrics());
    return engine->state();
  };
  std::vector<double> single, queued;
  const TrainState a = run(true, single), b = run(false, queued);
  EXPECT_EQ(single.size(), static_cast<size_t>(steps));
  EXPECT_EQ(single, queued);
  EXPECT_TRUE(same_bits(a.parameters.values, b.parameters.values));
}

/// A set that is too large for the card is sent batch by batch; evaluating a set of larger images in between
/// moves the memory that the recorded step reads.
TEST_F(CudaEngineTest, TrainingOnImagesFromTheHostGivesTheSameBits) {
  const EngineCase c{"float", 33, 3, 0.25, 7};
  const CaseSetup setup(c);
  const ImageSet larger = testing_engine::test_images(6, 50, testing_engine::kTestClasses, 2);
  std::vector<TrainState> states;
  for (const bool resident : {true, false}) {
    const auto engine = make_engine(setup.plan);
    if (!resident) engine->set_most_resident_bytes(1000);
    setup.start(*engine);
    for (int number = 0; number < 4; ++number) {
      const std::vector<uint32_t> samples = setup.samples(number);
      engine->train_step(setup.step(c, number, samples));
      std::vector<float> logits;
      if (number == 2) engine->evaluate(larger, std::vector<uint32_t>{5, 0, 2}, false, logits);
    }
    states.push_back(engine->state());
  }
  EXPECT_TRUE(same_bits(states[0].parameters.values, states[1].parameters.values));
  EXPECT_TRUE(same_bits(states[0].momentum, states[1].momentum));
}

/// Sizes that the host launcher is too slow for: large tensors, all multiprocessors, many classes.
class CudaRealSizes : public testing_cuda::DeviceTest,
                      public testing::WithParamInterface<std::tuple<int, int, double, int>> {};

TEST_P(CudaRealSizes, AStepAgreesWithTheCpuEngine) {
  const auto [size, batch, alpha, classes] = GetParam();
  if (!IsSkipped() && cuda::open_device().name == "host launcher") GTEST_SKIP() << "only on a card";
  TrainPlan plan;
  plan.network = make_mobilenet(alpha, size, classes);
  plan.quant.assign(plan.network.convs.size(), ConvQuant{});
  plan.batch_size = batch;
  const ImageSet images = testing_engine::test_images(batch, size, classes, 1);
  const TrainState start{initialise_parameters(plan.network, 1),
                         std::vector<float>(ParameterLayout(plan.network).value_count)};
  std::vector<uint32_t> samples(static_cast<size_t>(batch));
  std::iota(samples.begin(), samples.end(), 0u);
  StepSpec step;
  step.samples = samples;
  step.learning_rate = 0.01f;
  cpu::CpuEngine expected(plan, 0);
  const auto engine = make_engine(plan);
  // Among a million gradients of one tensor, a crossed corner moves one by more than where there are few: at
  // alpha 1 and 128 pixels the CPU engine itself is 0.74 from double precision, by the same tensor.
  testing_engine::Comparison comparison({1e-3, 4e-2, 1.2});
  for (TrainEngine* each : {static_cast<TrainEngine*>(&expected), static_cast<TrainEngine*>(engine.get())}) {
    each->attach(images, AugmentSpec{}, 1);
    each->set_state(start);
    each->train_step(step);
  }
  comparison.scalar("loss", engine->take_metrics().loss_sum() / batch,
                    expected.take_metrics().loss_sum() / batch, 1e-3);
  compare_states(comparison, plan.network, engine->state(), expected.state(), true);
  EXPECT_THAT(comparison.faults(), testing::IsEmpty()) << comparison.summary();
}

INSTANTIATE_TEST_SUITE_P(Sizes, CudaRealSizes,
                         testing::Values(std::tuple(224, 64, 0.25, 43), std::tuple(128, 16, 1.0, 1000),
                                         std::tuple(32, 1500, 0.25, 10), std::tuple(97, 33, 0.75, 100)));

TEST_F(CudaEngineTest, AShortLastBatchIsAStepOfItsOwn) {
  // With constant statistics: batch norm over the few pixels of two images is too sensitive to compare.
  const EngineCase c{"float", 33, 5, 0.25, 1, 0, 0, false, true};
  const CaseSetup setup(c);
  ReferenceEngine reference(setup.plan);
  const auto engine = make_engine(setup.plan);
  setup.start(reference);
  setup.start(*engine);
  const std::vector<uint32_t> samples = setup.samples(0), few = {7, 3};
  for (const std::vector<uint32_t>* batch : {&samples, &few, &samples}) {
    engine->train_step(setup.step(c, 0, *batch));
    reference.train_step(setup.step(c, 0, *batch));
  }
  EXPECT_EQ(engine->take_metrics().images, 12);
  testing_engine::Comparison comparison(testing_engine::kSinglePrecision);
  compare_states(comparison, setup.network, engine->state(), reference.state(), true);
  EXPECT_THAT(comparison.faults(), testing::IsEmpty()) << comparison.summary();
}

/// The attached set lies on the card, others are sent batch by batch.
TEST_F(CudaEngineTest, ImagesFromTheHostAndFromTheCardGiveTheSameLogits) {
  const EngineCase c{"float", 33, 4};
  const CaseSetup setup(c);
  const auto engine = make_engine(setup.plan);
  setup.start(*engine);
  const ImageSet copy = setup.images;
  std::vector<uint32_t> samples(10);
  std::iota(samples.begin(), samples.end(), 3u);
  std::vector<float> from_card, from_host, pixels_logits;
  engine->evaluate(setup.images, samples, false, from_card);
  engine->evaluate(copy, samples, false, from_host);
  EXPECT_EQ(from_card.size(), 10u * testing_engine::kTestClasses);
  EXPECT_TRUE(same_bits(from_card, from_host));
  std::vector<uint8_t> pixels;
  for (uint32_t sample : samples) {
    pixels.insert(pixels.end(), copy.image(sample).begin(), copy.image(sample).end());
  }
  engine->run_pixels(pixels, 10, pixels_logits);
  EXPECT_TRUE(same_bits(from_card, pixels_logits));
}

TEST_F(CudaEngineTest, RangesAreObservedInPassing) {
  const EngineCase c{"float", 33, 4};
  const CaseSetup setup(c);
  const auto engine = make_engine(setup.plan);
  setup.start(*engine);
  EXPECT_TRUE(engine->observed_ranges().empty());
  std::vector<uint32_t> samples = setup.samples(0);
  const std::vector<uint32_t> second = setup.samples(1);
  std::vector<float> smallest(setup.network.convs.size(), 1e9f), largest(setup.network.convs.size(), -1e9f);
  ReferenceEngine reference(setup.plan);
  setup.start(reference);
  for (int number = 0; number < 2; ++number) {
    const std::vector<uint32_t> batch = setup.samples(number);
    const ForwardPass pass = reference.forward(setup.step(c, 0, batch));
    for (size_t i = 0; i < pass.u.size(); ++i) {
      const auto [low, high] = std::minmax_element(pass.u[i].values.begin(), pass.u[i].values.end());
      smallest[i] = std::min(smallest[i], static_cast<float>(*low));
      largest[i] = std::max(largest[i], static_cast<float>(*high));
    }
  }
  samples.insert(samples.end(), second.begin(), second.end());
  engine->measure_statistics(samples, false, true);
  const std::vector<ActivationRange> ranges = engine->observed_ranges();
  ASSERT_EQ(ranges.size(), setup.network.convs.size());
  for (size_t i = 0; i < ranges.size(); ++i) {
    EXPECT_NEAR(ranges[i].smallest, smallest[i], 2e-3) << setup.network.convs[i].name;
    EXPECT_NEAR(ranges[i].largest, largest[i], 2e-3) << setup.network.convs[i].name;
  }
}

TEST_F(CudaEngineTest, AStepIsOneGraphOfAtMostNinetyNodes) {
  const EngineCase c{"int8", 32, 2, 0.25, 0, 8, 8, true};
  const CaseSetup setup(c);
  const auto engine = make_engine(setup.plan);
  setup.start(*engine);
  const std::vector<uint32_t> samples = setup.samples(0);
  engine->train_step(setup.step(c, 0, samples));
  EXPECT_EQ(engine->facts().launches_per_step, 0);  // the first step is not recorded
  engine->train_step(setup.step(c, 0, samples));
  engine->take_metrics();
  EXPECT_GT(engine->facts().launches_per_step, 60);
  EXPECT_LE(engine->facts().launches_per_step, 90);
  const auto passes = engine->profile_step(setup.step(c, 0, samples));
  EXPECT_GT(passes.size(), 55u);
}

TEST_F(CudaEngineTest, ANonFiniteParameterIsNamedWithItsStep) {
  const EngineCase c{"float", 32, 2};
  CaseSetup setup(c);
  const ParameterLayout layout(setup.network);
  const auto engine = make_engine(setup.plan);
  setup.start(*engine);
  const std::vector<uint32_t> samples = setup.samples(0);
  engine->train_step(setup.step(c, 0, samples));
  TrainState broken = engine->state();
  broken.parameters.values[layout.convs[4].weight + 1] = std::numeric_limits<float>::infinity();
  engine->set_state(broken);
  engine->train_step(setup.step(c, 1, samples));
  const StepMetrics metrics = engine->take_metrics();
  EXPECT_EQ(metrics.non_finite, setup.network.convs[4].name + ": non-finite batch statistics");
  EXPECT_EQ(metrics.non_finite_step, 1u);
}

}  // namespace
}  // namespace fixynn
