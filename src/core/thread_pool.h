// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

namespace fixynn {

/// A fixed set of worker threads that run numbered tasks. Which worker runs a task is not defined; results
/// must therefore depend on the task number alone, and reductions over tasks happen afterwards in task order.
/// Idle workers spin for some tens of microseconds and then sleep, so that two programs on shared cores do
/// not starve each other.
class ThreadPool {
 public:
  /// `threads` >= 1 counts the calling thread. 0 means one for each processor this process may use.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return threads_; }

  /// Calls body(task, worker) for every task in [0, tasks), worker in [0, threads()). Returns when all are
  /// done; the first exception (by completion) is rethrown. Not reentrant.
  void run(int tasks, const std::function<void(int task, int worker)>& body);

 private:
  struct Shared;
  std::unique_ptr<Shared> shared_;
  int threads_;
};

}  // namespace fixynn
