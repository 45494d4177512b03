// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace fixynn {

/// Times of the instant estimate, in milliseconds, on one thread: what somebody waits for who drags a slider.
struct CostBenchResult {
  double load_ms = 0;  ///< making the estimate of a network, all widths and sparsities
  /// From an edit to area, energy and platform at N = 14. An edit changes the bits of one layer;
  double design_median_ms = 0, design_p99_ms = 0;
  double sparsity_median_ms = 0, sparsity_p99_ms = 0;  ///< or the sparsity of all;
  double options_median_ms = 0, options_p99_ms = 0;    ///< or the plan's options and the technology.
  double sweep_median_ms = 0;  ///< Figure 2: 5 numbers of fixed layers at 13 areas, from bits to points
  double sweep_p99_ms = 0;
  int designs = 0, sweeps = 0;
};

/// `designs` edits and a tenth as many sweeps of MobileNetV1 with random weights.
CostBenchResult run_cost_bench(double alpha, int input_size, int designs);

/// One line.
std::string cost_bench_json(double alpha, int input_size, const CostBenchResult& result);

}  // namespace fixynn
