// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "study/cost_study.h"

namespace fixynn {

/// The exact costs behind an instant estimate, worked out on a thread of its own while the user goes on. One
/// request at a time: a new one replaces what is being worked on, within some milliseconds. All members may
/// be called from one thread without ever waiting for the work.
class BackgroundStudy {
 public:
  /// What the last request has come to.
  struct State {
    bool busy = false;
    int done = 0, total = 0;           ///< convolutions of the present plan
    std::optional<std::string> error;  ///< why the last request failed; it has no result then
  };

  /// `cache` is shared with others and outlives this object.
  explicit BackgroundStudy(std::shared_ptr<AdderGraphCache> cache);
  /// Stops the work, also within an adder graph.
  ~BackgroundStudy();
  BackgroundStudy(const BackgroundStudy&) = delete;
  BackgroundStudy& operator=(const BackgroundStudy&) = delete;

  /// Starts `request` on `design`, with request.instant off; returns its number, 1, 2, ... `activity`: as
  /// run_cost_study takes it, counted on this design.
  int submit(HardwareDesign design, CostRequest request, std::vector<ConvActivity> activity = {});

  /// A result and the number of its request, once; results of replaced requests never appear.
  std::optional<std::pair<int, CostStudy>> take();

  State state() const;

 private:
  struct Work {
    int number;
    HardwareDesign design;
    CostRequest request;
    std::vector<ConvActivity> activity;
    std::stop_source stop;  ///< requested when the work is no longer wanted
  };
  void run(const std::stop_token& stop);
  void study(const Work& work);

  std::shared_ptr<AdderGraphCache> cache_;
  mutable std::mutex mutex_;
  std::condition_variable_any arrived_;
  int last_number_ = 0;
  std::optional<Work> waiting_;
  std::stop_source newest_;  ///< of the last request's work
  std::optional<std::pair<int, CostStudy>> finished_;
  State state_;
  std::jthread thread_;
};

}  // namespace fixynn
