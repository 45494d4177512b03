// SPDX-License-Identifier: Apache-2.0
// The launcher: blocks one after another, a block's threads on fibers. A fiber runs threads to completion,
// one after another; only a thread that waits keeps its fiber. See host_cuda.h.
#include "host_cuda/host_cuda.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "host_cuda/block.h"
#include "host_cuda/race_hooks.h"
#include "host_cuda/sanitizer.h"

namespace host_cuda {

Index index;

Launcher& launcher() {
  static Launcher the_launcher;
  return the_launcher;
}

Flavour flavour() {
#if defined(HOST_CUDA_RACE)
  return Flavour::kRace;
#elif defined(__SANITIZE_ADDRESS__)
  return Flavour::kAsan;
#else
  return Flavour::kPlain;
#endif
}

namespace {

std::string place(const char* file, int line) {
  const char* slash = std::strrchr(file, '/');
  return std::string(slash == nullptr ? file : slash + 1) + ":" + std::to_string(line);
}

template <class Three>
std::string text(const Three& v) {
  return "(" + std::to_string(v.x) + "," + std::to_string(v.y) + "," + std::to_string(v.z) + ")";
}

Schedule schedule_of_environment() {
  const char* name = std::getenv("FIXYNN_HOST_SCHEDULE");
  if (name == nullptr || std::strcmp(name, "forward") == 0) return Schedule::kForward;
  if (std::strcmp(name, "reverse") == 0) return Schedule::kReverse;
  if (std::strcmp(name, "random") == 0) return Schedule::kRandom;
  throw std::invalid_argument("FIXYNN_HOST_SCHEDULE is forward, reverse or random, not " + std::string(name));
}

bool& schedule_chosen() {
  static bool chosen = false;
  return chosen;
}

void check_shape(const Shape& shape) {
  const auto refuse = [&](const std::string& why) {
    throw KernelFault("launch at " + place(shape.file, shape.line) + ": " + why);
  };
  const dim3 block = shape.block, grid = shape.grid;
  if (block.x == 0 || block.y == 0 || block.z == 0 || block.x > 1024 || block.y > 1024 || block.z > 64 ||
      block.x * block.y * block.z > static_cast<unsigned>(kBlockLimit)) {
    refuse("block " + text(block) + " is empty or exceeds 1024 threads");
  }
  if (grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.x > 0x7fffffffu || grid.y > 65535 || grid.z > 65535) {
    refuse("grid " + text(grid) + " is empty or exceeds (2147483647,65535,65535)");
  }
  if (shape.shared_bytes > kSharedLimit) {
    refuse(std::to_string(shape.shared_bytes) + " bytes of shared memory exceed 227 KB");
  }
}

}  // namespace

Schedule schedule() {
  if (!schedule_chosen()) set_schedule(schedule_of_environment());
  return launcher().order;
}

void set_schedule(Schedule schedule, uint64_t seed) {
  schedule_chosen() = true;
  launcher().order = schedule;
  launcher().random.seed(seed);
}

// Recording and launching.

namespace {
Recording* recording = nullptr;
}

void set_recording(Recording* to) {
  recording = to;
}

void execute(std::function<void()> work) {
  if (recording != nullptr) {
    recording->push_back(std::move(work));
  } else {
    work();
  }
}

void launch(const Shape& shape, std::function<void()> kernel) {
  check_shape(shape);
  schedule();
  execute([shape, kernel = std::move(kernel)] { launcher().run(shape, kernel); });
}

void Launcher::arrange(std::span<int> numbers) {
  // The next one is taken from the end.
  if (order == Schedule::kForward) std::reverse(numbers.begin(), numbers.end());
  if (order == Schedule::kRandom) std::shuffle(numbers.begin(), numbers.end(), random);
}

void Launcher::run(const Shape& shape, const std::function<void()>& kernel) {
  if (running_) fault("a kernel launches a kernel");
  shape_ = &shape;
  kernel_ = &kernel;
  fault_.clear();
  index.block_size = shape.block;
  index.grid_size = shape.grid;
  const int count = static_cast<int>(shape.block.x * shape.block.y * shape.block.z);
  index_of_.clear();
  for (unsigned z = 0; z < shape.block.z; ++z) {
    for (unsigned y = 0; y < shape.block.y; ++y) {
      for (unsigned x = 0; x < shape.block.x; ++x) index_of_.push_back(make_uint3(x, y, z));
    }
  }
  threads_.assign(static_cast<size_t>(count), Thread{});
  race::begin_launch(fibers_.begin(), fibers_.bytes());
  std::vector<int> blocks(size_t{1} * shape.grid.x * shape.grid.y * shape.grid.z);
  for (size_t i = 0; i < blocks.size(); ++i) blocks[i] = static_cast<int>(i);
  arrange(blocks);
  running_ = true;
  for (; !blocks.empty() && fault_.empty(); blocks.pop_back())
    run_block(static_cast<unsigned>(blocks.back()));
  running_ = false;
  if (!fault_.empty()) {
    fibers_.reset();
    throw KernelFault(fault_ + "\n  launched at " + place(shape.file, shape.line));
  }
}

void Launcher::run_block(unsigned block) {
  const dim3 grid = shape_->grid;
  index.block = make_uint3(block % grid.x, block / grid.x % grid.y, block / grid.x / grid.y);
  race::begin_block(block, static_cast<int>(threads_.size()));
  arena_.begin_block(shape_->shared_bytes);
  exited_ = at_barrier_ = barrier_sum_ = 0;
  ready_.clear();
  unstarted_.resize(threads_.size());
  for (size_t i = 0; i < threads_.size(); ++i) {
    threads_[i].state = Thread::State::kNew;
    unstarted_[i] = static_cast<int>(i);
  }
  arrange(unstarted_);
  on_ = &main_;
  switch_to(next_fiber());
  if (fault_.empty() && exited_ < static_cast<int>(threads_.size())) fault_ = deadlock();
}

// Fibers.

void Launcher::switch_to(Fiber* to) {
  Fiber* const from = on_;
  if (to == from) return;
  on_ = to;
  leave_stack(&from->fake_stack, to->stack, to->stack_bytes);
  arrived(from, boost::context::detail::jump_fcontext(to->context, from));
}

void Launcher::arrived(Fiber* on, const boost::context::detail::transfer_t& transfer) {
  auto* const left = static_cast<Fiber*>(transfer.data);
  left->context = transfer.fctx;
  arrive(on->fake_stack, &left->stack, &left->stack_bytes);
}

void Launcher::set_current(int thread) {
  current_ = thread;
  index.thread = index_of_[static_cast<size_t>(thread)];
}

int Launcher::pick() {
  // Ready threads first: a warp comes as far as it can before the next one starts.
  bool start = ready_.empty();
  if (order == Schedule::kRandom && !unstarted_.empty()) start = start || random() % 4 == 0;
  std::vector<int>& from = start ? unstarted_ : ready_;
  if (from.empty()) return -1;
  if (order == Schedule::kRandom) std::swap(from.back(), from[random() % from.size()]);
  const int thread = from.back();
  from.pop_back();
  return thread;
}

Fiber* Launcher::next_fiber() {
  const int next = pick();
  if (next < 0) return &main_;
  set_current(next);
  Thread& thread = threads_[static_cast<size_t>(next)];
  if (thread.state == Thread::State::kNew) thread.fiber = fibers_.take();
  return thread.fiber;
}

void Launcher::fiber_main(const boost::context::detail::transfer_t& transfer) {
  arrived(on_, transfer);
  while (true) {
    threads_[static_cast<size_t>(current_)].state = Thread::State::kReady;
    run_thread();
    if (!fault_.empty()) stop();
    fibers_.give_back(on_);
    switch_to(next_fiber());
  }
}

void Launcher::run_thread() {
  try {
    race::resume();
    (*kernel_)();
    race::pause();
    finish_thread();
  } catch (const std::exception& error) {
    race::pause();
    fault_ = std::string(error.what()) + "\n  by " + name_of(current_);
  }
}

void Launcher::stop() {
  switch_to(&main_);
  std::abort();
}

void Launcher::abandon(std::string&& what) {
  fault_ = std::move(what) + "\n  by " + name_of(current_);
  stop();
}

void Launcher::finish_thread() {
  threads_[static_cast<size_t>(current_)].state = Thread::State::kExited;
  ++exited_;
  if (at_barrier_ > 0) fault("thread ends while " + name_of(first_at_barrier_) + " waits for it");
  const int first = current_ / kWarp * kWarp;
  const int end = std::min(first + kWarp, static_cast<int>(threads_.size()));
  for (int i = first; i < end; ++i) {
    const Thread& other = threads_[static_cast<size_t>(i)];
    if (other.state == Thread::State::kInWarp && (other.mask >> (current_ - first) & 1u) != 0) {
      fault("thread ends while " + name_of(i) + " waits for it");
    }
  }
}

// Waiting.

int Launcher::barrier(const char* operation, int value, const char* file, int line) {
  Thread& own = threads_[static_cast<size_t>(current_)];
  const int self = current_;
  own.operation = operation;
  own.file = file;
  own.line = line;
  if (exited_ > 0)
    fault(std::string(operation) + " at " + place(file, line) + " after a thread of the block ended");
  if (at_barrier_ == 0) {
    first_at_barrier_ = self;
    barrier_sum_ = 0;
  }
  const Thread& first = threads_[static_cast<size_t>(first_at_barrier_)];
  if (first.line != line || std::strcmp(first.operation, operation) != 0 ||
      std::strcmp(first.file, file) != 0) {
    fault(std::string(operation) + " at " + place(file, line) + " meets " + name_of(first_at_barrier_));
  }
  barrier_sum_ += value;
  if (++at_barrier_ < static_cast<int>(threads_.size())) {
    own.state = Thread::State::kAtBarrier;
    switch_to(next_fiber());
    return barrier_result_;
  }
  at_barrier_ = 0;
  barrier_result_ = barrier_sum_;
  race::block_barrier();
  // All wait now, so that nothing else is ready.
  ready_.resize(threads_.size());
  for (size_t i = 0; i < threads_.size(); ++i) {
    threads_[i].state = Thread::State::kReady;
    ready_[i] = static_cast<int>(i);
  }
  arrange(ready_);
  switch_to(next_fiber());
  return barrier_result_;
}

void Launcher::warp_collective(const char* operation, unsigned mask, void* payload,
                               CollectiveFunction function, bool orders_memory, const char* file, int line) {
  const int first = current_ / kWarp * kWarp, lane = current_ - first;
  const int lanes = std::min(kWarp, static_cast<int>(threads_.size()) - first);
  Thread* const warp = &threads_[static_cast<size_t>(first)];
  const auto refuse = [&](const std::string& why) {
    fault(std::string(operation) + " at " + place(file, line) + ": " + why);
  };
  if ((mask >> lane & 1u) == 0) refuse("the mask leaves out the calling lane");
  if (lanes < kWarp && mask >> lanes != 0) refuse("the mask names lanes that the block does not have");
  warp[lane] = {Thread::State::kInWarp, warp[lane].fiber, operation, file, line, mask, payload};
  bool complete = true;
  for (int i = 0; i < lanes; ++i) {
    if ((mask >> i & 1u) == 0) continue;
    const Thread& other = warp[i];
    if (other.state == Thread::State::kExited)
      refuse("the mask names lane " + std::to_string(i) + ", which ended");
    // A lane may be ahead or behind in another operation; if the two never meet, that is reported as
    // deadlock.
    complete = complete && other.state == Thread::State::kInWarp && other.mask == mask &&
               (other.operation == operation || std::strcmp(other.operation, operation) == 0);
  }
  if (!complete) {
    switch_to(next_fiber());
    return;
  }
  Lanes taking_part{{}, mask};
  for (int i = 0; i < lanes; ++i) taking_part.payload[i] = (mask >> i & 1u) != 0 ? warp[i].payload : nullptr;
  function(taking_part);
  if (orders_memory) race::warp_barrier(first, mask);
  // No vector here: the stack is left for good when another thread raises a fault.
  std::array<int, kWarp> released{};
  int count = 0;
  for (int i = 0; i < lanes; ++i) {
    if ((mask >> i & 1u) == 0) continue;
    warp[i].state = Thread::State::kReady;
    released[static_cast<size_t>(count++)] = first + i;
  }
  arrange(std::span(released).first(static_cast<size_t>(count)));
  ready_.insert(ready_.end(), released.begin(), released.begin() + count);
  switch_to(next_fiber());
}

// Reports.

std::string Launcher::name_of(int thread) const {
  const Thread& t = threads_[static_cast<size_t>(thread)];
  std::string name = "block " + text(index.block) + " thread " +
                     text(index_of_[static_cast<size_t>(thread)]) + " [warp " +
                     std::to_string(thread / kWarp) + " lane " + std::to_string(thread % kWarp) + "]";
  if (t.state == Thread::State::kAtBarrier || t.state == Thread::State::kInWarp) {
    name += " at " + std::string(t.operation) + " " + place(t.file, t.line);
    if (t.state == Thread::State::kInWarp) {
      char mask[16];
      std::snprintf(mask, sizeof mask, "%08x", t.mask);
      name += " mask " + std::string(mask);
    }
  }
  return name;
}

std::string Launcher::deadlock() const {
  std::string report =
      "deadlock: " + std::to_string(exited_) + " of " + std::to_string(threads_.size()) + " threads ended";
  std::string last;
  int lines = 0;
  for (size_t i = 0; i < threads_.size(); ++i) {
    const Thread& thread = threads_[i];
    if (thread.state == Thread::State::kExited) continue;
    // One line for neighbours of a warp that wait for the same.
    std::string what = std::string(thread.operation) + place(thread.file, thread.line) + ":" +
                       std::to_string(thread.mask) + "/" + std::to_string(i / kWarp);
    if (what == last) continue;
    if (++lines > 40) return report + "\n  ...";
    report += "\n  from " + name_of(static_cast<int>(i));
    last = std::move(what);
  }
  return report;
}

// The shim's entries.

void fault(const std::string& what) {
  throw KernelFault(what);
}

void* shared_array(const void* key, size_t bytes, const char* name) {
  const race::Pause pause;
  return launcher().arena().array(key, bytes, name);
}

void* dynamic_shared() {
  const race::Pause pause;
  return launcher().arena().dynamic();
}

int barrier(const char* operation, int value, const char* file, int line) {
  const race::Pause pause;
  return launcher().barrier(operation, value, file, line);
}

void warp_collective(const char* operation, unsigned mask, void* payload, CollectiveFunction function,
                     bool orders_memory, const char* file, int line) {
  const race::Pause pause;
  launcher().warp_collective(operation, mask, payload, function, orders_memory, file, line);
}

int lane() {
  return launcher().thread() % kWarp;
}

void thread_fence() {
  const race::Pause pause;
  race::fence(launcher().thread());
}

}  // namespace host_cuda
