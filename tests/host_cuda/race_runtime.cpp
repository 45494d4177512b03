// SPDX-License-Identifier: Apache-2.0
// The race checker. Kernels are compiled with -fsanitize=thread, which calls a function before each access to
// memory; these functions are defined here, in place of ThreadSanitizer's library, which knows nothing of
// blocks and barriers. A race or a read of shared memory that nobody wrote is a KernelFault with both places.
// Not seen: copies by a call of memcpy.
#ifdef HOST_CUDA_RACE

#include <elf.h>
#include <link.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "host_cuda/block.h"
#include "host_cuda/race_hooks.h"
#include "host_cuda/race_state.h"

// The linker puts it where the program begins, which is its ELF header.
extern "C" const ElfW(Ehdr) __executable_start;

namespace host_cuda::race {
namespace {

struct Checker {
  Shadow shadow;
  Order order;
  uintptr_t stacks = 0;
  size_t stack_bytes = 0;
};

Checker& checker() {
  static Checker the_checker;
  return the_checker;
}

// Of this operating-system thread: a program may do other work beside a launch.
thread_local bool active = false;

/// "tile_kernel at x.cu:31", or an address where addr2line or line numbers are missing.
std::string source_of(uint32_t code) {
  const uintptr_t base =
      __executable_start.e_type == ET_DYN ? 0 : reinterpret_cast<uintptr_t>(&__executable_start);
  char program[4096];
  const ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
  char text[5000];
  std::snprintf(text, sizeof text, "address 0x%zx", base + code);
  std::string place = text;
  if (length <= 0) return place;
  program[length] = 0;
  // The call returns to the next instruction.
  std::snprintf(text, sizeof text, "addr2line -spCfe '%s' 0x%zx 2>/dev/null", program, base + code - 1);
  FILE* const pipe = popen(text, "r");
  if (pipe == nullptr) return place;
  if (std::fgets(text, sizeof text, pipe) != nullptr && std::strncmp(text, "??", 2) != 0) {
    place.assign(text, std::strcspn(text, "\n"));
  }
  pclose(pipe);
  return place;
}

std::string describe(const Access& access) {
  const char* const what = access.kind == Kind::kRead     ? "read"
                           : access.kind == Kind::kAtomic ? "atomic"
                                                          : "write";
  return std::string(what) + " by block " + std::to_string(access.block()) + " thread " +
         std::to_string(access.thread()) + " in " + source_of(access.code);
}

[[noreturn]] void report(uintptr_t address, const Access& now, const Access& other) {
  active = false;
  char place[32];
  std::snprintf(place, sizeof place, "%zx", address);
  std::string text;
  if (other.kind == Kind::kUninitialised) {
    text = "race checker: uninitialised shared memory: " + describe(now);
  } else {
    text = "race checker: address " + std::string(place) + ": " + describe(now) + "\n  not ordered after " +
           describe(other);
  }
  launcher().abandon(std::move(text));
}

void check_byte(Checker& c, uintptr_t address, Byte& byte, const Access& now) {
  const int thread = static_cast<int>(now.thread());
  const Access& written = byte.write;
  const bool both_atomic = written.kind == Kind::kAtomic && now.kind == Kind::kAtomic;
  if (written.kind == Kind::kUninitialised) {
    if (now.kind != Kind::kWrite) report(address, now, written);
  } else if (written.kind != Kind::kNone && !both_atomic && !c.order.ordered(written, thread)) {
    report(address, now, written);
  }
  if (now.kind == Kind::kRead) {
    // The same thread reads again.
    if (byte.reads[0].who == now.who && byte.reads[0].interval == now.interval &&
        byte.reads[0].clock == now.clock && byte.reads[0].kind == Kind::kRead) {
      return;
    }
    // A read that is ordered after an earlier one stands for both.
    for (Access& read : byte.reads) {
      if (read.kind == Kind::kNone || c.order.ordered(read, thread)) {
        read = now;
        return;
      }
    }
    byte.reads[1] = now;
    return;
  }
  for (Access& read : byte.reads) {
    if (read.kind != Kind::kNone && !c.order.ordered(read, thread)) report(address, now, read);
    read.kind = Kind::kNone;
  }
  byte.write = now;
}

void check(const void* memory, size_t bytes, Kind kind, const void* code) {
  const auto address = reinterpret_cast<uintptr_t>(memory);
  Checker& c = checker();
  if (address - c.stacks < c.stack_bytes) return;
  if (address - reinterpret_cast<uintptr_t>(&index) < sizeof index) return;
  const auto offset = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(code) -
                                            reinterpret_cast<uintptr_t>(&__executable_start));
  const Access now = c.order.stamp(launcher().thread(), kind, offset);
  for_each_state(c.shadow, address, bytes,
                 [&](uintptr_t place, Byte& byte) { check_byte(c, place, byte, now); });
}

}  // namespace

void pause() {
  active = false;
}
void resume() {
  active = true;
}

void begin_launch(const void* stacks, size_t stack_bytes) {
  Checker& c = checker();
  c.shadow.clear();
  c.order.begin_launch();
  c.stacks = reinterpret_cast<uintptr_t>(stacks);
  c.stack_bytes = stack_bytes;
}

void begin_block(unsigned block, int threads) {
  checker().order.begin_block(block, threads);
}

void new_shared(const void* address, size_t bytes) {
  for_each_state(checker().shadow, reinterpret_cast<uintptr_t>(address), bytes, [](uintptr_t, Byte& byte) {
    byte = {};
    byte.write.kind = Kind::kUninitialised;
  });
}

void block_barrier() {
  checker().order.block_barrier();
}
void warp_barrier(int first, unsigned mask) {
  checker().order.warp_barrier(first, mask);
}
void fence(int thread) {
  checker().order.fence(thread);
}

void atomic(const void* address, size_t bytes, const void* code) {
  check(address, bytes, Kind::kAtomic, code);
  checker().order.atomic(reinterpret_cast<uintptr_t>(address), launcher().thread());
}

}  // namespace host_cuda::race

// The functions that the compiler calls.

#define HOST_CUDA_ACCESS(name, bytes, kind)                                                             \
  extern "C" void __tsan_##name(const void* address) {                                                  \
    if (host_cuda::race::active) {                                                                      \
      host_cuda::race::check(address, bytes, host_cuda::race::Kind::kind, __builtin_return_address(0)); \
    }                                                                                                   \
  }
#define HOST_CUDA_ACCESSES(bytes)                         \
  HOST_CUDA_ACCESS(read##bytes, bytes, kRead)             \
  HOST_CUDA_ACCESS(write##bytes, bytes, kWrite)           \
  HOST_CUDA_ACCESS(unaligned_read##bytes, bytes, kRead)   \
  HOST_CUDA_ACCESS(unaligned_write##bytes, bytes, kWrite) \
  HOST_CUDA_ACCESS(volatile_read##bytes, bytes, kRead)    \
  HOST_CUDA_ACCESS(volatile_write##bytes, bytes, kWrite)
HOST_CUDA_ACCESSES(1)
HOST_CUDA_ACCESSES(2)
HOST_CUDA_ACCESSES(4)
HOST_CUDA_ACCESSES(8)
HOST_CUDA_ACCESSES(16)

extern "C" {

void __tsan_read_range(const void* address, size_t bytes) {
  if (host_cuda::race::active) {
    host_cuda::race::check(address, bytes, host_cuda::race::Kind::kRead, __builtin_return_address(0));
  }
}
void __tsan_write_range(const void* address, size_t bytes) {
  if (host_cuda::race::active) {
    host_cuda::race::check(address, bytes, host_cuda::race::Kind::kWrite, __builtin_return_address(0));
  }
}
void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_read(void**) {}
void __tsan_vptr_update(void**, void*) {}

}  // extern "C"

// Atomics of the host's library code, which is instrumented along with the kernels.
#define HOST_CUDA_STD_ATOMIC(bits, type)                                                                \
  extern "C" type __tsan_atomic##bits##_load(const volatile type* a, int) {                             \
    return __atomic_load_n(a, __ATOMIC_SEQ_CST);                                                        \
  }                                                                                                     \
  extern "C" void __tsan_atomic##bits##_store(volatile type* a, type v, int) {                          \
    __atomic_store_n(a, v, __ATOMIC_SEQ_CST);                                                           \
  }                                                                                                     \
  extern "C" type __tsan_atomic##bits##_exchange(volatile type* a, type v, int) {                       \
    return __atomic_exchange_n(a, v, __ATOMIC_SEQ_CST);                                                 \
  }                                                                                                     \
  extern "C" type __tsan_atomic##bits##_fetch_add(volatile type* a, type v, int) {                      \
    return __atomic_fetch_add(a, v, __ATOMIC_SEQ_CST);                                                  \
  }                                                                                                     \
  extern "C" type __tsan_atomic##bits##_fetch_sub(volatile type* a, type v, int) {                      \
    return __atomic_fetch_sub(a, v, __ATOMIC_SEQ_CST);                                                  \
  }                                                                                                     \
  extern "C" bool __tsan_atomic##bits##_compare_exchange_strong(volatile type* a, type* c, type v, int, \
                                                                int) {                                  \
    return __atomic_compare_exchange_n(a, c, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);             \
  }
HOST_CUDA_STD_ATOMIC(8, uint8_t)
HOST_CUDA_STD_ATOMIC(32, uint32_t)
HOST_CUDA_STD_ATOMIC(64, uint64_t)

#endif
