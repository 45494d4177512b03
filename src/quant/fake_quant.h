// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "core/host_device.h"
#include "quant/quant_spec.h"

namespace fixynn {

// The one definition of rounding to codes in training. Nearest, ties to even (the hardware's and the vector
// units' default rounding); no trained value sits on a tie in practice, and the integer network has its own
// rule.

/// Activation value after ReLU6 to its code: round(clamp(value, 0, 6) * code_max / 6).
FIXYNN_HD float activation_code(float value, float inverse_scale, float code_max) {
  const float scaled = value * inverse_scale;
  const float clipped = scaled < 0.0f ? 0.0f : (scaled > code_max ? code_max : scaled);
  return rintf(clipped);
}

/// Weight to its code, |code| <= code_max.
FIXYNN_HD float weight_code(float weight, float inverse_scale, float code_max) {
  const float code = rintf(weight * inverse_scale);
  return code < -code_max ? -code_max : (code > code_max ? code_max : code);
}

/// Scale of an output channel whose largest magnitude is `max_abs`; 1 for a channel of zeros (or of values so
/// small that 1/scale would overflow), so that every scale can be divided by.
FIXYNN_HD float weight_scale(float max_abs, int weight_bits) {
  return max_abs > 1e-30f ? max_abs / static_cast<float>(weight_code_max(weight_bits)) : 1.0f;
}

/// Integer weights of one convolution (or the head). `codes` has the layout of the float weights, whose last
/// axis is the output channel; `scales` has one entry per output channel.
struct QuantisedWeights {
  std::vector<int8_t> codes;
  std::vector<float> scales;
  int bits = kFloatBits;
};

/// Symmetric quantisation, one scale per output channel (the last axis, of length `channels`).
QuantisedWeights quantise_weights(std::span<const float> weights, int channels, int weight_bits);

/// codes * scales, in the layout of the float weights.
std::vector<float> dequantise_weights(const QuantisedWeights& weights);

}  // namespace fixynn
