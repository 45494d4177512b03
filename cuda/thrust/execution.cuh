// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime_api.h>

#if defined(__CUDACC__)
#include <thrust/system/cuda/execution_policy.h>
#else
#include <thrust/system/cpp/execution_policy.h>
#endif

namespace fixynn::cuda {

#if defined(__CUDACC__)
inline auto in_stream(cudaStream_t stream) {
  return thrust::cuda::par.on(stream);
}
#else
inline auto in_stream(cudaStream_t) {
  return thrust::cpp::par;
}
#endif

}  // namespace fixynn::cuda
