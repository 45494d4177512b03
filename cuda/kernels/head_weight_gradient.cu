// SPDX-License-Identifier: Apache-2.0
// Gradient of the head's parameters, and the metrics of the step:
//   dW[c][k] = sum over images of pooled[c] * dlogits[k], dbias[k] = sum over images of dlogits[k].
//
// Layout: all fp32, rows of channels or classes. A block makes kTile channels x kTile classes, a thread
// (kTile / 16)^2 of them; images come in chunks through shared memory, the next chunk is under way while one
// is used. Blocks of the first channels make the bias' gradient, one block more the metrics.
// Overwrites its outputs. Every sum is over images in order, the loss' in double.

#include "cuda/kernels/passes.h"
#include "cuda/portable.cuh"

namespace fixynn::cuda {
namespace {

constexpr int kThreads = 256;

/// Images at `first` .. +kChunk-1 of columns `column` .. +kTile-1 of [images][columns]; 0 beyond both.
template <int kTile, int kCount>
__device__ __forceinline__ void fetch(const float* from, int images, int columns, int first, int column,
                                      float (&values)[kCount]) {
#pragma unroll
  for (int j = 0; j < kCount; ++j) {
    const int i = j * kThreads + static_cast<int>(threadIdx.x);
    const int image = first + i / kTile, c = column + i % kTile;
    values[j] = image < images && c < columns ? from[static_cast<int64_t>(image) * columns + c] : 0.0f;
  }
}

template <int kCount>
__device__ __forceinline__ void keep(float* to, const float (&values)[kCount]) {
#pragma unroll
  for (int j = 0; j < kCount; ++j) to[j * kThreads + static_cast<int>(threadIdx.x)] = values[j];
}

__device__ void add_metrics(const HeadWeightGradient& p) {
  SHARED_ARRAY(float, losses, [kThreads]);
  SHARED_ARRAY(int32_t, hits, [kThreads]);
  const int thread = static_cast<int>(threadIdx.x);
  double loss = 0;
  int32_t correct = 0;
  for (int first = 0; first < p.images; first += kThreads) {
    const int count = p.images - first < kThreads ? p.images - first : kThreads;
    if (thread < count) {
      losses[thread] = p.image_loss[first + thread];
      hits[thread] = p.image_correct[first + thread];
    }
    __syncthreads();
    if (thread == 0) {
      for (int i = 0; i < count; ++i) loss += static_cast<double>(losses[i]);
    }
    if (thread == 32) {  // in another warp
      for (int i = 0; i < count; ++i) correct += hits[i];
    }
    __syncthreads();
  }
  if (thread == 0) {
    *p.loss_sum = loss;
    if (p.fault != nullptr && !isfinite(loss)) atomicMin(p.fault, p.fault_code);
  }
  if (thread == 32) *p.correct = correct;
}

template <int kTile>
__global__ void __launch_bounds__(kThreads) head_weight_gradient_kernel(HeadWeightGradient p) {
  constexpr int kEach = kTile / 16;
  constexpr int kChunk = 4 * kThreads / kTile;  // images at a time
  constexpr int kCount = kChunk * kTile / kThreads;
  SHARED_ARRAY(float, pooled, [kChunk * kTile]);
  SHARED_ARRAY(float, gradients, [kChunk * kTile]);
  if (blockIdx.y == gridDim.y - 1) {
    if (blockIdx.x == 0) add_metrics(p);
    return;  // the whole block
  }
  const int channel = static_cast<int>(blockIdx.y) * kTile, k = static_cast<int>(blockIdx.x) * kTile;
  const int row = static_cast<int>(threadIdx.x) / 16, column = static_cast<int>(threadIdx.x) % 16;
  float sum[kEach][kEach] = {}, bias[kEach] = {};
  float next_pooled[kCount], next_gradients[kCount];
  fetch<kTile>(p.pooled, p.images, p.channels, 0, channel, next_pooled);
  fetch<kTile>(p.logit_gradient, p.images, p.classes, 0, k, next_gradients);
  for (int first = 0; first < p.images; first += kChunk) {
    __syncthreads();
    keep(pooled, next_pooled);
    keep(gradients, next_gradients);
    __syncthreads();
    fetch<kTile>(p.pooled, p.images, p.channels, first + kChunk, channel, next_pooled);
    fetch<kTile>(p.logit_gradient, p.images, p.classes, first + kChunk, k, next_gradients);
#pragma unroll 8
    for (int i = 0; i < kChunk; ++i) {
#pragma unroll
      for (int b = 0; b < kEach; ++b) {
        const float gradient = gradients[i * kTile + column + 16 * b];
        bias[b] += gradient;
#pragma unroll
        for (int a = 0; a < kEach; ++a) {
          sum[a][b] = fmaf(pooled[i * kTile + row + 16 * a], gradient, sum[a][b]);
        }
      }
    }
  }
#pragma unroll
  for (int b = 0; b < kEach; ++b) {
    const int c_out = k + column + 16 * b;
    if (c_out < p.classes) {
#pragma unroll
      for (int a = 0; a < kEach; ++a) {
        const int c_in = channel + row + 16 * a;
        if (c_in < p.channels) p.weight_gradient[static_cast<int64_t>(c_in) * p.classes + c_out] = sum[a][b];
      }
      if (channel == 0 && row == 0) p.bias_gradient[c_out] = bias[b];
    }
  }
}

template <int kTile>
void start(const HeadWeightGradient& pass, const Queue& queue) {
  const dim3 grid(static_cast<unsigned>((pass.classes + kTile - 1) / kTile),
                  static_cast<unsigned>((pass.channels + kTile - 1) / kTile + 1));
  launch(head_weight_gradient_kernel<kTile>, {grid, kThreads, 0, queue.stream}, pass);
}

}  // namespace

void head_weight_gradient(const HeadWeightGradient& pass, const Queue& queue) {
  pass.classes <= 16 ? start<16>(pass, queue) : start<32>(pass, queue);
}

}  // namespace fixynn::cuda
