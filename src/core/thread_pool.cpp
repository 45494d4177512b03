// SPDX-License-Identifier: Apache-2.0
#include "core/thread_pool.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "core/error.h"

namespace fixynn {
namespace {

constexpr int kSpins = 2000;

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

int usable_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return std::max(1, CPU_COUNT(&set));
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

}  // namespace

struct ThreadPool::Shared {
  std::mutex mutex;
  std::condition_variable wake;
  std::condition_variable finished;
  std::atomic<uint64_t> generation{0};
  std::atomic<bool> stopping{false};
  std::atomic<int> next_task{0};
  std::atomic<int> busy_workers{0};
  int tasks = 0;
  const std::function<void(int, int)>* body = nullptr;
  std::exception_ptr error;
  std::vector<std::jthread> workers;

  void work(int worker) {
    for (;;) {
      const int task = next_task.fetch_add(1, std::memory_order_relaxed);
      if (task >= tasks) return;
      try {
        (*body)(task, worker);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!error) error = std::current_exception();
        next_task.store(tasks, std::memory_order_relaxed);
      }
    }
  }

  void worker_loop(int worker) {
    uint64_t seen = 0;
    for (;;) {
      for (int spin = 0; spin < kSpins && generation.load(std::memory_order_acquire) == seen; ++spin) relax();
      if (generation.load(std::memory_order_acquire) == seen) {
        std::unique_lock lock(mutex);
        wake.wait(lock, [&] { return generation.load(std::memory_order_acquire) != seen; });
      }
      seen = generation.load(std::memory_order_acquire);
      if (stopping.load(std::memory_order_acquire)) return;
      work(worker);
      if (busy_workers.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        const std::lock_guard lock(mutex);
        finished.notify_one();
      }
    }
  }

  void advance_generation() {
    {
      const std::lock_guard lock(mutex);
      generation.fetch_add(1, std::memory_order_acq_rel);
    }
    wake.notify_all();
  }
};

ThreadPool::ThreadPool(int threads)
    : shared_(std::make_unique<Shared>()), threads_(threads > 0 ? threads : usable_processors()) {
  try {
    for (int worker = 1; worker < threads_; ++worker) {
      shared_->workers.emplace_back([shared = shared_.get(), worker] { shared->worker_loop(worker); });
    }
  } catch (const std::system_error& error) {
    // The threads that did start wait for work, and would be waited for.
    shared_->stopping.store(true, std::memory_order_release);
    shared_->advance_generation();
    fail("{} threads cannot be started: {}; use fewer with --threads", threads_, error.code().message());
  }
}

ThreadPool::~ThreadPool() {
  shared_->stopping.store(true, std::memory_order_release);
  shared_->advance_generation();
}

void ThreadPool::run(int tasks, const std::function<void(int, int)>& body) {
  Shared& shared = *shared_;
  shared.tasks = tasks;
  shared.body = &body;
  shared.error = nullptr;
  shared.next_task.store(0, std::memory_order_relaxed);
  const bool alone = threads_ == 1 || tasks <= 1;
  if (!alone) {
    shared.busy_workers.store(threads_ - 1, std::memory_order_relaxed);
    shared.advance_generation();
  }
  shared.work(0);
  if (!alone) {
    for (int spin = 0; spin < kSpins && shared.busy_workers.load(std::memory_order_acquire) != 0; ++spin)
      relax();
    if (shared.busy_workers.load(std::memory_order_acquire) != 0) {
      std::unique_lock lock(shared.mutex);
      shared.finished.wait(lock, [&] { return shared.busy_workers.load(std::memory_order_acquire) == 0; });
    }
  }
  if (shared.error) std::rethrow_exception(shared.error);
}

}  // namespace fixynn
