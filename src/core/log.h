// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <mutex>
#include <string>
#include <utility>

namespace fixynn {

/// Now, UTC, ISO 8601 to the second: "2026-11-21T09:08:07Z".
std::string utc_timestamp();

/// Messages for a person: on the console as they are, and in a file with timestamps once one is open. On a
/// terminal it can also keep one line at the bottom up to date. Safe to call from several threads.
class Log {
 public:
  /// `console` may be null: file only.
  explicit Log(std::FILE* console);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  /// Appends to `path` from now on. Throws a sentence when the file cannot be opened. A later write error
  /// (full disk) does not stop the program: the checkpoint that follows reports it.
  void open_file(const std::filesystem::path& path);

  template <typename... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) {
    write(fmt::format(format, std::forward<Args>(args)...));
  }
  template <typename... Args>
  void warn(fmt::format_string<Args...> format, Args&&... args) {
    write("warning: " + fmt::format(format, std::forward<Args>(args)...));
  }
  /// Into the file alone: the program prints its error itself.
  void fail_line(const std::string& message);

  /// Replaces the live line; does nothing when the console is not a terminal.
  void live(const std::string& line);
  /// Into the file, and on the console only where there is no live line to show the same.
  void progress(const std::string& line);
  bool terminal() const { return terminal_; }

 private:
  void write(const std::string& line);
  void clear_live();
  void write_console(const std::string& line);
  void write_file(const std::string& line);

  std::FILE* console_;
  std::FILE* file_ = nullptr;
  bool terminal_;
  bool live_shown_ = false;
  std::mutex mutex_;
};

}  // namespace fixynn
