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

/// Sums over rows first, first + step, ... of four neighbouring columns, in that order. The last block works
/// alone, so what matters is how many loads are under way.
__device__ __forceinline__ void sum_rows(const float* columns, int rows, int64_t stride, int first, int step,
                                         double (&totals)[4]) {
  constexpr int kAhead = 8;
  int row = first;
  for (; row + (kAhead - 1) * step < rows; row += kAhead * step) {
    float4 next[kAhead];
#pragma unroll
    for (int i = 0; i < kAhead; ++i) {
      next[i] = __ldcg(reinterpret_cast<const float4*>(columns + (row + i * step) * stride));
    }
#pragma unroll
    for (int i = 0; i < kAhead; ++i) {
      totals[0] += static_cast<double>(next[i].x);
      totals[1] += static_cast<double>(next[i].y);
      totals[2] += static_cast<double>(next[i].z);
      totals[3] += static_cast<double>(next[i].w);
    }
  }
  for (; row < rows; row += step) {
    const float4 next = __ldcg(reinterpret_cast<const float4*>(columns + row * stride));
    totals[0] += static_cast<double>(next.x);
    totals[1] += static_cast<double>(next.y);
    totals[2] += static_cast<double>(next.z);
    totals[3] += static_cast<double>(next.w);
  }
}

/// The last block: chunks of `width` channels, four a thread, both sums side by side; the rows are dealt to
/// slices of the block. `totals`: shared memory of 4 * kThreads doubles.
template <int kThreads>
__device__ void finish_all_channels(const ChannelSums& sums, const BatchNormFinish& finish, int rows,
                                    double* totals) {
  const int channels = finish.channels;
  const int thread = static_cast<int>(threadIdx.x);
  const int width = channels < 2 * kThreads ? channels : 2 * kThreads;
  const int quads = width / 4;
  const int slices = kThreads / (2 * quads);
  const int slice = thread / (2 * quads), quad = thread % (2 * quads);
  for (int first = 0; first < channels; first += width) {
    const int channel = first + quad % quads * 4;
    if (slice < slices && channel < channels) {
      const float* columns = sums.partial + static_cast<int64_t>(quad / quads) * channels + channel;
      double mine[4] = {};
      sum_rows(columns, rows, 2 * static_cast<int64_t>(channels), slice, slices, mine);
#pragma unroll
      for (int i = 0; i < 4; ++i) totals[thread * 4 + i] = mine[i];
    }
    __syncthreads();
    for (int c = thread; c < width && first + c < channels; c += kThreads) {
      double sum = 0, product = 0;
      for (int s = 0; s < slices; ++s) {
        sum += totals[s * 2 * width + c];
        product += totals[s * 2 * width + width + c];
      }
      if (finish.kind == BatchNormFinish::Kind::kStatistics) {
        finish_statistics(finish, first + c, static_cast<double>(sums.center[first + c]), sum, product);
      } else {
        finish_gradient(finish, first + c, sum, product);
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
  // The scratch has room for 4 * kThreads doubles and is free: all have passed a barrier since.
  finish_all_channels<kThreads>(sums, finish, block.rows, reinterpret_cast<double*>(scratch));
  if constexpr (kExtrema) finish_all_extrema<kThreads>(sums.extrema, finish.range, channels, block.rows);
}

}  // namespace fixynn::cuda
