// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "cuda/runtime/runtime.h"
#include "quant/fake_quant.h"

namespace fixynn::cuda {

/// Number of non-zero digits of `code` as a canonical signed digit number: the terms of a constant
/// multiplier, 7 = 8 - 1 has two. The digits of n are the bits in which n and 3n differ.
constexpr int csd_digits(int code) {
  const unsigned n = static_cast<unsigned>(code < 0 ? -code : code);
  return std::popcount(n ^ (3 * n));
}

/// A matrix of weight codes on the device.
struct CodeMatrix {
  const int8_t* codes = nullptr;
  int rows = 0, columns = 0;
};

struct WeightStatistics {
  int64_t weights = 0;
  int64_t zeros = 0;
  int64_t csd_digits = 0;                ///< summed over the weights
  std::array<int64_t, 256> histogram{};  ///< of code c in entry c + 128

  double sparsity() const {
    return weights == 0 ? 0.0 : static_cast<double>(zeros) / static_cast<double>(weights);
  }
};

/// Statistics of every matrix, in order; exact counts. Waits for the result. At most 256 matrices; needs 4
/// bytes of device memory a weight.
std::vector<WeightStatistics> weight_statistics(std::span<const CodeMatrix> matrices, Stream& stream);

/// The same for codes in host memory, e.g. TrainPlan::frozen: one copy to the device, one call. An entry
/// without codes (a float convolution) gives zeros.
std::vector<WeightStatistics> device_weight_statistics(std::span<const QuantisedWeights> weights,
                                                       Stream& stream);

/// A matrix of float weights on the device.
struct FloatMatrix {
  const float* values = nullptr;
  int rows = 0, columns = 0;
};

struct FloatWeightStatistics {
  int64_t weights = 0;
  int64_t zeros = 0;  ///< of either sign
  float smallest = 0, largest = 0;

  double sparsity() const {
    return weights == 0 ? 0.0 : static_cast<double>(zeros) / static_cast<double>(weights);
  }
};

/// Waits for the result. Values must not be NaN.
std::vector<FloatWeightStatistics> weight_statistics(std::span<const FloatMatrix> matrices, Stream& stream);

}  // namespace fixynn::cuda
