// SPDX-License-Identifier: Apache-2.0
#include "gui/model/job_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <limits>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>

#include "core/child_process.h"
#include "core/error.h"
#include "core/files.h"
#include "gui/model/log_tail.h"
#include "run/run_directory.h"

namespace fixynn::gui {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kSupervise{20};

Clock::duration duration(double seconds) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

bool is_heavy(JobKind kind) {
  return kind == JobKind::kSweep || kind == JobKind::kEvaluate;
}

std::string program_of(const JobStep& step) {
  return step.words.empty() ? "(no program)" : fs::path(step.words.front()).filename().string();
}

/// Everything is guarded by Shared::mutex.
struct Entry {
  JobPointer job;
  bool stop = false;        ///< asked for
  bool supervised = false;  ///< a thread waits for its process
  double grace_seconds = 20;
};

using EntryPointer = std::shared_ptr<Entry>;
using Lock = std::unique_lock<std::mutex>;

/// What the observer remembers of a running job.
struct Observed {
  fs::path path;
  LogTail log;
  std::optional<std::string> first_heartbeat;
};

/// How a step ended badly, in a sentence.
std::string failure_text(const JobStep& step, const ChildResult& result,
                         const std::vector<std::string>& log) {
  const std::string line = failure_line(log);
  const std::string program = program_of(step);
  if (result.end == ChildResult::End::kKilled) {
    const char* hint = result.status == SIGKILL ? "; the machine may have run out of memory" : "";
    return fmt::format("{} was ended by signal {} ({}){}{}{}", program, result.status,
                       strsignal(result.status), hint, line.empty() ? "" : "; its last line: ", line);
  }
  if (result.status == 127 && line.empty())
    return fmt::format("{} could not be started; see that it is there and its folder too",
                       step.words.front());
  if (line.empty()) return fmt::format("{} ended with exit status {} without a word", program, result.status);
  return fmt::format("{} ({}, exit status {})", line, program, result.status);
}

}  // namespace

/// Kept alive by each thread: the list does not wait for any of them.
struct JobList::Shared : std::enable_shared_from_this<JobList::Shared> {
  JobListOptions options;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<EntryPointer> entries;
  uint64_t generation = 0;
  int next_id = 1;
  int wakes = 0;  ///< calls of options.wake under way
  bool closing = false, detached = false;

  template <typename Edit>
  void edit(const EntryPointer& entry, Edit edit_job);
  void wake_user(Lock& lock);
  void end(const EntryPointer& entry, JobState state, const std::string& message);
  void start_ready();
  int running(bool heavy) const;
  void ask_to_stop(const EntryPointer& entry);
  EntryPointer find(int id) const;

  void supervise(const EntryPointer& entry);
  bool run_step(const EntryPointer& entry, const JobSpec& spec, size_t index);
  std::optional<ChildResult> wait_for(StartedChild& child, const EntryPointer& entry);
  bool take_result(const EntryPointer& entry, const JobStep& step, const ChildResult& result, bool lost);
  void observe();
  void observe_job(const EntryPointer& entry, Observed& observed);
};

/// The owner may go away after the destructor: no call may still be under way then.
void JobList::Shared::wake_user(Lock& lock) {
  changed.notify_all();
  if (closing || !options.wake) return;
  ++wakes;
  lock.unlock();
  options.wake();
  lock.lock();
  --wakes;
  changed.notify_all();
}

template <typename Edit>
void JobList::Shared::edit(const EntryPointer& entry, Edit edit_job) {
  auto next = std::make_shared<Job>(*entry->job);
  edit_job(*next);
  ++next->generation;
  entry->job = std::move(next);
  ++generation;
}

void JobList::Shared::end(const EntryPointer& entry, JobState state, const std::string& message) {
  edit(entry, [&](Job& job) {
    job.state = state;
    job.message = message;
    job.pid = 0;
    job.eta_seconds.reset();
    if (state == JobState::kDone && job.progress) job.progress = 1;
    if (job.started) job.ended = Clock::now();
  });
}

EntryPointer JobList::Shared::find(int id) const {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const EntryPointer& entry) { return entry->job->id == id; });
  return found == entries.end() ? nullptr : *found;
}

int JobList::Shared::running(bool heavy) const {
  return static_cast<int>(std::count_if(entries.begin(), entries.end(), [&](const EntryPointer& entry) {
    return entry->supervised && is_heavy(entry->job->spec.kind) == heavy;
  }));
}

/// Begins queued jobs as far as there is room.
void JobList::Shared::start_ready() {
  for (const EntryPointer& entry : entries) {
    if (entry->job->state != JobState::kQueued || detached || closing) continue;
    const bool heavy = is_heavy(entry->job->spec.kind);
    if (running(heavy) >= std::max(1, heavy ? options.max_heavy : options.max_light)) continue;
    entry->supervised = true;
    edit(entry, [](Job& job) {
      job.state = JobState::kRunning;
      job.started = Clock::now();
    });
    try {
      std::thread([shared = shared_from_this(), entry] { shared->supervise(entry); }).detach();
    } catch (const std::system_error& error) {
      entry->supervised = false;
      end(entry, JobState::kFailed, fmt::format("it could not be started: {}", error.what()));
    }
  }
}

void JobList::Shared::ask_to_stop(const EntryPointer& entry) {
  if (entry->job->state == JobState::kQueued) {
    end(entry, JobState::kCancelled, "cancelled before it began");
  } else if (entry->job->state == JobState::kRunning) {
    entry->stop = true;
    edit(entry, [](Job& job) { job.state = JobState::kStopping; });
  }
}

void JobList::Shared::supervise(const EntryPointer& entry) {
  std::string problem;
  try {
    JobSpec spec;
    {
      const std::lock_guard lock(mutex);
      spec = entry->job->spec;
    }
    const size_t steps = spec.steps.size();
    size_t done = 0;
    while (done < steps && run_step(entry, spec, done)) ++done;
    Lock lock(mutex);
    if (entry->job->is_active()) {
      if (done == steps) {
        end(entry, JobState::kDone, "");
      } else {
        end(entry, JobState::kCancelled, "stopped on request");
      }
    }
  } catch (const std::exception& error) {
    problem = error.what();
  }
  Lock lock(mutex);
  if (!problem.empty()) end(entry, JobState::kFailed, problem);
  entry->supervised = false;
  start_ready();
  wake_user(lock);
}

/// True when it ended well and the next may begin.
bool JobList::Shared::run_step(const EntryPointer& entry, const JobSpec& spec, size_t index) {
  {
    Lock lock(mutex);
    if (entry->stop || detached) return false;
    edit(entry, [&](Job& job) {
      job.step = index;
      job.log.clear();
    });
  }
  const JobStep& step = spec.steps[index];
  if (step.words.empty()) fail("step {} of \"{}\" names no program", index + 1, spec.title);
  if (step.log.has_parent_path()) create_folders(step.log.parent_path());
  StartedChild child({.words = step.words,
                      .folder = spec.folder.empty() ? fs::path(".") : spec.folder,
                      .log = step.log,
                      .own_session = true});
  {
    Lock lock(mutex);
    edit(entry, [&](Job& job) { job.pid = child.pid(); });
    wake_user(lock);
  }
  const std::optional<ChildResult> result = wait_for(child, entry);
  if (!result) return false;
  return take_result(entry, step, *result, child.is_lost());
}

/// Nothing when it was let go.
std::optional<ChildResult> JobList::Shared::wait_for(StartedChild& child, const EntryPointer& entry) {
  std::optional<double> asked;  // seconds since the start
  for (;;) {
    if (std::optional<ChildResult> result = child.poll()) return result;
    Lock lock(mutex);
    if (detached) {
      child.let_go();
      return std::nullopt;
    }
    const double grace = entry->grace_seconds;
    if (entry->stop && !asked) {
      asked = child.seconds();
      child.send(SIGTERM);
    }
    if (asked && child.seconds() >= *asked + grace) {
      lock.unlock();
      return child.kill_all(ChildResult::End::kStopped);
    }
    changed.wait_for(lock, kSupervise);
  }
}

bool JobList::Shared::take_result(const EntryPointer& entry, const JobStep& step, const ChildResult& result,
                                  bool lost) {
  // Before the lock: a log may lie on a slow disk.
  const std::vector<std::string> log =
      LogTail(step.log, kJobLogLines).poll().value_or(std::vector<std::string>());
  Lock lock(mutex);
  edit(entry, [&](Job& job) {
    job.log = log;
    job.pid = 0;
    job.exit_status.reset();
    job.signal.reset();
    if (result.end == ChildResult::End::kExited) job.exit_status = result.status;
    if (result.end == ChildResult::End::kKilled && !lost) job.signal = result.status;
    if (result.end == ChildResult::End::kStopped) job.signal = SIGKILL;
  });
  if (result.succeeded()) return true;
  if (lost) {
    end(entry, JobState::kLost, fmt::format("how {} ended is not known; see its log", program_of(step)));
  } else if (result.end == ChildResult::End::kStopped) {
    end(entry, JobState::kCancelled,
        fmt::format("stopped: {} had to be killed after {:.0f} s", program_of(step), entry->grace_seconds));
  } else if (entry->stop) {
    end(entry, JobState::kCancelled, "stopped on request");
  } else {
    end(entry, JobState::kFailed, failure_text(step, result, log));
  }
  return false;
}

/// A thread of its own looks at logs and progress: should a folder hang, processes are still waited for and
/// can be stopped.
void JobList::Shared::observe() {
  std::map<int, Observed> observed;
  Lock lock(mutex);
  while (!closing) {
    changed.wait_for(lock, duration(options.poll_seconds), [this] { return closing; });
    const std::vector<EntryPointer> all = entries;
    std::erase_if(observed, [this](const auto& item) {
      const EntryPointer entry = find(item.first);
      return entry == nullptr || !entry->supervised;
    });
    for (const EntryPointer& entry : all) {
      if (closing || entry->job->pid == 0) continue;
      const fs::path log = entry->job->spec.steps[entry->job->step].log;
      auto at = observed.find(entry->job->id);
      if (at == observed.end() || at->second.path != log)
        at = observed.insert_or_assign(entry->job->id, Observed{log, LogTail(log, kJobLogLines), {}}).first;
      lock.unlock();
      try {
        observe_job(entry, at->second);
      } catch (const std::exception&) {
        // A log or a status that cannot be read: the job goes on, its end tells.
      }
      lock.lock();
    }
  }
}

void JobList::Shared::observe_job(const EntryPointer& entry, Observed& observed) {
  JobPointer before;
  {
    const std::lock_guard lock(mutex);
    before = entry->job;
  }
  std::optional<std::vector<std::string>> log = observed.log.poll();
  std::optional<RunStatus> status;
  if (before->spec.run_directory) status = RunDirectory(*before->spec.run_directory).read_status();
  // What an earlier process has left there is not this one's progress.
  if (status && !observed.first_heartbeat) observed.first_heartbeat = status->heartbeat;
  if (status && status->pid != before->pid && status->heartbeat == *observed.first_heartbeat) status.reset();
  const bool has_news =
      status && (status->progress != before->progress || status->state != before->activity ||
                 status->eta_seconds != before->eta_seconds);
  if (!log && !has_news) return;
  Lock lock(mutex);
  if (entry->job->pid != before->pid) return;
  edit(entry, [&](Job& job) {
    if (log) job.log = std::move(*log);
    if (!status) return;
    job.progress = status->progress;
    job.eta_seconds = status->eta_seconds;
    job.activity = status->state;
  });
  wake_user(lock);
}

JobList::JobList(JobListOptions options) : shared_(std::make_shared<Shared>()) {
  shared_->options = std::move(options);
  std::thread([shared = shared_] { shared->observe(); }).detach();
}

JobList::~JobList() {
  detach_all();
  Lock lock(shared_->mutex);
  shared_->closing = true;
  shared_->changed.notify_all();
  shared_->changed.wait(lock, [this] { return shared_->wakes == 0; });
}

int JobList::start(JobSpec spec) {
  const auto entry = std::make_shared<Entry>();
  entry->grace_seconds = spec.grace_seconds;
  auto job = std::make_shared<Job>();
  job->spec = std::move(spec);
  job->generation = 1;
  Lock lock(shared_->mutex);
  const int id = job->id = shared_->next_id++;
  entry->job = std::move(job);
  shared_->entries.push_back(entry);
  ++shared_->generation;
  shared_->start_ready();
  shared_->wake_user(lock);
  return id;
}

void JobList::stop(int id) {
  Lock lock(shared_->mutex);
  if (const EntryPointer entry = shared_->find(id)) {
    shared_->ask_to_stop(entry);
    shared_->wake_user(lock);
  }
}

void JobList::dismiss(int id) {
  const std::lock_guard lock(shared_->mutex);
  shared_->generation += std::erase_if(shared_->entries, [&](const EntryPointer& entry) {
    return entry->job->id == id && !entry->job->is_active();
  });
}

void JobList::dismiss_ended() {
  const std::lock_guard lock(shared_->mutex);
  shared_->generation +=
      std::erase_if(shared_->entries, [](const EntryPointer& entry) { return !entry->job->is_active(); });
}

std::vector<JobPointer> JobList::snapshots() const {
  const std::lock_guard lock(shared_->mutex);
  std::vector<JobPointer> all;
  for (const EntryPointer& entry : shared_->entries) all.push_back(entry->job);
  return all;
}

JobPointer JobList::snapshot(int id) const {
  const std::lock_guard lock(shared_->mutex);
  const EntryPointer entry = shared_->find(id);
  return entry ? entry->job : nullptr;
}

int JobList::active() const {
  const std::lock_guard lock(shared_->mutex);
  return static_cast<int>(std::count_if(shared_->entries.begin(), shared_->entries.end(),
                                        [](const EntryPointer& entry) { return entry->job->is_active(); }));
}

uint64_t JobList::generation() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->generation;
}

void JobList::stop_all(double grace_seconds) {
  Lock lock(shared_->mutex);
  const std::vector<EntryPointer> all = shared_->entries;
  for (const EntryPointer& entry : all) {
    entry->grace_seconds = std::min(entry->grace_seconds, grace_seconds);
    shared_->ask_to_stop(entry);
  }
  shared_->wake_user(lock);
  shared_->changed.wait_for(lock, duration(grace_seconds + 2), [&] {
    return std::none_of(all.begin(), all.end(), [](const EntryPointer& entry) { return entry->supervised; });
  });
}

void JobList::detach_all() {
  Lock lock(shared_->mutex);
  shared_->detached = true;
  for (const EntryPointer& entry : std::vector<EntryPointer>(shared_->entries)) {
    if (entry->job->state == JobState::kQueued) {
      shared_->end(entry, JobState::kCancelled, "cancelled before it began");
    } else if (entry->job->is_active()) {
      shared_->end(entry, JobState::kLost, "left running; its run directory tells how it goes on");
    }
  }
  shared_->wake_user(lock);
}

}  // namespace fixynn::gui
