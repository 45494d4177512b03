// SPDX-License-Identifier: Apache-2.0
#pragma once

// Runs CUDA kernels on the host: cuda/portable.cuh includes this instead of CUDA's own headers when the
// compiler is not nvcc. Each thread of a block is a fiber that runs until it must wait; blocks run one after
// another. What a kernel may not do raises KernelFault with its place. Not checked here: speed, real
// concurrency, approximations of device functions. The types (float4, dim3, __nv_bfloat16) are those of the
// toolkit.

#include <cuda_bf16.h>
#include <cuda_runtime_api.h>
#include <vector_functions.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

// The toolkit defines its keywords for other compilers too. It makes __shared__ empty, so such an array would
// silently belong to one thread.
#undef __launch_bounds__
#define __launch_bounds__(...)
#undef __shared__
#define __shared__ _Pragma("GCC error \"use SHARED_ARRAY or DYNAMIC_SHARED instead of __shared__\"")

namespace host_cuda {

/// A kernel broke a rule. The message names the block, the thread and the place.
class KernelFault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The order in which blocks of a launch and threads of a block run. The default is FIXYNN_HOST_SCHEDULE
/// (forward, reverse or random), or forward.
enum class Schedule { kForward, kReverse, kRandom };
Schedule schedule();
void set_schedule(Schedule schedule, uint64_t seed = 1);

/// What this program can find beyond faults.
enum class Flavour { kPlain, kAsan, kRace };
Flavour flavour();

constexpr size_t kSharedLimit = 227 * 1024;       ///< bytes a block may have
constexpr size_t kStaticSharedLimit = 48 * 1024;  ///< bytes of SHARED_ARRAYs, which need no opt-in
constexpr int kBlockLimit = 1024;                 ///< threads
constexpr int kWarp = 32;

/// Built-in variables of the running thread.
struct Index {
  uint3 thread{}, block{};
  dim3 block_size{}, grid_size{};
};
extern Index index;

struct Shape {
  dim3 grid, block;
  size_t shared_bytes;
  const char* file;
  int line;
};

/// Runs `kernel` once a thread, or appends the launch to the recording.
void launch(const Shape& shape, std::function<void()> kernel);

/// While a recording is set, launches and copies are appended to it instead of being executed (a captured
/// graph).
using Recording = std::vector<std::function<void()>>;
void set_recording(Recording* recording);
/// Executes `work` or records it.
void execute(std::function<void()> work);

/// Stops the launch. To be called by a kernel's thread or by the shim on its behalf.
[[noreturn]] void fault(const std::string& what);

/// The block's array for this declaration: the first thread to come here carves it out.
void* shared_array(const void* key, size_t bytes, const char* name);
void* dynamic_shared();

/// Waits for all threads of the block and returns the sum of `value` over them.
int barrier(const char* operation, int value, const char* file, int line);

/// Payloads of the lanes that take part, by lane; null for the others.
struct Lanes {
  void* payload[kWarp];
  unsigned mask;
};
using CollectiveFunction = void (*)(const Lanes&);
/// Waits until all lanes of `mask` came here with the same operation and mask; then `function` runs once.
/// `orders_memory`: shared memory written by one lane before may be read by another after.
void warp_collective(const char* operation, unsigned mask, void* payload, CollectiveFunction function,
                     bool orders_memory, const char* file, int line);
/// Number of the running thread in its warp.
int lane();

void thread_fence();

}  // namespace host_cuda

inline const uint3& threadIdx = host_cuda::index.thread;
inline const uint3& blockIdx = host_cuda::index.block;
inline const dim3& blockDim = host_cuda::index.block_size;
inline const dim3& gridDim = host_cuda::index.grid_size;
constexpr int warpSize = host_cuda::kWarp;

#define SHARED_ARRAY(type, name, extents)                     \
  static const char name##_key = 0;                           \
  using name##_type = std::remove_pointer_t<type(*) extents>; \
  auto& name = *static_cast<name##_type*>(host_cuda::shared_array(&name##_key, sizeof(name##_type), #name))
#define DYNAMIC_SHARED(type, name) type* const name = static_cast<type*>(host_cuda::dynamic_shared())

namespace fixynn::cuda {

/// As in cuda/portable.cuh; the stream is ignored, launches finish before they return.
struct LaunchShape {
  dim3 grid, block;
  size_t shared_bytes = 0;
  cudaStream_t stream = nullptr;
  const char* file = __builtin_FILE();
  int line = __builtin_LINE();
};

template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), const LaunchShape& shape, Arguments&&... arguments) {
  host_cuda::launch({shape.grid, shape.block, shape.shared_bytes, shape.file, shape.line},
                    [kernel, values = std::tuple<Parameters...>(static_cast<Parameters>(arguments)...)] {
                      std::apply(kernel, values);
                    });
}

}  // namespace fixynn::cuda

// Barriers.
inline void __syncthreads(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  host_cuda::barrier("__syncthreads", 0, file, line);
}
inline int __syncthreads_count(int predicate, const char* file = __builtin_FILE(),
                               int line = __builtin_LINE()) {
  return host_cuda::barrier("__syncthreads_count", predicate != 0, file, line);
}
inline int __syncthreads_or(int predicate, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  return host_cuda::barrier("__syncthreads_or", predicate != 0, file, line) != 0;
}
inline int __syncthreads_and(int predicate, const char* file = __builtin_FILE(),
                             int line = __builtin_LINE()) {
  return host_cuda::barrier("__syncthreads_and", predicate == 0, file, line) == 0;
}
inline void __threadfence() {
  host_cuda::thread_fence();
}
/// Orders nothing between blocks, and within a block only a barrier does.
inline void __threadfence_block() {}

#include "host_cuda/atomics.h"
#include "host_cuda/intrinsics.h"
#include "host_cuda/warp.h"
