// SPDX-License-Identifier: Apache-2.0
#include "integer/lower.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "core/files.h"
#include "integer/calibrated_network.h"
#include "integer/executor.h"

namespace fixynn {
namespace {

using test::CalibratedNetwork;
using test::error_of;
using test::make_calibrated;
using testing::AllOf;
using testing::HasSubstr;

struct Difference {
  int64_t compared = 0, different = 0;
  int largest = 0;
};

/// Each convolution's codes against the float fake-quantised path, which gets the integer path's codes as its
/// input: what is left is the error of M, B and S alone.
Difference compare_layer_by_layer(const CalibratedNetwork& calibrated, const IntegerNetwork& network) {
  Difference difference;
  const IntegerExecutor executor(network);
  std::vector<std::vector<float>> weights;
  for (size_t i = 0; i < network.convs.size(); ++i) {
    weights.push_back(
        test::fake_quantised_weights(calibrated.network, calibrated.parameters, i, calibrated.quant[i]));
  }
  for (size_t n = 0; n < 4; ++n) {
    const IntegerResult result = executor.run(calibrated.images[n]);
    std::vector<double> x = test::input_values(calibrated.images[n]);
    for (size_t i = 0; i < network.convs.size(); ++i) {
      const double scale = activation_scale(calibrated.quant[i].activation_bits);
      const auto values = test::normalise(calibrated.network, calibrated.parameters, i, calibrated.quant[i],
                                          test::convolve_float(calibrated.network.convs[i], weights[i], x));
      x.clear();
      for (size_t k = 0; k < values.size(); ++k) {
        const int code = result.codes[i][k];
        const int distance = std::abs(code - static_cast<int>(std::lround(values[k] / scale)));
        ++difference.compared;
        difference.different += distance != 0;
        difference.largest = std::max(difference.largest, distance);
        x.push_back(code * scale);
      }
    }
  }
  return difference;
}

class Lowering : public testing::TestWithParam<ConvQuant> {};

TEST_P(Lowering, GivesTheCodesOfTheFakeQuantisedPathButForRareSingleSteps) {
  const CalibratedNetwork calibrated = make_calibrated(48, 7, GetParam());
  const IntegerNetwork network = calibrated.lower(7, 8);
  ASSERT_EQ(network.convs.size(), 27u);
  const Difference difference = compare_layer_by_layer(calibrated, network);
  std::cout << difference.different << " of " << difference.compared << " codes differ, largest "
            << difference.largest << "\n";
  EXPECT_LE(difference.largest, 1);
  EXPECT_LT(static_cast<double>(difference.different), 0.005 * static_cast<double>(difference.compared));
}

INSTANTIATE_TEST_SUITE_P(Bits, Lowering,
                         testing::Values(ConvQuant{8, 8}, ConvQuant{4, 8}, ConvQuant{8, 4}, ConvQuant{2, 8},
                                         ConvQuant{6, 2}),
                         [](const auto& parameters) {
                           return "w" + std::to_string(parameters.param.weight_bits) + "a" +
                                  std::to_string(parameters.param.activation_bits);
                         });

TEST(Lower, CodesOfARealisticNetworkUseTheirRange) {
  const CalibratedNetwork calibrated = make_calibrated(48, 7, {8, 8});
  const IntegerNetwork network = calibrated.lower(14, 8);
  const IntegerResult result = IntegerExecutor(network).run(calibrated.images[0]);
  for (size_t i = 0; i < result.codes.size(); ++i) {
    int64_t inside = 0;
    for (const uint8_t code : result.codes[i]) inside += code > 0 && code < 255;
    // Otherwise the comparisons above would compare saturated values.
    EXPECT_GT(inside * 5, static_cast<int64_t>(result.codes[i].size()) * 2) << network.convs[i].conv.name;
  }
}

TEST(Lower, LogitsAreTheFloatHeadsWithinItsRounding) {
  const CalibratedNetwork calibrated = make_calibrated(64, 7, {8, 8});
  const IntegerNetwork network = calibrated.lower(7, 8);
  ASSERT_TRUE(network.has_head);
  const ParameterLayout layout(calibrated.network);
  const size_t features = static_cast<size_t>(calibrated.network.feature_channels());
  for (const auto& image : calibrated.images) {
    const IntegerResult result = IntegerExecutor(network).run(image);
    for (size_t k = 0; k < 7; ++k) {
      double expected = calibrated.parameters.values[layout.head_bias + k];
      double bound = network.head.logit_scale;
      for (size_t i = 0; i < result.codes.back().size(); ++i) {
        const double x = result.codes.back()[i] * static_cast<double>(activation_scale(8)) /
                         static_cast<double>(calibrated.network.feature_pixels());
        expected += x * calibrated.parameters.values[layout.head_weight + i % features * 7 + k];
        bound += x * network.head.weights.scales[0] * 0.5;
      }
      EXPECT_NEAR(static_cast<double>(result.logits[k]) * network.head.logit_scale, expected, bound * 1.001);
    }
  }
}

TEST(Lower, MultiplierBiasAndShiftFollowTheFormula) {
  const CalibratedNetwork calibrated = make_calibrated(32, 3, {8, 8});
  const IntegerNetwork network = calibrated.lower(0, 8);
  const ParameterLayout layout(calibrated.network);
  const auto& p = calibrated.parameters;
  for (size_t i = 0; i < 27; ++i) {
    const IntegerConv& conv = network.convs[i];
    const long double s_x = i == 0 ? 1.0L / 127.5L : 6.0L / 255.0L, s_y = 6.0L / 255.0L;
    bool next_shift_fits = true;
    for (size_t c = 0; c < conv.requantizers.size(); ++c) {
      const long double sigma = std::sqrt(p.statistics[layout.convs[i].variance + c] + 0.001L);
      const long double gamma = p.values[layout.convs[i].gamma + c];
      const long double slope = gamma * conv.weights.scales[c] * s_x / (sigma * s_y);
      const long double offset =
          (p.values[layout.convs[i].beta + c] - p.statistics[layout.convs[i].mean + c] * gamma / sigma) / s_y;
      const long double scale = std::ldexp(1.0L, conv.shift);
      // float scales carry 24 bits, so that the double formula can be off by a unit in the last place of B.
      EXPECT_NEAR(static_cast<double>(slope * scale), conv.requantizers[c].multiplier, 0.502)
          << conv.conv.name;
      EXPECT_NEAR(static_cast<double>(offset * scale + scale / 2), conv.requantizers[c].bias,
                  0.5 + 1e-6 * std::fabs(static_cast<double>(offset * scale)));
      next_shift_fits &= std::fabs(slope * scale * 2) < 32767.5L &&
                         std::fabs(offset * scale * 2 + scale) < static_cast<long double>(0x7fffffff);
    }
    EXPECT_TRUE(conv.shift == kMaxShift || !next_shift_fits) << conv.conv.name << " could use a larger shift";
    EXPECT_GE(conv.shift, 12) << conv.conv.name;
  }
}

TEST(Lower, AnAllZeroChannelHasNoMultiplierAndAConstantCode) {
  CalibratedNetwork calibrated = make_calibrated(32, 3, {8, 8});
  const ParameterLayout layout(calibrated.network);
  for (size_t t = 0; t < 9; ++t) calibrated.parameters.values[layout.convs[3].weight + t * 16 + 5] = 0.0f;
  calibrated.parameters.values[layout.convs[3].gamma + 5] = 1e8f;  // would be far over 16 bits
  calibrated.parameters.statistics[layout.convs[3].mean + 5] = 0.0f;
  calibrated.parameters.values[layout.convs[3].beta + 5] = 3.1f;  // 131.75 steps
  const IntegerNetwork network = calibrated.lower(4, 8);
  EXPECT_EQ(network.convs[3].requantizers[5].multiplier, 0);
  const IntegerResult result = IntegerExecutor(network).run(calibrated.images[0]);
  for (size_t i = 5; i < result.codes[3].size(); i += 16) ASSERT_EQ(result.codes[3][i], 132);
}

TEST(Lower, MultipliersAndBiasesThatDoNotFitNameLayerAndChannel) {
  CalibratedNetwork calibrated = make_calibrated(32, 3, {8, 8}, 3, 4);
  const ParameterLayout layout(calibrated.network);
  const ModelParameters good = calibrated.parameters;
  calibrated.parameters.values[layout.convs[3].gamma + 5] = 1e6f;
  EXPECT_THAT(error_of([&] { calibrated.lower(4, 8); }),
              AllOf(HasSubstr("l02_depthwise: channel 5"), HasSubstr("over 16 bits"), HasSubstr("S = 8")));
  calibrated.parameters = good;
  calibrated.parameters.values[layout.convs[6].beta + 9] = -1e9f;
  EXPECT_THAT(error_of([&] { calibrated.lower(4, 8); }),
              AllOf(HasSubstr("l03_pointwise: channel 9"), HasSubstr("over 32 bits")));
  calibrated.parameters = good;
  calibrated.parameters.values[layout.head_bias + 2] = 1e9f;
  EXPECT_THAT(error_of([&] { calibrated.lower(4, 8); }), AllOf(HasSubstr("head"), HasSubstr("class 2")));
}

TEST(Lower, NonFiniteParametersNameTensorAndChannel) {
  const CalibratedNetwork good = make_calibrated(32, 3, {8, 8}, 3, 4);
  const ParameterLayout layout(good.network);
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  const std::vector<QuantisedWeights> frozen = good.frozen(4);
  const auto message = [&](const ModelParameters& parameters) {
    return error_of([&] { lower_network(good.network, 4, good.quant, 8, parameters, frozen); });
  };
  ModelParameters bad = good.parameters;
  bad.values[layout.convs[2].weight + 16 * 3 + 7] = nan;
  EXPECT_THAT(message(bad), AllOf(HasSubstr("l01_pointwise.weight"), HasSubstr("channel 7")));
  EXPECT_THAT(error_of([&] { freeze_weights(good.network, bad, good.quant, 4); }),
              HasSubstr("l01_pointwise.weight"));
  bad = good.parameters;
  bad.values[layout.convs[8].gamma + 1] = inf;
  EXPECT_THAT(message(bad), AllOf(HasSubstr("l04_pointwise.gamma"), HasSubstr("channel 1")));
  bad = good.parameters;
  bad.statistics[layout.convs[8].variance + 2] = -0.5f;
  EXPECT_THAT(message(bad), AllOf(HasSubstr("l04_pointwise.running_variance"), HasSubstr("channel 2")));
}

TEST(Lower, SmallMultipliersGiveOneWarningForTheLayer) {
  CalibratedNetwork calibrated = make_calibrated(32, 3, {8, 8}, 3, 4);
  const ParameterLayout layout(calibrated.network);
  const auto lower = [&] {
    std::vector<std::string> warnings;
    lower_network(calibrated.network, 4, calibrated.quant, 8, calibrated.parameters, calibrated.frozen(4),
                  &warnings);
    return warnings;
  };
  EXPECT_THAT(lower(), testing::IsEmpty());
  calibrated.parameters.values[layout.convs[4].gamma + 3] = 1e-6f;
  calibrated.parameters.values[layout.convs[4].gamma + 8] = 2e-5f;
  EXPECT_THAT(lower(), testing::ElementsAre(
                           AllOf(HasSubstr("l02_pointwise: 2 of 32 channels"), HasSubstr("channel 3"))));
}

TEST(Lower, AccumulatorIntervalsAreReachedAndNotPassed) {
  const CalibratedNetwork calibrated = make_calibrated(32, 3, {5, 6}, 3, 4);
  IntegerConv conv = calibrated.lower(4, 8).convs[0];
  const auto channels = channel_accumulators(conv.conv, conv.weights, input_codes(0, calibrated.quant));
  int64_t lowest = 0, highest = 0;
  conv.conv.in_size = 3;  // one window, which the stride of 2 and SAME padding put around the centre
  conv.conv.out_size = 2;
  conv.conv.pad_before = 0;
  for (size_t o = 0; o < channels.size(); ++o) {
    std::vector<int16_t> low, high;
    for (size_t t = 0; t < 27; ++t) {
      const bool positive = conv.weights.codes[t * channels.size() + o] > 0;
      low.push_back(positive ? -128 : 127);
      high.push_back(positive ? 127 : -128);
    }
    EXPECT_EQ(convolve_integer(conv, low)[o], channels[o].min);
    EXPECT_EQ(convolve_integer(conv, high)[o], channels[o].max);
    lowest = std::min(lowest, channels[o].min);
    highest = std::max(highest, channels[o].max);
  }
  EXPECT_EQ(conv.accumulator_min, lowest);
  EXPECT_EQ(conv.accumulator_max, highest);
  EXPECT_EQ(input_codes(1, calibrated.quant), (Interval{0, 63}));
  EXPECT_EQ(signed_bits({-128, 127}), 8);
  EXPECT_EQ(signed_bits({-129, 0}), 9);
  EXPECT_EQ(signed_bits({0, 0}), 1);
}

TEST(Lower, AccumulatorsOverThirtyOneBitsAreRefused) {
  const Conv conv{ConvKind::kPointwise, 1, "l01_pointwise", 40000, 1, 1, 4, 4, 0};
  QuantisedWeights weights{std::vector<int8_t>(40000, 127), {1.0f}, 8};
  const auto channels = channel_accumulators(conv, weights, {0, 255});
  EXPECT_THAT(error_of([&] { joint_accumulator(conv, channels); }),
              AllOf(HasSubstr("l01_pointwise"), HasSubstr("channel 0"), HasSubstr("over 31 bits")));
  weights.codes.assign(40000, 63);
  EXPECT_EQ(joint_accumulator(conv, channel_accumulators(conv, weights, {0, 255})),
            (Interval{0, 40000 * 63 * 255}));
}

TEST(Lower, OnlyTheLeadingRunOfQuantisedConvolutionsIsLowered) {
  CalibratedNetwork calibrated = make_calibrated(32, 3, {8, 8}, 3, 4);
  EXPECT_EQ(calibrated.lower(4, kFloatBits).convs.size(), 27u);
  EXPECT_FALSE(calibrated.lower(4, kFloatBits).has_head);
  calibrated.quant[9] = ConvQuant{};
  const IntegerNetwork gap = calibrated.lower(7, 8);
  EXPECT_EQ(gap.convs.size(), 9u);
  EXPECT_FALSE(gap.has_head);
  EXPECT_EQ(gap.frozen.size(), 13u);
  EXPECT_EQ(gap.frozen[9].codes.size(), 0u);
  EXPECT_EQ(gap.frozen[10].bits, 8);
  calibrated.quant.assign(27, ConvQuant{});
  const IntegerNetwork all_float = calibrated.lower(4, kFloatBits);
  EXPECT_TRUE(all_float.convs.empty());
  EXPECT_TRUE(IntegerExecutor(all_float).run(calibrated.images[0]).codes.empty());
}

TEST(Lower, FrozenWeightsStayWhatTheyWereWhateverTheParametersBecome) {
  CalibratedNetwork calibrated = make_calibrated(32, 3, {8, 8}, 3, 4);
  const std::vector<QuantisedWeights> frozen = calibrated.frozen(4);
  ASSERT_EQ(frozen.size(), 7u);
  const std::string before = frozen_weights_sha256(calibrated.network, frozen, calibrated.parameters);
  const ParameterLayout layout(calibrated.network);
  for (size_t i = 0; i < 27; ++i) calibrated.parameters.values[layout.convs[i].weight] += 0.5f;
  const IntegerNetwork network =
      lower_network(calibrated.network, 4, calibrated.quant, 8, calibrated.parameters, frozen);
  EXPECT_EQ(network.frozen_weights_sha256, before);
  for (size_t i = 0; i < 7; ++i) EXPECT_EQ(network.convs[i].weights.codes, frozen[i].codes);
  EXPECT_NE(network.convs[7].weights.codes,
            make_calibrated(32, 3, {8, 8}, 3, 4).lower(4, 8).convs[7].weights.codes);
}

TEST(Lower, TheFrozenWeightsHashIsTheDocumentedByteString) {
  const CalibratedNetwork calibrated = make_calibrated(32, 3, {8, 8}, 3, 4);
  EXPECT_EQ(frozen_weights_sha256(calibrated.network, {}, calibrated.parameters),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  std::vector<QuantisedWeights> frozen = calibrated.frozen(2);
  frozen[1] = QuantisedWeights{};  // a float convolution between two quantised ones
  std::string text = "l00_conv1 3x3x3x8 8\n";
  text.append(frozen[0].codes.begin(), frozen[0].codes.end());
  text += "l01_depthwise 3x3x8 0\n";
  const float* weights = &calibrated.parameters.values[ParameterLayout(calibrated.network).convs[1].weight];
  text.append(reinterpret_cast<const char*>(weights), 72 * sizeof(float));
  text += "l01_pointwise 8x16 8\n";
  text.append(frozen[2].codes.begin(), frozen[2].codes.end());
  Sha256 hash;
  hash.update(text);
  const std::string expected = hash.finish();
  EXPECT_EQ(frozen_weights_sha256(calibrated.network, frozen, calibrated.parameters), expected);
  frozen[2].codes[100] = static_cast<int8_t>(-frozen[2].codes[100]);
  EXPECT_NE(frozen_weights_sha256(calibrated.network, frozen, calibrated.parameters), expected);
}

TEST(Lower, InconsistentRequestsAreRefused) {
  CalibratedNetwork calibrated = make_calibrated(32, 3, {8, 8}, 3, 4);
  const auto lower = [&](int layers, const std::vector<QuantisedWeights>& frozen) {
    return error_of([&] {
      lower_network(calibrated.network, layers, calibrated.quant, 8, calibrated.parameters, frozen);
    });
  };
  EXPECT_THAT(lower(15, {}), HasSubstr("outside 0..14"));
  EXPECT_THAT(lower(4, calibrated.frozen(3)), HasSubstr("5 frozen convolutions"));
  std::vector<QuantisedWeights> frozen = calibrated.frozen(4);
  frozen[2].bits = 6;
  EXPECT_THAT(lower(4, frozen), HasSubstr("l01_pointwise"));
  frozen = calibrated.frozen(4);
  calibrated.quant[5] = {9, 8};
  EXPECT_THAT(lower(4, frozen), HasSubstr("l03_depthwise: 9 weight and 8 activation bits"));
  calibrated.quant[5] = {0, 8};
  EXPECT_THAT(lower(4, frozen), HasSubstr("l03_depthwise: 0 weight and 8 activation bits"));
  calibrated.quant.pop_back();
  EXPECT_THAT(lower(4, frozen), HasSubstr("26 convolutions"));
}

}  // namespace
}  // namespace fixynn
