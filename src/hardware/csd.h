// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace fixynn {

/// One digit of a number in canonical signed digits: +2^shift or -2^shift.
struct SignedDigit {
  int shift;
  bool negative;
  bool operator==(const SignedDigit&) const = default;
};

/// Canonical signed digits (Reitwieser 1960), lowest first: no two neighbours are nonzero, so the count is
/// the least possible. Empty for 0.
std::vector<SignedDigit> csd_digits(int64_t value);

/// csd_digits(value).size(), without the vector.
int csd_digit_count(int64_t value);

}  // namespace fixynn
