// SPDX-License-Identifier: Apache-2.0
#include "gui/model/background.h"

#include <deque>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "core/error.h"

namespace fixynn::gui {

struct Background::Shared {
  std::mutex mutex;  // guards arrived, pending, closed
  std::deque<Delivery> arrived;
  int pending = 0;
  bool closed = false;

  // A lock of its own, held while `wake` is called: after the destructor nobody calls it any more.
  std::mutex wake_mutex;
  std::function<void()> wake;

  void arrive(Delivery delivery) {
    {
      const std::lock_guard lock(mutex);
      // What a closed one would be handed is destroyed here, on this thread.
      if (closed) return;
      arrived.push_back(std::move(delivery));
    }
    const std::lock_guard lock(wake_mutex);
    if (wake) wake();
  }
};

Background::Background(std::function<void()> wake) : shared_(std::make_shared<Shared>()) {
  shared_->wake = std::move(wake);
}

Background::~Background() {
  std::deque<Delivery> left;
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->closed = true;
    left.swap(shared_->arrived);
  }
  const std::lock_guard lock(shared_->wake_mutex);
  shared_->wake = nullptr;
}

void Background::run(std::function<Delivery()> work) {
  {
    const std::lock_guard lock(shared_->mutex);
    ++shared_->pending;
  }
  try {
    std::thread([shared = shared_, work = std::move(work)] {
      Delivery delivery;
      try {
        delivery = work();
      } catch (...) {
        delivery = [problem = std::current_exception()] { std::rethrow_exception(problem); };
      }
      shared->arrive(std::move(delivery));
    }).detach();
  } catch (const std::system_error& problem) {
    const std::lock_guard lock(shared_->mutex);
    --shared_->pending;
    fail("no thread can be started for work in the background ({}); close other programs", problem.what());
  }
}

bool Background::deliver() {
  bool some = false;
  for (;;) {
    Delivery next;
    {
      const std::lock_guard lock(shared_->mutex);
      if (shared_->arrived.empty()) return some;
      next = std::move(shared_->arrived.front());
      shared_->arrived.pop_front();
      --shared_->pending;
    }
    some = true;
    if (next) next();
  }
}

int Background::pending() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->pending;
}

}  // namespace fixynn::gui
