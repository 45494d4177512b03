// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "gui/model/json_tail.h"
#include "gui/model/log_tail.h"
#include "gui/model/run_snapshot.h"

namespace fixynn::gui {

struct RunReaderOptions {
  double lost_seconds = 10;
  std::function<void(const std::filesystem::path&)> before_read = {};  ///< before each access to a file
  std::function<void(double share)> progress = {};  ///< 0..1 of the first reading; called by poll()
};

/// Reads one run directory again and again, on the caller's thread. RunStore puts one on a thread of its own.
class RunReader {
 public:
  RunReader(const std::filesystem::path& folder, RunReaderOptions options);

  /// Reads what has changed since the last call; true when the snapshot did. Never throws for what stands in
  /// the folder.
  bool poll(SteadyTime now);

  /// As of the last poll; id and generation are left at 0.
  const RunSnapshot& snapshot() const { return run_; }
  bool is_reachable() const { return run_.state != RunState::kUnreachable; }

 private:
  /// What tells whether a small file has to be read again.
  struct Stamp {
    bool there = false;
    dev_t device = 0;
    ino_t inode = 0;
    int64_t size = 0, seconds = 0, nanoseconds = 0;
    bool operator==(const Stamp&) const = default;
  };
  /// A small file's text when it differs from the last time; "" when it is gone.
  std::optional<std::string> read_changed(const std::string& name);
  void access(const std::filesystem::path& path) const;
  bool look_at_folder();
  void read_settings();
  void read_status(SteadyTime now);
  void read_log();
  template <typename Visit>
  bool read_lines(JsonTail& tail, Visit visit, const std::function<void()>& restart,
                  const std::function<bool(std::string_view)>& short_cut = {});
  bool read_tails();
  void derive_state(SteadyTime now);
  void collect_problems();
  bool set_unreachable(const std::string& message, SteadyTime now);

  std::filesystem::path given_;
  RunReaderOptions options_;
  RunSnapshot run_;
  bool first_ = true;  ///< until everything has been read once
  JsonTail metrics_, points_, losses_;
  LogTail log_;
  std::map<std::string, Stamp> stamps_;
  std::map<std::string, std::string> file_problems_;  ///< by file
  bool changed_ = false;                              ///< in this poll
  std::string host_;
  SteadyTime heartbeat_changed_;
  bool heartbeat_seen_moving_ = false;
  double bytes_total_ = 0, bytes_done_ = 0;  ///< of the first reading
};

}  // namespace fixynn::gui
