// SPDX-License-Identifier: Apache-2.0
#include "quant/fake_quant.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/philox.h"

namespace fixynn {
namespace {

TEST(FakeQuant, CodesAreSymmetricAndTheLargestMagnitudeOfEachChannelTakesTheLastCode) {
  RandomSequence random(7, RandomStream::kSynthesise, 0);
  constexpr int kChannels = 5;
  std::vector<float> weights(9 * kChannels);
  for (size_t i = 0; i < weights.size(); ++i) {
    weights[i] = random.uniform(-1.0f, 1.0f) * static_cast<float>(1 + i % kChannels);
  }
  for (int bits = kMinBits; bits <= kMaxBits; ++bits) {
    const QuantisedWeights quantised = quantise_weights(weights, kChannels, bits);
    const int code_max = weight_code_max(bits);
    ASSERT_EQ(quantised.bits, bits);
    ASSERT_EQ(quantised.scales.size(), static_cast<size_t>(kChannels));
    std::vector<int> largest(kChannels, 0);
    for (size_t i = 0; i < weights.size(); ++i) {
      const double exact = static_cast<double>(weights[i]) / quantised.scales[i % kChannels];
      EXPECT_LE(std::fabs(quantised.codes[i] - exact), 0.5 + 1e-4) << bits << " bits, weight " << i;
      EXPECT_LE(std::abs(quantised.codes[i]), code_max);
      largest[i % kChannels] =
          std::max(largest[i % kChannels], std::abs(static_cast<int>(quantised.codes[i])));
    }
    EXPECT_EQ(largest, std::vector<int>(kChannels, code_max)) << bits << " bits";
  }
}

TEST(FakeQuant, TwoBitWeightsAreTernary) {
  const std::vector<float> weights{0.9f, -0.9f, 0.3f, -0.3f, 0.5f, -0.6f, 0.0f};
  const QuantisedWeights quantised = quantise_weights(weights, 1, 2);
  EXPECT_EQ(quantised.codes, (std::vector<int8_t>{1, -1, 0, 0, 1, -1, 0}));
  EXPECT_FLOAT_EQ(quantised.scales[0], 0.9f);
}

TEST(FakeQuant, AnAllZeroChannelHasZeroCodesAndAScaleThatCanBeDividedBy) {
  const std::vector<float> weights{0.0f, 1.0f, 0.0f, -0.25f};
  const QuantisedWeights quantised = quantise_weights(weights, 2, 8);
  EXPECT_EQ(quantised.codes, (std::vector<int8_t>{0, 127, 0, -32}));
  EXPECT_EQ(quantised.scales[0], 1.0f);
  EXPECT_EQ(dequantise_weights(quantised)[0], 0.0f);
}

TEST(FakeQuant, QuantisingDequantisedWeightsChangesNothing) {
  RandomSequence random(8, RandomStream::kSynthesise, 0);
  std::vector<float> weights(640);
  for (float& weight : weights) weight = random.uniform(-0.2f, 0.2f);
  for (int bits = kMinBits; bits <= kMaxBits; ++bits) {
    const QuantisedWeights once = quantise_weights(weights, 32, bits);
    EXPECT_EQ(quantise_weights(dequantise_weights(once), 32, bits).codes, once.codes) << bits << " bits";
  }
}

TEST(FakeQuant, ActivationCodesSpanZeroToSix) {
  for (int bits = kMinBits; bits <= kMaxBits; ++bits) {
    const float code_max = static_cast<float>(activation_code_max(bits));
    const float inverse_scale = 1.0f / activation_scale(bits);
    EXPECT_EQ(activation_code(-3.0f, inverse_scale, code_max), 0.0f);
    EXPECT_EQ(activation_code(0.0f, inverse_scale, code_max), 0.0f);
    EXPECT_EQ(activation_code(6.0f, inverse_scale, code_max), code_max);
    EXPECT_EQ(activation_code(60.0f, inverse_scale, code_max), code_max);
    for (float code = 0; code <= code_max; ++code) {
      EXPECT_EQ(activation_code(code * activation_scale(bits), inverse_scale, code_max), code);
    }
  }
}

}  // namespace
}  // namespace fixynn
