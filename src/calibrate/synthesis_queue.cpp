// SPDX-License-Identifier: Apache-2.0
#include "calibrate/synthesis_queue.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <mutex>
#include <numeric>

#include "core/thread_pool.h"

namespace fixynn {

double synthesis_effort(double size) {
  // Yosys and ABC take about this power of the number of gates.
  return std::pow(std::max(1.0, size), 1.4);
}

std::vector<SynthesisResult> run_synthesis(const Synthesizer& yosys, const std::vector<QueuedJob>& jobs,
                                           int threads, const SynthesisProgress& progress) {
  std::vector<size_t> order(jobs.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return jobs[a].effort > jobs[b].effort; });
  double effort_left = 0, effort_done = 0;
  for (const QueuedJob& job : jobs) effort_left += job.effort;
  std::vector<SynthesisResult> results(jobs.size());
  std::mutex mutex;
  int done = 0;
  bool failed = false;
  const auto start = std::chrono::steady_clock::now();
  ThreadPool pool(threads);
  pool.run(static_cast<int>(jobs.size()), [&](int task, int) {
    {
      const std::lock_guard lock(mutex);
      if (failed) return;
    }
    const size_t number = order[static_cast<size_t>(task)];
    const QueuedJob& job = jobs[number];
    try {
      results[number] = yosys.run(job.job);
    } catch (...) {
      const std::lock_guard lock(mutex);
      failed = true;
      throw;
    }
    const std::lock_guard lock(mutex);
    ++done;
    effort_left -= job.effort;
    if (!results[number].cached) effort_done += job.effort;
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    std::optional<double> left;
    if (effort_done > 0) left = seconds / effort_done * effort_left;
    if (progress) progress(job.job, results[number], done, static_cast<int>(jobs.size()), left);
  });
  return results;
}

}  // namespace fixynn
