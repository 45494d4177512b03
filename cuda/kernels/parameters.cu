// SPDX-License-Identifier: Apache-2.0
// Passes over parameters, one launch for all tensors of a kind:
//   prepare_weights  weights -> codes (or values) and scales as the forward passes want them, and effective
//                    weights, transposed where asked, for the backward passes; the codes and products are
//                    those of quantise_weights and dequantise_weights, bit for bit
//   sgd_update       sum of partial gradients, weight decay, momentum, step
//   normalise_with_running   a and b of batch norms from the running statistics
//
// Layout: matrices [rows][columns] of fp32 values or int8 codes; outputs fp32 or bf16. A thread has four
// neighbouring columns (values), in one access where address and length allow.
// Overwrites its outputs. Sums have an order that depends on the number of rows alone.

#include "cuda/kernels/batch_norm.cuh"
#include "quant/fake_quant.h"

namespace fixynn::cuda {
namespace {

constexpr int kThreads = 256;

template <size_t kBytes>
__device__ __forceinline__ bool aligned(const void* pointer) {
  return reinterpret_cast<uintptr_t>(pointer) % kBytes == 0;
}

// ---- access to four neighbours, of which `count` exist ----

__device__ __forceinline__ void load_four(const float* from, int count, bool whole, float (&values)[4]) {
  if (whole) {
    load_values(from, values);
  } else {
#pragma unroll
    for (int i = 0; i < 4; ++i) values[i] = i < count ? from[i] : 0.0f;
  }
}

__device__ __forceinline__ void load_four(const int8_t* from, int count, bool whole, float (&values)[4]) {
  if (whole) {
    const char4 four = *reinterpret_cast<const char4*>(from);
    values[0] = static_cast<float>(four.x);
    values[1] = static_cast<float>(four.y);
    values[2] = static_cast<float>(four.z);
    values[3] = static_cast<float>(four.w);
  } else {
#pragma unroll
    for (int i = 0; i < 4; ++i) values[i] = i < count ? static_cast<float>(from[i]) : 0.0f;
  }
}

__device__ __forceinline__ void store_one(float* to, float value) {
  *to = value;
}
__device__ __forceinline__ void store_one(__nv_bfloat16* to, float value) {
  *to = __float2bfloat16_rn(value);
}

template <class T>
__device__ __forceinline__ void store_four(T* to, int count, bool whole, const float (&values)[4]) {
  if (whole) {
    store_values(to, values);
  } else {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      if (i < count) store_one(to + i, values[i]);
    }
  }
}

// ---- prepare_weights ----

constexpr int kColumns = 32;                ///< of a block
constexpr int kQuads = kColumns / 4;        ///< threads side by side
constexpr int kLanes = kThreads / kQuads;   ///< rows at a time
constexpr int kAhead = 4;                   ///< rows of a thread under way
constexpr int kTileRows = kLanes * kAhead;  ///< rows of a transposed tile
constexpr int kTilePitch = kColumns + 1;    ///< no bank conflicts along columns
static_assert(kLanes == kColumns, "the transposed tile is written by columns with the same threads");

/// Thread's place in a tile of columns.
struct ColumnPlace {
  int lane;    ///< first row
  int column;  ///< of the matrix
  int count;   ///< columns of the four that exist
  bool whole;  ///< rows start at multiples of four values
};

/// Largest magnitude of each of the block's columns into `largest` [kColumns].
__device__ __forceinline__ void column_maxima(const WeightTask& task, const ColumnPlace& place,
                                              float* scratch, float* largest) {
  const int thread = static_cast<int>(threadIdx.x);
  float most[4] = {};
  if (place.count > 0) {
#pragma unroll 4
    for (int row = place.lane; row < task.rows; row += kLanes) {
      float values[4];
      load_four(task.values + static_cast<int64_t>(row) * task.columns + place.column, place.count,
                place.whole, values);
#pragma unroll
      for (int i = 0; i < 4; ++i) most[i] = fmaxf(most[i], fabsf(values[i]));
    }
  }
  store_values(scratch + thread * 4, most);
  __syncthreads();
  if (thread < kColumns) {
    float value = 0;
    for (int lane = 0; lane < kLanes; ++lane) value = fmaxf(value, scratch[lane * kColumns + thread]);
    largest[thread] = value;
  }
  __syncthreads();
}

/// Largest magnitude of the whole matrix into all of `largest` [kColumns].
__device__ __forceinline__ void matrix_maximum(const WeightTask& task, float* scratch, float* largest) {
  const int thread = static_cast<int>(threadIdx.x);
  const int64_t total = static_cast<int64_t>(task.rows) * task.columns;
  const bool whole = aligned<16>(task.values);
  float most = 0;
#pragma unroll 4
  for (int64_t first = thread * 4; first < total; first += kThreads * 4) {
    const int count = total - first < 4 ? static_cast<int>(total - first) : 4;
    float values[4];
    load_four(task.values + first, count, whole && count == 4, values);
#pragma unroll
    for (int i = 0; i < 4; ++i) most = fmaxf(most, fabsf(values[i]));
  }
  scratch[thread] = most;
  __syncthreads();
  if (thread < kColumns) {
    float value = 0;
    for (int i = 0; i < kThreads; ++i) value = fmaxf(value, scratch[i]);
    largest[thread] = value;
  }
  __syncthreads();
}

/// Writes a tile [kTileRows][kColumns] of effective weights, whose first row is `first`, as
/// to[columns][rows].
template <class T>
__device__ __forceinline__ void store_transposed(const WeightTask& task, const float* tile, int first,
                                                 int first_column) {
  const int thread = static_cast<int>(threadIdx.x);
  const int column = thread / kQuads;
  T* to = static_cast<T*>(task.backward) + static_cast<int64_t>(first_column + column) * task.rows;
  const bool whole = task.rows % 4 == 0 && aligned<4 * sizeof(T)>(task.backward);
  if (first_column + column < task.columns) {
#pragma unroll
    for (int u = 0; u < kAhead; ++u) {
      const int row = u * kLanes + thread % kQuads * 4;
      const int left = task.rows - first - row;
      float values[4];
#pragma unroll
      for (int i = 0; i < 4; ++i) values[i] = tile[(row + i) * kTilePitch + column];
      if (left > 0) store_four(to + first + row, left, whole && left >= 4, values);
    }
  }
}

/// Codes and effective weights of the block's columns; T is the type of the outputs.
template <class T, class Source>
__device__ __forceinline__ void convert_columns(const WeightTask& task, const Source* source,
                                                const ColumnPlace& place, const float* scales, float* tile) {
  const int first_column = static_cast<int>(blockIdx.x) * kColumns;
  const bool quantise = task.codes == nullptr && task.bits != kFloatBits;
  const float code_max = quantise ? static_cast<float>(weight_code_max(task.bits)) : 0.0f;
  const bool forward_whole = task.columns % 4 == 0 && aligned<4 * sizeof(T)>(task.forward);
  const bool backward_whole = task.columns % 4 == 0 && aligned<4 * sizeof(T)>(task.backward);
  float scale[4], inverse[4];
  load_values(scales + static_cast<int>(threadIdx.x) % kQuads * 4, scale);
#pragma unroll
  for (int i = 0; i < 4; ++i) inverse[i] = 1.0f / scale[i];
  for (int first = 0; first < task.rows; first += kTileRows) {
    float codes[kAhead][4];
#pragma unroll
    for (int u = 0; u < kAhead; ++u) {
      const int row = first + u * kLanes + place.lane;
#pragma unroll
      for (int i = 0; i < 4; ++i) codes[u][i] = 0;
      if (row < task.rows && place.count > 0) {
        load_four(source + static_cast<int64_t>(row) * task.columns + place.column, place.count, place.whole,
                  codes[u]);
      }
    }
#pragma unroll
    for (int u = 0; u < kAhead; ++u) {
      const int tile_row = u * kLanes + place.lane;
      const bool exists = first + tile_row < task.rows && place.count > 0;
      const int64_t index = static_cast<int64_t>(first + tile_row) * task.columns + place.column;
      float effective[4];
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        if (quantise) codes[u][i] = weight_code(codes[u][i], inverse[i], code_max);
        effective[i] = codes[u][i] * scale[i];
      }
      if (exists && task.forward != nullptr) {
        store_four(static_cast<T*>(task.forward) + index, place.count, forward_whole, codes[u]);
      }
      if (exists && task.backward != nullptr && !task.transpose) {
        store_four(static_cast<T*>(task.backward) + index, place.count, backward_whole, effective);
      }
      if (task.transpose) {
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          tile[tile_row * kTilePitch + static_cast<int>(threadIdx.x) % kQuads * 4 + i] = effective[i];
        }
      }
    }
    if (task.transpose) {  // the same for all threads
      __syncthreads();
      if (task.backward != nullptr) store_transposed<T>(task, tile, first, first_column);
      __syncthreads();
    }
  }
}

template <class Source>
__device__ __forceinline__ void convert_to_type(const WeightTask& task, const Source* source,
                                                const ColumnPlace& place, const float* scales, float* tile) {
  if (task.bf16) {
    convert_columns<__nv_bfloat16>(task, source, place, scales, tile);
  } else {
    convert_columns<float>(task, source, place, scales, tile);
  }
}

__global__ void __launch_bounds__(kThreads) prepare_weights_kernel(const WeightTask* tasks) {
  SHARED_ARRAY(float, tile, [kTileRows * kTilePitch]);
  SHARED_ARRAY(float, scales, [kColumns]);
  static_assert(kTileRows * kTilePitch >= kThreads * 4, "the tile is the scratch of the maxima");
  const WeightTask task = tasks[blockIdx.y];
  const int thread = static_cast<int>(threadIdx.x);
  const int first_column = static_cast<int>(blockIdx.x) * kColumns;
  if (first_column >= task.columns) return;  // the whole block
  const int column = first_column + thread % kQuads * 4;
  const bool whole =
      task.columns % 4 == 0 && (task.codes != nullptr ? aligned<4>(task.codes) : aligned<16>(task.values));
  const ColumnPlace place{thread / kQuads, column, task.columns - column, whole};
  const bool quantise = task.codes == nullptr && task.bits != kFloatBits;
  if (quantise && task.one_scale) {
    matrix_maximum(task, tile, scales);
  } else if (quantise) {
    column_maxima(task, place, tile, scales);
  }
  if (thread < kColumns) {
    const int own = first_column + thread;
    float scale = 1.0f;
    if (quantise) scale = weight_scale(scales[thread], task.bits);
    if (task.codes != nullptr && own < task.columns) scale = task.code_scales[own];
    scales[thread] = scale;
    if (task.scale != nullptr && own < task.columns) task.scale[own] = scale * task.input_scale;
  }
  __syncthreads();
  if (task.codes != nullptr) {
    convert_to_type(task, task.codes, place, scales, tile);
  } else {
    convert_to_type(task, task.values, place, scales, tile);
  }
}

// ---- sgd_update ----

constexpr int kMostSlices = 32;
constexpr int kSegmentBlocks = 64;  ///< most blocks a segment

/// Slices of a block that share the rows of a value: at least four rows each.
__device__ __forceinline__ int row_slices(int rows) {
  int slices = 1;
  while (slices < kMostSlices && rows >= slices * 8) slices *= 2;
  return slices;
}

/// Sum over rows first, first + step, ... of four values, in that order.
__device__ __forceinline__ void sum_partial(const SgdSegment& s, int index, int count, bool whole, int first,
                                            int step, float (&sum)[4]) {
  const float* partial = s.partial + index;
  load_four(partial + first * s.stride, count, whole, sum);
#pragma unroll 4
  for (int row = first + step; row < s.rows; row += step) {
    float next[4];
    load_four(partial + row * s.stride, count, whole, next);
#pragma unroll
    for (int i = 0; i < 4; ++i) sum[i] += next[i];
  }
}

/// The step of four values, as the CPU engine rounds it.
__device__ __forceinline__ void step_values(const SgdPass& pass, const SgdSegment& s, int index, int count,
                                            bool whole, const float (&gradient)[4], float rate) {
  float w[4], v[4];
  load_four(s.values + index, count, whole, w);
  load_four(s.momentum + index, count, whole, v);
  bool finite = true;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const float g = fmaf(s.weight_decay, w[i], gradient[i] * s.gradient_scale);
    v[i] = fmaf(pass.momentum, v[i], g);
    const float direction = pass.nesterov ? fmaf(pass.momentum, v[i], g) : v[i];
    w[i] = fmaf(-rate, direction, w[i]);
    finite = finite && isfinite(w[i]);
  }
  store_four(s.values + index, count, whole, w);
  store_four(s.momentum + index, count, whole, v);
  if (!finite && pass.fault != nullptr) atomicMin(pass.fault, s.fault_code);
}

__global__ void __launch_bounds__(kThreads) sgd_update_kernel(SgdPass pass) {
  SHARED_ARRAY(float, sums, [kThreads * 4]);
  const SgdSegment s = pass.segments[blockIdx.y];
  const int thread = static_cast<int>(threadIdx.x);
  const int slices = row_slices(s.rows);
  const int width = kThreads / slices;  // threads side by side
  const int slice = thread / width, lane = thread % width;
  const float rate = *pass.learning_rate;
  const bool aligned_segment =
      aligned<16>(s.values) && aligned<16>(s.momentum) && aligned<16>(s.partial) && s.stride % 4 == 0;
  const int chunk = width * 4;
  for (int first = static_cast<int>(blockIdx.x) * chunk; first < s.count;
       first += static_cast<int>(gridDim.x) * chunk) {
    const int index = first + lane * 4;
    const int count = s.count - index;
    const bool whole = aligned_segment && count >= 4;
    float gradient[4] = {};
    if (count > 0) sum_partial(s, index, count, whole, slice, slices, gradient);
    if (slices > 1) {  // the same for all threads
      __syncthreads();
      store_values(sums + thread * 4, gradient);
      __syncthreads();
      for (int other = 1; slice == 0 && other < slices; ++other) {
        float next[4];
        load_values(sums + (other * width + lane) * 4, next);
#pragma unroll
        for (int i = 0; i < 4; ++i) gradient[i] += next[i];
      }
    }
    if (slice == 0 && count > 0) step_values(pass, s, index, count, whole, gradient, rate);
  }
}

// ---- normalise_with_running ----

__global__ void __launch_bounds__(kThreads) normalise_kernel(const NormaliseTask* tasks) {
  const NormaliseTask task = tasks[blockIdx.x];
  for (int c = static_cast<int>(threadIdx.x); c < task.channels; c += kThreads) {
    const float mean = task.mean[c], variance = task.variance[c];
    normalise(task.gamma[c], task.beta[c], mean, variance, task.to_codes, task.a[c], task.b[c]);
    if (task.mean_used != nullptr) task.mean_used[c] = mean;
    if (task.variance_used != nullptr) task.variance_used[c] = variance;
  }
}

}  // namespace

void prepare_weights(const WeightTask* tasks, int count, int most_columns, const Queue& queue) {
  if (count == 0) return;
  const dim3 grid(static_cast<unsigned>((most_columns + kColumns - 1) / kColumns),
                  static_cast<unsigned>(count));
  launch(prepare_weights_kernel, {grid, kThreads, 0, queue.stream}, tasks);
}

void sgd_update(const SgdPass& pass, const Queue& queue) {
  if (pass.segment_count == 0) return;
  // Enough blocks for a small segment with many rows; a large one takes several chunks a block.
  const int smallest_chunk = kThreads / kMostSlices * 4;
  const int chunks = (pass.most_values + smallest_chunk - 1) / smallest_chunk;
  const dim3 grid(static_cast<unsigned>(chunks < kSegmentBlocks ? chunks : kSegmentBlocks),
                  static_cast<unsigned>(pass.segment_count));
  launch(sgd_update_kernel, {grid, kThreads, 0, queue.stream}, pass);
}

void normalise_with_running(const NormaliseTask* tasks, int count, const Queue& queue) {
  if (count == 0) return;
  launch(normalise_kernel, {static_cast<unsigned>(count), kThreads, 0, queue.stream}, tasks);
}

}  // namespace fixynn::cuda
