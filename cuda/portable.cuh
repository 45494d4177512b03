// SPDX-License-Identifier: Apache-2.0
#pragma once

// The only switch between a kernel on the device and the same kernel run on the host by the launcher of
// tests/host_cuda. Kernels and launchers include this and nothing of CUDA's own.
//
// Rules for kernels (what the host launcher checks, and why the device stays deterministic):
//  1. Shared memory only through SHARED_ARRAY and DYNAMIC_SHARED.
//  2. Launch only through launch(); one constant for __launch_bounds__ and the launch.
//  3. No return before a barrier or a warp operation: guard the work, not the barrier.
//  4. Explicit masks in warp operations; PTX only in mma.cuh; no cooperative groups, no volatile flags, no
//     spinning on another block.
//  5. __syncwarp() between lanes' accesses to shared memory; between blocks, atomics and __threadfence().
//  6. bf16 arithmetic in float. The device code is compiled with -fmad=false, so a*b + c rounds twice and
//     fmaf(a, b, c) once, on the device as on the host: write the one you mean.

#if defined(__CUDACC__)

#include <cuda_bf16.h>
#include <cuda_runtime.h>

/// SHARED_ARRAY(float, tile, [16][17]) declares one array a block, 16-byte aligned.
#define SHARED_ARRAY(type, name, extents) __shared__ __align__(16) type name extents
/// DYNAMIC_SHARED(float, name): pointer to the launch's `shared_bytes` bytes, 16-byte aligned.
#define DYNAMIC_SHARED(type, name)                                       \
  extern __shared__ __align__(16) unsigned char fixynn_dynamic_shared[]; \
  type* const name = reinterpret_cast<type*>(fixynn_dynamic_shared)

namespace fixynn::cuda {

struct LaunchShape {
  dim3 grid, block;
  size_t shared_bytes = 0;
  cudaStream_t stream = nullptr;
  const char* file = __builtin_FILE();
  int line = __builtin_LINE();
};

/// Throws Error naming the place when CUDA refused a launch (runtime.cpp).
void check_launch(cudaError_t status, const LaunchShape& shape);

/// Starts `kernel(arguments...)`.
template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), const LaunchShape& shape, Arguments&&... arguments) {
  // More than 48 KB must be asked for, and a kernel may have some KB of static arrays as well.
  if (shape.shared_bytes > 40 * 1024) {
    check_launch(cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel),
                                      cudaFuncAttributeMaxDynamicSharedMemorySize,
                                      static_cast<int>(shape.shared_bytes)),
                 shape);
  }
  kernel<<<shape.grid, shape.block, shape.shared_bytes, shape.stream>>>(
      static_cast<Parameters>(arguments)...);
  check_launch(cudaGetLastError(), shape);
}

}  // namespace fixynn::cuda

#else
// The host launcher: keywords, built-in variables, warp operations, SHARED_ARRAY, LaunchShape and launch().
#include "host_cuda/host_cuda.h"
#endif
