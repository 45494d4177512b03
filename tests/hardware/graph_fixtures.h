// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "core/error.h"
#include "hardware/adder_graph.h"
#include "hardware/optimise_adders.h"

namespace fixynn::graph_test {

/// Small numbers from a seed (SplitMix64): the same everywhere.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  int64_t between(int64_t low, int64_t high) {
    state_ += 0x9e3779b97f4a7c15u;
    uint64_t x = state_;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return low + static_cast<int64_t>((x ^ (x >> 31)) % static_cast<uint64_t>(high - low + 1));
  }

 private:
  uint64_t state_;
};

/// Weights of up to `bits` bits, the share `zero_percent` of them 0.
inline ConstantMatrix random_matrix(Random& random, int inputs, int outputs, int bits, int zero_percent) {
  ConstantMatrix matrix{inputs, outputs, {}};
  const int64_t most = (int64_t{1} << (bits - 1)) - 1;
  for (int i = 0; i < inputs * outputs; ++i) {
    const bool zero = random.between(0, 99) < zero_percent;
    matrix.weights.push_back(zero ? 0 : static_cast<int32_t>(random.between(-most, most)));
  }
  return matrix;
}

/// One row for each output.
inline ConstantMatrix matrix_of_rows(const std::vector<std::vector<int32_t>>& rows) {
  ConstantMatrix matrix{static_cast<int>(rows.front().size()), static_cast<int>(rows.size()), {}};
  for (size_t i = 0; i < rows.front().size(); ++i) {
    for (const std::vector<int32_t>& row : rows) matrix.weights.push_back(row[i]);
  }
  return matrix;
}

inline int64_t adder_bits(const ConstantMatrix& matrix, Interval input, Sharing sharing) {
  return total_adder_bits(node_facts(optimise_adders(matrix, input, sharing), input));
}

/// The message of the Error that `work` throws; "" when it throws none.
template <typename Work>
std::string error_of(const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

constexpr Interval kBytes{0, 255};
constexpr Sharing kEverySharing[] = {Sharing::kNone, Sharing::kPerInput, Sharing::kFull};

}  // namespace fixynn::graph_test
