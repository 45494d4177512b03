// SPDX-License-Identifier: Apache-2.0
#include "gui/model/run_snapshot.h"

#include <algorithm>

namespace fixynn::gui {

double age_seconds(const RunSnapshot& run, SteadyTime now) {
  return std::max(0.0, std::chrono::duration<double>(now - run.changed).count());
}

double unreachable_seconds(const RunSnapshot& run, SteadyTime now) {
  if (run.state != RunState::kUnreachable) return 0;
  return std::max(0.0, std::chrono::duration<double>(now - run.answered).count());
}

const char* state_name(RunState state) {
  switch (state) {
    case RunState::kReading:
      return "reading";
    case RunState::kEmpty:
      return "empty";
    case RunState::kLive:
      return "live";
    case RunState::kFinished:
      return "finished";
    case RunState::kStopped:
      return "stopped";
    case RunState::kFailed:
      return "failed";
    case RunState::kLost:
      return "lost";
    case RunState::kUnreachable:
      return "unreachable";
  }
  return "";
}

}  // namespace fixynn::gui
