// SPDX-License-Identifier: Apache-2.0
#include "quant/requantizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace fixynn {
namespace {

constexpr int32_t kMinI32 = std::numeric_limits<int32_t>::min();
constexpr int32_t kMaxI32 = std::numeric_limits<int32_t>::max();

/// Plain arithmetic, no shift: division that rounds towards zero, corrected to floor.
int64_t floor_divide(int64_t numerator, int64_t denominator) {
  const int64_t quotient = numerator / denominator;
  return numerator % denominator < 0 ? quotient - 1 : quotient;
}

int64_t reference(int64_t acc, int64_t multiplier, int64_t bias, int shift, int64_t code_max) {
  const int64_t value = floor_divide(acc * multiplier + bias, int64_t{1} << shift);
  return std::min(std::max(value, int64_t{0}), code_max);
}

TEST(Requantizer, EqualsPlainArithmeticOverTheWholeTwentyBitRangeForCornerMultipliersAndBiases) {
  for (const int shift : {8, 16, 24}) {
    const int32_t half = 1 << (shift - 1);
    for (const int32_t multiplier : {-32768, -32767, -1, 0, 1, 129, 32767}) {
      for (const int32_t bias : {kMinI32, -half, half, 100 * (half >> 6) + 1, kMaxI32}) {
        int64_t mismatches = 0;
        for (int32_t acc = -(1 << 19); acc < (1 << 19); ++acc) {
          mismatches += Requantizer::apply(acc, multiplier, bias, shift, 255) !=
                        reference(acc, multiplier, bias, shift, 255);
        }
        EXPECT_EQ(mismatches, 0) << "M " << multiplier << " B " << bias << " S " << shift;
      }
    }
  }
}

TEST(Requantizer, EqualsPlainArithmeticAtTheEndsOfThirtyOneBitAccumulators) {
  for (int shift = 8; shift <= 24; ++shift) {
    for (const int32_t end : {-(1 << 30), -(1 << 20), 0, (1 << 20), (1 << 30) - 1 - 300}) {
      for (int32_t acc = end; acc < end + 300; ++acc) {
        for (const int32_t multiplier : {-32768, -32767, 1, 32767}) {
          for (const int32_t bias : {kMinI32, -1, 0, kMaxI32}) {
            for (const int32_t code_max : {3, 15, 255}) {
              ASSERT_EQ(Requantizer::apply(acc, multiplier, bias, shift, code_max),
                        reference(acc, multiplier, bias, shift, code_max))
                  << acc << " " << multiplier << " " << bias << " " << shift;
            }
          }
        }
      }
    }
  }
}

TEST(Requantizer, RoundsHalfUpAlsoBelowZero) {
  for (int shift = 8; shift <= 24; ++shift) {
    // 100 steps up, so that negative values are seen before the clamp.
    const int32_t half = 1 << (shift - 1);
    const int32_t bias = 100 * (half * (shift < 24 ? 2 : 0)) + half;
    const int base = shift < 24 ? 100 : 0;
    for (int halves = base == 0 ? 0 : -9; halves <= 9; ++halves) {
      for (const int nudge : {-1, 0, 1}) {
        const int32_t acc = halves * half + nudge;
        const double exact = std::ldexp(static_cast<double>(acc), -shift);
        const int expected = base + static_cast<int>(std::floor(exact + 0.5));
        EXPECT_EQ(Requantizer::apply(acc, 1, bias, shift, 255), std::max(expected, 0))
            << "acc " << acc << " S " << shift;
      }
    }
  }
  // Spelled out: -0.5 goes to 0 and -1.5 to -1, 0.5 to 1, not away from zero and not to even.
  const int32_t bias = 100 * 256 + 128;
  EXPECT_EQ(Requantizer::apply(-128, 1, bias, 8, 255), 100);
  EXPECT_EQ(Requantizer::apply(-129, 1, bias, 8, 255), 99);
  EXPECT_EQ(Requantizer::apply(-384, 1, bias, 8, 255), 99);
  EXPECT_EQ(Requantizer::apply(128, 1, bias, 8, 255), 101);
  EXPECT_EQ(Requantizer::apply(128, -1, bias, 8, 255), 100);
}

TEST(Requantizer, ClampsToTheCodes) {
  EXPECT_EQ(Requantizer::apply(1 << 20, 32767, 0, 8, 15), 15);
  EXPECT_EQ(Requantizer::apply(1 << 20, -32767, 0, 8, 15), 0);
  EXPECT_EQ(Requantizer::apply(3 << 8, 1, 0, 8, 3), 3);
  EXPECT_EQ(Requantizer::apply(4 << 8, 1, 0, 8, 3), 3);
}

}  // namespace
}  // namespace fixynn
