// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "engine/cases.h"

namespace fixynn::testing_engine {

using EngineFactory = std::function<std::unique_ptr<TrainEngine>(const TrainPlan&)>;

/// Allowed differences from the double-precision reference, relative to the root mean square of the reference
/// tensor.
struct Tolerances {
  double loss;     ///< of the mean loss, absolute
  double norm;     ///< norm of the difference / norm of the reference tensor
  double largest;  ///< largest difference / root mean square of the reference tensor
};

/// Single precision: sums of up to thousands of terms, a batch norm whose backward pass subtracts nearly
/// equal numbers, 27 times one after the other.
constexpr Tolerances kSinglePrecision{1e-4, 1e-3, 1e-2};

/// The same, with a few activations on the other side of a corner of ReLU6, where the gradient's mask
/// changes: in the last layers, of some ten pixels a channel, one of them moves all gradients below by a
/// percent or two.
constexpr Tolerances kFewCornersCrossed{1e-3, 4e-2, 0.6};

/// Independent rounding errors in every layer (see CaseSetup): a check that nothing is grossly wrong, no
/// more; momentum is not compared. What is computed between the roundings is checked by the exact cases.
constexpr Tolerances kIndependentRounding{0.5, 0.6, 10.0};

inline Tolerances training_tolerances(const EngineCase& c) {
  if (c.away_from_ties) return kSinglePrecision;
  return c.fake_quantise ? kIndependentRounding : kFewCornersCrossed;
}
/// Evaluation meets other activations than the first step, unless both use the running statistics.
inline Tolerances inference_tolerances(const EngineCase& c, bool after_training, bool batch_statistics) {
  if (!c.fake_quantise) return after_training ? kFewCornersCrossed : kSinglePrecision;
  return c.away_from_ties && c.frozen_statistics != batch_statistics ? kSinglePrecision
                                                                     : kIndependentRounding;
}

class Comparison {
 public:
  explicit Comparison(const Tolerances& allowed) : allowed_(allowed) {}

  void allow(const Tolerances& allowed) { allowed_ = allowed; }

  void scalar(const std::string& what, double measured, double expected, double allowed) {
    if (!(std::fabs(measured - expected) <= allowed)) {
      faults_.push_back(fmt::format("{}: {} instead of {}", what, measured, expected));
    }
  }

  void tensor(const std::string& what, std::span<const float> measured, std::span<const float> expected,
              double zero = 1e-6) {
    if (measured.size() != expected.size()) {
      faults_.push_back(fmt::format("{}: {} values instead of {}", what, measured.size(), expected.size()));
      return;
    }
    double square_sum = 0, difference_sum = 0, largest = 0;
    for (size_t i = 0; i < expected.size(); ++i) {
      const double reference = expected[i], difference = measured[i] - reference;
      square_sum += reference * reference;
      difference_sum += difference * difference;
      if (!(std::fabs(difference) <= largest)) largest = std::fabs(difference);
    }
    // `zero` is what a tensor that is zero but for rounding may hold.
    const double root_mean_square = std::sqrt(square_sum / static_cast<double>(expected.size())) + zero;
    const double norm = std::sqrt(difference_sum / static_cast<double>(expected.size())) / root_mean_square;
    worst_norm_ = std::max(worst_norm_, norm);
    worst_largest_ = std::max(worst_largest_, largest / root_mean_square);
    if (!(norm <= allowed_.norm) || !(largest / root_mean_square <= allowed_.largest)) {
      faults_.push_back(
          fmt::format("{}: relative norm of the difference {:.2g}, largest {:.2g} of the RMS {:.2g}", what,
                      norm, largest / root_mean_square, root_mean_square));
    }
  }

  const std::vector<std::string>& faults() const { return faults_; }
  std::string summary() const {
    return fmt::format("worst relative norm {:.2g}, worst entry {:.2g}", worst_norm_, worst_largest_);
  }

 private:
  Tolerances allowed_;
  std::vector<std::string> faults_;
  double worst_norm_ = 0, worst_largest_ = 0;
};

inline void compare_states(Comparison& comparison, const MobileNet& network, const TrainState& measured,
                           const TrainState& expected, bool with_momentum) {
  for (const NamedTensor& t : named_tensors(network)) {
    const auto part = [&t](const std::vector<float>& values) {
      return std::span<const float>(values).subspan(t.offset, t.count);
    };
    if (t.is_statistic) {
      comparison.tensor(t.name, part(measured.parameters.statistics), part(expected.parameters.statistics));
      continue;
    }
    comparison.tensor(t.name, part(measured.parameters.values), part(expected.parameters.values));
    if (with_momentum)
      comparison.tensor(t.name + " momentum", part(measured.momentum), part(expected.momentum));
  }
}

inline void compare_inference(Comparison& comparison, bool after_training, const EngineCase& c,
                              TrainEngine& engine, TrainEngine& reference, const CaseSetup& setup) {
  const std::string when = after_training ? "after training" : "before training";
  std::vector<uint32_t> samples = setup.samples(0);
  std::reverse(samples.begin(), samples.end());
  if (!c.away_from_ties) samples.insert(samples.end(), {3, 0, 7});  // more than a batch, not in order
  std::vector<float> measured, expected;
  engine.evaluate(setup.images, samples, c.fake_quantise, measured);
  reference.evaluate(setup.images, samples, c.fake_quantise, expected);
  comparison.allow(inference_tolerances(c, after_training, false));
  comparison.tensor("logits " + when, measured, expected);
  for (bool batch_statistics : {false, true}) {
    // Whole batches: a short last one could leave batch norm with too few pixels to compare (see
    // engine_cases).
    std::vector<uint32_t> measured_samples = setup.samples(0);
    const std::vector<uint32_t> second = setup.samples(1);
    if (!c.away_from_ties) measured_samples.insert(measured_samples.end(), second.begin(), second.end());
    const std::vector<float> statistics =
        engine.measure_statistics(measured_samples, c.fake_quantise, batch_statistics);
    const std::vector<float> wanted =
        reference.measure_statistics(measured_samples, c.fake_quantise, batch_statistics);
    if (statistics.size() != wanted.size()) {
      comparison.scalar("measured statistics' count", static_cast<double>(statistics.size()),
                        static_cast<double>(wanted.size()), 0);
      continue;
    }
    comparison.allow(inference_tolerances(c, after_training, batch_statistics));
    for (const NamedTensor& t : named_tensors(setup.network)) {
      if (!t.is_statistic) continue;
      comparison.tensor(
          fmt::format("measured {} {} ({})", t.name, when, batch_statistics ? "batch" : "running"),
          std::span(statistics).subspan(t.offset, t.count), std::span(wanted).subspan(t.offset, t.count),
          1e-4);
    }
  }
}

/// Runs one case on an engine and on the reference.
inline Comparison compare_with_reference(const EngineCase& c, const EngineFactory& make_engine) {
  const CaseSetup setup(c);
  ReferenceEngine reference(setup.plan);
  const std::unique_ptr<TrainEngine> engine = make_engine(setup.plan);
  setup.start(reference);
  setup.start(*engine);
  Comparison comparison(kSinglePrecision);
  if (c.away_from_ties && setup.margin < CaseSetup::margin_wanted(c)) {
    comparison.scalar("images away from ties were not found: margin", setup.margin,
                      CaseSetup::margin_wanted(c), 0);
  }
  compare_inference(comparison, false, c, *engine, reference, setup);
  const Tolerances allowed = training_tolerances(c);
  for (int number = 0; number < c.steps; ++number) {
    const std::vector<uint32_t> samples = setup.samples(number);
    const StepSpec step = setup.step(c, number, samples);
    engine->train_step(step);
    reference.train_step(step);
    const StepMetrics measured = engine->take_metrics(), expected = reference.take_metrics();
    const std::string when = fmt::format(" of step {}", number + 1);
    comparison.scalar("images" + when, static_cast<double>(measured.images),
                      static_cast<double>(expected.images), 0);
    comparison.scalar("loss" + when, measured.loss_sum() / c.batch, expected.loss_sum() / c.batch,
                      allowed.loss);
    comparison.scalar("correct" + when, static_cast<double>(measured.correct),
                      static_cast<double>(expected.correct), c.fake_quantise && !c.away_from_ties ? 2 : 0);
    if (!measured.non_finite.empty()) comparison.scalar("non-finite: " + measured.non_finite, 1, 0, 0);
  }
  comparison.allow(allowed);
  compare_states(comparison, setup.network, engine->state(), reference.state(),
                 !c.fake_quantise || c.away_from_ties);
  // After an exact case's step the parameters have moved, and values may be near ties again.
  if (!c.away_from_ties) compare_inference(comparison, true, c, *engine, reference, setup);
  return comparison;
}

}  // namespace fixynn::testing_engine
