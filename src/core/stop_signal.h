// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csignal>
#include <string>

namespace fixynn {

/// While one of these lives, the first SIGINT or SIGTERM is only noted, so that the program can stop at a
/// good place; the second ends the process at once, as it would without this. One object at a time; the
/// destructor puts the former handlers back.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  /// 0, or the signal's number (SIGINT, SIGTERM).
  int received() const;

 private:
  struct sigaction former_interrupt_ {};
  struct sigaction former_terminate_ {};
};

/// A signal ended the work; `signal` is its number, `message` says what is kept.
struct StoppedBySignal {
  int signal = 0;
  std::string message;
};

}  // namespace fixynn
