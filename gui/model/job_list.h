// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "gui/model/job.h"

namespace fixynn::gui {

struct JobListOptions {
  /// Called from other threads, without any lock held, after each change. May be empty.
  std::function<void()> wake;
  /// At most so many sweeps and evaluations at a time, and so many other jobs beside them.
  int max_heavy = 1;
  int max_light = 2;
  double poll_seconds = 0.25;  ///< between two looks at logs and progress
};

/// Programs that run beside the window, each in a session of its own: Ctrl-C in the window's terminal does
/// not reach them. A supervisor thread a running job waits for its process and touches no other file; one
/// more thread looks at logs and progress. All functions may be called from any thread; all but stop_all
/// return at once. Nothing is thrown for what a program does: its job fails with a sentence.
class JobList {
 public:
  explicit JobList(JobListOptions options = {});
  /// As detach_all().
  ~JobList();
  JobList(const JobList&) = delete;
  JobList& operator=(const JobList&) = delete;

  /// Queues a job and returns its id. A job without steps is done at once.
  int start(JobSpec spec);
  /// Cancels a queued job; sends SIGTERM to a running one, and SIGKILL to its whole process group when it has
  /// not ended after its grace time. Does nothing for others.
  void stop(int id);
  /// Forgets a job that has ended.
  void dismiss(int id);
  void dismiss_ended();

  /// In order of starting.
  std::vector<JobPointer> snapshots() const;
  /// Null for an unknown id.
  JobPointer snapshot(int id) const;
  /// Queued, running and stopping ones.
  int active() const;
  /// Grows by one with every change of any job.
  uint64_t generation() const;

  /// Cancels what is queued, stops what runs, and waits until all have ended: at most `grace_seconds` (then
  /// SIGKILL) and two seconds more.
  void stop_all(double grace_seconds);
  /// Leaves running programs to themselves: a training survives the window and is found again through its run
  /// directory. Jobs become kLost; what is queued is cancelled.
  void detach_all();

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace fixynn::gui
