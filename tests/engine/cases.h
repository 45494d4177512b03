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
};

inline std::ostream& operator<<(std::ostream& out, const EngineCase& c) {
  return out << c.name;
}

/// The one list of cases, for every engine. Few pixels a channel in the last layers are avoided: with one or
/// two of them batch norm's gradient is a difference of nearly equal numbers, and single precision has
/// nothing to compare.
inline std::vector<EngineCase> engine_cases() {
  return {
      {"float_32_batch8", 32, 8},
      {"float_32_batch5_one_step", 32, 5, 0.25, 0, 0, 0, false, false, true, 1},
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
      {"frozen_int8_activations_float", 32, 8, 0.25, 7, 8, 8, false},
      {"int8_fixed_0", 32, 8, 0.25, 0, 8, 8, true},
      {"int8_fixed_1", 33, 2, 0.25, 1, 8, 8, true},
      {"int8_fixed_4", 40, 5, 0.25, 4, 8, 8, true, false, true, 2, true},
      {"int8_fixed_7", 64, 2, 0.25, 7, 8, 8, true},
      {"int8_fixed_7_float_back_end", 32, 8, 0.25, 7, 8, 0, true},
      {"int8_fixed_14", 32, 8, 0.25, 14, 8, 8, true},
      {"int8_frozen_statistics", 40, 2, 0.25, 4, 8, 8, true, true},
      {"int8_alpha_50", 33, 2, 0.5, 7, 8, 8, true},
      {"int8_alpha_75", 32, 5, 0.75, 4, 8, 8, true, false, false, 1},
      {"int4_fixed_0", 32, 8, 0.25, 0, 4, 4, true},
      {"int4_fixed_7_int8_back_end", 40, 2, 0.25, 7, 4, 8, true},
      {"int4_fixed_14_frozen_statistics", 33, 5, 0.25, 14, 4, 4, true, true},
  };
}

/// Gratings and blobs whose colour, direction and frequency depend on the class, plus noise; deterministic.
inline ImageSet test_images(int count, int side, int classes) {
  ImageSet set;
  set.width = side;
  set.height = side;
  for (int k = 0; k < classes; ++k) set.class_names.push_back("class " + std::to_string(k));
  for (int i = 0; i < count; ++i) {
    RandomSequence random(7, RandomStream::kSynthesise, static_cast<uint32_t>(i));
    const int label = static_cast<int>(random.below(static_cast<uint32_t>(classes)));
    const float phase = random.uniform(0.0f, 6.28f), frequency = 0.15f + 0.09f * static_cast<float>(label);
    for (int y = 0; y < side; ++y) {
      for (int x = 0; x < side; ++x) {
        for (int c = 0; c < 3; ++c) {
          const float direction = static_cast<float>((label + c) % 3) - 1.0f;
          const float wave =
              std::sin(frequency * (static_cast<float>(x) + direction * static_cast<float>(y)) + phase +
                       static_cast<float>(c));
          set.pixels.push_back(static_cast<uint8_t>(128.0f + 90.0f * wave + random.uniform(-30.0f, 30.0f)));
        }
      }
    }
    set.labels.push_back(label);
    set.names.push_back("image_" + std::to_string(i));
  }
  return set;
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
      // Some negative and some large, so that both ends of ReLU6 clip.
      const float gamma = random.uniform(0.4f, 1.8f);
      values[layout.convs[i].gamma + c] = random.uniform() < 0.15f ? -gamma : gamma;
      values[layout.convs[i].beta + c] = random.uniform(-0.5f, 2.0f);
      state.parameters.statistics[layout.convs[i].mean + c] = random.uniform(-0.3f, 0.3f);
      state.parameters.statistics[layout.convs[i].variance + c] = random.uniform(0.5f, 3.0f);
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

/// Everything that a case sets up; lives as long as the engines that use it.
struct CaseSetup {
  explicit CaseSetup(const EngineCase& c)
      : network(make_mobilenet(c.alpha, c.size, kTestClasses)),
        state(test_state(network)),
        plan(test_plan(c, state, network)),
        images(test_images(kTestImages, c.augment ? 48 : c.size, kTestClasses)),
        augment(test_augment(c.augment)) {}

  /// Samples of step `step`: the first batch, the next one, ...
  std::vector<uint32_t> samples(int step) const {
    std::vector<uint32_t> result(static_cast<size_t>(plan.batch_size));
    for (size_t i = 0; i < result.size(); ++i) {
      result[i] = static_cast<uint32_t>((static_cast<size_t>(step) * result.size() + i) % kTestImages);
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
};

}  // namespace fixynn::testing_engine
