// SPDX-License-Identifier: Apache-2.0
#include "integer/check_network.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "integer/lower.h"

namespace fixynn {
namespace {

void check_weights(const QuantisedWeights& weights, size_t codes, size_t scales, int bits,
                   const std::string& where) {
  if (weights.bits != bits || weights.codes.size() != codes || weights.scales.size() != scales) {
    fail("{}: {} weight codes of {} bits with {} scales stand where {} of {} bits with {} are expected",
         where, weights.codes.size(), weights.bits, weights.scales.size(), codes, bits, scales);
  }
  const int code_max = weight_code_max(bits);
  for (size_t i = 0; i < codes; ++i) {
    if (std::abs(weights.codes[i]) > code_max) {
      fail("{}: weight code {} of channel {} is outside -{}..{} for {} bits; the file is damaged", where,
           weights.codes[i], i % scales, code_max, code_max, bits);
    }
  }
  for (size_t c = 0; c < scales; ++c) {
    if (!(std::isfinite(weights.scales[c]) && weights.scales[c] > 0.0f)) {
      fail("{}: the weight scale of channel {} is {}, not a positive number; the file is damaged", where, c,
           weights.scales[c]);
    }
  }
}

void check_conv(const IntegerNetwork& network, size_t index, const std::string& what) {
  const IntegerConv& conv = network.convs[index];
  const Conv& expected = network.network.convs[index];
  const std::string where = fmt::format("{}: {}", what, expected.name);
  const size_t channels = static_cast<size_t>(expected.out_channels);
  if (conv.conv.name != expected.name || conv.quant != network.quant[index] ||
      conv.requantizers.size() != channels) {
    fail("{}: the integer convolution at this place is {} with {} requantisers; the network is inconsistent",
         where, conv.conv.name, conv.requantizers.size());
  }
  check_weights(conv.weights, static_cast<size_t>(expected.weight_count()), channels, conv.quant.weight_bits,
                where);
  if (index < network.frozen.size() && network.frozen[index].codes != conv.weights.codes) {
    fail("{}: the weight codes differ from the frozen ones", where);
  }
  if (conv.shift < kMinShift || conv.shift > kMaxShift) {
    fail("{}: the shift {} is outside {}..{}; the file is damaged", where, conv.shift, kMinShift, kMaxShift);
  }
  const auto accumulators =
      channel_accumulators(expected, conv.weights, input_codes(static_cast<int>(index), network.quant));
  const Interval joint = joint_accumulator(expected, accumulators);
  if (joint != Interval{conv.accumulator_min, conv.accumulator_max}) {
    fail("{}: the accumulator interval is given as {}..{}, but the weights give {}..{}; the file is damaged",
         where, conv.accumulator_min, conv.accumulator_max, joint.min, joint.max);
  }
  for (size_t c = 0; c < channels; ++c) {
    if (!fits_48_bits(conv.requantizers[c], accumulators[c])) {
      fail("{}: acc * M + B of channel {} is over 48 bits; the file is damaged", where, c);
    }
  }
}

void check_frozen(const IntegerNetwork& network, const std::string& what) {
  const size_t expected = static_cast<size_t>(MobileNet::convs_in_layers(network.fixed_layers));
  if (network.frozen.size() != expected) {
    fail("{}: {} frozen convolutions stand where {} fixed layers have {}", what, network.frozen.size(),
         network.fixed_layers, expected);
  }
  for (size_t i = 0; i < expected; ++i) {
    const Conv& conv = network.network.convs[i];
    if (!network.quant[i].quantised()) {
      if (network.frozen[i].bits != kFloatBits || !network.frozen[i].codes.empty()) {
        fail("{}: {} is float, but has frozen weight codes", what, conv.name);
      }
      continue;
    }
    check_weights(network.frozen[i], static_cast<size_t>(conv.weight_count()),
                  static_cast<size_t>(conv.out_channels), network.quant[i].weight_bits,
                  fmt::format("{}: {}", what, conv.name));
  }
  const std::string sha = frozen_weights_sha256(network.network, network.frozen, network.parameters);
  if (sha != network.frozen_weights_sha256) {
    fail("{}: the frozen weights' SHA-256 is {}, but {} is recorded; the frozen weights were changed", what,
         sha, network.frozen_weights_sha256);
  }
}

void check_head(const IntegerNetwork& network, const std::string& what) {
  const IntegerHead& head = network.head;
  const size_t classes = static_cast<size_t>(network.network.classes);
  const std::string where = what + ": head";
  check_weights(head.weights, static_cast<size_t>(network.network.feature_channels()) * classes, classes,
                network.head_weight_bits, where);
  if (head.bias.size() != classes) fail("{}: {} biases for {} classes", where, head.bias.size(), classes);
  const auto& scales = head.weights.scales;
  if (std::count(scales.begin(), scales.end(), scales[0]) != static_cast<std::ptrdiff_t>(classes)) {
    fail("{}: the weight scales differ between classes, so that logits would not compare as integers", where);
  }
  const double logit_scale = static_cast<double>(scales[0]) *
                             activation_scale(network.quant.back().activation_bits) /
                             static_cast<double>(network.network.feature_pixels());
  if (head.logit_scale != logit_scale) {
    fail("{}: the logit scale is {}, but the weight and activation scales give {}; the file is damaged",
         where, head.logit_scale, logit_scale);
  }
}

void check_parameters(const IntegerNetwork& network, const std::string& what) {
  const ParameterLayout layout(network.network);
  if (network.parameters.values.size() != layout.value_count ||
      network.parameters.statistics.size() != layout.statistic_count) {
    fail("{}: the float parameters do not have the sizes of the network", what);
  }
  for (const NamedTensor& tensor : named_tensors(network.network)) {
    const auto values =
        std::span(tensor.is_statistic ? network.parameters.statistics : network.parameters.values)
            .subspan(tensor.offset, tensor.count);
    const auto bad = std::find_if(values.begin(), values.end(), [](float v) { return !std::isfinite(v); });
    if (bad != values.end()) {
      fail("{}: float.{} holds {} at element {}; the file is damaged", what, tensor.name, *bad,
           bad - values.begin());
    }
  }
}

}  // namespace

void check_network(const IntegerNetwork& network, const std::string& what) {
  if (network.fixed_layers < 0 || network.fixed_layers > MobileNet::kLayers) {
    fail("{}: fixed_layers is {}, outside 0..{}", what, network.fixed_layers, MobileNet::kLayers);
  }
  try {
    check_quant(network.network, network.quant, network.head_weight_bits);
  } catch (const Error& error) {
    fail("{}: {}", what, error.what());
  }
  check_parameters(network, what);
  check_frozen(network, what);
  const size_t lowered = static_cast<size_t>(leading_quantised(network.quant));
  const bool expects_head = lowered == network.quant.size() && network.head_weight_bits != kFloatBits;
  if (network.convs.size() != lowered || network.has_head != expects_head) {
    fail("{}: {} convolutions{} are in integers where the bits ask for {}{}", what, network.convs.size(),
         network.has_head ? " and the head" : "", lowered, expects_head ? " and the head" : "");
  }
  for (size_t i = 0; i < lowered; ++i) check_conv(network, i, what);
  if (expects_head) check_head(network, what);
}

}  // namespace fixynn
