// SPDX-License-Identifier: Apache-2.0
// Depthwise 3x3 convolution:
//   z[oy][ox][c] = scale[c] * sum over ky, kx of w[ky][kx][c] * y[s*oy + ky - pad][s*ox + kx - pad][c],
// y = activation of z_in, 0 in the padding. Layouts: NHWC, weights [9][channels] float, z float or bf16.
//
// A thread owns four channels of kColumns output columns and walks down a strip of output rows
// (depthwise.cuh). It loads an input row once, one row ahead of its use, and adds it to the sums of the
// output rows that it touches; those sums, not a window of inputs, stay in registers. Columns and rows of the
// padding are read from the nearest pixel and clamped to 0 by the activation.
// Accumulates (z - center) and its square (or extrema) of the stored z; overwrites z_out. The order of all
// sums follows from the grid alone.

#include "cuda/kernels/batch_norm.cuh"
#include "cuda/kernels/depthwise.cuh"

namespace fixynn::cuda {
namespace {

constexpr int V = kDepthwiseChannels;
constexpr int kThreads = 192;  // divisible by powers of two and by 3
constexpr int kResident = 2;   // blocks a multiprocessor
/// Output columns of a thread: as many as registers allow.
template <class T, int kStride>
constexpr int kRunColumns = kStride == 1 && sizeof(T) == 2 ? 4 : 2;

/// The input rows below one run of columns: at most one row of loads in flight.
template <class T, int kStride>
struct InputRows {
  static constexpr int kCount = (kRunColumns<T, kStride> - 1) * kStride + 3;
  const T* image;
  int size, row_values;
  uint32_t offset[kCount];  ///< bytes from the first column of the row
  float limit[kCount];      ///< of the activation; 0 in the padding
  FourChannels<T> loaded[kCount];

  __device__ __forceinline__ void place(const DepthwiseForward& pass, const Strip& strip, int channel) {
    const ImageShape& shape = pass.shape;
    size = shape.in_size;
    row_values = size * shape.in_channels;
    image = static_cast<const T*>(pass.z_in) + int64_t{strip.image} * size * row_values + channel;
#pragma unroll
    for (int i = 0; i < kCount; ++i) {
      const int column = strip.column * kStride - shape.pad + i;
      const int values = min(max(column, 0), size - 1) * shape.in_channels;
      offset[i] = static_cast<uint32_t>(values) * static_cast<uint32_t>(sizeof(T));
      limit[i] = column >= 0 && column < size ? pass.activation.max : 0.0f;
    }
  }

  __device__ __forceinline__ void load(int row) {
    const T* first = image + int64_t{min(max(row, 0), size - 1)} * row_values;
    const char* from = reinterpret_cast<const char*>(first);
#pragma unroll
    for (int i = 0; i < kCount; ++i) loaded[i] = load_four(reinterpret_cast<const T*>(from + offset[i]));
  }

  template <bool kQuantise>
  __device__ __forceinline__ void activate_row(int row, const ActivationOf<V>& activation,
                                               float (&y)[kCount][V]) const {
    const bool inside = row >= 0 && row < size;
#pragma unroll
    for (int i = 0; i < kCount; ++i) {
      const float most = inside ? limit[i] : 0.0f;
      unpack_four(loaded[i], y[i]);
#pragma unroll
      for (int v = 0; v < V; ++v) {
        y[i][v] = activate(y[i][v], activation.a[v], activation.b[v], most, kQuantise);
      }
    }
  }
};

/// to = from + the products of one input row with one row of taps.
template <int kStride, int kInputs, int kColumns>
__device__ __forceinline__ void add_row(const float (&y)[kInputs][V], const float (&taps)[3][V],
                                        const float (&from)[kColumns][V], float (&to)[kColumns][V]) {
#pragma unroll
  for (int j = 0; j < kColumns; ++j) {
#pragma unroll
    for (int v = 0; v < V; ++v) {
      float sum = from[j][v];
#pragma unroll
      for (int kx = 0; kx < 3; ++kx) sum = fmaf(y[j * kStride + kx][v], taps[kx][v], sum);
      to[j][v] = sum;
    }
  }
}

/// What a thread keeps for all of its strips.
template <class T, int kStride, bool kQuantise, bool kExtrema>
struct ForwardThread {
  static constexpr int kColumns = kRunColumns<T, kStride>;
  static constexpr int kInputs = InputRows<T, kStride>::kCount;
  float weights[3][3][V];
  float scale[V];
  const float* center_from;  ///< null: no sums. Read again for each row: registers are short
  ActivationOf<V> activation;
  ChannelAccumulator<V, kExtrema> sums;
  T* out;  ///< first row and column of the strip
  int columns, out_row_values, channels;

  __device__ __forceinline__ void start(const DepthwiseForward& pass, int channel) {
    channels = pass.shape.out_channels;
    out_row_values = pass.shape.out_size * channels;
#pragma unroll
    for (int tap = 0; tap < 9; ++tap) {
      load_values(pass.weights + tap * channels + channel, weights[tap / 3][tap % 3]);
    }
    load_values(pass.scale + channel, scale);
    center_from = pass.sums.center == nullptr ? nullptr : pass.sums.center + channel;
    activation.load(pass.activation, channel);
    sums.start();
  }

  __device__ __forceinline__ void store_row(int row, const float (&done)[kColumns][V]) {
    T* to = out + int64_t{row} * out_row_values;
    float center[V] = {};
    if (center_from != nullptr) load_values(center_from, center);
    FourChannels<T> four;
    float z[V];
#pragma unroll
    for (int j = 0; j < kColumns; ++j) {
      if (j > 0 && j >= columns) break;
#pragma unroll
      for (int v = 0; v < V; ++v) z[v] = scale[v] * done[j][v];
      pack_four(z, four);
      store_four(to + j * channels, four);
      unpack_four(four, z);
#pragma unroll
      for (int v = 0; v < V; ++v) sums.add_value(v, z[v], center[v]);
    }
  }

  /// Input row r ends output row r-1, continues r and begins r+1. The first two rows end nothing.
  __device__ __forceinline__ void walk_stride_1(InputRows<T, 1>& rows, int count, int first) {
    float above[kColumns][V] = {}, here[kColumns][V] = {};
    const float zero[kColumns][V] = {};
    rows.load(first - 1);
#pragma unroll 1
    for (int row = -1; row <= count; ++row) {
      float y[kInputs][V], done[kColumns][V];
      rows.template activate_row<kQuantise>(first + row, activation, y);
      if (row < count) rows.load(first + row + 1);
      add_row<1>(y, weights[2], above, done);
      add_row<1>(y, weights[1], here, above);
      add_row<1>(y, weights[0], zero, here);
      if (row > 0) store_row(row - 1, done);
    }
  }

  /// Two input rows an output row; the second of them begins the next one.
  __device__ __forceinline__ void walk_stride_2(InputRows<T, 2>& rows, int count, int first) {
    float here[kColumns][V], y[kInputs][V];
    const float zero[kColumns][V] = {};
    rows.load(first);
    rows.template activate_row<kQuantise>(first, activation, y);
    rows.load(first + 1);
    add_row<2>(y, weights[0], zero, here);
#pragma unroll 1
    for (int row = 0; row < count; ++row) {
      const int middle = first + 2 * row + 1;
      float done[kColumns][V];
      rows.template activate_row<kQuantise>(middle, activation, y);
      rows.load(middle + 1);
      add_row<2>(y, weights[1], here, done);
      rows.template activate_row<kQuantise>(middle + 1, activation, y);
      if (row + 1 < count) rows.load(middle + 2);
      add_row<2>(y, weights[2], done, done);
      add_row<2>(y, weights[0], zero, here);
      store_row(row, done);
    }
  }
};

template <class T, int kStride, bool kQuantise, bool kExtrema>
__global__ void __launch_bounds__(kThreads, kResident)
    depthwise_forward_kernel(DepthwiseForward pass, StripPlan plan) {
  const int group = static_cast<int>(threadIdx.x) % plan.groups;
  const int slot = static_cast<int>(threadIdx.x) / plan.groups;
  const int slots = kThreads / plan.groups;
  const int first_channel = static_cast<int>(blockIdx.y) * plan.groups * V;
  const int channel = first_channel + group * V;
  ForwardThread<T, kStride, kQuantise, kExtrema> thread;
  thread.start(pass, channel);
  for (int item = static_cast<int>(blockIdx.x) * slots + slot; item < plan.items;
       item += static_cast<int>(gridDim.x) * slots) {
    const Strip strip = plan.strip<kRunColumns<T, kStride>>(item);
    InputRows<T, kStride> rows;
    rows.place(pass, strip, channel);
    thread.columns = plan.size - strip.column;
    thread.out = static_cast<T*>(pass.z_out) +
                 (int64_t{strip.image} * plan.size + strip.first_row) * thread.out_row_values +
                 strip.column * thread.channels + channel;
    const int count = strip.end_row - strip.first_row;
    if constexpr (kStride == 1) {
      thread.walk_stride_1(rows, count, strip.first_row);
    } else {
      thread.walk_stride_2(rows, count, 2 * strip.first_row - pass.shape.pad);
    }
  }
  SHARED_ARRAY(float, scratch, [2 * V * kThreads]);
  const SumBlock block{first_channel, plan.groups * V, static_cast<int>(blockIdx.x), plan.blocks,
                       plan.blocks * plan.chunks};
  finish_channel_sums<V, kThreads, kExtrema>(pass.sums, pass.finish, thread.sums, block, scratch);
}

template <class T, int kStride, bool kQuantise>
void launch_forward(const DepthwiseForward& pass, const Queue& queue) {
  const StripPlan plan = plan_strips(pass.shape, kRunColumns<T, kStride>, kThreads, kResident, queue);
  const LaunchShape shape{dim3(static_cast<unsigned>(plan.blocks), static_cast<unsigned>(plan.chunks)),
                          dim3(kThreads), 0, queue.stream};
  if (pass.sums.extrema != nullptr) {
    launch(depthwise_forward_kernel<T, kStride, kQuantise, true>, shape, pass, plan);
  } else {
    launch(depthwise_forward_kernel<T, kStride, kQuantise, false>, shape, pass, plan);
  }
}

template <class T>
void dispatch_forward(const DepthwiseForward& pass, const Queue& queue) {
  if (pass.shape.stride == 1) {
    pass.activation.quantise ? launch_forward<T, 1, true>(pass, queue)
                             : launch_forward<T, 1, false>(pass, queue);
  } else {
    pass.activation.quantise ? launch_forward<T, 2, true>(pass, queue)
                             : launch_forward<T, 2, false>(pass, queue);
  }
}

}  // namespace

void depthwise_forward(const DepthwiseForward& pass, const Queue& queue) {
  if (pass.precision == Precision::kBf16) {
    dispatch_forward<__nv_bfloat16>(pass, queue);
  } else {
    dispatch_forward<float>(pass, queue);
  }
}

}  // namespace fixynn::cuda
