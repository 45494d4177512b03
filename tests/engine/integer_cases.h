// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/philox.h"
#include "engine/engine.h"
#include "integer/lower.h"

namespace fixynn::testing_engine {

/// A network for the integer engines.
struct IntegerCase {
  double alpha;
  int size, classes, fixed_layers, weight_bits, activation_bits;
  bool float_back_end;
  bool mixed = false;  ///< every second convolution has the two bit widths swapped
};

inline std::vector<uint8_t> random_pixels(int size, int images) {
  std::vector<uint8_t> pixels;
  for (int i = 0; i < images; ++i) {
    RandomSequence random(7, RandomStream::kSynthesise, static_cast<uint32_t>(i));
    for (int p = 0; p < size * size * 3; ++p) pixels.push_back(static_cast<uint8_t>(random.below(256)));
  }
  return pixels;
}

/// A network with statistics measured on the very images, so that codes are spread over their range.
inline IntegerNetwork make_network(const IntegerCase& c, const std::vector<uint8_t>& pixels, int images) {
  TrainPlan plan;
  plan.network = make_mobilenet(c.alpha, c.size, c.classes);
  plan.fixed_layers = 0;
  for (size_t i = 0; i < plan.network.convs.size(); ++i) {
    plan.quant.push_back(c.mixed && i % 2 == 1 ? ConvQuant{c.activation_bits, c.weight_bits}
                                               : ConvQuant{c.weight_bits, c.activation_bits});
  }
  plan.head_weight_bits = c.weight_bits;
  plan.batch_size = images;
  TrainState state{initialise_parameters(plan.network, 3), {}};
  // Batch norm as trained networks have it: gamma of either sign, shifts.
  const ParameterLayout layout(plan.network);
  for (size_t i = 0; i < layout.convs.size(); ++i) {
    RandomSequence random(11, RandomStream::kInitialise, static_cast<uint32_t>(i));
    for (int k = 0; k < plan.network.convs[i].out_channels; ++k) {
      state.parameters.values[layout.convs[i].gamma + static_cast<size_t>(k)] =
          random.uniform(0.6f, 2.4f) * (random.below(5) == 0 ? -1.0f : 1.0f);
      state.parameters.values[layout.convs[i].beta + static_cast<size_t>(k)] = random.uniform(0.2f, 2.5f);
    }
  }
  state.momentum.assign(state.parameters.values.size(), 0.0f);
  auto engine = make_train_engine(plan, {.device = DeviceChoice::kCpu, .threads = 1});
  engine->set_state(state);
  ImageSet set;
  set.width = set.height = c.size;
  set.pixels = pixels;
  set.labels.assign(static_cast<size_t>(images), 0);
  set.class_names.assign(static_cast<size_t>(c.classes), "x");
  engine->attach(set, {}, 1);
  std::vector<uint32_t> samples;
  for (int i = 0; i < images; ++i) samples.push_back(static_cast<uint32_t>(i));
  state.parameters.statistics = engine->measure_statistics(samples, true, true);
  std::vector<ConvQuant> bits = plan.quant;
  if (c.float_back_end)
    std::fill(bits.begin() + MobileNet::convs_in_layers(c.fixed_layers), bits.end(), ConvQuant{});
  const auto frozen = freeze_weights(plan.network, state.parameters, bits, c.fixed_layers);
  return lower_network(plan.network, c.fixed_layers, bits, c.float_back_end ? kFloatBits : c.weight_bits,
                       state.parameters, frozen);
}

/// Layers in integers from one to all, every kind of size, bits from 2 to 8, float and integer back ends.
constexpr IntegerCase kIntegerCases[] = {{0.25, 32, 10, 14, 8, 8, false}, {0.25, 33, 43, 4, 8, 8, false},
                                         {0.25, 47, 7, 7, 4, 5, true},    {0.75, 40, 10, 11, 6, 4, false},
                                         {0.5, 64, 10, 1, 2, 2, true},    {1.0, 32, 3, 14, 8, 8, false},
                                         {0.25, 96, 10, 14, 8, 8, false}};

}  // namespace fixynn::testing_engine
