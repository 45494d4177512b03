// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cuda/runtime/runtime.h"
#include "engine/engine.h"

namespace fixynn::cuda {

/// Brackets the passes of a step with events. A null timer costs nothing.
class PassTimer {
 public:
  /// One pass: begins here, ends with the scope.
  class Section {
   public:
    Section(PassTimer* timer, const Stream& stream, const char* what, const std::string& of, double bytes)
        : timer_(timer), stream_(stream) {
      if (timer_ != nullptr) timer_->begin(stream_, of.empty() ? what : of + " " + what, bytes);
    }
    ~Section() {
      if (timer_ == nullptr) return;
      try {
        timer_->passes_.back().stop->record(stream_);
      } catch (...) {
        // The error stays with the device: the next call that can throw reports it.
      }
    }
    Section(const Section&) = delete;
    Section& operator=(const Section&) = delete;

   private:
    PassTimer* timer_;
    const Stream& stream_;
  };

  /// In the order of execution; the stream must have been synchronised.
  std::vector<PassTime> read() const {
    std::vector<PassTime> times;
    for (const Pass& pass : passes_) {
      times.push_back(
          {pass.name, static_cast<double>(pass.stop->milliseconds_since(*pass.start)), pass.bytes});
    }
    return times;
  }

 private:
  struct Pass {
    std::string name;
    double bytes;
    std::unique_ptr<Event> start, stop;
  };
  void begin(const Stream& stream, std::string name, double bytes) {
    passes_.push_back({std::move(name), bytes, std::make_unique<Event>(), std::make_unique<Event>()});
    passes_.back().start->record(stream);
  }
  std::vector<Pass> passes_;
};

}  // namespace fixynn::cuda
