// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "integer/integer_network.h"

namespace fixynn {

constexpr int kMinShift = 8;
constexpr int kMaxShift = 24;

/// All integers from min to max.
struct Interval {
  int64_t min, max;
  bool operator==(const Interval&) const = default;
};

/// Codes that enter convolution `conv_index`: pixels minus kInputZero for the first, else the previous
/// convolution's output codes. `quant` holds one entry per convolution, at least up to the previous one.
Interval input_codes(int conv_index, std::span<const ConvQuant> quant);

/// Exact accumulator interval of each output channel when every input of the window takes any code in
/// `input`; both ends are reached. Windows that overlap the padding stay within it, because `input` contains
/// 0.
std::vector<Interval> channel_accumulators(const Conv& conv, const QuantisedWeights& weights, Interval input);

/// Smallest interval that holds all of `channels`. Throws, naming `conv`, unless it fits 31 bits signed.
Interval joint_accumulator(const Conv& conv, std::span<const Interval> channels);

/// Bits of the two's complement number that holds every value of `interval`.
int signed_bits(Interval interval);

/// True when |acc * M + B| < 2^47 for every accumulator of the channel.
bool fits_48_bits(const Requantizer& requantizer, Interval accumulator);

/// Number of leading quantised convolutions: those that are lowered.
int leading_quantised(std::span<const ConvQuant> quant);

/// Throws unless `quant` has one entry per convolution and each is float in both or 2..8 bits in both.
void check_quant(const MobileNet& network, std::span<const ConvQuant> quant, int head_weight_bits);

/// The frozen convolutions' weight codes (convs_in_layers(fixed_layers) of them), quantised once, from the
/// pretrained network; a float convolution has empty codes and bits 0. Throws for non-finite weights, naming
/// layer and channel.
std::vector<QuantisedWeights> freeze_weights(const MobileNet& network, const ModelParameters& parameters,
                                             std::span<const ConvQuant> quant, int fixed_layers);

/// Lower-case hexadecimal SHA-256 of this byte string: for each frozen convolution in data-flow order
///   NAME SPACE SHAPE SPACE BITS NEWLINE WEIGHTS
/// NAME is Conv::name, SHAPE the weight tensor's dimensions in decimal joined by 'x' ("3x3x3x8"), BITS the
/// weight bits in decimal, SPACE and NEWLINE one byte 0x20 and 0x0A; WEIGHTS is one byte per code (two's
/// complement) in the layout of the weights, or, where BITS is 0, the float32 weights as little-endian bytes.
/// No frozen convolution: the empty string, so e3b0c442...b855. Scales are not in it: they are programmable,
/// through M. docs/network_format.md says the same for readers in other languages.
std::string frozen_weights_sha256(const MobileNet& network, std::span<const QuantisedWeights> frozen,
                                  const ModelParameters& parameters);

/// What was trained, in integers: the leading run of quantised convolutions and, when that is all of them and
/// `head_weight_bits` is not kFloatBits, the head. `quant`: one per convolution; `frozen`: freeze_weights()
/// of the pretrained network; the other weights are quantised here. `metadata` is left to the caller.
///
/// Per channel, in double, with sigma = sqrt(variance + kBatchNormEpsilon), s_x the input's scale, s_y the
/// output's:
///   M = round(gamma * s_w * s_x / (sigma * s_y) * 2^S), 0 for a channel whose weight codes are all 0
///   B = round((beta - mean * gamma / sigma) / s_y * 2^S) + 2^(S-1)
/// S is the largest of 8..24 with |M| < 2^15, B in 32 bits and |acc * M + B| < 2^47 in every channel.
///
/// Throws, naming layer and channel, for non-finite parameters, for M or B that do not fit at S = 8, and for
/// accumulators over 31 bits. `warnings`, when given, gets one sentence for each layer with channels of |M| <
/// 2^7.
IntegerNetwork lower_network(const MobileNet& network, int fixed_layers, std::span<const ConvQuant> quant,
                             int head_weight_bits, const ModelParameters& parameters,
                             std::span<const QuantisedWeights> frozen,
                             std::vector<std::string>* warnings = nullptr);

}  // namespace fixynn
