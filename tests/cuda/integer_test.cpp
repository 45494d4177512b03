// SPDX-License-Identifier: Apache-2.0
// The integer passes on the device give exactly the integers of the executor's plain loops.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "cuda/device_array.h"
#include "cuda/engine/integer_packing.h"
#include "cuda/kernels/integer_layout.h"
#include "cuda/kernels/integer_passes.h"
#include "integer/executor.h"

namespace fixynn {
namespace {

using testing_cuda::DeviceArray;
using testing_cuda::DeviceTest;
using testing_cuda::TestQueue;

size_t size_of(int value) {
  return static_cast<size_t>(value);
}

/// How the tables of a case are drawn.
enum class Tables {
  kSpread,    ///< multipliers of either sign; codes spread over their range and beyond both ends
  kWide,      ///< multipliers and biases over their whole ranges, shifts from 0 to 31 in turn
  kSaturate,  ///< the largest weights and inputs, of one sign a channel: accumulators at their extremes
};

struct Case {
  ConvKind kind;
  int images, in_channels, out_channels, size, stride;
  int weight_bits = 8, in_bits = 8, out_bits = 8;
  Tables tables = Tables::kSpread;
  int multiprocessors = 4;
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << "kind " << static_cast<int>(c.kind) << " images " << c.images << " channels " << c.in_channels
             << " -> " << c.out_channels << " size " << c.size << " stride " << c.stride << " bits "
             << c.weight_bits << "/" << c.in_bits << "/" << c.out_bits << " tables "
             << static_cast<int>(c.tables);
}

IntegerConv make_conv(const Case& c, int shift, RandomSequence& random) {
  IntegerConv result;
  Conv& conv = result.conv;
  conv = {c.kind, 0, "test", c.in_channels, c.out_channels, c.stride, c.size, c.size, 0};
  if (c.kind != ConvKind::kPointwise) {
    const SamePadding padding = same_padding_3(c.size, c.stride);
    conv.out_size = padding.output;
    conv.pad_before = padding.before;
  }
  result.quant = {c.weight_bits, c.out_bits};
  result.shift = shift;
  const int most = weight_code_max(c.weight_bits), code_max = activation_code_max(c.out_bits);
  for (int64_t i = 0; i < conv.weight_count(); ++i) {
    const int code = c.tables == Tables::kSaturate
                         ? (i % conv.out_channels % 2 == 0 ? most : -most)
                         : static_cast<int>(random.below(static_cast<uint32_t>(2 * most + 1))) - most;
    result.weights.codes.push_back(static_cast<int8_t>(code));
  }
  // A typical accumulator: a random walk over the taps.
  const double spread =
      std::sqrt(static_cast<double>(conv.taps())) * most * 0.6 * activation_code_max(c.in_bits) * 0.6;
  for (int k = 0; k < conv.out_channels; ++k) {
    Requantizer r;
    const double sign = random.below(3) == 0 ? -1.0 : 1.0;
    if (c.tables == Tables::kWide) {
      r.multiplier = static_cast<int16_t>(static_cast<int>(random.below(65536)) - 32768);
      r.bias = std::numeric_limits<int32_t>::min() + static_cast<int32_t>(random.below(0x7fffffff)) * 2;
    } else {
      const double gain = sign * random.uniform(0.2f, 1.5f) * code_max / spread;
      r.multiplier = static_cast<int16_t>(std::clamp(std::ldexp(gain, shift), -32768.0, 32767.0));
      r.bias = static_cast<int32_t>(
                   std::ldexp(static_cast<double>(random.uniform(-0.3f, 1.0f)) * code_max, shift)) +
               (1 << (shift - 1));
    }
    result.requantizers.push_back(r);
  }
  return result;
}

std::vector<uint8_t> make_input(const Case& c, RandomSequence& random) {
  std::vector<uint8_t> codes(size_of(c.images) * size_of(c.size * c.size) * size_of(c.in_channels));
  const auto levels = static_cast<uint32_t>(activation_code_max(c.in_bits) + 1);
  for (uint8_t& code : codes) {
    code = static_cast<uint8_t>(c.tables == Tables::kSaturate ? levels - 1 : random.below(levels));
  }
  return codes;
}

/// The executor's accumulators, requantised.
std::vector<uint8_t> expected_codes(const IntegerConv& conv, const std::vector<uint8_t>& input, int images) {
  std::vector<uint8_t> codes;
  const size_t per_image = input.size() / size_of(images);
  const int code_max = activation_code_max(conv.quant.activation_bits);
  for (size_t image = 0; image < size_of(images); ++image) {
    const auto bytes = std::span(input).subspan(image * per_image, per_image);
    std::vector<int16_t> values = conv.conv.kind == ConvKind::kConv1
                                      ? input_from_pixels(bytes)
                                      : std::vector<int16_t>(bytes.begin(), bytes.end());
    const std::vector<int64_t> accumulators = convolve_integer(conv, values);
    for (size_t i = 0; i < accumulators.size(); ++i) {
      const Requantizer& r = conv.requantizers[i % conv.requantizers.size()];
      codes.push_back(static_cast<uint8_t>(Requantizer::apply(static_cast<int32_t>(accumulators[i]),
                                                              r.multiplier, r.bias, conv.shift, code_max)));
    }
  }
  return codes;
}

std::vector<uint8_t> device_codes(const IntegerConv& conv, const std::vector<uint8_t>& input, int images,
                                  int multiprocessors) {
  const Conv& c = conv.conv;
  const cuda::PackedIntegerConv packed = cuda::pack_integer_conv(conv);
  const DeviceArray<int8_t> weights(packed.weights);
  const DeviceArray<int32_t> multiplier(packed.multiplier), bias(packed.bias);
  const DeviceArray<int32_t> initial(packed.initial.empty() ? std::vector<int32_t>{0} : packed.initial);
  const DeviceArray<uint8_t> in(input);
  const DeviceArray<uint8_t> out(size_of(images) * size_of(c.out_size * c.out_size) *
                                 size_of(c.out_channels));
  TestQueue queue(multiprocessors, 1);
  const cuda::IntegerConvPass pass{
      in.data(),
      weights.data(),
      multiplier.data(),
      bias.data(),
      initial.data(),
      conv.shift,
      activation_code_max(conv.quant.activation_bits),
      out.data(),
      {images, c.in_channels, c.out_channels, c.in_size, c.out_size, c.stride, c.pad_before}};
  if (c.kind == ConvKind::kConv1) integer_conv1(pass, queue.queue());
  if (c.kind == ConvKind::kDepthwise) integer_depthwise(pass, queue.queue());
  if (c.kind == ConvKind::kPointwise) integer_pointwise(pass, queue.queue());
  queue.wait();
  return out.read();
}

void expect_equal(const Case& c, int shift) {
  SCOPED_TRACE(testing::Message() << c << " shift " << shift);
  RandomSequence random(5, RandomStream::kSynthesise, static_cast<uint32_t>(shift));
  const IntegerConv conv = make_conv(c, shift, random);
  const std::vector<uint8_t> input = make_input(c, random);
  const std::vector<uint8_t> expected = expected_codes(conv, input, c.images);
  const std::vector<uint8_t> codes = device_codes(conv, input, c.images, c.multiprocessors);
  ASSERT_EQ(codes.size(), expected.size());
  size_t different = 0, first = codes.size(), varied = 0, low = 0, high = 0;
  const int code_max = activation_code_max(c.out_bits);
  for (size_t i = 0; i < codes.size(); ++i) {
    if (codes[i] != expected[i] && different++ == 0) first = i;
    low += expected[i] == 0;
    high += expected[i] == code_max;
    varied += expected[i] != 0 && expected[i] != code_max;
  }
  EXPECT_EQ(different, 0u) << "of " << codes.size() << " codes, the first at " << first << ": "
                           << int{codes[std::min(first, codes.size() - 1)]} << " instead of "
                           << int{expected[std::min(first, codes.size() - 1)]};
  if (c.tables == Tables::kSpread && codes.size() > 500) {
    EXPECT_GT(varied, codes.size() / 20) << "codes say little";
    EXPECT_GT(low, 0u) << "nothing saturates at 0";
    EXPECT_GT(high, 0u) << "nothing saturates at the largest code";
  }
}

class IntegerPassTest : public DeviceTest, public testing::WithParamInterface<Case> {};

TEST_P(IntegerPassTest, EqualsTheExecutor) {
  const Case c = GetParam();
  if (c.tables == Tables::kWide) {
    for (int shift = 0; shift < 32; ++shift) expect_equal(c, shift);
  } else {
    expect_equal(c, c.tables == Tables::kSaturate ? 8 : 16);
  }
}

constexpr ConvKind kConv1 = ConvKind::kConv1, kDepthwise = ConvKind::kDepthwise,
                   kPointwise = ConvKind::kPointwise;

INSTANTIATE_TEST_SUITE_P(Conv1, IntegerPassTest,
                         testing::Values(Case{kConv1, 3, 3, 8, 1, 2}, Case{kConv1, 1, 3, 16, 5, 2},
                                         Case{kConv1, 2, 3, 24, 7, 2}, Case{kConv1, 3, 3, 32, 17, 2},
                                         Case{kConv1, 2, 3, 8, 33, 2, 4, 8, 4},
                                         Case{kConv1, 1, 3, 16, 48, 2, 8, 8, 8, Tables::kSpread, 1},
                                         // More than one strip an image; one row fills a block.
                                         Case{kConv1, 2, 3, 8, 65, 2, 2, 8, 2}, Case{kConv1, 1, 3, 8, 513, 2},
                                         Case{kConv1, 2, 3, 48, 6, 2, 8, 8, 8, Tables::kSaturate},
                                         Case{kConv1, 1, 3, 16, 6, 2, 8, 8, 8, Tables::kWide}));

INSTANTIATE_TEST_SUITE_P(
    Depthwise, IntegerPassTest,
    testing::Values(Case{kDepthwise, 3, 8, 8, 1, 1}, Case{kDepthwise, 2, 8, 8, 5, 1},
                    Case{kDepthwise, 2, 8, 8, 5, 2}, Case{kDepthwise, 1, 16, 16, 7, 1},
                    Case{kDepthwise, 3, 16, 16, 7, 2}, Case{kDepthwise, 2, 24, 24, 17, 1, 4, 4, 5},
                    Case{kDepthwise, 2, 24, 24, 17, 2, 8, 8, 3}, Case{kDepthwise, 1, 48, 48, 33, 1},
                    Case{kDepthwise, 1, 48, 48, 32, 2, 8, 8, 8, Tables::kSpread, 1},
                    Case{kDepthwise, 5, 128, 128, 4, 1, 2, 2, 2}, Case{kDepthwise, 3, 256, 256, 2, 2},
                    Case{kDepthwise, 1, 1024, 1024, 3, 1, 6, 7, 7},
                    Case{kDepthwise, 2, 16, 16, 6, 1, 8, 8, 8, Tables::kSaturate},
                    Case{kDepthwise, 2, 8, 8, 6, 2, 8, 8, 8, Tables::kSaturate},
                    Case{kDepthwise, 1, 16, 16, 4, 1, 8, 8, 8, Tables::kWide},
                    Case{kDepthwise, 1, 8, 8, 4, 2, 8, 8, 6, Tables::kWide}));

INSTANTIATE_TEST_SUITE_P(
    Pointwise, IntegerPassTest,
    testing::Values(Case{kPointwise, 3, 8, 16, 1, 1}, Case{kPointwise, 1, 8, 8, 5, 1},
                    Case{kPointwise, 2, 16, 24, 7, 1}, Case{kPointwise, 1, 24, 48, 17, 1, 4, 4, 5},
                    Case{kPointwise, 1, 48, 16, 33, 1, 8, 8, 3}, Case{kPointwise, 2, 32, 32, 8, 1},
                    Case{kPointwise, 1, 64, 64, 13, 1, 8, 8, 8, Tables::kSpread, 1},
                    Case{kPointwise, 3, 96, 40, 5, 1, 2, 2, 2}, Case{kPointwise, 1, 80, 16, 6, 1},
                    Case{kPointwise, 2, 128, 128, 5, 1}, Case{kPointwise, 1, 72, 32, 7, 1},
                    Case{kPointwise, 1, 256, 192, 7, 1, 6, 7, 4}, Case{kPointwise, 1, 1024, 1024, 1, 1},
                    Case{kPointwise, 1, 1024, 128, 3, 1, 8, 8, 8, Tables::kSaturate},
                    Case{kPointwise, 2, 8, 16, 3, 1, 8, 8, 8, Tables::kSaturate},
                    Case{kPointwise, 1, 16, 16, 3, 1, 8, 8, 8, Tables::kWide},
                    Case{kPointwise, 1, 128, 64, 2, 1, 8, 8, 8, Tables::kWide}));

TEST(IntegerLayout, PointwiseChannelsAreAPermutationOfTheChunk) {
  for (const int chunk : {16, 32, 64}) {
    std::vector<int> seen(size_of(chunk), 0);
    for (int tile = 0; tile < chunk / 8; ++tile) {
      for (int column = 0; column < 8; ++column) {
        ++seen[size_of(cuda::pointwise_channel(chunk, tile, column))];
      }
    }
    EXPECT_EQ(seen, std::vector<int>(size_of(chunk), 1));
  }
}

TEST(IntegerLayout, RefusesChannelsThatAreNoMultipleOfEight) {
  RandomSequence random(1, RandomStream::kSynthesise, 0);
  const IntegerConv conv = make_conv({kPointwise, 1, 12, 16, 1, 1}, 16, random);
  EXPECT_THROW(cuda::pack_integer_conv(conv), Error);
  IntegerConv damaged = make_conv({kPointwise, 1, 16, 16, 1, 1}, 16, random);
  damaged.weights.codes.pop_back();
  EXPECT_THROW(cuda::pack_integer_conv(damaged), Error);
}

struct HeadCase {
  int images, pixels, channels, classes;
  bool largest = false;  ///< all codes and weights at their largest: sums beyond 32 bits
};

class IntegerHeadTest : public DeviceTest, public testing::WithParamInterface<HeadCase> {};

TEST_P(IntegerHeadTest, EqualsTheExecutor) {
  const HeadCase c = GetParam();
  RandomSequence random(9, RandomStream::kSynthesise, 0);
  IntegerHead head;
  head.logit_scale = 1.2345678901234e-5;
  for (int i = 0; i < c.channels * c.classes; ++i) {
    const int k = i % c.classes;
    head.weights.codes.push_back(static_cast<int8_t>(c.largest ? (k % 2 == 0 ? 127 : -127)
                                                               : static_cast<int>(random.below(255)) - 127));
  }
  for (int k = 0; k < c.classes; ++k) {
    head.bias.push_back(std::numeric_limits<int32_t>::min() + static_cast<int32_t>(random.below(0x7fffffff)));
  }
  std::vector<uint8_t> codes(size_of(c.images) * size_of(c.pixels) * size_of(c.channels));
  for (uint8_t& code : codes) code = static_cast<uint8_t>(c.largest ? 255 : random.below(256));
  const DeviceArray<uint8_t> in(codes);
  const DeviceArray<int8_t> weights(cuda::pack_integer_head(head));
  const DeviceArray<int32_t> bias(head.bias);
  const DeviceArray<float> logits(size_of(c.images) * size_of(c.classes));
  TestQueue queue(1, 1);
  integer_head({in.data(), weights.data(), bias.data(), head.logit_scale, logits.data(), c.images, c.pixels,
                c.channels, c.classes},
               queue.queue());
  queue.wait();
  const std::vector<float> measured = logits.read();
  const size_t per_image = codes.size() / size_of(c.images);
  size_t different = 0;
  for (size_t image = 0; image < size_of(c.images); ++image) {
    const auto expected = integer_logits(head, std::span(codes).subspan(image * per_image, per_image));
    for (size_t k = 0; k < expected.size(); ++k) {
      const auto value = static_cast<float>(static_cast<double>(expected[k]) * head.logit_scale);
      different += measured[image * expected.size() + k] != value;
    }
  }
  EXPECT_EQ(different, 0u) << "of " << measured.size() << " logits";
}

INSTANTIATE_TEST_SUITE_P(Head, IntegerHeadTest,
                         testing::Values(HeadCase{1, 1, 8, 2}, HeadCase{3, 4, 256, 10},
                                         HeadCase{11, 9, 128, 43}, HeadCase{1, 49, 1024, 7},
                                         HeadCase{2, 1, 2056, 3}, HeadCase{1, 1024, 1024, 3, true}));

}  // namespace
}  // namespace fixynn
