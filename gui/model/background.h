// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

namespace fixynn::gui {

/// Work that may hang (files on a mount) or takes milliseconds, each on a thread of its own; what it found is
/// handed over on the thread that calls deliver(). A thread that hangs holds up nobody, also not the
/// destructor.
class Background {
 public:
  using Delivery = std::function<void()>;
  /// `wake`: called from other threads after each piece of work, never after the destructor. May be empty;
  /// must be quick and may not destroy this object.
  explicit Background(std::function<void()> wake);
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  /// `work` returns what deliver() is to call (nothing: an empty function); it must not refer to anything
  /// that the caller owns. What it throws is thrown by deliver(). Throws Error when no thread can be started.
  void run(std::function<Delivery()> work);
  /// Calls what has arrived, in the order of arrival. True when there was something. When one of the calls
  /// throws, those behind it are left for the next time.
  bool deliver();
  /// Pieces of work that have not been delivered.
  int pending() const;

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace fixynn::gui
