// SPDX-License-Identifier: Apache-2.0
// 1x1 convolution, with channel sums (and extrema) of what is stored:
//   z_out[p][n] = scale[n] * sum over k of activate(z_in[p][k]) * weights[k][n]
// for pixels p of all images, in channels k, out channels n.
// z_in [pixels][in], z_out [pixels][out]: bf16 for Precision::kBf16, else float; weights [in][out] likewise.
// Overwrites z_out, sums.partial (and extrema) and what `finish` names. Thread mapping and determinism: see
// matrix_rows.cuh.

#include "cuda/kernels/matrix_rows.cuh"

namespace fixynn::cuda {
namespace {

/// Stores z and sums (z - center) and its square. The tables are scale and center.
template <class T, bool kExtrema>
struct ForwardOutput {
  static constexpr int V = kVector<T>;
  static constexpr int kTables = 2;
  static constexpr bool kScaled = true;
  static constexpr int kMostColumnsOfThreeBlocks = kExtrema ? 0 : 64;
  using Accumulator = ChannelAccumulator<V, kExtrema>;
  T* z_out;
  const float* scale;
  const float* center;  ///< null: no sums are wanted

  struct Raw {};
  struct Columns {
    float center[V];
    __device__ __forceinline__ void load(const float* tables, int table_stride, int column) {
      load_values(tables + table_stride + column, center);
    }
  };
  __device__ __forceinline__ float table_value(int table, int channel) const {
    return table == 0 ? scale[channel] : center != nullptr ? center[channel] : 0.0f;
  }
  __device__ __forceinline__ Raw fetch(int64_t, int) const { return {}; }
  __device__ __forceinline__ void store(const float (&values)[V], const Raw&, const Columns& columns,
                                        int64_t base, int offset, Accumulator& mine) const {
    store_16_bytes(z_out + base + offset, values);
#pragma unroll
    for (int i = 0; i < V; ++i) mine.add_value(i, values[i], columns.center[i]);
  }
};

template <class Tile, bool kExtrema>
__global__ void __launch_bounds__(kMatrixThreads, kRowBlocks<Tile, ForwardOutput<typename Tile::T, kExtrema>>)
    pointwise_forward_kernel(ActivationOperand<typename Tile::T> operand,
                             ForwardOutput<typename Tile::T, kExtrema> output, RowProblem problem) {
  multiply_rows<Tile>(operand, output, problem);
}

template <class Tile, bool kExtrema>
void launch_forward(const PointwiseForward& pass, const Queue& queue) {
  using T = typename Tile::T;
  using Operand = ActivationOperand<T>;
  using Output = ForwardOutput<T, kExtrema>;
  RowProblem problem{pass.weights, pass.pixels, pass.in_channels, pass.out_channels,
                     false,        pass.sums,   pass.finish};
  const LaunchShape shape = row_launch_shape<Tile, Operand, Output>(problem, queue);
  launch(pointwise_forward_kernel<Tile, kExtrema>, shape,
         Operand{static_cast<const T*>(pass.z_in), pass.activation},
         Output{static_cast<T*>(pass.z_out), pass.scale, pass.sums.center}, problem);
}

}  // namespace

void pointwise_forward(const PointwiseForward& pass, const Queue& queue) {
  const bool extrema = pass.sums.center != nullptr && pass.sums.extrema != nullptr;
  with_precision(pass.precision, [&]<Precision kPrecision>() {
    with_row_tile<kPrecision>(pass.in_channels, pass.out_channels, [&]<class Tile>() {
      if (extrema) {
        launch_forward<Tile, true>(pass, queue);
      } else {
        launch_forward<Tile, false>(pass, queue);
      }
    });
  });
}

}  // namespace fixynn::cuda
