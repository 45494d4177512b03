// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace fixynn {

/// A program to run and to wait for.
struct ChildProcess {
  std::vector<std::string> words;   ///< program (a path, or a name looked for in PATH) and its arguments
  std::filesystem::path folder;     ///< that it runs in
  std::filesystem::path log;        ///< its output and errors; replaced
  double limit_s = 3600;            ///< wall-clock seconds after which it is killed with all its children
  std::function<bool()> stop = {};  ///< asked some 50 times a second; true: ended as the next two say
  /// Sent to its process group first, when `stop` asks for an end: SIGTERM, say, for a clean stop. 0: none.
  int stop_signal = 0;
  double grace_s = 0;  ///< seconds between `stop_signal` and the kill
  /// In a session of its own, away from the terminal: closing that, or Ctrl-C in it, does not reach it.
  bool own_session = false;
};

struct ChildResult {
  enum class End { kExited, kKilled, kTimedOut, kStopped };
  End end = End::kExited;
  int status = 0;  ///< exit status (127: no such program), or the signal that killed it
  double seconds = 0;
  bool succeeded() const { return end == End::kExited && status == 0; }
};

/// A process that has been started. For who waits in a way of his own; everybody else calls run_child.
class StartedChild {
 public:
  /// Without standard input, in a process group of its own. Throws Error when no process can be started or
  /// the log cannot be written. `limit_s`, `stop`, `stop_signal` and `grace_s` are not looked at.
  explicit StartedChild(const ChildProcess& child);
  /// Kills what is left of its group and waits for it, unless it was let go.
  ~StartedChild();
  StartedChild(const StartedChild&) = delete;
  StartedChild& operator=(const StartedChild&) = delete;

  int pid() const { return process_; }
  double seconds() const;  ///< wall-clock, since the start
  /// Its end (kExited or kKilled), or nothing while it runs. After an end its group is gone.
  std::optional<ChildResult> poll();
  /// To its whole process group; nothing after its end.
  void send(int signal);
  /// SIGKILL to the group; waits for the process. `end` goes into the result.
  ChildResult kill_all(ChildResult::End end);
  /// Leaves it to itself.
  void let_go() { process_ = 0; }
  /// True when somebody else has waited for it: how it ended is not known.
  bool is_lost() const { return lost_; }

 private:
  int process_ = 0;  ///< 0: has ended, or was let go
  bool lost_ = false;
  std::chrono::steady_clock::time_point start_;
};

/// Runs it without standard input, in a process group of its own, which is gone when this returns. Throws
/// Error when no process can be started or the log cannot be written.
ChildResult run_child(const ChildProcess& child);

/// First executable file `name` in the folders of `search_path`, which are separated by colons; empty: none.
std::string find_program(const std::string& name, const std::string& search_path);

}  // namespace fixynn
