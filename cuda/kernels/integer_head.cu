// SPDX-License-Identifier: Apache-2.0
// The head in integers: pooled[c] = sum over pixels of codes[p][c] (32 bits hold it: 255 * pixels),
//   logit[k] = float(double(bias[k] + sum over c of weight[k][c] * pooled[c]) * logit_scale),
// the sum in 64 bits, the product in double: what the CPU engine computes, bit for bit.
//
// Layout: codes [images][pixels][C] u8, weights [classes][C] s8, bias [classes], logits [images][classes].
// Threads: a block takes an image, a grid stride apart. Pooling: a thread adds 8 channels (8-byte loads) of
// every (threads / groups)-th pixel; the parts meet in shared memory. Then a warp takes a class: lanes add
// 8-channel groups, and shuffles add the lanes.
// Overwrites `logits`. Integer sums, so independent of the order.
#include <algorithm>

#include "cuda/kernels/integer_passes.h"
#include "cuda/kernels/integer_requantise.cuh"

namespace fixynn::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kWarps = kThreads / 32;
constexpr int kV = 8;

/// Threads that share a channel group; each has a row of sums in shared memory.
__host__ __device__ constexpr int parts_of(int channels) {
  const int groups = channels / kV;
  return groups >= kThreads ? 1 : kThreads / groups;
}

/// sums[part][channel] of one image.
__device__ __forceinline__ void pool(const IntegerHeadPass& pass, const uint8_t* codes, int32_t* sums) {
  const int groups = pass.channels / kV, parts = parts_of(pass.channels);
  for (int item = static_cast<int>(threadIdx.x); item < groups * parts; item += kThreads) {
    const int part = item / groups, channel = (item - part * groups) * kV;
    int32_t sum[kV] = {};
#pragma unroll 4
    for (int p = part; p < pass.pixels; p += parts) {
      uint32_t words[2];
      load_codes<kV>(codes + static_cast<int64_t>(p) * pass.channels + channel, words);
#pragma unroll
      for (int i = 0; i < kV; ++i) sum[i] += static_cast<int32_t>(words[i / 4] >> (i % 4 * 8) & 255u);
    }
    int4* const to = reinterpret_cast<int4*>(sums + part * pass.channels + channel);
    to[0] = make_int4(sum[0], sum[1], sum[2], sum[3]);
    to[1] = make_int4(sum[4], sum[5], sum[6], sum[7]);
  }
}

/// A lane's share of the product of a class with the pooled sums.
__device__ __forceinline__ long long dot(const IntegerHeadPass& pass, const int8_t* weights,
                                         const int32_t* pooled) {
  long long sum = 0;
  for (int channel = static_cast<int>(threadIdx.x) % 32 * kV; channel < pass.channels; channel += 32 * kV) {
    uint32_t words[2];
    load_codes<kV>(reinterpret_cast<const uint8_t*>(weights) + channel, words);
    const int4 low = *reinterpret_cast<const int4*>(pooled + channel);
    const int4 high = *reinterpret_cast<const int4*>(pooled + channel + 4);
    const int values[kV] = {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w};
#pragma unroll
    for (int i = 0; i < kV; ++i) {
      const int weight = static_cast<int8_t>(words[i / 4] >> (i % 4 * 8) & 255u);
      sum += static_cast<long long>(weight) * values[i];
    }
  }
  return sum;
}

__global__ void __launch_bounds__(kThreads) head_kernel(IntegerHeadPass pass) {
  DYNAMIC_SHARED(int32_t, sums);
  const int parts = parts_of(pass.channels);
  const int64_t image_bytes = static_cast<int64_t>(pass.pixels) * pass.channels;
  for (int image = static_cast<int>(blockIdx.x); image < pass.images; image += static_cast<int>(gridDim.x)) {
    pool(pass, pass.codes + image * image_bytes, sums);
    __syncthreads();
    for (int c = static_cast<int>(threadIdx.x); c < pass.channels; c += kThreads) {
      int32_t sum = sums[c];
      for (int part = 1; part < parts; ++part) sum += sums[part * pass.channels + c];
      sums[c] = sum;  // only this thread uses column c until the barrier
    }
    __syncthreads();
    for (int k = static_cast<int>(threadIdx.x) / 32; k < pass.classes; k += kWarps) {
      long long sum = dot(pass, pass.weights + static_cast<int64_t>(k) * pass.channels, sums);
#pragma unroll
      for (int lanes = 16; lanes > 0; lanes /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, lanes);
      if (threadIdx.x % 32 == 0) {
        const double logit = static_cast<double>(sum + pass.bias[k]) * pass.logit_scale;
        pass.logits[static_cast<int64_t>(image) * pass.classes + k] = static_cast<float>(logit);
      }
    }
    __syncthreads();  // before the next image overwrites the sums
  }
}

}  // namespace

void integer_head(const IntegerHeadPass& pass, const Queue& queue) {
  if (pass.images == 0) return;
  const size_t shared =
      static_cast<size_t>(parts_of(pass.channels)) * static_cast<size_t>(pass.channels) * sizeof(int32_t);
  const int blocks = std::min(pass.images, queue.multiprocessors * 8);
  launch(head_kernel, LaunchShape{dim3(static_cast<unsigned>(blocks)), dim3(kThreads), shared, queue.stream},
         pass);
}

}  // namespace fixynn::cuda
