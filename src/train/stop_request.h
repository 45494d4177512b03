// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "core/stop_signal.h"
#include "run/run_directory.h"

namespace fixynn {

/// Whether to stop at the next batch: a signal, or control/stop.json (looked for a few times a second).
class StopRequest {
 public:
  StopRequest(const StopSignal& signal, const RunDirectory& directory)
      : signal_(signal), directory_(directory) {}

  bool requested() {
    if (by_file_ || signal_.received() != 0) return true;
    const auto now = std::chrono::steady_clock::now();
    if (now - last_look_ > std::chrono::milliseconds(200)) {
      last_look_ = now;
      by_file_ = directory_.stop_requested();
    }
    return by_file_;
  }
  /// 128 + signal, or 0 when the file asked.
  int exit_code() const { return signal_.received() == 0 ? 0 : 128 + signal_.received(); }

 private:
  const StopSignal& signal_;
  const RunDirectory& directory_;
  std::chrono::steady_clock::time_point last_look_{};
  bool by_file_ = false;
};

}  // namespace fixynn
