// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "train/bench.h"

namespace fixynn {

/// One pass of a training step.
struct KernelTime {
  std::string name;         ///< "l03_depthwise backward"
  double microseconds = 0;  ///< median
  double bytes = 0;         ///< fewest that it can read and write
  double bytes_per_second() const { return microseconds > 0 ? bytes / (microseconds * 1e-6) : 0; }
};

/// A training step taken apart.
struct KernelBenchResult {
  std::string device;
  EngineFacts facts;
  std::vector<KernelTime> passes;    ///< in the order of execution
  double copy_bytes_per_second = 0;  ///< of a large copy; 0 = not known
  double step_microseconds = 0;      ///< of a whole step as training runs it, median
  double sum_of_passes() const;      ///< microseconds: what launches and gaps cost is left out
  double images_per_second(int batch) const { return batch / (step_microseconds * 1e-6); }
};

/// Times the passes of `step` and whole steps for about `seconds`. Throws Error(kUsage) where the engine
/// cannot time its passes.
KernelBenchResult measure_kernels(TrainEngine& engine, const StepSpec& step, double seconds);
/// The same for a network and images made for the request.
KernelBenchResult run_kernel_bench(const BenchRequest& request);

/// A table for people.
std::string kernel_bench_text(const BenchRequest& request, const KernelBenchResult& result);
/// One JSON line.
std::string kernel_bench_json(const BenchRequest& request, const KernelBenchResult& result);

}  // namespace fixynn
