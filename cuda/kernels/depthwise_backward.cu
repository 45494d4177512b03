// SPDX-License-Identifier: Apache-2.0
// Both gradients of the depthwise 3x3 convolution, one pass over the tensors. With dz = gradient with respect
// to its output z, formed from du and z on load, and output pixel (oy, ox) reading input s*oy + ky - pad:
//   du_in[iy][ix][c] = passes(z_in[iy][ix][c]) * sum over ky, kx of w[ky][kx][c] * dz[oy][ox][c],
//   dW[ky][kx][c]    = sum over iy, ix of y_in[iy][ix][c] * dz[oy][ox][c],   y_in = activation of z_in,
// over the (oy, ox) that have an integer s*oy = iy + pad - ky, s*ox = ix + pad - kx. So both need the same dz
// for one input pixel. Layouts: NHWC, weights and dW [9][channels] float, tensors float or bf16.
//
// A thread owns four channels of kColumns output columns (stride 1: as many input columns; stride 2: the two
// input columns 2*ox - pad, 2*ox - pad + 1 of each) and walks down a strip of rows (depthwise.cuh) with a
// window of dz in registers: three rows at stride 1, two at stride 2. The loads of the next row are in flight
// while a row is computed. dz outside is 0; input pixels of the padding are read from the nearest pixel and
// come to 0 through the activation's limit.
// Accumulates du_in (as stored) and du_in * (z_in - center), and dW in nine registers a channel; overwrites
// du_in and the block's row of `partial`. Blocks add their threads in order: all sums follow from the grid.

#include "cuda/kernels/batch_norm.cuh"
#include "cuda/kernels/depthwise.cuh"
#include "cuda/kernels/tap_sums.cuh"

namespace fixynn::cuda {
namespace {

constexpr int V = kDepthwiseChannels;
constexpr int kThreads = 256;
constexpr int kResident = 1;  // blocks a multiprocessor: a thread has up to 255 registers
/// Output columns of a thread: as many as registers allow.
template <class T, int kStride>
constexpr int kRunColumns = kStride == 2 && sizeof(T) == 4 ? 1 : 2;

/// The tensors of one side of the convolution around a run: its columns first .. first + kCount - 1.
template <class T, int kCount>
struct Columns {
  int size, row_values;
  int64_t first_value;      ///< of the image, at the thread's channel
  uint32_t offset[kCount];  ///< bytes from the first column of the row
  unsigned inside;          ///< bit i: column i is in the image

  __device__ __forceinline__ void place(int image, int image_size, int channels, int channel, int first) {
    size = image_size;
    row_values = size * channels;
    first_value = int64_t{image} * size * row_values + channel;
    inside = 0;
#pragma unroll
    for (int i = 0; i < kCount; ++i) {
      const int column = first + i;
      const int values = min(max(column, 0), size - 1) * channels;
      offset[i] = static_cast<uint32_t>(values) * static_cast<uint32_t>(sizeof(T));
      if (column >= 0 && column < size) inside |= 1u << i;
    }
  }
  /// Columns in the image, none where the row is not.
  __device__ __forceinline__ unsigned inside_at(int row) const {
    return row >= 0 && row < size ? inside : 0u;
  }
  __device__ __forceinline__ void load(const void* tensor, int row, FourChannels<T> (&to)[kCount]) const {
    const T* first =
        static_cast<const T*>(tensor) + first_value + int64_t{min(max(row, 0), size - 1)} * row_values;
    const char* from = reinterpret_cast<const char*>(first);
#pragma unroll
    for (int i = 0; i < kCount; ++i) to[i] = load_four(reinterpret_cast<const T*>(from + offset[i]));
  }
};

template <class T, int kStride, bool kWeights, bool kQuantise>
struct BackwardThread {
  static constexpr int kColumns = kRunColumns<T, kStride>;
  static constexpr int kDepth = kStride == 1 ? 3 : 2;  // rows of the window
  static constexpr int kLead = kStride == 1 ? 1 : 0;   // newest window row - row of the step
  static constexpr int kOut = kStride == 1 ? kColumns + 2 : kColumns + 1;  // dz columns
  static constexpr int kIn = kColumns * kStride;                           // input columns
  static constexpr int kInRows = kStride;                                  // input rows of a step
  static constexpr bool kInputAhead = kStride == 2 || sizeof(T) == 2;  // registers for its loads in flight

  float weights[9][V];
  float weight_gradient[kWeights ? 9 : 1][V] = {};
  const float* center_from;  ///< null: no sums. Read again for each row: registers are short
  ActivationOf<V> activation;
  GradientOf<V> gradient;
  ChannelAccumulator<V> sums;
  Columns<T, kOut> out;
  Columns<T, kIn> in;
  float window[kDepth][kOut][V];
  FourChannels<T> du[kOut], z[kOut], z_in[kInRows][kIn];

  __device__ __forceinline__ void start(const DepthwiseBackward& pass, int channel) {
#pragma unroll
    for (int tap = 0; tap < 9; ++tap) {
      load_values(pass.weights + tap * pass.shape.out_channels + channel, weights[tap]);
    }
    center_from = pass.sums.center == nullptr ? nullptr : pass.sums.center + channel;
    activation.load(pass.activation, channel);
    gradient.load(pass.gradient, channel);
  }

  __device__ __forceinline__ void load_gradient(const DepthwiseBackward& pass, int row) {
    out.load(pass.gradient.du, row, du);
    out.load(pass.gradient.z, row, z);
  }
  __device__ __forceinline__ void load_input(const DepthwiseBackward& pass, int row) {
#pragma unroll
    for (int k = 0; k < kInRows; ++k)
      in.load(pass.z_in, kStride * row - pass.shape.pad * (kStride - 1) + k, z_in[k]);
  }

  /// dz of the loaded row.
  __device__ __forceinline__ void form_gradient(int row, float (&dz)[kOut][V]) const {
    const unsigned inside = out.inside_at(row);
#pragma unroll
    for (int i = 0; i < kOut; ++i) {
      float du_i[V], z_i[V];
      unpack_four(du[i], du_i);
      unpack_four(z[i], z_i);
      const bool is_inside = (inside >> i & 1u) != 0;
#pragma unroll
      for (int v = 0; v < V; ++v) {
        const float value = gradient_of_z(du_i[v], z_i[v], gradient.ca[v], gradient.cp[v], gradient.cq[v]);
        dz[i][v] = is_inside ? value : 0.0f;
      }
    }
  }

  /// One input pixel: row k of the step, column i of the run; `newest`: index of the newest window row.
  __device__ __forceinline__ void pixel(const DepthwiseBackward& pass, int newest, int k, int i,
                                        const FourChannels<T>& loaded, const float (&center)[V],
                                        bool is_inside, int64_t at) {
    const int j = i / kStride, l = i % kStride;
    float z_value[V], du_value[V] = {};
    unpack_four(loaded, z_value);
    const float most = is_inside ? pass.activation.max : 0.0f;
    float y[V];
#pragma unroll
    for (int v = 0; v < V; ++v) {
      y[v] = activate(z_value[v], activation.a[v], activation.b[v], most, kQuantise);
    }
#pragma unroll
    for (int ky = k; ky < 3; ky += kStride) {
      const int age = kStride == 1 ? ky : ky / 2;
      const int slot = (newest + kDepth - age) % kDepth;
#pragma unroll
      for (int kx = l; kx < 3; kx += kStride) {
        const int column = kStride == 1 ? j + 2 - kx : j + 1 - kx / 2;
#pragma unroll
        for (int v = 0; v < V; ++v) {
          const float dz = window[slot][column][v];
          du_value[v] = fmaf(weights[ky * 3 + kx][v], dz, du_value[v]);
          if constexpr (kWeights) {
            float& to = weight_gradient[ky * 3 + kx][v];
            to = fmaf(y[v], dz, to);
          }
        }
      }
    }
#pragma unroll
    for (int v = 0; v < V; ++v) {
      if (!passes(z_value[v], activation.a[v], activation.b[v], most)) du_value[v] = 0.0f;
    }
    FourChannels<T> four;
    pack_four(du_value, four);
    if (is_inside && pass.du_in != nullptr) store_four(static_cast<T*>(pass.du_in) + at, four);
    unpack_four(four, du_value);
#pragma unroll
    for (int v = 0; v < V; ++v) sums.add_gradient(v, du_value[v], z_value[v], center[v]);
  }

  /// The input pixels that belong to output row `row`; `newest` is known at compile time.
  __device__ __forceinline__ void step(const DepthwiseBackward& pass, int newest, int row, bool last) {
    if constexpr (!kInputAhead) load_input(pass, row);
    form_gradient(row + kLead, window[newest]);
    float center[V] = {};
    if (center_from != nullptr) load_values(center_from, center);
    FourChannels<T> now[kInRows][kIn];
#pragma unroll
    for (int k = 0; k < kInRows; ++k) {
#pragma unroll
      for (int i = 0; i < kIn; ++i) now[k][i] = z_in[k][i];
    }
    if (!last) {
      load_gradient(pass, row + 1 + kLead);
      if constexpr (kInputAhead) load_input(pass, row + 1);
    }
#pragma unroll
    for (int k = 0; k < kInRows; ++k) {
      const int in_row = kStride * row - pass.shape.pad * (kStride - 1) + k;
      const unsigned inside = in.inside_at(in_row);
      const int64_t first = in.first_value + int64_t{in_row} * in.row_values;
#pragma unroll
      for (int i = 0; i < kIn; ++i) {
        const int64_t at = first + static_cast<int64_t>(in.offset[i] / sizeof(T));
        pixel(pass, newest, k, i, now[k][i], center, (inside >> i & 1u) != 0, at);
      }
    }
  }

  __device__ __forceinline__ void walk(const DepthwiseBackward& pass, const Strip& strip) {
#pragma unroll
    for (int age = kDepth - 1; age >= 1; --age) {
      const int row = strip.first_row + kLead - age;
      load_gradient(pass, row);
      form_gradient(row, window[kDepth - age]);
    }
    load_gradient(pass, strip.first_row + kLead);
    if constexpr (kInputAhead) load_input(pass, strip.first_row);
#pragma unroll 1
    for (int row = strip.first_row; row < strip.end_row; row += kDepth) {
#pragma unroll
      for (int i = 0; i < kDepth; ++i) {
        if (row + i < strip.end_row) step(pass, i, row + i, row + i + 1 == strip.end_row);
      }
    }
  }
};

template <class T, int kStride, bool kWeights, bool kQuantise>
__global__ void __launch_bounds__(kThreads, kResident)
    depthwise_backward_kernel(DepthwiseBackward pass, StripPlan plan) {
  const int group = static_cast<int>(threadIdx.x) % plan.groups;
  const int slot = static_cast<int>(threadIdx.x) / plan.groups;
  const int slots = kThreads / plan.groups;
  const int first_channel = static_cast<int>(blockIdx.y) * plan.groups * V;
  const int channel = first_channel + group * V;
  const int channels = pass.shape.out_channels;
  BackwardThread<T, kStride, kWeights, kQuantise> thread;
  thread.start(pass, channel);
  for (int item = static_cast<int>(blockIdx.x) * slots + slot; item < plan.items;
       item += static_cast<int>(gridDim.x) * slots) {
    const Strip strip = plan.strip<kRunColumns<T, kStride>>(item);
    thread.out.place(strip.image, plan.size, channels, channel, strip.column - 1);
    const int first_in = kStride == 1 ? strip.column : 2 * strip.column - pass.shape.pad;
    thread.in.place(strip.image, pass.shape.in_size, channels, channel, first_in);
    thread.walk(pass, strip);
  }
  SHARED_ARRAY(float, scratch, [(kWeights ? 3 : 2) * V * kThreads]);
  if constexpr (kWeights) {
    float* row = pass.partial + int64_t{blockIdx.x} * 9 * channels + first_channel;
    store_tap_sums<V, kThreads, 9>(thread.weight_gradient, row, channels, plan.groups * V, scratch);
  }
  const SumBlock block{first_channel, plan.groups * V, static_cast<int>(blockIdx.x), plan.blocks,
                       plan.blocks * plan.chunks};
  finish_channel_sums<V, kThreads, false>(pass.sums, pass.finish, thread.sums, block, scratch);
}

template <class T, int kStride, bool kWeights, bool kQuantise>
void launch_backward(const DepthwiseBackward& pass, const Queue& queue) {
  const StripPlan plan = plan_strips(pass.shape, kRunColumns<T, kStride>, kThreads, kResident, queue);
  const LaunchShape shape{dim3(static_cast<unsigned>(plan.blocks), static_cast<unsigned>(plan.chunks)),
                          dim3(kThreads), 0, queue.stream};
  launch(depthwise_backward_kernel<T, kStride, kWeights, kQuantise>, shape, pass, plan);
}

template <class T, int kStride>
void dispatch_backward(const DepthwiseBackward& pass, const Queue& queue) {
  if (pass.partial == nullptr) {
    launch_backward<T, kStride, false, false>(pass, queue);  // y is not needed
  } else if (pass.activation.quantise) {
    launch_backward<T, kStride, true, true>(pass, queue);
  } else {
    launch_backward<T, kStride, true, false>(pass, queue);
  }
}

}  // namespace

int depthwise_backward_rows(const ImageShape& shape, Precision precision, const Queue& queue) {
  const bool bf16 = precision == Precision::kBf16;
  const int columns = shape.stride == 1 ? (bf16 ? kRunColumns<__nv_bfloat16, 1> : kRunColumns<float, 1>)
                                        : (bf16 ? kRunColumns<__nv_bfloat16, 2> : kRunColumns<float, 2>);
  return plan_strips(shape, columns, kThreads, kResident, queue).blocks;
}

void depthwise_backward(const DepthwiseBackward& pass, const Queue& queue) {
  const bool stride_1 = pass.shape.stride == 1;
  if (pass.precision == Precision::kBf16) {
    stride_1 ? dispatch_backward<__nv_bfloat16, 1>(pass, queue)
             : dispatch_backward<__nv_bfloat16, 2>(pass, queue);
  } else {
    stride_1 ? dispatch_backward<float, 1>(pass, queue) : dispatch_backward<float, 2>(pass, queue);
  }
}

}  // namespace fixynn::cuda
