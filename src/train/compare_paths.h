// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace fixynn {

/// Output codes of one convolution by two ways.
struct CodeComparison {
  std::string conv;
  int64_t values = 0, different = 0;
  int largest_difference = 0;
};

/// The plan that trained `network`: its bits, its weight codes for the frozen convolutions.
TrainPlan plan_of(const IntegerNetwork& network);

/// The integer engine against the exact executor, every quantised convolution. `pixels`: [images][S][S][3].
/// Anything but 0 different is a fault of the engine.
std::vector<CodeComparison> compare_with_executor(const IntegerNetwork& network, IntegerEngine& engine,
                                                  std::span<const uint8_t> pixels, int images);

/// The integer engine against the float fake-quantised path (in double precision, each path on its own
/// activations): how far rounding the batch norms to M and B moves the codes. Differences are expected; they
/// grow with depth. `convs`: how many of the leading quantised convolutions to look at.
std::vector<CodeComparison> compare_with_float_path(const IntegerNetwork& network, IntegerEngine& engine,
                                                    std::span<const uint8_t> pixels, int images,
                                                    size_t convs);

}  // namespace fixynn
