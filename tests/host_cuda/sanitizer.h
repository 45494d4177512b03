// SPDX-License-Identifier: Apache-2.0
#pragma once

// What AddressSanitizer is told about stacks and shared memory; nothing without it.

#include <cstddef>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace host_cuda {

#ifdef __SANITIZE_ADDRESS__

/// Before a switch to another stack.
inline void leave_stack(void** fake_stack, const void* to, size_t bytes) {
  __sanitizer_start_switch_fiber(fake_stack, to, bytes);
}
/// After a switch; says which stack was left.
inline void arrive(void* fake_stack, const void** from, size_t* bytes) {
  __sanitizer_finish_switch_fiber(fake_stack, from, bytes);
}
inline void poison(const void* address, size_t bytes) {
  __asan_poison_memory_region(address, bytes);
}
inline void unpoison(const void* address, size_t bytes) {
  __asan_unpoison_memory_region(address, bytes);
}

#else

inline void leave_stack(void**, const void*, size_t) {}
inline void arrive(void*, const void**, size_t*) {}
inline void poison(const void*, size_t) {}
inline void unpoison(const void*, size_t) {}

#endif

}  // namespace host_cuda
