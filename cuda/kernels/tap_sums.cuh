// SPDX-License-Identifier: Apache-2.0
#pragma once

// A block's part of a weight gradient: the sum of its threads' sums, thread by thread in their order.

#include "cuda/kernels/pack.cuh"

namespace fixynn::cuda {

/// Floats of scratch: three taps at a time.
constexpr int tap_scratch_floats(int channels_a_thread, int threads) {
  return 3 * channels_a_thread * threads;
}

/// To be called by all threads. Thread t holds kTaps sums of the V channels from (t % (width / V)) * V on.
/// Writes to[tap * channels + 0 .. width-1]. `scratch`: shared memory of tap_scratch_floats(V, kThreads).
template <int V, int kThreads, int kTaps>
__device__ void store_tap_sums(const float (&mine)[kTaps][V], float* to, int channels, int width,
                               float* scratch) {
  static_assert(kTaps % 3 == 0);
  const int thread = static_cast<int>(threadIdx.x);
  const int lanes = kThreads * V / width;  // threads that hold the same channel
#pragma unroll
  for (int first = 0; first < kTaps; first += 3) {
    __syncthreads();  // the scratch may have been in use
#pragma unroll
    for (int tap = 0; tap < 3; ++tap) {
      store_values(scratch + (tap * kThreads + thread) * V, mine[first + tap]);
    }
    __syncthreads();
    for (int i = thread; i < 3 * width; i += kThreads) {
      const int tap = i / width, channel = i % width;
      const float* column = scratch + tap * kThreads * V + channel;
      float value = column[0];
      for (int lane = 1; lane < lanes; ++lane) value += column[lane * width];
      to[static_cast<int64_t>(first + tap) * channels + channel] = value;
    }
  }
}

}  // namespace fixynn::cuda
