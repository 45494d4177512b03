// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gui/model/run_snapshot.h"

namespace fixynn::gui {

struct RunStoreOptions {
  /// Called from other threads, without any lock held, after each change: glfwPostEmptyEvent, say. May be
  /// empty.
  std::function<void()> wake;
  double poll_seconds = 0.25;
  double network_poll_seconds = 2.0;       ///< for folders on a network file system
  double longest_back_off_seconds = 10.0;  ///< between tries while a folder cannot be read
  double shortest_change_seconds = 0.05;   ///< between two changes shown of one run
  double lost_seconds = 10.0;              ///< a heartbeat that stands still for so long: kLost
  double no_answer_seconds = 5.0;          ///< of a read that does not come back: kUnreachable
  /// For tests: called before each access to a file of a run, on that run's thread.
  std::function<void(const std::filesystem::path&)> before_read;
};

/// What RunStore::open did.
struct OpenResult {
  int id = 0;           ///< of the run; of the one that is open already for a duplicate
  bool opened = false;  ///< false: `message` says why
  std::string message;
};

/// Watches run directories, each on a thread of its own, so that a folder that hangs holds up only itself.
/// All functions may be called from any thread and return at once: none of them touches a file of a run on
/// the caller's thread. Never throws for what stands in a run directory.
class RunStore {
 public:
  explicit RunStore(RunStoreOptions options = {});
  /// Does not wait for threads that hang in a read: they end when it comes back.
  ~RunStore();
  RunStore(const RunStore&) = delete;
  RunStore& operator=(const RunStore&) = delete;

  /// Begins to watch a folder. The path is made canonical on the run's thread: when that shows that the same
  /// folder is open under another name, the newcomer is closed again and `notices()` says so.
  OpenResult open(const std::filesystem::path& folder);
  /// Does nothing for an unknown id.
  void close(int id);
  /// Reads now instead of at the next poll, also during a back-off.
  void refresh(int id);
  void refresh_all();
  /// For the settings: seconds between polls of local folders and of those on a network file system.
  void set_poll_seconds(double local, double network);

  /// In order of opening.
  std::vector<RunPointer> snapshots() const;
  /// Null for an unknown id.
  RunPointer snapshot(int id) const;
  /// Grows by one with every change of any run, with open and with close.
  uint64_t generation() const;
  /// Sentences since the last call, for a toast: duplicates that were closed.
  std::vector<std::string> take_notices();

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

/// True for a folder with points.jsonl or metrics.jsonl, or with status.json or config.yaml beside run.yaml
/// or log.txt. Touches files: not on the UI thread for a folder that may hang.
bool looks_like_run(const std::filesystem::path& folder);

/// The folder itself when it looks like a run, otherwise its sub-folders that do, by name; one level. None
/// for what cannot be read.
std::vector<std::filesystem::path> find_runs(const std::filesystem::path& folder);

}  // namespace fixynn::gui
