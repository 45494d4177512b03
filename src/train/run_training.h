// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "config/run_config.h"
#include "core/log.h"
#include "core/stop_signal.h"
#include "run/run_directory.h"
#include "train/services.h"

namespace fixynn {

struct RunRequest {
  RunConfig config;
  std::filesystem::path run_directory;
  bool resume = false;
  std::string command_line;  ///< for run.yaml
  /// Called after each finished training and at the end of the run, for the report. May be empty. An Error
  /// that it throws is logged and does not stop the run.
  std::function<void(const RunDirectory&)> on_results;
};

/// Runs the sweep: every seed x every fixed-layer count that has no point yet, going on from checkpoints.
/// Returns the exit code: 0 finished or stopped by control/stop.json, 130 or 143 stopped by a signal. Throws
/// Error; status.json then says "failed" with its message.
int run_training(const RunRequest& request, const TrainServices& services, const StopSignal& signal,
                 Log& log);

/// What a run would do, checked as far as possible without computing: configuration, data folder, pretrained
/// weights, run directory. The layer table and the plan as text. Writes nothing.
std::string dry_run(const RunRequest& request, const TrainServices& services);

}  // namespace fixynn
