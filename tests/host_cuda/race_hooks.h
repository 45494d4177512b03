// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the launcher tells the race checker (race_runtime.cpp); nothing in the other flavours.

#include <cstddef>

namespace host_cuda::race {

#ifdef HOST_CUDA_RACE

/// Only accesses between resume() and pause() are the kernel's.
void pause();
void resume();
/// `stacks` belong to one thread each and are not checked.
void begin_launch(const void* stacks, size_t stack_bytes);
void begin_block(unsigned block, int threads);
/// The block's next shared array: nothing in it was written yet.
void new_shared(const void* address, size_t bytes);
void block_barrier();
/// Lanes of `mask` of the warp that begins at thread `first` waited for each other.
void warp_barrier(int first, unsigned mask);
void fence(int thread);
/// `code`: where the kernel did it.
void atomic(const void* address, size_t bytes, const void* code);

#else

inline void pause() {}
inline void resume() {}
inline void begin_launch(const void*, size_t) {}
inline void begin_block(unsigned, int) {}
inline void new_shared(const void*, size_t) {}
inline void block_barrier() {}
inline void warp_barrier(int, unsigned) {}
inline void fence(int) {}
inline void atomic(const void*, size_t, const void*) {}

#endif

/// While it lives, the kernel is not running: around everything that the launcher does on a kernel's behalf.
/// The linker may have given the launcher an instrumented copy of a standard template.
struct Pause {
  Pause() { pause(); }
  ~Pause() { resume(); }
  Pause(const Pause&) = delete;
  Pause& operator=(const Pause&) = delete;
};

}  // namespace host_cuda::race
