// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "core/log.h"
#include "core/stop_signal.h"

namespace fixynn {

/// A step of long work on the console: while it lasts, a live line with its time; at its end one line with
/// its time, unless it was over at once.
class StepLine {
 public:
  StepLine(Log& log, const StopSignal& signal, std::string what);
  /// Ends the line without a word unless done() was called.
  ~StepLine();
  StepLine(const StepLine&) = delete;
  StepLine& operator=(const StepLine&) = delete;

  /// "3 of 13 convolutions"
  void set_detail(const std::string& detail);
  /// The step succeeded; its seconds.
  double done();

 private:
  using Clock = std::chrono::steady_clock;
  double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }
  void show();
  void stop_thread();

  Log& log_;
  const StopSignal& signal_;
  std::string what_, detail_;
  Clock::time_point start_;
  bool ending_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::thread thread_;
};

}  // namespace fixynn
