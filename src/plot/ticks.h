// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

namespace fixynn {

/// Round numbers 1, 2, 5 x 10^k covering [low, high] in about `count` steps, ends included.
std::vector<double> nice_ticks(double low, double high, int count);
/// 1, 2, 5 x 10^k (only powers of ten beyond three decades) covering [low, high], both positive; at least
/// two.
std::vector<double> log_ticks(double low, double high);
/// Between evenly spaced ticks and beyond them up to [low, high]: fifths of a step, or quarters of steps 2 x
/// 10^k.
std::vector<double> minor_ticks(const std::vector<double>& ticks, double low, double high);
/// 1..9 x 10^k within [low, high] that are not among `ticks`.
std::vector<double> minor_log_ticks(const std::vector<double>& ticks, double low, double high);

}  // namespace fixynn
