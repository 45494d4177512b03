// SPDX-License-Identifier: Apache-2.0
#pragma once

// The body of finish_channel_sums (batch_norm.cuh).

namespace fixynn::cuda {

/// Adds (or, for extrema, compares) the block's rows of `scratch` [2][kThreads][V] and writes them to
/// to[block.row][2][channels].
template <int V, int kThreads, bool kCompare>
__device__ void store_block_row(const float* scratch, float* to, int channels, const SumBlock& block) {
  const int lanes = kThreads * V / block.width;  // threads that hold the same channel
  for (int i = static_cast<int>(threadIdx.x); i < 2 * block.width; i += kThreads) {
    const int which = i / block.width, channel = i % block.width;
    const float* column = scratch + which * kThreads * V + channel;
    float value = column[0];
    for (int lane = 1; lane < lanes; ++lane) {
      const float next = column[lane * block.width];
      if constexpr (kCompare) {
        value = which == 0 ? fminf(value, next) : fmaxf(value, next);
      } else {
        value += next;
      }
    }
    to[(static_cast<int64_t>(block.row) * 2 + which) * channels + block.first_channel + channel] = value;
  }
}

/// Sum over rows of one column, by `slices` neighbouring groups of threads, in a fixed order.
__device__ inline double sum_rows(const float* column, int rows, int stride, int first, int step) {
  double total = 0;
  for (int row = first; row < rows; row += step) {
    total += static_cast<double>(__ldcg(column + static_cast<int64_t>(row) * stride));
  }
  return total;
}

/// The last block: columns in chunks of `width` threads, rows dealt to slices of the block.
template <int kThreads>
__device__ void finish_all_channels(const ChannelSums& sums, const BatchNormFinish& finish, int rows,
                                    double* totals) {
  const int channels = finish.channels;
  const int thread = static_cast<int>(threadIdx.x);
  const int width = channels < kThreads / 2 ? channels : kThreads / 2;  // channels at a time, both sums
  const int slices = kThreads / (2 * width);
  const int slice = thread / (2 * width), column = thread % (2 * width);
  const int which = column / width;
  for (int first = 0; first < channels; first += width) {
    const int channel = first + column % width;
    const bool active = slice < slices && channel < channels;
    if (active) {
      totals[thread] = sum_rows(sums.partial + static_cast<int64_t>(which) * channels + channel, rows,
                                2 * channels, slice, slices);
    }
    __syncthreads();
    if (active && slice == 0 && which == 0) {
      double sum = 0, product = 0;
      for (int s = 0; s < slices; ++s) {
        sum += totals[s * 2 * width + column];
        product += totals[s * 2 * width + width + column];
      }
      if (finish.kind == BatchNormFinish::Kind::kStatistics) {
        finish_statistics(finish, channel, static_cast<double>(sums.center[channel]), sum, product);
      } else {
        finish_gradient(finish, channel, sum, product);
      }
    }
    __syncthreads();
  }
}

template <int kThreads>
__device__ void finish_all_extrema(const float* extrema, float* range, int channels, int rows) {
  for (int i = static_cast<int>(threadIdx.x); i < 2 * channels; i += kThreads) {
    float value = __ldcg(extrema + i);
    for (int row = 1; row < rows; ++row) {
      const float next = __ldcg(extrema + static_cast<int64_t>(row) * 2 * channels + i);
      value = i < channels ? fminf(value, next) : fmaxf(value, next);
    }
    range[i] = value;
  }
}

template <int V, int kThreads, bool kExtrema>
__device__ void finish_channel_sums(const ChannelSums& sums, const BatchNormFinish& finish,
                                    const ChannelAccumulator<V, kExtrema>& mine, const SumBlock& block,
                                    float* scratch) {
  if (sums.center == nullptr) return;  // the same for all threads
  const int thread = static_cast<int>(threadIdx.x);
  const int channels = finish.channels;
  __syncthreads();  // the scratch may have been in use
  store_values(scratch + thread * V, mine.sum);
  store_values(scratch + (kThreads + thread) * V, mine.product);
  __syncthreads();
  store_block_row<V, kThreads, false>(scratch, sums.partial, channels, block);
  if constexpr (kExtrema) {
    __syncthreads();
    store_values(scratch + thread * V, mine.smallest);
    store_values(scratch + (kThreads + thread) * V, mine.largest);
    __syncthreads();
    store_block_row<V, kThreads, true>(scratch, sums.extrema, channels, block);
  }
  __threadfence();
  __syncthreads();
  SHARED_ARRAY(int, is_last, [1]);
  if (thread == 0) {
    is_last[0] = atomicAdd(sums.ticket, 1u) == static_cast<unsigned>(block.blocks) - 1u ? 1 : 0;
    if (is_last[0] != 0) *sums.ticket = 0;  // ready for the next launch
  }
  __syncthreads();
  if (is_last[0] == 0) return;
  __threadfence();
  SHARED_ARRAY(double, totals, [kThreads]);
  finish_all_channels<kThreads>(sums, finish, block.rows, totals);
  if constexpr (kExtrema) finish_all_extrema<kThreads>(sums.extrema, finish.range, channels, block.rows);
}

}  // namespace fixynn::cuda
