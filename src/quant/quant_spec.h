// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/host_device.h"

namespace fixynn {

constexpr int kMinBits = 2;
constexpr int kMaxBits = 8;
constexpr int kFloatBits = 0;  ///< "not quantised"

/// Bits of one convolution: of its weights and of the activation that its batch norm and ReLU6 produce.
/// kFloatBits (0) in both means the convolution stays in float; mixing 0 and 2..8 in one convolution is not
/// allowed.
struct ConvQuant {
  int weight_bits = kFloatBits;
  int activation_bits = kFloatBits;
  bool quantised() const { return weight_bits != kFloatBits; }
  bool operator==(const ConvQuant&) const = default;
};

/// Largest weight code: symmetric, zero point 0, so -q..q with q = 2^(bits-1) - 1 (1 for 2 bits: ternary).
FIXYNN_HD int weight_code_max(int weight_bits) {
  return (1 << (weight_bits - 1)) - 1;
}
/// Largest activation code: unsigned, zero point 0.
FIXYNN_HD int activation_code_max(int activation_bits) {
  return (1 << activation_bits) - 1;
}
/// Step of an activation code after ReLU6: codes 0 .. 2^b-1 span 0 .. 6.
FIXYNN_HD float activation_scale(int activation_bits) {
  return 6.0f / static_cast<float>(activation_code_max(activation_bits));
}

/// An input pixel u8 enters the network as (pixel - kInputZero), padding is 0 in that domain, and its value
/// in training is (pixel - kInputZero) * kInputScale.
constexpr int kInputZero = 128;
constexpr float kInputScale = 1.0f / 127.5f;

}  // namespace fixynn
