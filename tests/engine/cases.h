// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <functional>
#include <memory>
#include <numeric>
#include <ostream>
#include <string>
#include <vector>

#include "core/philox.h"
#include "engine/engine.h"
#include "engine/reference/reference_engine.h"
#include "engine/test_images.h"

namespace fixynn::testing_engine {

/// One training situation in which every engine must agree with the ReferenceEngine.
struct EngineCase {
  const char* name;
  int size;
  int batch;
  double alpha = 0.25;
  int fixed_layers = 0;
  int ffe_bits = 0;       ///< weights and activations of the frozen layers; 0 = float
  int back_end_bits = 0;  ///< of the other layers and the head; 0 = float
  bool fake_quantise = false;
  bool frozen_statistics = false;
  bool nesterov = true;
  int steps = 2;
  bool augment = false;
  /// The images are chosen so that no activation of the first step lies near a tie between two codes, which
  /// makes an exact comparison possible (see CaseSetup). Needs few activations or few bits.
  bool away_from_ties = false;
};

inline std::ostream& operator<<(std::ostream& out, const EngineCase& c) {
  return out << c.name;
}

/// The one list of cases, for every engine. Few pixels a channel in the last layers are avoided where batch
/// norm uses the batch's statistics: with one or two of them its gradient is a difference of nearly equal
/// numbers, and single precision has nothing to compare.
inline std::vector<EngineCase> engine_cases() {
  return {
      {"float_32_batch8", 32, 8},
      {"float_32_batch5_exact", 32, 5, 0.25, 0, 0, 0, false, false, true, 1, false, true},
      {"float_33_batch2_exact", 33, 2, 0.25, 0, 0, 0, false, false, true, 1, false, true},
      {"float_fixed_11_exact", 40, 2, 0.25, 11, 0, 0, false, false, false, 1, false, true},
      {"float_33_batch2", 33, 2},
      {"float_40_batch1", 40, 1},
      {"float_64_batch1", 64, 1, 0.25, 0, 0, 0, false, false, false, 3},
      {"float_64_batch2_augmented", 64, 2, 0.25, 0, 0, 0, false, false, true, 2, true},
      {"float_no_nesterov", 32, 5, 0.25, 0, 0, 0, false, false, false, 3},
      {"float_alpha_50", 40, 2, 0.5},
      {"float_alpha_75", 33, 2, 0.75},
      {"float_fixed_1", 32, 8, 0.25, 1},
      {"float_fixed_4", 33, 5, 0.25, 4},
      {"float_fixed_14", 32, 8, 0.25, 14},
      {"float_frozen_statistics", 40, 2, 0.25, 0, 0, 0, false, true},
      {"float_fixed_7_frozen_statistics", 33, 5, 0.25, 7, 0, 0, false, true, false},
      {"frozen_int8_activations_float", 32, 8, 0.25, 7, 8, 8, false, false, true, 1, false, true},
      {"int8_fixed_0", 32, 8, 0.25, 0, 8, 8, true, false, true, 1},
      {"int8_fixed_4_augmented", 40, 5, 0.25, 4, 8, 8, true, false, true, 1, true},
      {"int8_fixed_7", 64, 2, 0.25, 7, 8, 8, true, false, true, 1},
      {"int8_fixed_14", 32, 8, 0.25, 14, 8, 8, true, false, true, 1},
      {"int8_alpha_50", 33, 2, 0.5, 7, 8, 8, true, false, true, 1},
      {"int8_alpha_75", 32, 5, 0.75, 4, 8, 8, true, false, false, 1},
      {"int8_fixed_1_float_back_end_exact", 32, 4, 0.25, 1, 8, 0, true, false, true, 1, false, true},
      {"int8_frozen_statistics_exact", 32, 1, 0.25, 4, 8, 8, true, true, true, 1, false, true},
      {"int4_fixed_0_exact", 32, 4, 0.25, 0, 4, 4, true, false, true, 1, false, true},
      {"int4_fixed_7_exact", 40, 1, 0.25, 7, 4, 4, true, false, false, 1, false, true},
      {"int4_fixed_4_int2_back_end_exact", 33, 2, 0.25, 4, 4, 2, true, false, true, 1, false, true},
      {"int4_alpha_50_exact", 32, 4, 0.5, 7, 4, 4, true, false, true, 1, false, true},
      {"int4_fixed_14_frozen_statistics_exact", 33, 2, 0.25, 14, 4, 4, true, true, true, 1, false, true},
  };
}

constexpr int kTestClasses = 10;
constexpr int kTestImages = 24;
/// Small: an untrained network with batch norm has large gradients in its first layers, and a step that
/// throws it far would multiply rounding errors.
constexpr float kLearningRate = 2e-3f;

inline TrainState test_state(const MobileNet& network) {
  const ParameterLayout layout(network);
  TrainState state;
  state.parameters = initialise_parameters(network, 3);
  state.momentum.assign(layout.value_count, 0.0f);
  std::vector<float>& values = state.parameters.values;
  for (size_t i = 0; i < network.convs.size(); ++i) {
    RandomSequence random(11, RandomStream::kInitialise, static_cast<uint32_t>(i), 1);
    for (size_t c = 0; c < static_cast<size_t>(network.convs[i].out_channels); ++c) {
      // Both ends of ReLU6 clip, but most activations pass: a deep untrained network that clips half of them
      // is chaotic, and rounding errors would grow from layer to layer.
      const float gamma = random.uniform(0.5f, 1.5f);
      values[layout.convs[i].gamma + c] = random.uniform() < 0.15f ? -gamma : gamma;
      values[layout.convs[i].beta + c] = random.uniform(0.5f, 3.5f);
    }
  }
  for (size_t i = layout.head_weight; i < layout.head_bias; ++i) values[i] *= 10.0f;
  return state;
}

/// Frozen weights are those of `state`, quantised with the case's bits.
inline TrainPlan test_plan(const EngineCase& c, const TrainState& state, const MobileNet& network) {
  const ParameterLayout layout(network);
  TrainPlan plan;
  plan.network = network;
  plan.fixed_layers = c.fixed_layers;
  const size_t frozen = static_cast<size_t>(MobileNet::convs_in_layers(c.fixed_layers));
  for (size_t i = 0; i < network.convs.size(); ++i) {
    const int bits = i < frozen ? c.ffe_bits : c.back_end_bits;
    plan.quant.push_back({bits, bits});
    if (i >= frozen) continue;
    const std::span<const float> weights(state.parameters.values.data() + layout.convs[i].weight,
                                         static_cast<size_t>(network.convs[i].weight_count()));
    plan.frozen.push_back(bits == kFloatBits
                              ? QuantisedWeights{}
                              : quantise_weights(weights, network.convs[i].out_channels, bits));
  }
  plan.head_weight_bits = c.back_end_bits;
  plan.batch_size = c.batch;
  plan.nesterov = c.nesterov;
  plan.weight_decay = 1e-2f;  // large, so that its absence or its presence on a wrong tensor shows
  return plan;
}

inline AugmentSpec test_augment(bool on) {
  AugmentSpec spec;
  if (!on) return spec;
  spec.rotate_degrees = 9;
  spec.scale = 0.15f;
  spec.shift = 0.1f;
  spec.brightness = 0.2f;
  spec.contrast = 0.2f;
  spec.cutout = 0.25f;
  return spec;
}

/// Distance, in codes, of the activation nearest to a tie between two codes or to a corner of ReLU6 (where
/// the gradient changes): an engine in single precision whose errors are smaller computes the same codes and
/// the same gradient mask.
inline double tie_margin(const TrainPlan& plan, bool fake_quantise, const ForwardPass& pass) {
  double margin = 1.0;
  for (size_t i = 0; i < pass.u.size(); ++i) {
    const int bits = fake_quantise ? plan.quant[i].activation_bits : kFloatBits;
    const double codes = bits == kFloatBits ? 0 : activation_code_max(bits) / 6.0;
    for (double u : pass.u[i].values) {
      const double corner = std::min(std::fabs(u), std::fabs(u - 6.0));
      margin = std::min(margin, corner * std::max(codes, 1.0));
      if (codes == 0 || u < 0 || u > 6) continue;
      const double code = u * codes;
      margin = std::min(margin, std::fabs(code - std::floor(code) - 0.5));
    }
  }
  return margin;
}

/// Everything that a case sets up; must outlive the engines that use it.
///
/// Why ties matter: two engines whose activations differ by one part in a million round a value near a tie to
/// different codes. That difference, a whole code, moves thousands of values in the next layer a little, and
/// more of them across a tie: after some five layers the two have independent rounding errors, and only a
/// loose comparison is possible. With no value near a tie the codes agree, and so must everything else, up to
/// single precision.
struct CaseSetup {
  explicit CaseSetup(const EngineCase& c)
      : network(make_mobilenet(c.alpha, c.size, kTestClasses)),
        state(test_state(network)),
        plan(test_plan(c, state, network)),
        augment(test_augment(c.augment)) {
    const double wanted = c.away_from_ties ? margin_wanted(c) : 0.0;
    for (uint64_t seed = 1;; ++seed) {
      images = test_images(kTestImages, c.augment ? 48 : c.size, kTestClasses, seed);
      state.parameters.statistics = batch_norm_statistics(c.fake_quantise);
      if (!c.away_from_ties) return;
      ReferenceEngine engine(plan);
      start(engine);
      const std::vector<uint32_t> first = samples(0);
      margin = tie_margin(plan, c.fake_quantise, engine.forward(step(c, 0, first)));
      if (margin >= wanted || seed == 400) return;
    }
  }

  /// Of eight images together, whatever the case's batch: a variance over one pixel is 0.
  std::vector<float> batch_norm_statistics(bool fake_quantise) const {
    TrainPlan larger = plan;
    larger.batch_size = 8;
    ReferenceEngine engine(larger);
    start(engine);
    std::vector<uint32_t> several(8);
    std::iota(several.begin(), several.end(), 0u);
    return engine.measure_statistics(several, fake_quantise, true);
  }

  /// Errors of single precision in u are about 1e-6; in codes, that times the codes a unit.
  static double margin_wanted(const EngineCase& c) {
    if (!c.fake_quantise) return 1e-5;  // nothing is rounded on the way, so errors add up
    const int bits = std::max(c.ffe_bits, c.back_end_bits);
    return 1.5e-6 * activation_code_max(bits) / 6.0;
  }

  /// Samples of step `step`: the first batch, the next one, ...
  std::vector<uint32_t> samples(int step) const {
    std::vector<uint32_t> result(static_cast<size_t>(plan.batch_size));
    for (size_t i = 0; i < result.size(); ++i) {
      result[i] = static_cast<uint32_t>((static_cast<size_t>(step) * result.size() + i) % images.count());
    }
    return result;
  }
  /// `samples` must outlive the result.
  StepSpec step(const EngineCase& c, int number, const std::vector<uint32_t>& step_samples) const {
    return {step_samples, static_cast<uint32_t>(number), kLearningRate, c.fake_quantise, c.frozen_statistics};
  }
  void start(TrainEngine& engine) const {
    engine.attach(images, augment, 5);
    engine.set_state(state);
  }

  MobileNet network;
  TrainState state;
  TrainPlan plan;
  ImageSet images;
  AugmentSpec augment;
  double margin = 0;  ///< of the first step, where the case asks for it
};

}  // namespace fixynn::testing_engine
