// SPDX-License-Identifier: Apache-2.0
#include "gui/model/run_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>

#include "gui/model/run_reader.h"

namespace fixynn::gui {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

Clock::duration duration(double seconds) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

double seconds_since(SteadyTime start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Without touching a file: absolute, without "..", "." and a slash at the end.
fs::path plain_path(const fs::path& path) {
  std::error_code code;
  fs::path absolute = fs::absolute(path, code);
  if (code) absolute = path;
  absolute = absolute.lexically_normal();
  return absolute.has_filename() ? absolute : absolute.parent_path();
}

/// One run that is watched. Everything but the path is guarded by Shared::mutex.
struct Entry {
  fs::path path;
  fs::path root;  ///< canonical; empty until the folder answered
  RunPointer snapshot;
  bool closing = false, refresh = false;
  bool overridden = false;  ///< the snapshot says kUnreachable although the reader has not said so
  bool reading = false;     ///< an access to a file is under way
  SteadyTime sign_of_life;  ///< of the thread while it reads
  std::condition_variable wake;
};

using EntryPointer = std::shared_ptr<Entry>;

}  // namespace

/// Kept alive by each thread: one that hangs in a read may outlive the store.
struct RunStore::Shared {
  RunStoreOptions options;
  std::mutex mutex;
  std::condition_variable changed;  ///< closing, or a call of wake has come back
  std::vector<EntryPointer> entries;
  std::vector<std::string> notices;
  uint64_t generation = 0;
  int next_id = 1;
  int wakes = 0;  ///< calls of options.wake under way
  bool closing = false;

  void wake_user(std::unique_lock<std::mutex>& lock);
  RunPointer snapshot_of(const EntryPointer& entry);
  void publish(const EntryPointer& entry, const RunSnapshot& content);
  bool close_duplicate(const EntryPointer& entry, const fs::path& root);
  void note_life(const EntryPointer& entry, bool reading);
  void remove(const EntryPointer& entry);
  void watch_for_silence();

  static void watch(std::shared_ptr<Shared> shared, EntryPointer entry);
  static void watch_run(const std::shared_ptr<Shared>& shared, const EntryPointer& entry);
};

/// The store's owner may go away after its destructor: no call may still be under way then.
void RunStore::Shared::wake_user(std::unique_lock<std::mutex>& lock) {
  if (closing || !options.wake) return;
  ++wakes;
  lock.unlock();
  options.wake();
  lock.lock();
  --wakes;
  changed.notify_all();
}

RunPointer RunStore::Shared::snapshot_of(const EntryPointer& entry) {
  const std::lock_guard lock(mutex);
  return entry->snapshot;
}

void RunStore::Shared::publish(const EntryPointer& entry, const RunSnapshot& content) {
  auto next = std::make_shared<RunSnapshot>(content);  // the long part, without the lock
  std::unique_lock lock(mutex);
  if (entry->closing) return;
  next->id = entry->snapshot->id;
  next->generation = entry->snapshot->generation + 1;
  entry->snapshot = std::move(next);
  entry->overridden = false;
  ++generation;
  wake_user(lock);
}

void RunStore::Shared::remove(const EntryPointer& entry) {
  entry->closing = true;
  entry->wake.notify_all();
  std::erase(entries, entry);
  ++generation;
}

/// True when another entry turned out to be the same folder: this one, known later, is closed.
bool RunStore::Shared::close_duplicate(const EntryPointer& entry, const fs::path& root) {
  std::unique_lock lock(mutex);
  for (const EntryPointer& other : entries) {
    if (other == entry || other->root != root) continue;
    notices.push_back(fmt::format("{} is open already, as {}", entry->path.string(), other->path.string()));
    remove(entry);
    wake_user(lock);
    return true;
  }
  entry->root = root;
  return false;
}

void RunStore::Shared::note_life(const EntryPointer& entry, bool reading) {
  const std::lock_guard lock(mutex);
  entry->reading = reading;
  entry->sign_of_life = Clock::now();
}

/// A thread of its own that never touches a file: says so when a run's thread does not come back from a read.
void RunStore::Shared::watch_for_silence() {
  std::unique_lock lock(mutex);
  const double period = std::clamp(options.no_answer_seconds / 5, 0.01, 0.5);
  while (!changed.wait_for(lock, duration(period), [this] { return closing; })) {
    const std::vector<EntryPointer> all = entries;
    for (const EntryPointer& entry : all) {
      if (!entry->reading || entry->overridden || entry->closing) continue;
      if (seconds_since(entry->sign_of_life) < options.no_answer_seconds) continue;
      const RunPointer before = entry->snapshot;
      lock.unlock();
      auto next = std::make_shared<RunSnapshot>(*before);
      lock.lock();
      if (entry->snapshot != before || !entry->reading) continue;
      next->state = RunState::kUnreachable;
      next->message = fmt::format("{}: the folder does not answer; see whether its network is there",
                                  next->root.string());
      next->answered = entry->sign_of_life;
      if (next->changed == SteadyTime()) next->changed = entry->sign_of_life;
      ++next->generation;
      entry->snapshot = std::move(next);
      entry->overridden = true;
      ++generation;
      wake_user(lock);
    }
  }
}

void RunStore::Shared::watch(std::shared_ptr<Shared> shared, EntryPointer entry) {
  try {
    watch_run(shared, entry);
  } catch (const std::exception& error) {
    // Out of memory, say. The run stays in the list and says so.
    try {
      RunSnapshot last = *shared->snapshot_of(entry);
      last.state = RunState::kUnreachable;
      last.message = fmt::format("{}: is watched no more: {}", entry->path.string(), error.what());
      shared->publish(entry, last);
    } catch (const std::exception&) {
    }
  }
}

void RunStore::Shared::watch_run(const std::shared_ptr<Shared>& shared, const EntryPointer& entry) {
  SteadyTime last_change{};
  RunReaderOptions options;
  options.lost_seconds = shared->options.lost_seconds;
  options.before_read = [&](const fs::path& path) {
    shared->note_life(entry, true);
    if (shared->options.before_read) shared->options.before_read(path);
  };
  options.progress = [&](double share) {
    if (seconds_since(last_change) < shared->options.shortest_change_seconds) return;
    last_change = Clock::now();
    RunSnapshot content = *shared->snapshot_of(entry);
    content.state = RunState::kReading;
    content.read_progress = share;
    shared->publish(entry, content);
  };
  RunReader reader(entry->path, options);
  bool is_dirty = false, is_checked = false;
  double back_off = 0;
  for (;;) {
    is_dirty |= reader.poll(Clock::now());
    shared->note_life(entry, false);
    if (!is_checked && reader.is_reachable()) {
      if (shared->close_duplicate(entry, reader.snapshot().root)) return;
      is_checked = true;
    }
    std::unique_lock lock(shared->mutex);
    if (entry->closing) return;
    is_dirty |= entry->overridden;
    const double rest = shared->options.shortest_change_seconds - seconds_since(last_change);
    double wait = reader.snapshot().network_file_system ? shared->options.network_poll_seconds
                                                        : shared->options.poll_seconds;
    if (is_dirty && rest <= 0) {
      is_dirty = false;
      lock.unlock();
      last_change = Clock::now();
      shared->publish(entry, reader.snapshot());
      lock.lock();
    } else if (is_dirty) {
      wait = std::min(wait, rest);
    }
    back_off = reader.is_reachable()
                   ? 0
                   : std::min(shared->options.longest_back_off_seconds, std::max(wait, 2 * back_off));
    wait = std::max(wait, back_off);
    entry->wake.wait_for(lock, duration(wait), [&] { return entry->closing || entry->refresh; });
    if (entry->closing) return;
    entry->refresh = false;
  }
}

RunStore::RunStore(RunStoreOptions options) : shared_(std::make_shared<Shared>()) {
  shared_->options = std::move(options);
  std::thread([shared = shared_] { shared->watch_for_silence(); }).detach();
}

RunStore::~RunStore() {
  std::unique_lock lock(shared_->mutex);
  shared_->closing = true;
  for (const EntryPointer& entry : shared_->entries) {
    entry->closing = true;
    entry->wake.notify_all();
  }
  shared_->entries.clear();
  shared_->changed.notify_all();
  shared_->changed.wait(lock, [this] { return shared_->wakes == 0; });
}

OpenResult RunStore::open(const fs::path& folder) {
  const auto entry = std::make_shared<Entry>();
  entry->path = plain_path(folder);
  OpenResult result;
  {
    const std::lock_guard lock(shared_->mutex);
    for (const EntryPointer& other : shared_->entries) {
      if (other->path != entry->path && other->root != entry->path) continue;
      result.id = other->snapshot->id;
      result.message = fmt::format("{} is open already", entry->path.string());
      return result;
    }
    auto first = std::make_shared<RunSnapshot>();
    first->id = result.id = shared_->next_id++;
    first->generation = 1;
    first->root = entry->path;
    first->title = entry->path.filename().string();
    first->changed = first->answered = Clock::now();
    entry->snapshot = std::move(first);
    entry->sign_of_life = Clock::now();
    shared_->entries.push_back(entry);
    ++shared_->generation;
  }
  try {
    std::thread(&Shared::watch, shared_, entry).detach();
    result.opened = true;
  } catch (const std::system_error& error) {
    const std::lock_guard lock(shared_->mutex);
    shared_->remove(entry);
    result.message =
        fmt::format("{} cannot be watched: {}; close other runs", entry->path.string(), error.what());
  }
  return result;
}

void RunStore::close(int id) {
  const std::lock_guard lock(shared_->mutex);
  const std::vector<EntryPointer> all = shared_->entries;
  for (const EntryPointer& entry : all) {
    if (entry->snapshot->id == id) shared_->remove(entry);
  }
}

void RunStore::refresh(int id) {
  const std::lock_guard lock(shared_->mutex);
  for (const EntryPointer& entry : shared_->entries) {
    if (entry->snapshot->id != id) continue;
    entry->refresh = true;
    entry->wake.notify_all();
  }
}

void RunStore::refresh_all() {
  const std::lock_guard lock(shared_->mutex);
  for (const EntryPointer& entry : shared_->entries) {
    entry->refresh = true;
    entry->wake.notify_all();
  }
}

void RunStore::set_poll_seconds(double local, double network) {
  const std::lock_guard lock(shared_->mutex);
  shared_->options.poll_seconds = local;
  shared_->options.network_poll_seconds = network;
}

std::vector<RunPointer> RunStore::snapshots() const {
  const std::lock_guard lock(shared_->mutex);
  std::vector<RunPointer> all;
  for (const EntryPointer& entry : shared_->entries) all.push_back(entry->snapshot);
  return all;
}

RunPointer RunStore::snapshot(int id) const {
  const std::lock_guard lock(shared_->mutex);
  for (const EntryPointer& entry : shared_->entries) {
    if (entry->snapshot->id == id) return entry->snapshot;
  }
  return nullptr;
}

uint64_t RunStore::generation() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->generation;
}

std::vector<std::string> RunStore::take_notices() {
  const std::lock_guard lock(shared_->mutex);
  return std::exchange(shared_->notices, {});
}

bool looks_like_run(const fs::path& folder) {
  std::error_code code;
  const auto has = [&](const char* name) { return fs::is_regular_file(folder / name, code); };
  if (has("points.jsonl") || has("metrics.jsonl")) return true;
  return (has("status.json") || has("config.yaml")) && (has("run.yaml") || has("log.txt"));
}

std::vector<fs::path> find_runs(const fs::path& folder) {
  if (looks_like_run(folder)) return {folder};
  std::vector<fs::path> runs;
  std::error_code code;
  for (fs::directory_iterator at(folder, code), end; !code && at != end; at.increment(code)) {
    if (looks_like_run(at->path())) runs.push_back(at->path());
  }
  std::sort(runs.begin(), runs.end());
  return runs;
}

}  // namespace fixynn::gui
