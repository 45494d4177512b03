// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "engine/cases.h"

namespace fixynn {
namespace {

using testing_engine::CaseSetup;
using testing_engine::EngineCase;

std::vector<double> to_double(const std::vector<float>& values) {
  return {values.begin(), values.end()};
}

/// Compares the gradient with central differences of `loss` along one random direction of +-1 in every
/// tensor, so that each entry takes part.
void expect_gradient_along_tensors(const CaseSetup& setup, const std::vector<double>& gradient,
                                   const std::function<double(const std::vector<double>&)>& loss) {
  const std::vector<double> point = to_double(setup.state.parameters.values);
  const size_t frozen = static_cast<size_t>(MobileNet::convs_in_layers(setup.plan.fixed_layers));
  uint32_t number = 0;
  for (const NamedTensor& tensor : named_tensors(setup.network)) {
    if (tensor.is_statistic) continue;
    const bool is_frozen = std::any_of(
        setup.network.convs.begin(), setup.network.convs.begin() + static_cast<std::ptrdiff_t>(frozen),
        [&](const Conv& conv) { return tensor.name == conv.name + ".weight"; });
    RandomSequence random(2, RandomStream::kSynthesise, ++number);
    std::vector<double> above = point, below = point;
    // Small enough that hardly an activation crosses a corner of ReLU6 on the way.
    const double step = 2e-8 / std::sqrt(static_cast<double>(tensor.count));
    double directional = 0;
    for (size_t i = tensor.offset; i < tensor.offset + tensor.count; ++i) {
      const double sign = random.below(2) == 0 ? -1.0 : 1.0;
      above[i] += sign * step;
      below[i] -= sign * step;
      directional += sign * gradient[i];
    }
    if (is_frozen) {
      EXPECT_EQ(directional, 0.0) << tensor.name << " is frozen and has no gradient";
      continue;
    }
    const double measured = (loss(above) - loss(below)) / (2 * step);
    const double tolerance =
        1e-6 * std::sqrt(static_cast<double>(tensor.count)) + 5e-4 * std::fabs(directional);
    EXPECT_NEAR(directional, measured, tolerance) << tensor.name;
  }
}

class ReferenceGradient : public testing::TestWithParam<EngineCase> {};

TEST_P(ReferenceGradient, MatchesFiniteDifferencesOfTheWholeNetwork) {
  const EngineCase& c = GetParam();
  const CaseSetup setup(c);
  ReferenceEngine engine(setup.plan);
  setup.start(engine);
  const std::vector<uint32_t> samples = setup.samples(0);
  const StepSpec step = setup.step(c, 0, samples);
  const StepGradients result = engine.gradients(step);
  ASSERT_EQ(result.pass.non_finite, "");
  EXPECT_NEAR(engine.loss(step, to_double(setup.state.parameters.values)), result.loss_sum / c.batch, 1e-12);
  // Rounding is a staircase: its true derivative is 0 almost everywhere. What the straight-through rule
  // claims is the gradient of the network in which rounding is replaced by adding, as constants, what
  // rounding added at this point. That network has the same activations here, and differences of its loss are
  // the claim.
  const RoundingOffsets* offsets = c.fake_quantise ? &result.pass.rounding : nullptr;
  if (c.fake_quantise) {
    EXPECT_NEAR(engine.loss(step, to_double(setup.state.parameters.values), offsets),
                result.loss_sum / c.batch, 1e-9);
  }
  expect_gradient_along_tensors(setup, result.gradient, [&](const std::vector<double>& values) {
    return engine.loss(step, values, offsets);
  });
}

INSTANTIATE_TEST_SUITE_P(Variants, ReferenceGradient,
                         testing::Values(EngineCase{"float", 32, 3}, EngineCase{"fixed_4", 32, 3, 0.25, 4},
                                         EngineCase{"fixed_14_frozen_statistics", 33, 2, 0.25, 14, 0, 0,
                                                    false, true},
                                         EngineCase{"int8_fixed_0", 32, 3, 0.25, 0, 8, 8, true},
                                         EngineCase{"int4_fixed_7", 32, 3, 0.25, 7, 4, 8, true}),
                         [](const auto& variant) { return std::string(variant.param.name); });

TEST(ReferenceEngine, QuantisedPassUsesCodesEverywhere) {
  const EngineCase c{"int4", 32, 3, 0.25, 4, 4, 4, true};
  const CaseSetup setup(c);
  ReferenceEngine engine(setup.plan);
  setup.start(engine);
  const std::vector<uint32_t> samples = setup.samples(0);
  const ForwardPass pass = engine.gradients(setup.step(c, 0, samples)).pass;
  for (size_t i = 0; i < setup.network.convs.size(); ++i) {
    std::vector<double> distinct = pass.effective_weights[i];
    const size_t channels = static_cast<size_t>(setup.network.convs[i].out_channels);
    for (size_t channel = 0; channel < channels; ++channel) {
      double largest = 0;
      for (size_t w = channel; w < distinct.size(); w += channels)
        largest = std::max(largest, std::fabs(distinct[w]));
      for (size_t w = channel; w < distinct.size(); w += channels) {
        const double code = distinct[w] * 7.0 / largest;
        ASSERT_NEAR(code, std::round(code), 1e-4) << setup.network.convs[i].name;
      }
    }
    const std::vector<double>& activations =
        i + 1 < pass.inputs.size() ? pass.inputs[i + 1].values : pass.features.values;
    for (double value : activations) ASSERT_NEAR(value * 2.5, std::round(value * 2.5), 1e-5);
  }
  double largest = 0;
  for (double weight : pass.effective_head) largest = std::max(largest, std::fabs(weight));
  for (double weight : pass.effective_head)
    ASSERT_NEAR(weight * 7 / largest, std::round(weight * 7 / largest), 1e-4);
}

TEST(ReferenceEngine, FrozenWeightsAreNeverTouchedAndTheirBatchNormIs) {
  const EngineCase c{"fixed_4", 32, 4, 0.25, 4, 8, 8, true};
  const CaseSetup setup(c);
  ReferenceEngine engine(setup.plan);
  setup.start(engine);
  for (int number = 0; number < 3; ++number) {
    const std::vector<uint32_t> samples = setup.samples(number);
    engine.train_step(setup.step(c, number, samples));
  }
  const TrainState after = engine.state();
  const ParameterLayout layout(setup.network);
  for (size_t i = 0; i < setup.network.convs.size(); ++i) {
    const size_t weight = layout.convs[i].weight, gamma = layout.convs[i].gamma;
    const bool frozen = i < 7;
    const auto begin = after.parameters.values.begin();
    const bool same =
        std::equal(begin + static_cast<std::ptrdiff_t>(weight), begin + static_cast<std::ptrdiff_t>(gamma),
                   setup.state.parameters.values.begin() + static_cast<std::ptrdiff_t>(weight));
    EXPECT_EQ(same, frozen) << setup.network.convs[i].name;
    const bool still = std::all_of(after.momentum.begin() + static_cast<std::ptrdiff_t>(weight),
                                   after.momentum.begin() + static_cast<std::ptrdiff_t>(gamma),
                                   [](float v) { return v == 0.0f; });
    EXPECT_EQ(still, frozen) << setup.network.convs[i].name;
    const size_t end = gamma + 2 * static_cast<size_t>(setup.network.convs[i].out_channels);
    size_t changed = 0;
    for (size_t k = gamma; k < end; ++k)
      changed += after.parameters.values[k] != setup.state.parameters.values[k];
    EXPECT_GE(changed, (end - gamma) / 2) << "gamma and beta of " << setup.network.convs[i].name;
  }
}

TEST(ReferenceEngine, UpdateIsSgdWithNesterovMomentumAsInPyTorch) {
  for (bool nesterov : {false, true}) {
    const EngineCase c{"sgd", 32, 3, 0.25, 0, 0, 0, false, false, nesterov};
    const CaseSetup setup(c);
    ReferenceEngine engine(setup.plan);
    setup.start(engine);
    TrainState before = setup.state;
    RandomSequence random(1, RandomStream::kInitialise, 99);
    for (float& v : before.momentum) v = random.uniform(-0.1f, 0.1f);
    engine.set_state(before);
    const std::vector<uint32_t> samples = setup.samples(0);
    const StepSpec step = setup.step(c, 0, samples);
    const std::vector<double> gradient = engine.gradients(step).gradient;
    engine.train_step(step);
    const TrainState after = engine.state();
    const ParameterLayout layout(setup.network);
    const double learning_rate = static_cast<double>(step.learning_rate);
    const auto check = [&](size_t i, double decay) {
      const double g = gradient[i] + decay * static_cast<double>(before.parameters.values[i]);
      const double v = 0.9 * static_cast<double>(before.momentum[i]) + g;
      const double change = nesterov ? g + 0.9 * v : v;
      EXPECT_NEAR(after.momentum[i], v, 1e-6 * (1 + std::fabs(v)));
      EXPECT_NEAR(after.parameters.values[i],
                  static_cast<double>(before.parameters.values[i]) - learning_rate * change, 1e-6);
    };
    check(layout.convs[0].weight, 1e-2);      // conv1
    check(layout.convs[1].weight + 3, 0);     // depthwise
    check(layout.convs[2].weight + 5, 1e-2);  // pointwise
    check(layout.convs[2].gamma, 0);
    check(layout.convs[2].beta, 0);
    check(layout.head_weight + 7, 1e-2);
    check(layout.head_bias + 1, 0);
  }
}

TEST(ReferenceEngine, StatisticsFollowTheBatchUnlessFrozen) {
  for (bool frozen : {false, true}) {
    const EngineCase c{"statistics", 32, 4, 0.25, 0, 0, 0, false, frozen};
    const CaseSetup setup(c);
    ReferenceEngine engine(setup.plan);
    setup.start(engine);
    const std::vector<uint32_t> samples = setup.samples(0);
    const StepSpec step = setup.step(c, 0, samples);
    const StepGradients result = engine.gradients(step);
    engine.train_step(step);
    const TrainState after = engine.state();
    if (frozen) {
      EXPECT_EQ(after.parameters.statistics, setup.state.parameters.statistics);
      continue;
    }
    const size_t at = ParameterLayout(setup.network).convs[5].variance + 2;
    EXPECT_NEAR(after.parameters.statistics[at],
                0.9 * static_cast<double>(setup.state.parameters.statistics[at]) +
                    0.1 * result.pass.batch_statistics[5].variance[2],
                1e-6);
  }
}

TEST(ReferenceEngine, EvaluationWithTheBatchsOwnStatisticsEqualsTheTrainingPass) {
  const EngineCase c{"evaluate", 32, 6, 0.25, 4, 8, 8, true};
  const CaseSetup setup(c);
  ReferenceEngine engine(setup.plan);
  setup.start(engine);
  const std::vector<uint32_t> samples = setup.samples(0);
  for (bool fake_quantise : {false, true}) {
    TrainState state = setup.state;
    engine.set_state(state);
    state.parameters.statistics = engine.measure_statistics(samples, fake_quantise, true);
    engine.set_state(state);
    StepSpec step = setup.step(c, 0, samples);
    step.fake_quantise = fake_quantise;
    std::vector<float> logits;
    engine.evaluate(setup.images, samples, fake_quantise, logits);
    const StepGradients expected = engine.gradients(step);
    ASSERT_EQ(logits.size(), expected.logits.size());
    // Eight-bit codes may flip where the statistics' rounding to float meets a tie.
    for (size_t i = 0; i < logits.size(); ++i)
      EXPECT_NEAR(logits[i], expected.logits[i], fake_quantise ? 0.1 : 1e-4);
  }
}

TEST(ReferenceEngine, MeasuredStatisticsDoNotDependOnTheBatchSize) {
  const EngineCase c{"measure", 32, 7};
  CaseSetup setup(c);
  std::vector<uint32_t> samples(7);
  std::iota(samples.begin(), samples.end(), 0u);
  ReferenceEngine whole(setup.plan);
  setup.start(whole);
  const std::vector<float> expected = whole.measure_statistics(samples, false, false);
  EXPECT_EQ(whole.state().parameters.statistics, setup.state.parameters.statistics);
  setup.plan.batch_size = 3;
  ReferenceEngine parts(setup.plan);
  setup.start(parts);
  const std::vector<float> measured = parts.measure_statistics(samples, false, false);
  ASSERT_EQ(measured.size(), expected.size());
  for (size_t i = 0; i < measured.size(); ++i)
    EXPECT_NEAR(measured[i], expected[i], 1e-5 * (1 + std::fabs(expected[i])));
}

TEST(ReferenceEngine, NonFiniteNumberIsReportedWithStepAndLayerAndNothingChanges) {
  const EngineCase c{"nan", 32, 3};
  const CaseSetup setup(c);
  ReferenceEngine engine(setup.plan);
  setup.start(engine);
  const std::vector<uint32_t> samples = setup.samples(0);
  engine.train_step(setup.step(c, 0, samples));
  TrainState broken = engine.state();
  const ParameterLayout layout(setup.network);
  broken.parameters.values[layout.convs[5].weight] = std::numeric_limits<float>::quiet_NaN();
  engine.set_state(broken);
  engine.train_step(setup.step(c, 1, samples));
  const StepMetrics metrics = engine.take_metrics();
  EXPECT_EQ(metrics.non_finite, "step 2: l03_depthwise: non-finite batch statistics");
  EXPECT_EQ(metrics.images, 3);
  EXPECT_EQ(engine.state().parameters.statistics, broken.parameters.statistics);
  EXPECT_EQ(engine.take_metrics().images, 0);
}

TEST(ReferenceEngine, RefusesWhatCannotBe) {
  const EngineCase c{"bad", 32, 3};
  CaseSetup setup(c);
  ReferenceEngine engine(setup.plan);
  EXPECT_THROW(engine.set_state(TrainState{}), Error);
  const std::vector<uint32_t> samples{0, 1};
  EXPECT_THROW(engine.train_step(setup.step(c, 0, samples)), Error) << "no images attached";
  setup.start(engine);
  const std::vector<uint32_t> outside{0, 1000};
  EXPECT_THROW(engine.train_step(setup.step(c, 0, outside)), Error);
  const std::vector<uint32_t> many{0, 1, 2, 3};
  EXPECT_THROW(engine.train_step(setup.step(c, 0, many)), Error);
  setup.plan.fixed_layers = 4;
  EXPECT_THROW(ReferenceEngine{setup.plan}, Error) << "frozen weights are missing";
}

}  // namespace
}  // namespace fixynn
