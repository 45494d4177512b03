// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/error.h"
#include "integer/lower.h"

namespace fixynn {

Interval input_codes(int conv_index, std::span<const ConvQuant> quant) {
  if (conv_index == 0) return {0 - kInputZero, 255 - kInputZero};
  return {0, activation_code_max(quant[static_cast<size_t>(conv_index) - 1].activation_bits)};
}

std::vector<Interval> channel_accumulators(const Conv& conv, const QuantisedWeights& weights,
                                           Interval input) {
  const size_t channels = static_cast<size_t>(conv.out_channels);
  std::vector<Interval> intervals(channels, Interval{0, 0});
  for (size_t i = 0; i < weights.codes.size(); ++i) {
    const int64_t code = weights.codes[i];
    Interval& interval = intervals[i % channels];
    interval.min += code * (code > 0 ? input.min : input.max);
    interval.max += code * (code > 0 ? input.max : input.min);
  }
  return intervals;
}

int signed_bits(Interval interval) {
  int bits = 1;
  while (interval.min < -(int64_t{1} << (bits - 1)) || interval.max >= (int64_t{1} << (bits - 1))) ++bits;
  return bits;
}

Interval joint_accumulator(const Conv& conv, std::span<const Interval> channels) {
  Interval joint{0, 0};
  for (size_t c = 0; c < channels.size(); ++c) {
    joint.min = std::min(joint.min, channels[c].min);
    joint.max = std::max(joint.max, channels[c].max);
    if (signed_bits(channels[c]) > 31) {
      fail(
          "{}: the accumulator of channel {} spans {}..{}, over 31 bits; use fewer weight or activation bits",
          conv.name, c, channels[c].min, channels[c].max);
    }
  }
  return joint;
}

bool fits_48_bits(const Requantizer& requantizer, Interval accumulator) {
  constexpr int64_t kLimit = int64_t{1} << 47;
  for (const int64_t acc : {accumulator.min, accumulator.max}) {
    const int64_t value = acc * requantizer.multiplier + requantizer.bias;
    if (value <= -kLimit || value >= kLimit) return false;
  }
  return true;
}

int leading_quantised(std::span<const ConvQuant> quant) {
  const auto first_float =
      std::find_if(quant.begin(), quant.end(), [](const ConvQuant& q) { return !q.quantised(); });
  return static_cast<int>(first_float - quant.begin());
}

void check_quant(const MobileNet& network, std::span<const ConvQuant> quant, int head_weight_bits) {
  if (quant.size() != network.convs.size()) {
    fail("the quantisation lists {} convolutions where the network has {}", quant.size(),
         network.convs.size());
  }
  const auto in_range = [](int bits) { return bits >= kMinBits && bits <= kMaxBits; };
  for (size_t i = 0; i < quant.size(); ++i) {
    const bool is_float = quant[i] == ConvQuant{};
    if (!is_float && !(in_range(quant[i].weight_bits) && in_range(quant[i].activation_bits))) {
      fail("{}: {} weight and {} activation bits; both must be within {}..{}, or both 0 for float",
           network.convs[i].name, quant[i].weight_bits, quant[i].activation_bits, kMinBits, kMaxBits);
    }
  }
  if (head_weight_bits != kFloatBits && !in_range(head_weight_bits)) {
    fail("head: {} weight bits; use {}..{}, or 0 for float", head_weight_bits, kMinBits, kMaxBits);
  }
}

}  // namespace fixynn
