// SPDX-License-Identifier: Apache-2.0
#include "hardware/csd.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace fixynn {
namespace {

int64_t value_of(const std::vector<SignedDigit>& digits) {
  int64_t value = 0;
  for (const SignedDigit& digit : digits) value += (int64_t{1} << digit.shift) * (digit.negative ? -1 : 1);
  return value;
}

TEST(Csd, DigitsGiveTheNumberAndHaveNoNeighbours) {
  for (int64_t value = -70000; value <= 70000; ++value) {
    const std::vector<SignedDigit> digits = csd_digits(value);
    ASSERT_EQ(value_of(digits), value);
    ASSERT_EQ(csd_digit_count(value), static_cast<int>(digits.size())) << value;
    for (size_t i = 1; i < digits.size(); ++i) ASSERT_GT(digits[i].shift, digits[i - 1].shift + 1) << value;
  }
}

TEST(Csd, NoSumOfSignedPowersOfTwoIsShorter) {
  // Breadth first over sums of k signed powers of two up to 2^10: the first k that reaches a number.
  std::map<int64_t, int> fewest{{0, 0}};
  std::vector<int64_t> reached{0};
  for (int k = 1; k <= 5; ++k) {
    std::vector<int64_t> next;
    for (const int64_t value : reached) {
      for (int64_t power = 1; power <= 1024; power *= 2) {
        for (const int64_t sum : {value + power, value - power}) {
          if (fewest.try_emplace(sum, k).second) next.push_back(sum);
        }
      }
    }
    reached = std::move(next);
  }
  for (int64_t value = -512; value <= 512; ++value) {
    ASSERT_EQ(csd_digit_count(value), fewest.at(value)) << value;
  }
}

}  // namespace
}  // namespace fixynn
