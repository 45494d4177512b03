// SPDX-License-Identifier: Apache-2.0
#include "integer/executor.h"

#include <gmock/gmock.h>

#include <numeric>

#include "integer/calibrated_network.h"

namespace fixynn {
namespace {

using test::error_of;
using testing::HasSubstr;

IntegerConv make_conv(ConvKind kind, int in_size, int stride, int in_channels, int out_channels) {
  IntegerConv result;
  const SamePadding padding =
      kind == ConvKind::kPointwise ? SamePadding{in_size, 0} : same_padding_3(in_size, stride);
  result.conv =
      Conv{kind, 0, "test", in_channels, out_channels, stride, in_size, padding.output, padding.before};
  result.quant = {8, 8};
  RandomSequence random(11, RandomStream::kSynthesise, static_cast<uint32_t>(in_size * 8 + stride));
  for (int64_t i = 0; i < result.conv.weight_count(); ++i) {
    result.weights.codes.push_back(static_cast<int8_t>(static_cast<int>(random.below(255)) - 127));
  }
  result.weights.scales.assign(static_cast<size_t>(out_channels), 0.01f);
  result.weights.bits = 8;
  return result;
}

/// First input row (column) that output row (column) `o` sees, from TensorFlow's documented cases.
int window_start(int o, int in_size, int stride) {
  if (stride == 1) return o - 1;
  return in_size % 2 == 0 ? 2 * o : 2 * o - 1;
}

struct PaddingCase {
  ConvKind kind;
  int in_size, stride;
};

class Padding : public testing::TestWithParam<PaddingCase> {};

TEST_P(Padding, AnImpulseAnywhereGivesTheWeightsThatTensorFlowsRuleGives) {
  const auto [kind, in_size, stride] = GetParam();
  const bool depthwise = kind == ConvKind::kDepthwise;
  const int in_channels = 3, out_channels = depthwise ? 3 : 2;
  const IntegerConv conv = make_conv(kind, in_size, stride, in_channels, out_channels);
  const int out = (in_size + stride - 1) / stride;
  ASSERT_EQ(conv.conv.out_size, out);
  for (int y = 0; y < in_size; ++y) {
    for (int x = 0; x < in_size; ++x) {  // the corners are among them
      for (int i = 0; i < in_channels; ++i) {
        std::vector<int16_t> input(static_cast<size_t>(in_size * in_size * in_channels), 0);
        input[static_cast<size_t>((y * in_size + x) * in_channels + i)] = 100;
        const auto acc = convolve_integer(conv, input);
        ASSERT_EQ(acc.size(), static_cast<size_t>(out * out * out_channels));
        for (int oy = 0; oy < out; ++oy) {
          for (int ox = 0; ox < out; ++ox) {
            for (int o = 0; o < out_channels; ++o) {
              const int ky = y - window_start(oy, in_size, stride),
                        kx = x - window_start(ox, in_size, stride);
              const bool seen = ky >= 0 && ky < 3 && kx >= 0 && kx < 3 && (!depthwise || o == i);
              const int index =
                  depthwise ? (ky * 3 + kx) * 3 + o : ((ky * 3 + kx) * in_channels + i) * out_channels + o;
              const int64_t expected = seen ? 100 * conv.weights.codes[static_cast<size_t>(index)] : 0;
              ASSERT_EQ(acc[static_cast<size_t>((oy * out + ox) * out_channels + o)], expected)
                  << "impulse at " << y << "," << x << " channel " << i << ", output " << oy << "," << ox
                  << " channel " << o;
            }
          }
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    EvenAndOddSizesBothStrides, Padding,
    testing::Values(PaddingCase{ConvKind::kConv1, 6, 2}, PaddingCase{ConvKind::kConv1, 7, 2},
                    PaddingCase{ConvKind::kDepthwise, 1, 1}, PaddingCase{ConvKind::kDepthwise, 1, 2},
                    PaddingCase{ConvKind::kDepthwise, 2, 2}, PaddingCase{ConvKind::kDepthwise, 5, 1},
                    PaddingCase{ConvKind::kDepthwise, 5, 2}, PaddingCase{ConvKind::kDepthwise, 6, 1},
                    PaddingCase{ConvKind::kDepthwise, 6, 2}),
    [](const auto& parameters) {
      return std::string(parameters.param.kind == ConvKind::kConv1 ? "conv1" : "depthwise") + "_size" +
             std::to_string(parameters.param.in_size) + "_stride" + std::to_string(parameters.param.stride);
    });

TEST(Executor, PointwiseIsAMatrixProductAtEachPixel) {
  const IntegerConv conv = make_conv(ConvKind::kPointwise, 2, 1, 5, 3);
  std::vector<int16_t> input(2 * 2 * 5);
  std::iota(input.begin(), input.end(), int16_t{1});
  const auto acc = convolve_integer(conv, input);
  for (size_t p = 0; p < 4; ++p) {
    for (size_t o = 0; o < 3; ++o) {
      int64_t expected = 0;
      for (size_t i = 0; i < 5; ++i) expected += conv.weights.codes[i * 3 + o] * input[p * 5 + i];
      EXPECT_EQ(acc[p * 3 + o], expected);
    }
  }
}

TEST(Executor, GreyInputIsZeroSoThatPaddingIsGrey) {
  const std::vector<uint8_t> grey(6 * 6 * 3, 128);
  const IntegerConv conv = make_conv(ConvKind::kConv1, 6, 2, 3, 4);
  const auto acc = convolve_integer(conv, input_from_pixels(grey));
  EXPECT_EQ(acc, std::vector<int64_t>(3 * 3 * 4, 0));
  EXPECT_EQ(input_from_pixels(std::vector<uint8_t>{0, 128, 255}), (std::vector<int16_t>{-128, 0, 127}));
}

TEST(Executor, LogitsAreExactWhereThirtyTwoBitsWouldNotDo) {
  IntegerHead head;
  constexpr size_t kChannels = 1024, kPixels = 1024, kClasses = 2;
  head.weights.codes.assign(kChannels * kClasses, 127);
  for (size_t c = 0; c < kChannels; ++c) head.weights.codes[c * kClasses + 1] = -127;
  head.bias = {5, -7};
  const std::vector<uint8_t> codes(kPixels * kChannels, 255);
  const int64_t sum = int64_t{255} * 127 * static_cast<int64_t>(kPixels * kChannels);
  EXPECT_EQ(integer_logits(head, codes), (std::vector<int64_t>{sum + 5, -sum - 7}));
}

TEST(Executor, RefusesImagesOfAnotherSizeAndAccumulatorsOutsideTheirInterval) {
  const auto calibrated = test::make_calibrated(32, 3, {8, 8}, 5, 4);
  IntegerNetwork network = calibrated.lower(14, 8);
  const std::vector<uint8_t> small(31 * 32 * 3);
  EXPECT_THAT(error_of([&] { IntegerExecutor(network).run(small); }), HasSubstr("32 x 32 x 3"));
  network.convs[4].accumulator_max = 0;
  EXPECT_THAT(error_of([&] { IntegerExecutor(network).run(calibrated.images[0]); }),
              testing::AllOf(HasSubstr("l02_pointwise"), HasSubstr("outside the recorded interval")));
  network.convs[2].weights.codes.pop_back();
  EXPECT_THAT(error_of([&] { IntegerExecutor{network}; }), HasSubstr("l01_pointwise"));
}

TEST(Executor, ExtremeImagesStayWithinTheIntervals) {
  const auto calibrated = test::make_calibrated(33, 4, {8, 8}, 6, 4);
  const IntegerNetwork network = calibrated.lower(7, 8);
  const IntegerExecutor executor(network);
  for (const uint8_t value : {uint8_t{0}, uint8_t{128}, uint8_t{255}}) {
    const std::vector<uint8_t> flat(33 * 33 * 3, value);
    const IntegerResult result = executor.run(flat);
    EXPECT_EQ(result.codes.size(), 27u);
    EXPECT_EQ(result.logits.size(), 4u);
  }
}

}  // namespace
}  // namespace fixynn
