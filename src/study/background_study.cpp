// SPDX-License-Identifier: Apache-2.0
#include "study/background_study.h"

#include <exception>
#include <utility>

namespace fixynn {

BackgroundStudy::BackgroundStudy(std::shared_ptr<AdderGraphCache> cache)
    : cache_(std::move(cache)), thread_([this](const std::stop_token& stop) { run(stop); }) {}

BackgroundStudy::~BackgroundStudy() {
  thread_.request_stop();
  const std::lock_guard lock(mutex_);
  newest_.request_stop();
}

int BackgroundStudy::submit(HardwareDesign design, CostRequest request, std::vector<ConvActivity> activity) {
  request.instant = false;
  const std::lock_guard lock(mutex_);
  newest_.request_stop();
  newest_ = std::stop_source();
  waiting_ = Work{++last_number_, std::move(design), std::move(request), std::move(activity), newest_};
  finished_.reset();
  state_ = {.busy = true, .done = 0, .total = 0, .error = {}};
  arrived_.notify_all();
  return last_number_;
}

std::optional<std::pair<int, CostStudy>> BackgroundStudy::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(finished_, std::nullopt);
}

BackgroundStudy::State BackgroundStudy::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

void BackgroundStudy::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::optional<Work> work;
    {
      std::unique_lock lock(mutex_);
      if (!arrived_.wait(lock, stop, [this] { return waiting_.has_value(); })) return;
      work = std::exchange(waiting_, std::nullopt);
    }
    study(*work);
  }
}

void BackgroundStudy::study(const Work& work) {
  const std::stop_token stop = work.stop.get_token();
  const PlanProgress progress = [&](int done, int total) {
    const std::lock_guard lock(mutex_);
    if (stop.stop_requested()) return false;
    state_.done = done;
    state_.total = total;
    return true;
  };
  std::optional<CostStudy> result;
  std::optional<std::string> error;
  try {
    AdderGraphCache cache = cache_->stopped_by(stop);
    result = run_cost_study(work.design, work.request, cache, work.activity, progress);
  } catch (const std::exception& problem) {
    error = problem.what();
  }
  const std::lock_guard lock(mutex_);
  if (stop.stop_requested()) return;
  state_.busy = false;
  state_.error = std::move(error);
  if (result) finished_.emplace(work.number, std::move(*result));
}

}  // namespace fixynn
