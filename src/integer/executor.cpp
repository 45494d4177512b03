// SPDX-License-Identifier: Apache-2.0
#include "integer/executor.h"

#include "core/error.h"

namespace fixynn {
namespace {

/// Calls body(input offset, tap, output position) for every pair of window position and tap that lies inside
/// the input; the taps left out are those that meet the padding, which contributes 0. `input offset` is of
/// channel 0.
template <typename Body>
void for_each_tap(const Conv& conv, const Body& body) {
  const int window = conv.kind == ConvKind::kPointwise ? 1 : 3;
  for (int oy = 0; oy < conv.out_size; ++oy) {
    for (int ox = 0; ox < conv.out_size; ++ox) {
      for (int ky = 0; ky < window; ++ky) {
        for (int kx = 0; kx < window; ++kx) {
          const int iy = oy * conv.stride + ky - conv.pad_before;
          const int ix = ox * conv.stride + kx - conv.pad_before;
          if (iy < 0 || iy >= conv.in_size || ix < 0 || ix >= conv.in_size) continue;
          body(static_cast<size_t>(iy * conv.in_size + ix) * static_cast<size_t>(conv.in_channels),
               static_cast<size_t>(ky * window + kx), static_cast<size_t>(oy * conv.out_size + ox));
        }
      }
    }
  }
}

size_t input_count(const Conv& conv) {
  return static_cast<size_t>(conv.in_size) * static_cast<size_t>(conv.in_size) *
         static_cast<size_t>(conv.in_channels);
}

size_t output_count(const Conv& conv) {
  return static_cast<size_t>(conv.out_size) * static_cast<size_t>(conv.out_size) *
         static_cast<size_t>(conv.out_channels);
}

}  // namespace

std::vector<int16_t> input_from_pixels(std::span<const uint8_t> image) {
  std::vector<int16_t> input;
  input.reserve(image.size());
  for (const uint8_t pixel : image) input.push_back(static_cast<int16_t>(pixel - kInputZero));
  return input;
}

std::vector<int64_t> convolve_integer(const IntegerConv& integer_conv, std::span<const int16_t> input) {
  const Conv& conv = integer_conv.conv;
  const std::vector<int8_t>& weights = integer_conv.weights.codes;
  if (input.size() != input_count(conv)) {
    fail("{}: the input has {} codes where {} x {} x {} are expected", conv.name, input.size(), conv.in_size,
         conv.in_size, conv.in_channels);
  }
  const size_t in_channels = static_cast<size_t>(conv.in_channels);
  const size_t out_channels = static_cast<size_t>(conv.out_channels);
  std::vector<int64_t> accumulators(output_count(conv), 0);
  for_each_tap(conv, [&](size_t in_offset, size_t tap, size_t position) {
    int64_t* acc = &accumulators[position * out_channels];
    if (conv.kind == ConvKind::kDepthwise) {
      const int8_t* w = &weights[tap * out_channels];
      for (size_t c = 0; c < out_channels; ++c) acc[c] += w[c] * input[in_offset + c];
      return;
    }
    for (size_t i = 0; i < in_channels; ++i) {
      const int x = input[in_offset + i];
      const int8_t* w = &weights[(tap * in_channels + i) * out_channels];
      for (size_t o = 0; o < out_channels; ++o) acc[o] += w[o] * x;
    }
  });
  return accumulators;
}

std::vector<uint8_t> requantise(const IntegerConv& conv, std::span<const int64_t> accumulators) {
  const int code_max = activation_code_max(conv.quant.activation_bits);
  const size_t channels = conv.requantizers.size();
  std::vector<uint8_t> codes(accumulators.size());
  for (size_t i = 0; i < codes.size(); ++i) {
    const int64_t acc = accumulators[i];
    if (acc < conv.accumulator_min || acc > conv.accumulator_max) {
      fail(
          "{}: the accumulator {} of channel {} is outside the recorded interval {}..{}; the network is "
          "damaged",
          conv.conv.name, acc, i % channels, conv.accumulator_min, conv.accumulator_max);
    }
    const Requantizer& r = conv.requantizers[i % channels];
    codes[i] = static_cast<uint8_t>(
        Requantizer::apply(static_cast<int32_t>(acc), r.multiplier, r.bias, conv.shift, code_max));
  }
  return codes;
}

std::vector<int64_t> integer_logits(const IntegerHead& head, std::span<const uint8_t> codes) {
  const size_t classes = head.bias.size();
  const size_t channels = head.weights.codes.size() / classes;
  std::vector<int64_t> pooled(channels, 0);
  for (size_t i = 0; i < codes.size(); ++i) pooled[i % channels] += codes[i];
  std::vector<int64_t> logits(head.bias.begin(), head.bias.end());
  for (size_t c = 0; c < channels; ++c) {
    for (size_t k = 0; k < classes; ++k) logits[k] += head.weights.codes[c * classes + k] * pooled[c];
  }
  return logits;
}

IntegerExecutor::IntegerExecutor(const IntegerNetwork& network) : network_(network) {
  for (const IntegerConv& conv : network.convs) {
    if (conv.weights.codes.size() != static_cast<size_t>(conv.conv.weight_count()) ||
        conv.requantizers.size() != static_cast<size_t>(conv.conv.out_channels)) {
      fail("{}: {} weight codes and {} requantisers do not match its shape", conv.conv.name,
           conv.weights.codes.size(), conv.requantizers.size());
    }
  }
  const size_t classes = static_cast<size_t>(network.network.classes);
  const size_t features = static_cast<size_t>(network.network.feature_channels());
  if (network.has_head &&
      (network.convs.size() != network.network.convs.size() || network.head.bias.size() != classes ||
       network.head.weights.codes.size() != features * classes)) {
    fail("head: {} weight codes and {} biases do not match {} features and {} classes",
         network.head.weights.codes.size(), network.head.bias.size(), features, classes);
  }
}

IntegerResult IntegerExecutor::run(std::span<const uint8_t> image) const {
  const size_t side = static_cast<size_t>(network_.network.input_size);
  if (image.size() != side * side * 3) {
    fail("an image of {} bytes was given to a network whose input is {} x {} x 3", image.size(), side, side);
  }
  IntegerResult result;
  std::vector<int16_t> input = input_from_pixels(image);
  for (const IntegerConv& conv : network_.convs) {
    result.codes.push_back(requantise(conv, convolve_integer(conv, input)));
    input.assign(result.codes.back().begin(), result.codes.back().end());
  }
  if (network_.has_head) result.logits = integer_logits(network_.head, result.codes.back());
  return result;
}

}  // namespace fixynn
