// SPDX-License-Identifier: Apache-2.0
#include "hardware/csd.h"

#include <bit>

namespace fixynn {

std::vector<SignedDigit> csd_digits(int64_t value) {
  std::vector<SignedDigit> digits;
  for (int shift = 0; value != 0; ++shift) {
    if ((value & 1) != 0) {
      // A run of ones (..11) becomes 1 0 .. -1: the digit is what leaves the rest divisible by 4.
      const bool negative = (value & 3) == 3;
      digits.push_back({shift, negative});
      value += negative ? 1 : -1;
    }
    value /= 2;
  }
  return digits;
}

int csd_digit_count(int64_t value) {
  const uint64_t magnitude = value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  return std::popcount((magnitude ^ (3 * magnitude)) & ~uint64_t{0});
}

}  // namespace fixynn
