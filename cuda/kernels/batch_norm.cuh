// SPDX-License-Identifier: Apache-2.0
#pragma once

// Per-channel sums of a pass, and what the last block of the launch makes of them.
//   forward:  S = sum(z - center), Q = sum((z - center)^2); mean = center + S/n, variance = Q/n - (S/n)^2
//   backward: S = sum(du), Q = sum(du * (z - mean)); gradients of gamma and beta, coefficients of dz
// Order: a thread adds its values, a block its threads by index, the last block the blocks by index in
// double. So the result is a function of the grid alone.

#include "cuda/kernels/activation.cuh"
#include "model/mobilenet.h"

namespace fixynn::cuda {

/// A thread's sums over its values of V channels.
template <int V, bool kExtrema = false>
struct ChannelAccumulator {
  float sum[V] = {}, product[V] = {};
  float smallest[kExtrema ? V : 1], largest[kExtrema ? V : 1];

  __device__ __forceinline__ void start() {
    if constexpr (kExtrema) {
#pragma unroll
      for (int i = 0; i < V; ++i) {
        smallest[i] = INFINITY;
        largest[i] = -INFINITY;
      }
    }
  }
  /// `i` is known at compile time; z as stored.
  __device__ __forceinline__ void add_value(int i, float z, float center) {
    const float d = z - center;
    sum[i] += d;
    product[i] = fmaf(d, d, product[i]);
    if constexpr (kExtrema) {
      smallest[i] = fminf(smallest[i], z);
      largest[i] = fmaxf(largest[i], z);
    }
  }
  __device__ __forceinline__ void add_gradient(int i, float du, float z, float center) {
    sum[i] += du;
    product[i] = fmaf(du, z - center, product[i]);
  }
};

/// Coefficients of one channel's batch norm: u = a*z + b in units of codes.
__device__ inline void normalise(float gamma, float beta, float mean, float variance, float to_codes,
                                 float& a, float& b) {
  const double slope = static_cast<double>(gamma) / sqrt(static_cast<double>(variance) + kBatchNormEpsilon);
  a = static_cast<float>(slope * static_cast<double>(to_codes));
  b = static_cast<float>((static_cast<double>(beta) - static_cast<double>(mean) * slope) *
                         static_cast<double>(to_codes));
}

__device__ __forceinline__ bool is_finite(double value) {
  return value - value == 0.0;
}

/// Mean, variance and the coefficients of one channel from S and Q.
__device__ inline void finish_statistics(const BatchNormFinish& finish, int c, double center, double sum,
                                         double product) {
  const double shift = sum / finish.count;
  double variance = product / finish.count - shift * shift;
  if (!(variance > 0.0)) variance = is_finite(product) ? 0.0 : product;
  const float mean_stored = static_cast<float>(center + shift);
  const float variance_stored = static_cast<float>(variance);
  finish.mean[c] = mean_stored;
  finish.variance[c] = variance_stored;
  if (finish.running_mean != nullptr) {
    finish.running_mean[c] += finish.momentum * (mean_stored - finish.running_mean[c]);
    finish.running_variance[c] += finish.momentum * (variance_stored - finish.running_variance[c]);
  }
  normalise(finish.gamma[c], finish.beta[c], mean_stored, variance_stored, finish.to_codes, finish.a[c],
            finish.b[c]);
  if (finish.fault != nullptr && !(is_finite(mean_stored) && is_finite(variance_stored))) {
    atomicMin(finish.fault, finish.fault_code);
  }
}

__device__ inline void finish_gradient(const BatchNormFinish& finish, int c, double sum, double product) {
  const double inverse = 1.0 / sqrt(static_cast<double>(finish.variance[c]) + kBatchNormEpsilon);
  const double slope = static_cast<double>(finish.gamma[c]) * inverse;
  finish.beta_gradient[c] = static_cast<float>(sum);
  finish.gamma_gradient[c] = static_cast<float>(inverse * product);
  const double p = finish.frozen_statistics ? 0.0 : -slope * inverse * inverse * product / finish.count;
  const double q =
      finish.frozen_statistics ? 0.0 : -slope * sum / finish.count - p * static_cast<double>(finish.mean[c]);
  finish.ca[c] = static_cast<float>(slope);
  finish.cp[c] = static_cast<float>(p);
  finish.cq[c] = static_cast<float>(q);
}

/// Position of a block among those that leave sums: it covers channels first_channel .. +width-1 and writes
/// row `row` of `rows`. Blocks with the same row cover different channels.
struct SumBlock {
  int first_channel, width;
  int row, rows;
  int blocks;  ///< all blocks of the launch
};

/// To be called once by all kThreads threads of every block, after its work. Thread t holds sums of the V
/// channels that start at first_channel + (t % (width / V)) * V; threads past the last whole group of width /
/// V are ignored. `scratch`: shared memory of 2 * V * kThreads floats, 16-byte aligned, overwritten.
template <int V, int kThreads, bool kExtrema>
__device__ void finish_channel_sums(const ChannelSums& sums, const BatchNormFinish& finish,
                                    const ChannelAccumulator<V, kExtrema>& mine, const SumBlock& block,
                                    float* scratch);

}  // namespace fixynn::cuda

#include "cuda/kernels/batch_norm_finish.cuh"
