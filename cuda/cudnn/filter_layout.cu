// SPDX-License-Identifier: Apache-2.0

// Weights to cuDNN's layout and gradients back: the transpose of a matrix [taps * in][out], with channels of
// zeros after `in` up to padded_in.
//   filter[o][t][i] = i < in ? weights[t][i][o] : 0
//   weights[t][i][o] = filter[o][t][i]
// Types: float or bf16 on either side; a bf16 result is rounded to nearest even.
// Mapping: a block of 32 x 8 threads turns one tile of 32 rows (t, i) by 32 columns o through shared memory,
// so that both sides are read and written along their rows; the few weights make 16-byte accesses needless.
// Each value is written once, by one thread, and nothing is summed.

#include "cuda/cudnn/filter_layout.h"
#include "cuda/kernels/pack.cuh"

namespace fixynn::cuda {
namespace {

constexpr int kTile = 32, kTileRows = 8;

__device__ __forceinline__ float value_of(float value) {
  return value;
}
__device__ __forceinline__ float value_of(__nv_bfloat16 value) {
  return __bfloat162float(value);
}
__device__ __forceinline__ void store_value(float* to, float value) {
  *to = value;
}
__device__ __forceinline__ void store_value(__nv_bfloat16* to, float value) {
  *to = __float2bfloat16_rn(value);
}

/// Row of the weights for row `r` of [taps][padded_in], or -1 for a channel of zeros.
__device__ __forceinline__ int weight_row(const FilterShape& shape, int r) {
  const int tap = r / shape.padded_in_channels, channel = r - tap * shape.padded_in_channels;
  return channel < shape.in_channels ? tap * shape.in_channels + channel : -1;
}

template <class From, class To>
__global__ void __launch_bounds__(kTile* kTileRows)
    to_filter_kernel(const From* weights, To* filter, FilterShape shape) {
  SHARED_ARRAY(float, tile, [kTile][kTile + 1]);
  const int rows = shape.taps * shape.padded_in_channels;
  const int first_row = static_cast<int>(blockIdx.x) * kTile,
            first_out = static_cast<int>(blockIdx.y) * kTile;
  const int x = static_cast<int>(threadIdx.x);
  for (int y = static_cast<int>(threadIdx.y); y < kTile; y += kTileRows) {
    float value = 0.0f;
    if (first_row + y < rows && first_out + x < shape.out_channels) {
      const int row = weight_row(shape, first_row + y);
      if (row >= 0) value = value_of(weights[static_cast<int64_t>(row) * shape.out_channels + first_out + x]);
    }
    tile[y][x] = value;
  }
  __syncthreads();
  for (int y = static_cast<int>(threadIdx.y); y < kTile; y += kTileRows) {
    if (first_row + x < rows && first_out + y < shape.out_channels) {
      store_value(filter + static_cast<int64_t>(first_out + y) * rows + first_row + x, tile[x][y]);
    }
  }
}

template <class From>
__global__ void __launch_bounds__(kTile* kTileRows)
    from_filter_kernel(const From* filter, float* weights, FilterShape shape) {
  SHARED_ARRAY(float, tile, [kTile][kTile + 1]);
  const int rows = shape.taps * shape.padded_in_channels;
  const int first_row = static_cast<int>(blockIdx.x) * kTile,
            first_out = static_cast<int>(blockIdx.y) * kTile;
  const int x = static_cast<int>(threadIdx.x);
  for (int y = static_cast<int>(threadIdx.y); y < kTile; y += kTileRows) {
    float value = 0.0f;
    if (first_row + x < rows && first_out + y < shape.out_channels) {
      value = value_of(filter[static_cast<int64_t>(first_out + y) * rows + first_row + x]);
    }
    tile[y][x] = value;
  }
  __syncthreads();
  for (int y = static_cast<int>(threadIdx.y); y < kTile; y += kTileRows) {
    if (first_row + y < rows && first_out + x < shape.out_channels) {
      const int row = weight_row(shape, first_row + y);
      if (row >= 0) weights[static_cast<int64_t>(row) * shape.out_channels + first_out + x] = tile[x][y];
    }
  }
}

LaunchShape tiles_of(const FilterShape& shape, const Queue& queue) {
  const unsigned rows = static_cast<unsigned>(shape.taps * shape.padded_in_channels);
  const unsigned columns = static_cast<unsigned>(shape.out_channels);
  LaunchShape launch_shape;
  launch_shape.grid = dim3((rows + kTile - 1) / kTile, (columns + kTile - 1) / kTile);
  launch_shape.block = dim3(kTile, kTileRows);
  launch_shape.stream = queue.stream;
  return launch_shape;
}

template <class From, class To>
void start_to_filter(const ToFilter& pass, const Queue& queue) {
  launch(to_filter_kernel<From, To>, tiles_of(pass.shape, queue), static_cast<const From*>(pass.weights),
         static_cast<To*>(pass.filter), pass.shape);
}

template <class From>
void start_from_filter(const FromFilter& pass, const Queue& queue) {
  launch(from_filter_kernel<From>, tiles_of(pass.shape, queue), static_cast<const From*>(pass.filter),
         pass.weights, pass.shape);
}

}  // namespace

void to_filter(const ToFilter& pass, const Queue& queue) {
  const bool bf16 = pass.precision == Precision::kBf16;
  if (bf16 && pass.weights_bf16) {
    start_to_filter<__nv_bfloat16, __nv_bfloat16>(pass, queue);
  } else if (bf16) {
    start_to_filter<float, __nv_bfloat16>(pass, queue);
  } else if (pass.weights_bf16) {
    start_to_filter<__nv_bfloat16, float>(pass, queue);
  } else {
    start_to_filter<float, float>(pass, queue);
  }
}

void from_filter(const FromFilter& pass, const Queue& queue) {
  if (pass.precision == Precision::kBf16) {
    start_from_filter<__nv_bfloat16>(pass, queue);
  } else {
    start_from_filter<float>(pass, queue);
  }
}

}  // namespace fixynn::cuda
