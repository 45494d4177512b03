// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "calibrate/yosys.h"

namespace fixynn {

/// A job with how long it may take, in any unit: to show the time left.
struct QueuedJob {
  SynthesisJob job;
  double effort = 1;
};

/// Of a design with so many adder bits and registers.
double synthesis_effort(double size);

/// A run is done: its job, its result, runs done and to do, seconds left (absent: not known yet).
using SynthesisProgress = std::function<void(const SynthesisJob& job, const SynthesisResult& result, int done,
                                             int total, std::optional<double> seconds_left)>;

/// Runs all jobs, the longest first, on `threads` as ThreadPool; results in the order of the jobs. After the
/// first failure no further job is begun; throws what that one threw.
std::vector<SynthesisResult> run_synthesis(const Synthesizer& yosys, const std::vector<QueuedJob>& jobs,
                                           int threads, const SynthesisProgress& progress);

}  // namespace fixynn
