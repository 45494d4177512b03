// SPDX-License-Identifier: Apache-2.0
#pragma once

// The launcher's inside: fibers, and the block that is running on them.

#include <boost/context/detail/fcontext.hpp>
#include <functional>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "host_cuda/host_cuda.h"

namespace host_cuda {

/// A stack and where it stopped. The launcher's own stack is one as well.
struct Fiber {
  boost::context::detail::fcontext_t context = nullptr;
  const void* stack = nullptr;  ///< lowest address
  size_t stack_bytes = 0;
  void* fake_stack = nullptr;  ///< of AddressSanitizer
};

/// Stacks in one range of addresses, each above a page that must not be touched.
class FiberPool {
 public:
  FiberPool();
  ~FiberPool();
  FiberPool(const FiberPool&) = delete;
  FiberPool& operator=(const FiberPool&) = delete;
  Fiber* take();
  void give_back(Fiber* fiber) { free_.push_back(fiber); }
  /// Forgets what all fibers were doing.
  void reset();
  const std::byte* begin() const { return memory_; }
  size_t bytes() const;

 private:
  std::byte* memory_ = nullptr;
  std::vector<Fiber> fibers_;
  std::vector<Fiber*> free_;
  size_t made_ = 0;
};

/// Shared memory of the running block.
class SharedArena {
 public:
  SharedArena();
  void begin_block(size_t dynamic_bytes);
  void* array(const void* key, size_t bytes, const char* name);
  void* dynamic() const { return dynamic_; }

 private:
  struct Array {
    const void* key;
    std::byte* address;
  };
  std::byte* carve(size_t bytes);
  std::vector<std::byte> memory_;
  std::vector<Array> arrays_;
  size_t used_ = 0, static_bytes_ = 0, dynamic_bytes_ = 0;
  std::byte* dynamic_ = nullptr;
};

struct Thread {
  enum class State : uint8_t { kNew, kReady, kAtBarrier, kInWarp, kExited };
  State state = State::kNew;
  Fiber* fiber = nullptr;
  // Where it waits.
  const char* operation = nullptr;
  const char* file = nullptr;
  int line = 0;
  unsigned mask = 0;
  void* payload = nullptr;
};

/// Runs launches. One object a program: device code has no way to pass it on.
class Launcher {
 public:
  void run(const Shape& shape, const std::function<void()>& kernel);
  bool running() const { return running_; }
  /// A fault where nothing may be thrown.
  [[noreturn]] void abandon(std::string&& what);
  int barrier(const char* operation, int value, const char* file, int line);
  void warp_collective(const char* operation, unsigned mask, void* payload, CollectiveFunction function,
                       bool orders_memory, const char* file, int line);
  int thread() const { return current_; }
  SharedArena& arena() { return arena_; }
  [[noreturn]] void fiber_main(const boost::context::detail::transfer_t& transfer);

  Schedule order = Schedule::kForward;
  std::mt19937_64 random{1};

 private:
  void run_block(unsigned block);
  void arrange(std::span<int> numbers);
  void run_thread();
  [[noreturn]] void stop();
  void arrived(Fiber* on, const boost::context::detail::transfer_t& transfer);
  Fiber* next_fiber();
  int pick();
  void switch_to(Fiber* to);
  void set_current(int thread);
  void finish_thread();
  std::string name_of(int thread) const;
  std::string deadlock() const;

  FiberPool fibers_;
  SharedArena arena_;
  Fiber main_;
  Fiber* on_ = nullptr;  ///< the stack in use
  const Shape* shape_ = nullptr;
  const std::function<void()>* kernel_ = nullptr;
  std::vector<Thread> threads_;
  std::vector<uint3> index_of_;
  std::vector<int> ready_, unstarted_;  ///< the next one last
  int current_ = 0, exited_ = 0, at_barrier_ = 0, first_at_barrier_ = 0;
  int barrier_sum_ = 0, barrier_result_ = 0;
  bool running_ = false;
  std::string fault_;
};

Launcher& launcher();

}  // namespace host_cuda
