// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <span>
#include <vector>

#include "core/philox.h"
#include "integer/lower.h"

// A small network whose batch norm has realistic parameters, and a float evaluation of the fake-quantised
// path that shares no code with the integer executor. Header only: each test program of this folder includes
// it once.
namespace fixynn::test {

/// Smooth coloured waves with noise: like photographs, neighbouring pixels agree. [size][size][3] each.
inline std::vector<std::vector<uint8_t>> make_images(int size, int count, uint64_t seed) {
  std::vector<std::vector<uint8_t>> images;
  for (int n = 0; n < count; ++n) {
    RandomSequence random(seed, RandomStream::kSynthesise, static_cast<uint32_t>(n));
    float wave[3][5];
    for (auto& channel : wave) {
      channel[0] = random.uniform(40, 215);
      channel[1] = random.uniform(20, 90);
      channel[2] = random.uniform(-0.6f, 0.6f);
      channel[3] = random.uniform(-0.6f, 0.6f);
      channel[4] = random.uniform(0, 6.28f);
    }
    std::vector<uint8_t> image;
    for (int y = 0; y < size; ++y) {
      for (int x = 0; x < size; ++x) {
        for (const auto& w : wave) {
          const float phase = w[2] * static_cast<float>(x) + w[3] * static_cast<float>(y) + w[4];
          const float value = w[0] + w[1] * std::sin(phase) + random.uniform(-12, 12);
          image.push_back(static_cast<uint8_t>(std::clamp(value, 0.0f, 255.0f)));
        }
      }
    }
    images.push_back(std::move(image));
  }
  return images;
}

/// Convolution in double over an explicitly padded copy of the input, TensorFlow's SAME padding.
inline std::vector<double> convolve_float(const Conv& conv, std::span<const float> w,
                                          std::span<const double> x) {
  const int window = conv.kind == ConvKind::kPointwise ? 1 : 3;
  const int ci = conv.in_channels, co = conv.out_channels;
  const int out = (conv.in_size + conv.stride - 1) / conv.stride;
  const int total = std::max(0, (out - 1) * conv.stride + window - conv.in_size);
  const int padded = conv.in_size + total;
  std::vector<double> p(static_cast<size_t>(padded * padded * ci), 0.0);
  for (int y = 0; y < conv.in_size; ++y) {
    for (int i = 0; i < conv.in_size * ci; ++i) {
      p[static_cast<size_t>(((y + total / 2) * padded + total / 2) * ci + i)] =
          x[static_cast<size_t>(y * conv.in_size * ci + i)];
    }
  }
  std::vector<double> result(static_cast<size_t>(out * out * co), 0.0);
  for (int o = 0; o < out * out; ++o) {
    for (int t = 0; t < window * window; ++t) {
      const int y = o / out * conv.stride + t / window, col = o % out * conv.stride + t % window;
      const double* in = &p[static_cast<size_t>((y * padded + col) * ci)];
      double* sum = &result[static_cast<size_t>(o * co)];
      for (int k = 0; k < co; ++k) {
        if (conv.kind == ConvKind::kDepthwise) {
          sum[k] += static_cast<double>(w[static_cast<size_t>(t * co + k)]) * in[k];
        } else {
          for (int i = 0; i < ci; ++i)
            sum[k] += static_cast<double>(w[static_cast<size_t>((t * ci + i) * co + k)]) * in[i];
        }
      }
    }
  }
  return result;
}

inline std::vector<float> fake_quantised_weights(const MobileNet& network, const ModelParameters& parameters,
                                                 size_t conv, const ConvQuant& quant) {
  const auto offset = static_cast<std::ptrdiff_t>(ParameterLayout(network).convs[conv].weight);
  const std::vector<float> weights(parameters.values.begin() + offset,
                                   parameters.values.begin() + offset + network.convs[conv].weight_count());
  if (!quant.quantised()) return weights;
  return dequantise_weights(quantise_weights(weights, network.convs[conv].out_channels, quant.weight_bits));
}

/// Batch norm with the running statistics, ReLU6 and, where quantised, rounding to codes (returned as
/// values).
inline std::vector<double> normalise(const MobileNet& network, const ModelParameters& parameters, size_t conv,
                                     const ConvQuant& quant, std::vector<double> values) {
  const auto o = ParameterLayout(network).convs[conv];
  const size_t channels = static_cast<size_t>(network.convs[conv].out_channels);
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t c = i % channels;
    const double sigma = std::sqrt(parameters.statistics[o.variance + c] + 1e-3);
    const double y =
        parameters.values[o.gamma + c] * (values[i] - parameters.statistics[o.mean + c]) / sigma +
        parameters.values[o.beta + c];
    values[i] = std::clamp(y, 0.0, 6.0);
    if (!quant.quantised()) continue;
    const float scale = activation_scale(quant.activation_bits);
    values[i] =
        static_cast<double>(scale) *
        static_cast<double>(activation_code(static_cast<float>(y), 1.0f / scale,
                                            static_cast<float>(activation_code_max(quant.activation_bits))));
  }
  return values;
}

inline std::vector<double> input_values(std::span<const uint8_t> image) {
  std::vector<double> values;
  for (const uint8_t pixel : image) values.push_back((pixel - 128) / 127.5);
  return values;
}

/// Batch norm's gamma and beta drawn, and its statistics set to those of `images` in the fake-quantised
/// network.
inline ModelParameters calibrated_parameters(const MobileNet& network, std::span<const ConvQuant> quant,
                                             const std::vector<std::vector<uint8_t>>& images, uint64_t seed) {
  ModelParameters parameters = initialise_parameters(network, seed);
  const ParameterLayout layout(network);
  RandomSequence random(seed, RandomStream::kSynthesise, 1000);
  std::vector<std::vector<double>> x;
  for (const auto& image : images) x.push_back(input_values(image));
  for (size_t i = 0; i < network.convs.size(); ++i) {
    const auto weights = fake_quantised_weights(network, parameters, i, quant[i]);
    const size_t channels = static_cast<size_t>(network.convs[i].out_channels);
    std::vector<double> sum(channels, 0), squares(channels, 0);
    for (auto& image : x) {
      image = convolve_float(network.convs[i], weights, image);
      for (size_t k = 0; k < image.size(); ++k) {
        sum[k % channels] += image[k];
        squares[k % channels] += image[k] * image[k];
      }
    }
    const double n = static_cast<double>(images.size() * x[0].size() / channels);
    for (size_t c = 0; c < channels; ++c) {
      const double mean = sum[c] / n;
      parameters.statistics[layout.convs[i].mean + c] = static_cast<float>(mean);
      parameters.statistics[layout.convs[i].variance + c] =
          static_cast<float>(std::max(0.0, squares[c] / n - mean * mean));
      const float sign = random.uniform() < 0.1f ? -1.0f : 1.0f;  // trained networks have negative gammas too
      parameters.values[layout.convs[i].gamma + c] = sign * random.uniform(0.4f, 1.8f);
      parameters.values[layout.convs[i].beta + c] = random.uniform(-0.5f, 2.0f);
    }
    for (auto& image : x) image = normalise(network, parameters, i, quant[i], std::move(image));
  }
  for (size_t k = layout.head_weight; k < layout.value_count; ++k)
    parameters.values[k] = random.uniform(-0.3f, 0.3f);
  return parameters;
}

struct CalibratedNetwork {
  MobileNet network;
  std::vector<ConvQuant> quant;
  std::vector<std::vector<uint8_t>> images;
  ModelParameters parameters;

  std::vector<QuantisedWeights> frozen(int layers) const {
    return freeze_weights(network, parameters, quant, layers);
  }
  IntegerNetwork lower(int layers, int head_bits) const {
    return lower_network(network, layers, quant, head_bits, parameters, frozen(layers));
  }
};

inline CalibratedNetwork make_calibrated(int input_size, int classes, ConvQuant bits, uint64_t seed = 3,
                                         int image_count = 12) {
  CalibratedNetwork result{make_mobilenet(0.25, input_size, classes), {}, {}, {}};
  result.quant.assign(result.network.convs.size(), bits);
  result.images = make_images(input_size, image_count, seed);
  result.parameters = calibrated_parameters(result.network, result.quant, result.images, seed);
  return result;
}

/// The message of the Error that `body` throws; empty when it throws none.
template <typename Body>
std::string error_of(const Body& body) {
  try {
    body();
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

}  // namespace fixynn::test
