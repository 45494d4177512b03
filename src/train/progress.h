// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "core/log.h"
#include "run/run_directory.h"

namespace fixynn {

/// Which training of the sweep runs, and how many steps it and the sweep have.
struct ProgressPoint {
  int number = 0, count = 0;  ///< "training 2 of 5"
  int fixed_layers = 0;
  uint64_t seed = 0;
  int epochs = 0;
  int64_t steps_per_epoch = 0;
};

/// Where a training is after some of its steps.
struct ProgressStep {
  int epoch = 0;             ///< from 0
  int64_t step = 0;          ///< of this epoch, those included that a device has not finished yet
  int64_t sweep_step = 0;    ///< of the whole sweep
  int64_t unfinished = 0;    ///< how many of `step` the figures below do not know yet
  int64_t images = 0;        ///< trained in this epoch
  double loss_sum = 0;       ///< over them
  double train_seconds = 0;  ///< that they took
  double wall_seconds = 0;   ///< of this training so far

  double loss() const;               ///< mean of the epoch so far
  double images_per_second() const;  ///< mean of the epoch so far
};

/// Shows where the run is: a live line on a terminal, a plain line every ten seconds in the log, and
/// status.json once a second from a thread of its own, so that the heartbeat also beats during evaluation and
/// loading; a line of losses.jsonl about once a second and at the end of each epoch.
class Progress {
 public:
  Progress(const RunDirectory& directory, Log& log);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `steps_done` of `steps_total`: of the whole sweep, already finished trainings counted as done.
  void set_sweep(int64_t steps_done, int64_t steps_total);
  void begin_point(const ProgressPoint& point);
  void set_state(const std::string& state, const std::string& message = "");
  /// After one or more training steps.
  void step(const ProgressStep& now);
  /// The last status of the run, written before it returns. Throws when it cannot be.
  void finish(const std::string& state, const std::string& message);

  /// Wall seconds left at the pace since the start; nothing in the first two seconds.
  std::optional<double> eta_seconds() const;

 private:
  void beat();
  void write_status();
  std::string line(double loss) const;
  void append_loss(const ProgressStep& now);

  using Clock = std::chrono::steady_clock;
  const RunDirectory& directory_;
  Log& log_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool ending_ = false;
  RunStatus status_;
  ProgressPoint point_;
  int64_t step_in_epoch_ = 0;
  int epoch_ = 0;  ///< from 0, of the step shown
  int64_t first_step_ = 0, sweep_step_ = 0, sweep_steps_ = 0;
  Clock::time_point training_start_, last_live_, last_line_, last_loss_;
  ProgressStep loss_step_;  ///< of the last line of losses.jsonl
  std::thread heartbeat_;
};

}  // namespace fixynn
