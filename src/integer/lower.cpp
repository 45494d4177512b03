// SPDX-License-Identifier: Apache-2.0
#include "integer/lower.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>

#include "core/error.h"
#include "core/files.h"

namespace fixynn {
namespace {

static_assert(std::endian::native == std::endian::little, "float bytes are hashed as they lie in memory");

/// Batch norm and the scales of one channel, in output codes: code = slope * acc + offset before rounding.
struct AffineChannel {
  double slope, offset;
};

std::span<const float> conv_weights(const MobileNet& network, const ModelParameters& parameters,
                                    size_t conv) {
  const ParameterLayout layout(network);
  return std::span(parameters.values)
      .subspan(layout.convs[conv].weight, static_cast<size_t>(network.convs[conv].weight_count()));
}

void check_sizes(const MobileNet& network, const ModelParameters& parameters) {
  const ParameterLayout layout(network);
  if (parameters.values.size() != layout.value_count ||
      parameters.statistics.size() != layout.statistic_count) {
    fail("the parameters hold {} values and {} statistics where the network has {} and {}",
         parameters.values.size(), parameters.statistics.size(), layout.value_count, layout.statistic_count);
  }
}

void check_finite(const NamedTensor& tensor, const ModelParameters& parameters) {
  const std::span<const float> values =
      std::span(tensor.is_statistic ? parameters.statistics : parameters.values)
          .subspan(tensor.offset, tensor.count);
  const size_t channels = static_cast<size_t>(tensor.shape.back());
  const bool is_variance = tensor.name.ends_with(".running_variance");
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i]) || (is_variance && values[i] < 0.0f)) {
      fail(
          "{}: channel {} holds {}, which cannot be lowered; the training diverged or the parameters are "
          "damaged",
          tensor.name, i % channels, values[i]);
    }
  }
}

/// Why the channel cannot be expressed with this shift, as the end of a sentence; nullopt when it can.
std::optional<std::string> shift_fault(const AffineChannel& channel, Interval accumulator, int shift) {
  const double m = std::round(std::ldexp(channel.slope, shift));
  if (!(std::fabs(m) < 32768.0)) return fmt::format("the multiplier M = {} is over 16 bits", m);
  const double b = std::round(std::ldexp(channel.offset, shift)) + std::ldexp(1.0, shift - 1);
  if (!(b >= std::numeric_limits<int32_t>::min() && b <= std::numeric_limits<int32_t>::max())) {
    return fmt::format("the offset B = {} is over 32 bits", b);
  }
  if (!fits_48_bits({static_cast<int16_t>(m), static_cast<int32_t>(b)}, accumulator)) {
    return fmt::format("acc * M + B is over 48 bits for an accumulator of {}..{}", accumulator.min,
                       accumulator.max);
  }
  return std::nullopt;
}

int choose_shift(const Conv& conv, std::span<const AffineChannel> channels,
                 std::span<const Interval> accumulators) {
  for (int shift = kMaxShift; shift >= kMinShift; --shift) {
    bool fits = true;
    for (size_t c = 0; c < channels.size() && fits; ++c)
      fits = !shift_fault(channels[c], accumulators[c], shift);
    if (fits) return shift;
  }
  for (size_t c = 0; c < channels.size(); ++c) {
    if (const auto fault = shift_fault(channels[c], accumulators[c], kMinShift)) {
      fail(
          "{}: channel {}: {} even at the smallest shift, S = {}; its batch norm is out of proportion "
          "(gamma too large or variance too small)",
          conv.name, c, *fault, kMinShift);
    }
  }
  fail("{}: no shift fits", conv.name);
}

std::vector<AffineChannel> affine_channels(const ParameterLayout::ConvOffsets& offsets,
                                           const ModelParameters& parameters, const QuantisedWeights& weights,
                                           std::span<const Interval> accumulators, double input_scale,
                                           double output_scale) {
  std::vector<AffineChannel> channels(weights.scales.size());
  for (size_t c = 0; c < channels.size(); ++c) {
    const double gamma = parameters.values[offsets.gamma + c];
    const double beta = parameters.values[offsets.beta + c];
    const double mean = parameters.statistics[offsets.mean + c];
    const double sigma = std::sqrt(parameters.statistics[offsets.variance + c] + kBatchNormEpsilon);
    const bool all_zero = accumulators[c] == Interval{0, 0};
    channels[c].slope = all_zero ? 0.0 : gamma * weights.scales[c] * input_scale / (sigma * output_scale);
    channels[c].offset = (beta - mean * gamma / sigma) / output_scale;
  }
  return channels;
}

void warn_of_small_multipliers(const IntegerConv& conv, std::span<const Interval> accumulators,
                               std::vector<std::string>& warnings) {
  constexpr int kSmall = 128;
  int small = 0;
  size_t smallest = 0;
  for (size_t c = 0; c < conv.requantizers.size(); ++c) {
    const int magnitude = std::abs(conv.requantizers[c].multiplier);
    if (magnitude >= kSmall || accumulators[c] == Interval{0, 0}) continue;
    if (small == 0 || magnitude < std::abs(conv.requantizers[smallest].multiplier)) smallest = c;
    ++small;
  }
  if (small == 0) return;
  warnings.push_back(fmt::format(
      "{}: {} of {} channels have |M| < {} at S = {} (the smallest is {}, channel {}): their batch-norm "
      "scale keeps fewer than 7 bits",
      conv.conv.name, small, conv.requantizers.size(), kSmall, conv.shift,
      std::abs(conv.requantizers[smallest].multiplier), smallest));
}

IntegerConv lower_conv(const MobileNet& network, size_t index, std::span<const ConvQuant> quant,
                       const ModelParameters& parameters, QuantisedWeights weights,
                       std::vector<std::string>* warnings) {
  IntegerConv result;
  result.conv = network.convs[index];
  result.quant = quant[index];
  result.weights = std::move(weights);
  const auto accumulators =
      channel_accumulators(result.conv, result.weights, input_codes(static_cast<int>(index), quant));
  const Interval joint = joint_accumulator(result.conv, accumulators);
  result.accumulator_min = static_cast<int32_t>(joint.min);
  result.accumulator_max = static_cast<int32_t>(joint.max);

  const double input_scale = index == 0 ? kInputScale : activation_scale(quant[index - 1].activation_bits);
  const double output_scale = activation_scale(quant[index].activation_bits);
  const auto channels = affine_channels(ParameterLayout(network).convs[index], parameters, result.weights,
                                        accumulators, input_scale, output_scale);
  result.shift = choose_shift(result.conv, channels, accumulators);
  for (const AffineChannel& channel : channels) {
    const int64_t half = int64_t{1} << (result.shift - 1);
    result.requantizers.push_back(
        {static_cast<int16_t>(std::llround(std::ldexp(channel.slope, result.shift))),
         static_cast<int32_t>(std::llround(std::ldexp(channel.offset, result.shift)) + half)});
  }
  if (warnings) warn_of_small_multipliers(result, accumulators, *warnings);
  return result;
}

IntegerHead lower_head(const MobileNet& network, const ModelParameters& parameters, int weight_bits,
                       int last_activation_bits) {
  const ParameterLayout layout(network);
  const auto values = std::span(parameters.values);
  IntegerHead head;
  // As one channel, hence one scale: logits of different classes must compare as integers.
  head.weights = quantise_weights(values.subspan(layout.head_weight, layout.head_bias - layout.head_weight),
                                  1, weight_bits);
  const double weight_scale_of_head = head.weights.scales[0];
  head.weights.scales.assign(static_cast<size_t>(network.classes), head.weights.scales[0]);
  head.logit_scale = weight_scale_of_head * activation_scale(last_activation_bits) /
                     static_cast<double>(network.feature_pixels());
  const auto biases = values.subspan(layout.head_bias, static_cast<size_t>(network.classes));
  for (size_t k = 0; k < biases.size(); ++k) {
    const double bias = std::round(biases[k] / head.logit_scale);
    if (!(std::fabs(bias) <= std::numeric_limits<int32_t>::max())) {
      fail(
          "head: the bias of class {} is {} in units of the integer logit, over 32 bits; the head's weights "
          "are too "
          "small for its bias",
          k, bias);
    }
    head.bias.push_back(static_cast<int32_t>(bias));
  }
  return head;
}

void check_frozen(const MobileNet& network, std::span<const QuantisedWeights> frozen,
                  std::span<const ConvQuant> quant, int fixed_layers) {
  const size_t expected = static_cast<size_t>(MobileNet::convs_in_layers(fixed_layers));
  if (frozen.size() != expected) {
    fail("{} frozen convolutions were given where {} fixed layers have {}", frozen.size(), fixed_layers,
         expected);
  }
  for (size_t i = 0; i < expected; ++i) {
    const Conv& conv = network.convs[i];
    const size_t count = quant[i].quantised() ? static_cast<size_t>(conv.weight_count()) : 0;
    if (frozen[i].bits != quant[i].weight_bits || frozen[i].codes.size() != count) {
      fail("{}: the frozen weights are {} codes of {} bits where the quantisation asks for {} of {} bits",
           conv.name, frozen[i].codes.size(), frozen[i].bits, count, quant[i].weight_bits);
    }
  }
}

void check_fixed_layers(int fixed_layers) {
  if (fixed_layers < 0 || fixed_layers > MobileNet::kLayers) {
    fail_usage("fixed_layers: {} is outside 0..{}", fixed_layers, MobileNet::kLayers);
  }
}

}  // namespace

std::vector<QuantisedWeights> freeze_weights(const MobileNet& network, const ModelParameters& parameters,
                                             std::span<const ConvQuant> quant, int fixed_layers) {
  check_fixed_layers(fixed_layers);
  check_quant(network, quant, kFloatBits);
  check_sizes(network, parameters);
  for (const NamedTensor& tensor : named_tensors(network)) {
    if (tensor.name.ends_with(".weight")) check_finite(tensor, parameters);
  }
  std::vector<QuantisedWeights> frozen(static_cast<size_t>(MobileNet::convs_in_layers(fixed_layers)));
  for (size_t i = 0; i < frozen.size(); ++i) {
    if (!quant[i].quantised()) continue;
    frozen[i] = quantise_weights(conv_weights(network, parameters, i), network.convs[i].out_channels,
                                 quant[i].weight_bits);
  }
  return frozen;
}

std::string frozen_weights_sha256(const MobileNet& network, std::span<const QuantisedWeights> frozen,
                                  const ModelParameters& parameters) {
  check_sizes(network, parameters);
  Sha256 hash;
  const std::vector<NamedTensor> tensors = named_tensors(network);
  for (size_t i = 0; i < frozen.size(); ++i) {
    const Conv& conv = network.convs.at(i);
    const auto weight = std::find_if(tensors.begin(), tensors.end(),
                                     [&](const NamedTensor& t) { return t.name == conv.name + ".weight"; });
    hash.update(fmt::format("{} {} {}\n", conv.name, fmt::join(weight->shape, "x"), frozen[i].bits));
    if (frozen[i].bits != kFloatBits) {
      hash.update({reinterpret_cast<const uint8_t*>(frozen[i].codes.data()), frozen[i].codes.size()});
    } else {
      const std::span<const float> values = conv_weights(network, parameters, i);
      hash.update({reinterpret_cast<const uint8_t*>(values.data()), values.size_bytes()});
    }
  }
  return hash.finish();
}

IntegerNetwork lower_network(const MobileNet& network, int fixed_layers, std::span<const ConvQuant> quant,
                             int head_weight_bits, const ModelParameters& parameters,
                             std::span<const QuantisedWeights> frozen, std::vector<std::string>* warnings) {
  check_fixed_layers(fixed_layers);
  check_quant(network, quant, head_weight_bits);
  check_sizes(network, parameters);
  check_frozen(network, frozen, quant, fixed_layers);
  for (const NamedTensor& tensor : named_tensors(network)) check_finite(tensor, parameters);

  IntegerNetwork result;
  result.network = network;
  result.fixed_layers = fixed_layers;
  result.parameters = parameters;
  result.quant.assign(quant.begin(), quant.end());
  result.head_weight_bits = head_weight_bits;
  result.frozen.assign(frozen.begin(), frozen.end());
  result.frozen_weights_sha256 = frozen_weights_sha256(network, frozen, parameters);

  const size_t lowered = static_cast<size_t>(leading_quantised(quant));
  for (size_t i = 0; i < lowered; ++i) {
    QuantisedWeights weights = i < frozen.size()
                                   ? frozen[i]
                                   : quantise_weights(conv_weights(network, parameters, i),
                                                      network.convs[i].out_channels, quant[i].weight_bits);
    result.convs.push_back(lower_conv(network, i, quant, parameters, std::move(weights), warnings));
  }
  result.has_head = lowered == network.convs.size() && head_weight_bits != kFloatBits;
  if (result.has_head) {
    result.head = lower_head(network, parameters, head_weight_bits, quant.back().activation_bits);
  }
  return result;
}

}  // namespace fixynn
