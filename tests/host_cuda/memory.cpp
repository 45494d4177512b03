// SPDX-License-Identifier: Apache-2.0
// Stacks, shared memory and atomic operations of the launcher.
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <limits>
#include <new>

#include "host_cuda/block.h"
#include "host_cuda/race_hooks.h"
#include "host_cuda/sanitizer.h"

namespace host_cuda {

namespace {

constexpr size_t kStackBytes = 256 * 1024;  ///< of a thread, with the page that guards it
constexpr size_t kRedzone = 64;
constexpr size_t kArenaBytes = 512 * 1024;

void enter_fiber(boost::context::detail::transfer_t from) {
  launcher().fiber_main(from);
}

}  // namespace

FiberPool::FiberPool() : fibers_(static_cast<size_t>(kBlockLimit)) {
  void* const memory =
      mmap(nullptr, bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  memory_ = static_cast<std::byte*>(memory);
}

FiberPool::~FiberPool() {
  munmap(memory_, bytes());
}

size_t FiberPool::bytes() const {
  return kStackBytes * static_cast<size_t>(kBlockLimit);
}

Fiber* FiberPool::take() {
  if (!free_.empty()) {
    Fiber* const fiber = free_.back();
    free_.pop_back();
    return fiber;
  }
  Fiber& fiber = fibers_[made_];
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  std::byte* const slot = memory_ + made_ * kStackBytes;
  if (fiber.stack == nullptr) {
    if (mprotect(slot, page, PROT_NONE) != 0) throw std::bad_alloc();
    fiber.stack = slot + page;
    fiber.stack_bytes = kStackBytes - page;
  }
  ++made_;
  unpoison(fiber.stack, fiber.stack_bytes);
  fiber.context = boost::context::detail::make_fcontext(slot + kStackBytes, fiber.stack_bytes, enter_fiber);
  fiber.fake_stack = nullptr;
  return &fiber;
}

void FiberPool::reset() {
  free_.clear();
  made_ = 0;
}

SharedArena::SharedArena() : memory_(kArenaBytes) {}

void SharedArena::begin_block(size_t dynamic_bytes) {
  unpoison(memory_.data(), used_);
  arrays_.clear();
  used_ = static_bytes_ = 0;
  poison(memory_.data(), memory_.size());
  dynamic_bytes_ = dynamic_bytes;
  dynamic_ = carve(dynamic_bytes);
}

std::byte* SharedArena::carve(size_t bytes) {
  // Aligned to 16 bytes and, so that a kernel cannot rely on more, not to 32.
  const auto base = reinterpret_cast<uintptr_t>(memory_.data());
  const uintptr_t start = (base + used_ + kRedzone + 31) / 32 * 32 + 16;
  std::byte* const address = memory_.data() + (start - base);
  used_ = start - base + bytes;
  unpoison(address, bytes);
  std::memset(address, 0xff, bytes);  // NaN, -1
  race::new_shared(address, bytes);
  return address;
}

void* SharedArena::array(const void* key, size_t bytes, const char* name) {
  for (const Array& array : arrays_) {
    if (array.key == key) return array.address;
  }
  static_bytes_ += (bytes + 15) / 16 * 16;
  if (static_bytes_ > kStaticSharedLimit) {
    fault(std::string("array ") + name + " takes shared arrays over 48 KB");
  }
  if (static_bytes_ + dynamic_bytes_ > kSharedLimit) {
    fault(std::string("array ") + name + " takes shared memory over 227 KB");
  }
  arrays_.push_back({key, carve(bytes)});
  return arrays_.back().address;
}

namespace {

template <class T, class Change>
T change(const void* code, T* address, Change new_value) {
  const race::Pause pause;
  race::atomic(address, sizeof(T), code);
  const T old = *address;
  *address = new_value(old);
  return old;
}

/// Integers wrap.
template <class T>
T plus(T a, T b) {
  if constexpr (std::numeric_limits<T>::is_integer) {
    return static_cast<T>(static_cast<unsigned long long>(a) + static_cast<unsigned long long>(b));
  } else {
    return a + b;
  }
}

}  // namespace

}  // namespace host_cuda

#define HOST_CUDA_ATOMICS(type)                                                                  \
  type atomicAdd(type* address, type value) {                                                    \
    return host_cuda::change(__builtin_return_address(0), address,                               \
                             [=](type old) { return host_cuda::plus(old, value); });             \
  }                                                                                              \
  type atomicExch(type* address, type value) {                                                   \
    return host_cuda::change(__builtin_return_address(0), address, [=](type) { return value; }); \
  }
#define HOST_CUDA_INTEGER_ATOMICS(type)                                                                    \
  HOST_CUDA_ATOMICS(type)                                                                                  \
  type atomicMin(type* address, type value) {                                                              \
    return host_cuda::change(__builtin_return_address(0), address,                                         \
                             [=](type old) { return value < old ? value : old; });                         \
  }                                                                                                        \
  type atomicMax(type* address, type value) {                                                              \
    return host_cuda::change(__builtin_return_address(0), address,                                         \
                             [=](type old) { return old < value ? value : old; });                         \
  }                                                                                                        \
  type atomicAnd(type* address, type value) {                                                              \
    return host_cuda::change(__builtin_return_address(0), address, [=](type old) { return old & value; }); \
  }                                                                                                        \
  type atomicOr(type* address, type value) {                                                               \
    return host_cuda::change(__builtin_return_address(0), address, [=](type old) { return old | value; }); \
  }                                                                                                        \
  type atomicXor(type* address, type value) {                                                              \
    return host_cuda::change(__builtin_return_address(0), address, [=](type old) { return old ^ value; }); \
  }                                                                                                        \
  type atomicCAS(type* address, type expected, type value) {                                               \
    return host_cuda::change(__builtin_return_address(0), address,                                         \
                             [=](type old) { return old == expected ? value : old; });                     \
  }

HOST_CUDA_ATOMICS(float)
HOST_CUDA_ATOMICS(double)
HOST_CUDA_INTEGER_ATOMICS(int)
HOST_CUDA_INTEGER_ATOMICS(unsigned)
HOST_CUDA_INTEGER_ATOMICS(unsigned long long)

int atomicSub(int* address, int value) {
  return host_cuda::change(__builtin_return_address(0), address, [=](int old) {
    return host_cuda::plus(old, static_cast<int>(0u - static_cast<unsigned>(value)));
  });
}
unsigned atomicSub(unsigned* address, unsigned value) {
  return host_cuda::change(__builtin_return_address(0), address, [=](unsigned old) { return old - value; });
}
unsigned atomicInc(unsigned* address, unsigned limit) {
  return host_cuda::change(__builtin_return_address(0), address,
                           [=](unsigned old) { return old >= limit ? 0 : old + 1; });
}
unsigned atomicDec(unsigned* address, unsigned limit) {
  return host_cuda::change(__builtin_return_address(0), address,
                           [=](unsigned old) { return old == 0 || old > limit ? limit : old - 1; });
}
