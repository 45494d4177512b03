// SPDX-License-Identifier: Apache-2.0
// Gradient of a 1x1 convolution with respect to its input, through the activation before it:
//   du_in[p][k] = passes(z_in[p][k]) ? sum over n of dz[p][n] * weights[n][k] : 0,
//   dz = gradient_of_z(du, z) of the output, formed on load;
// with channel sums of du_in and du_in * (z_in - center).
// gradient.du, gradient.z [pixels][out], z_in, du_in [pixels][in]: bf16 for Precision::kBf16, else float;
// weights [out][in] likewise. Overwrites du_in, sums.partial and what `finish` names. Thread mapping and
// determinism: see matrix_rows.cuh.

#include "cuda/kernels/matrix_rows.cuh"

namespace fixynn::cuda {
namespace {

/// Masks, stores and sums. The tables are a, b and center.
template <class T>
struct InputGradientOutput {
  static constexpr int V = kVector<T>;
  static constexpr int kTables = 3;
  static constexpr bool kScaled = false;
  static constexpr int kMostColumnsOfThreeBlocks = 32;
  using Accumulator = ChannelAccumulator<V>;
  const T* z_in;
  T* du_in;
  Activation activation;
  const float* center;  ///< null: no sums are wanted

  struct Raw {
    uint4 z;
  };
  /// Tables of the thread's columns; four channels at a time, for want of registers.
  struct Columns {
    const float* a;
    int stride;
    __device__ __forceinline__ void load(const float* tables, int table_stride, int column) {
      a = tables + column;
      stride = table_stride;
    }
  };
  __device__ __forceinline__ float table_value(int table, int channel) const {
    if (table == 2) return center != nullptr ? center[channel] : 0.0f;
    return table == 0 ? activation.a[channel] : activation.b[channel];
  }
  __device__ __forceinline__ Raw fetch(int64_t base, int offset) const {
    return {load_16_bytes(z_in + base + offset)};
  }
  __device__ __forceinline__ void store(const float (&values)[V], const Raw& raw, const Columns& columns,
                                        int64_t base, int offset, Accumulator& mine) const {
    float z[V], du[V];
    unpack(raw.z, z);
#pragma unroll
    for (int first = 0; first < V; first += 4) {
      float a[4], b[4], centers[4];
      load_values(columns.a + first, a);
      load_values(columns.a + columns.stride + first, b);
      load_values(columns.a + 2 * columns.stride + first, centers);
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        const int i = first + j;
        du[i] = passes(z[i], a[j], b[j], activation.max) ? values[i] : 0.0f;
        mine.add_gradient(i, du[i], z[i], centers[j]);
      }
    }
    store_16_bytes(du_in + base + offset, du);
  }
};

template <class Tile>
__global__ void __launch_bounds__(kMatrixThreads, kRowBlocks<Tile, InputGradientOutput<typename Tile::T>>)
    pointwise_input_gradient_kernel(GradientOperand<typename Tile::T> operand,
                                    InputGradientOutput<typename Tile::T> output, RowProblem problem) {
  multiply_rows<Tile>(operand, output, problem);
}

template <class Tile>
void launch_input_gradient(const PointwiseInputGradient& pass, const Queue& queue) {
  using T = typename Tile::T;
  using Operand = GradientOperand<T>;
  using Output = InputGradientOutput<T>;
  RowProblem problem{pass.weights, pass.pixels, pass.out_channels, pass.in_channels,
                     false,        pass.sums,   pass.finish};
  const LaunchShape shape = row_launch_shape<Tile, Operand, Output>(problem, queue);
  launch(pointwise_input_gradient_kernel<Tile>, shape, Operand(pass.gradient),
         Output{static_cast<const T*>(pass.z_in), static_cast<T*>(pass.du_in), pass.activation,
                pass.sums.center},
         problem);
}

}  // namespace

void pointwise_input_gradient(const PointwiseInputGradient& pass, const Queue& queue) {
  with_precision(pass.precision, [&]<Precision kPrecision>() {
    with_row_tile<kPrecision>(pass.out_channels, pass.in_channels,
                              [&]<class Tile>() { launch_input_gradient<Tile>(pass, queue); });
  });
}

}  // namespace fixynn::cuda
