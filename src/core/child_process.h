// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace fixynn {

/// A program to run and to wait for.
struct ChildProcess {
  std::vector<std::string> words;   ///< program (a path, or a name looked for in PATH) and its arguments
  std::filesystem::path folder;     ///< that it runs in
  std::filesystem::path log;        ///< its output and errors; replaced
  double limit_s = 3600;            ///< wall-clock seconds after which it is killed with all its children
  std::function<bool()> stop = {};  ///< asked some 50 times a second; true: killed in the same way
};

struct ChildResult {
  enum class End { kExited, kKilled, kTimedOut, kStopped };
  End end = End::kExited;
  int status = 0;  ///< exit status (127: no such program), or the signal that killed it
  double seconds = 0;
  bool succeeded() const { return end == End::kExited && status == 0; }
};

/// Runs it without standard input, in a process group of its own, which is gone when this returns. Throws
/// Error when no process can be started or the log cannot be written.
ChildResult run_child(const ChildProcess& child);

/// First executable file `name` in the folders of `search_path`, which are separated by colons; empty: none.
std::string find_program(const std::string& name, const std::string& search_path);

}  // namespace fixynn
