// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "core/philox.h"
#include "hardware/hardware_plan.h"
#include "integer/executor.h"
#include "integer/lower.h"

// Small networks of every shape that the Verilog back end must build, from a seed: sizes 4..17 by themselves
// and 1..17 where a test asks for one, odd and even, strides 1 and 2, 1..9 channels, 2..8 bits of weights and
// of activations, zeros up to whole filters and whole layers. Batch norm is set from what images give, so
// that codes are spread and not saturated.
namespace fixynn::test {

struct RandomFfe {
  IntegerNetwork network;
  HardwarePlan plan;  ///< of all layers of `network`
  std::vector<std::vector<uint8_t>> images;
  int tap_layer = 0;  ///< one that RtlOptions may ask for; 0: none
};

/// What a seed does not decide by itself. -1: the seed decides.
struct RandomShape {
  int layers = -1;  ///< 1..4
  int size = -1;    ///< 1..17
  int fold = -1;    ///< of enum Fold
  int levels_per_stage = -1;
};

/// Noise over a slope, [size][size][3].
inline std::vector<uint8_t> random_image(int size, uint64_t seed, uint32_t number) {
  RandomSequence random(seed, RandomStream::kSynthesise, number, 77);
  std::vector<uint8_t> image;
  float start[3], across[3], down[3];
  for (int c = 0; c < 3; ++c) {
    start[c] = random.uniform(20, 235);
    across[c] = random.uniform(-12, 12);
    down[c] = random.uniform(-12, 12);
  }
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      for (int c = 0; c < 3; ++c) {
        const float value = start[c] + across[c] * static_cast<float>(x) + down[c] * static_cast<float>(y) +
                            random.uniform(-60, 60);
        image.push_back(static_cast<uint8_t>(std::clamp(value, 0.0f, 255.0f)));
      }
    }
  }
  return image;
}

inline MobileNet random_shape(RandomSequence& random, const RandomShape& shape) {
  MobileNet network{0.25, shape.size > 0 ? shape.size : 4 + static_cast<int>(random.below(14)), 2, {}};
  const int layers = shape.layers > 0 ? shape.layers : 1 + static_cast<int>(random.below(4));
  int channels = 3, size = network.input_size;
  const auto add = [&](ConvKind kind, int layer, int out_channels, int stride) {
    const char* kind_name = kind == ConvKind::kConv1       ? "conv1"
                            : kind == ConvKind::kDepthwise ? "depthwise"
                                                           : "pointwise";
    SamePadding padding{size, 0};
    if (kind != ConvKind::kPointwise) padding = same_padding_3(size, stride);
    network.convs.push_back({kind, layer, fmt::format("l{:02}_{}", layer, kind_name), channels, out_channels,
                             stride, size, padding.output, padding.before});
    channels = out_channels;
    size = padding.output;
  };
  add(ConvKind::kConv1, 0, 1 + static_cast<int>(random.below(9)), 1 + static_cast<int>(random.below(2)));
  for (int layer = 1; layer < layers; ++layer) {
    int stride = 1 + static_cast<int>(random.below(2));
    // The one form that plan_hardware refuses.
    if (layer > 1 && size == network.input_size && size % 2 == 1) stride = 1;
    add(ConvKind::kDepthwise, layer, channels, stride);
    add(ConvKind::kPointwise, layer, 1 + static_cast<int>(random.below(9)), 1);
  }
  return network;
}

/// Codes of which a share is 0; sometimes whole filters, seldom the whole convolution.
inline QuantisedWeights random_weights(RandomSequence& random, const Conv& conv, int bits) {
  const auto channels = static_cast<size_t>(conv.out_channels);
  const uint32_t zeros_of_8 = random.below(7);
  const bool all_zero = random.below(32) == 0;
  std::vector<bool> empty;
  for (size_t c = 0; c < channels; ++c) empty.push_back(all_zero || (channels > 1 && random.below(10) == 0));
  const int largest = weight_code_max(bits);
  QuantisedWeights weights{{}, std::vector<float>(channels, 1.0f / 64), bits};
  for (size_t i = 0; i < static_cast<size_t>(conv.weight_count()); ++i) {
    const int code = static_cast<int>(random.below(static_cast<uint32_t>(2 * largest + 1))) - largest;
    const bool zero = random.below(8) < zeros_of_8 || empty[i % channels];
    weights.codes.push_back(static_cast<int8_t>(zero ? 0 : code));
  }
  return weights;
}

/// M and B that spread a channel's accumulators over its codes, a fifth of the time with the sign of M
/// turned.
inline void set_requantizers(RandomSequence& random, IntegerConv& conv,
                             const std::vector<Interval>& intervals,
                             const std::vector<std::vector<int64_t>>& accumulators) {
  const auto channels = static_cast<size_t>(conv.conv.out_channels);
  std::vector<double> slope, offset;
  const double top = activation_code_max(conv.quant.activation_bits);
  for (size_t c = 0; c < channels; ++c) {
    double sum = 0, squares = 0, count = 0;
    for (const auto& image : accumulators) {
      for (size_t i = c; i < image.size(); i += channels) {
        const auto value = static_cast<double>(image[i]);
        sum += value, squares += value * value, ++count;
      }
    }
    const double mean = sum / count, deviation = std::sqrt(std::max(0.0, squares / count - mean * mean));
    const double sign = random.below(5) == 0 ? -1 : 1;
    slope.push_back(deviation < 1e-6 ? 0 : sign * random.uniform(0.2f, 0.5f) * top / deviation);
    offset.push_back(random.uniform(0.1f, 0.8f) * top - slope.back() * mean);
  }
  for (conv.shift = kMaxShift; conv.shift >= kMinShift; --conv.shift) {
    bool fits = true;
    conv.requantizers.clear();
    for (size_t c = 0; c < channels && fits; ++c) {
      const double m = std::round(std::ldexp(slope[c], conv.shift));
      const double b = std::round(std::ldexp(offset[c], conv.shift)) + std::ldexp(1.0, conv.shift - 1);
      fits = std::fabs(m) < 32768 && std::fabs(b) < std::numeric_limits<int32_t>::max();
      if (!fits) break;
      conv.requantizers.push_back({static_cast<int16_t>(m), static_cast<int32_t>(b)});
      fits = fits_48_bits(conv.requantizers.back(), intervals[c]);
    }
    if (fits) return;
  }
  // Some channel hardly moves (a deviation below a code's hundredth): what fits of it at the smallest shift.
  conv.shift = kMinShift;
  conv.requantizers.clear();
  for (size_t c = 0; c < channels; ++c) {
    const double m = std::clamp(std::round(std::ldexp(slope[c], kMinShift)), -32767.0, 32767.0);
    const double b = std::clamp(std::round(std::ldexp(offset[c], kMinShift)), -2147483647.0, 2147483647.0);
    conv.requantizers.push_back({static_cast<int16_t>(m), static_cast<int32_t>(b)});
  }
}

/// The network without plan. `network.parameters` are of the right size and mean nothing; there is no head.
inline IntegerNetwork random_integer_network(uint64_t seed, const RandomShape& shape,
                                             std::vector<std::vector<uint8_t>>& images) {
  RandomSequence random(seed, RandomStream::kSynthesise, 1);
  IntegerNetwork network;
  network.network = random_shape(random, shape);
  network.fixed_layers = network.network.convs.back().layer + 1;
  for (uint32_t n = 0; n < 4; ++n) images.push_back(random_image(network.network.input_size, seed, n));
  std::vector<std::vector<int16_t>> inputs;
  for (const auto& image : images) inputs.push_back(input_from_pixels(image));
  for (size_t i = 0; i < network.network.convs.size(); ++i) {
    const ConvQuant bits{2 + static_cast<int>(random.below(7)), 2 + static_cast<int>(random.below(7))};
    network.quant.push_back(bits);
    IntegerConv& conv = network.convs.emplace_back();
    conv.conv = network.network.convs[i];
    conv.quant = bits;
    conv.weights = random_weights(random, conv.conv, bits.weight_bits);
    network.frozen.push_back(conv.weights);
    const std::vector<Interval> intervals =
        channel_accumulators(conv.conv, conv.weights, input_codes(static_cast<int>(i), network.quant));
    const Interval joint = joint_accumulator(conv.conv, intervals);
    conv.accumulator_min = static_cast<int32_t>(joint.min);
    conv.accumulator_max = static_cast<int32_t>(joint.max);
    std::vector<std::vector<int64_t>> accumulators;
    for (const auto& input : inputs) accumulators.push_back(convolve_integer(conv, input));
    set_requantizers(random, conv, intervals, accumulators);
    for (size_t n = 0; n < inputs.size(); ++n) {
      const std::vector<uint8_t> codes = requantise(conv, accumulators[n]);
      inputs[n].assign(codes.begin(), codes.end());
    }
  }
  network.parameters = initialise_parameters(network.network, seed);
  network.frozen_weights_sha256 = frozen_weights_sha256(network.network, network.frozen, network.parameters);
  return network;
}

/// Other M and B for the same frozen weights, as a fine-tuning would give.
inline void change_requantizers(IntegerNetwork& network, uint64_t seed) {
  RandomSequence random(seed, RandomStream::kSynthesise, 2);
  for (IntegerConv& conv : network.convs) {
    for (Requantizer& channel : conv.requantizers) {
      channel.multiplier =
          static_cast<int16_t>(channel.multiplier * (8 - static_cast<int>(random.below(4))) / 8);
      channel.bias += static_cast<int32_t>(random.below(4)) << conv.shift;
    }
  }
}

inline RandomFfe random_ffe(uint64_t seed, const RandomShape& shape = {}) {
  RandomFfe result;
  result.network = random_integer_network(seed, shape, result.images);
  RandomSequence random(seed, RandomStream::kSynthesise, 3);
  PlanOptions options;
  options.fold = static_cast<Fold>(random.below(3));
  options.levels_per_stage = static_cast<int>(random.below(5));
  options.sharing = random.below(2) == 0 ? Sharing::kFull : Sharing::kNone;
  if (shape.fold >= 0) options.fold = static_cast<Fold>(shape.fold);
  if (shape.levels_per_stage >= 0) options.levels_per_stage = shape.levels_per_stage;
  const HardwareDesign design{result.network.network, result.network.quant, result.network.frozen,
                              fmt::format("random network {}", seed), false};
  AdderGraphCache cache;
  result.plan = plan_hardware(design, result.network.fixed_layers, options, cache, 1);
  if (result.network.fixed_layers > 1) {
    result.tap_layer = static_cast<int>(random.below(static_cast<uint32_t>(result.network.fixed_layers)));
  }
  return result;
}

}  // namespace fixynn::test
