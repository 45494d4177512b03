// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "hardware/csd.h"
#include "hardware/optimise_adders_pairs.h"

namespace fixynn {

/// The digits of numbers, found once for each number.
class DigitTable {
 public:
  explicit DigitTable(Digits digits) : digits_(digits), small_(2 * kSmall) {}

  /// The digits that may be taken from `number`: without one of them it needs one digit fewer. Lowest first.
  /// The reference holds.
  const std::vector<SignedDigit>& of(int32_t number) {
    if (number <= -kSmall || number >= kSmall) {
      std::vector<SignedDigit>& digits = large_[number];
      if (digits.empty()) digits = find(number);
      return digits;
    }
    std::vector<SignedDigit>& digits = small_[static_cast<size_t>(number + kSmall)];
    if (digits.empty() && number != 0) digits = find(number);
    return digits;
  }

 private:
  static constexpr int32_t kSmall = 1024;

  std::vector<SignedDigit> find(int32_t number) const {
    if (digits_ == Digits::kCanonical) return csd_digits(number);
    std::vector<SignedDigit> digits;
    const int count = csd_digit_count(number);
    for (int shift = 0; shift < 30; ++shift) {
      for (const bool negative : {false, true}) {
        const int64_t rest = number - (negative ? -(int64_t{1} << shift) : int64_t{1} << shift);
        if (csd_digit_count(rest) == count - 1) digits.push_back({shift, negative});
      }
    }
    return digits;
  }

  Digits digits_;
  std::vector<std::vector<SignedDigit>> small_;
  std::map<int32_t, std::vector<SignedDigit>> large_;
};

}  // namespace fixynn
