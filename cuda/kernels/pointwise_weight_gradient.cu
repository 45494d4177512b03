// SPDX-License-Identifier: Apache-2.0
// Gradient of a 1x1 convolution with respect to its weights, in shares of the pixels:
//   partial[share][k][n] = sum over the share's pixels p of activate(z_in[p][k]) * dz[p][n],
//   dz = gradient_of_z(du, z) of the output; both operands are formed on load.
// z_in [pixels][in], gradient.du, gradient.z [pixels][out]: bf16 for Precision::kBf16, else float; partial
// float, overwritten.
//
// Tile: kSide x kSide weights of a block of 256 threads; blockIdx.x is the tile, so that blocks that read
// the same pixels are neighbours, and blockIdx.y the share. Pixels go through shared memory in chunks,
// [pixel][channel], with the 16-byte loads of the next chunk in flight during a chunk's products. The
// warps of a block form kGroups groups that each hold sums of the whole tile over their part of a chunk's
// pixels; the sums of the groups are added in order at the end and stored 16 bytes at a time.
//
// Determinism: shares, chunks and groups are fixed by the sizes and queue.multiprocessors.

#include <algorithm>

#include "cuda/kernels/matrix_product.cuh"

namespace fixynn::cuda {
namespace {

/// Pixels that are never divided between shares: a chunk in bf16, two in float.
constexpr int share_unit(int side) {
  return 4096 / side;
}

template <Precision kPrecision, int kTileSide>
struct WeightTile {
  using T = Element<kPrecision>;
  static constexpr Precision kMode = kPrecision;
  static constexpr int V = kVector<T>;
  static constexpr int kSide = kTileSide;
  static constexpr int kPixels = share_unit(kSide) / (sizeof(T) == 2 ? 1 : 2);  // a chunk
  static constexpr int kStride = kSide + 8;
  static constexpr int kFetches = kPixels * kSide / V / kMatrixThreads;
  static constexpr int kOperandBytes = kPixels * kStride * static_cast<int>(sizeof(T));
};

/// Sums by tensor cores: a warp has 32 x 32 (16 x 16) weights.
template <class Tile>
struct MmaWeights {
  using T = typename Tile::T;
  static constexpr int kPart = Tile::kSide < 32 ? Tile::kSide : 32;
  static constexpr int kAcross = Tile::kSide / kPart;
  static constexpr int kGroups = kMatrixThreads / 32 / (kAcross * kAcross);
  static constexpr int kStep = Mma<Tile::kMode>::kDepth;
  static_assert(Tile::kPixels % (kGroups * kStep) == 0);
  MmaTile<Tile::kMode, kPart, kPart> tile;

  static __device__ __forceinline__ int warp() { return static_cast<int>(threadIdx.x) / 32; }
  static __device__ __forceinline__ int group() { return warp() / (kAcross * kAcross); }
  static __device__ __forceinline__ int first_row() { return warp() / kAcross % kAcross * kPart; }
  static __device__ __forceinline__ int first_column() { return warp() % kAcross * kPart; }
  __device__ __forceinline__ void clear() { tile.clear(); }
  __device__ __forceinline__ void multiply(const T* left, const T* right) {
#pragma unroll
    for (int p = 0; p < Tile::kPixels; p += kGroups * kStep) {
      const int pixel = p + group() * kStep;
      tile.template step<true>(left + pixel * Tile::kStride + first_row(), Tile::kStride,
                               right + pixel * Tile::kStride + first_column(), Tile::kStride);
    }
  }
  /// To `sums` [kGroups][kSide][kStride].
  __device__ __forceinline__ void stage(float* sums) const {
    float* corner = sums + (group() * Tile::kSide + first_row()) * Tile::kStride + first_column();
    tile.for_pairs([&](int row, int column, float first, float second) {
      store_pair(corner + row * Tile::kStride + column, first, second);
    });
  }
};

/// The same in fp32: a thread has 4 x 4 weights.
template <class Tile>
struct FmaWeights {
  static constexpr int kAcross = Tile::kSide / 4;
  static constexpr int kGroups = kMatrixThreads / (kAcross * kAcross);
  FmaTile<4> tile;

  static __device__ __forceinline__ int group() {
    return static_cast<int>(threadIdx.x) / (kAcross * kAcross);
  }
  static __device__ __forceinline__ int first_row() {
    return static_cast<int>(threadIdx.x) / kAcross % kAcross * 4;
  }
  static __device__ __forceinline__ int first_column() { return static_cast<int>(threadIdx.x) % kAcross * 4; }
  __device__ __forceinline__ void clear() { tile.clear(); }
  __device__ __forceinline__ void multiply(const float* left, const float* right) {
#pragma unroll 4
    for (int p = group(); p < Tile::kPixels; p += kGroups) {
      float rows[4], columns[4];
      load_values(left + p * Tile::kStride + first_row(), rows);
      load_values(right + p * Tile::kStride + first_column(), columns);
#pragma unroll
      for (int r = 0; r < 4; ++r) tile.add(r, rows[r], columns);
    }
  }
  __device__ __forceinline__ void stage(float* sums) const {
#pragma unroll
    for (int r = 0; r < 4; ++r) {
      store_values(sums + (group() * Tile::kSide + first_row() + r) * Tile::kStride + first_column(),
                   tile.c[r]);
    }
  }
};

template <class Tile>
using WeightProduct = std::conditional_t<Tile::kMode == Precision::kFp32, FmaWeights<Tile>, MmaWeights<Tile>>;

template <class Tile>
constexpr int kWeightWorkBytes = std::max(2 * Tile::kOperandBytes,
                                          WeightProduct<Tile>::kGroups* Tile::kSide* Tile::kStride * 4);

/// A thread's part of one operand's chunk: V channels from channel() of pixels pixel(0), pixel(1), ...
template <class Tile, class Operand>
struct WeightFetch {
  static constexpr int V = Tile::V;
  static constexpr int kAcross = Tile::kSide / V;
  typename Operand::Raw raw[Tile::kFetches];

  static __device__ __forceinline__ int channel() { return static_cast<int>(threadIdx.x) % kAcross * V; }
  static __device__ __forceinline__ int pixel(int i) {
    return static_cast<int>(threadIdx.x) / kAcross + i * (kMatrixThreads / kAcross);
  }
  __device__ __forceinline__ void load(const Operand& operand, int64_t first_pixel, int64_t pixels,
                                       int first_channel, int channels) {
#pragma unroll
    for (int i = 0; i < Tile::kFetches; ++i) {
      if (first_pixel + pixel(i) < pixels && first_channel + channel() < channels) {
        raw[i] = operand.fetch(first_pixel * channels + first_channel, pixel(i) * channels + channel());
      } else {
        raw[i].clear();
      }
    }
  }
  /// Zeros past the last pixel: activation and gradient make something else of zeros.
  __device__ __forceinline__ void store(const Operand& operand, const float* tables, int64_t first_pixel,
                                        int64_t pixels, typename Tile::T* to) const {
    typename Operand::Coefficients coefficients;
    coefficients.load(tables, Tile::kSide, channel());
#pragma unroll
    for (int i = 0; i < Tile::kFetches; ++i) {
      float values[V];
      operand.convert(raw[i], coefficients, values);
      const bool inside = first_pixel + pixel(i) < pixels;
#pragma unroll
      for (int j = 0; j < V; ++j) values[j] = inside ? values[j] : 0.0f;
      store_operand<Tile::kMode>(to + pixel(i) * Tile::kStride + channel(), values);
    }
  }
};

struct WeightProblem {
  float* partial;
  int64_t pixels;
  int in_channels, out_channels;
  int tiles_across;  ///< tiles side by side in the out channels
};

/// Adds the groups' sums in order and stores the tile.
template <class Tile>
__device__ __forceinline__ void store_weights(const float* sums, const WeightProblem& problem, int first_in,
                                              int first_out) {
  constexpr int kAcross = Tile::kSide / 4;
  float* partial =
      problem.partial + static_cast<int64_t>(blockIdx.y) * problem.in_channels * problem.out_channels;
  for (int i = static_cast<int>(threadIdx.x); i < Tile::kSide * kAcross; i += kMatrixThreads) {
    const int row = i / kAcross, column = i % kAcross * 4;
    float total[4];
    load_values(sums + row * Tile::kStride + column, total);
#pragma unroll
    for (int group = 1; group < WeightProduct<Tile>::kGroups; ++group) {
      float next[4];
      load_values(sums + (group * Tile::kSide + row) * Tile::kStride + column, next);
#pragma unroll
      for (int j = 0; j < 4; ++j) total[j] += next[j];
    }
    if (first_in + row < problem.in_channels && first_out + column < problem.out_channels) {
      store_values(partial + (first_in + row) * problem.out_channels + first_out + column, total);
    }
  }
}

template <class Tile>
__global__ void __launch_bounds__(kMatrixThreads, 2)
    pointwise_weight_gradient_kernel(ActivationOperand<typename Tile::T> activation,
                                     GradientOperand<typename Tile::T> gradient, WeightProblem problem) {
  using T = typename Tile::T;
  using Activations = ActivationOperand<T>;
  using Gradients = GradientOperand<T>;
  DYNAMIC_SHARED(unsigned char, shared);
  T* const left = reinterpret_cast<T*>(shared);
  T* const right = reinterpret_cast<T*>(shared + Tile::kOperandBytes);
  SHARED_ARRAY(float, left_tables, [Activations::kTables * Tile::kSide]);
  SHARED_ARRAY(float, right_tables, [Gradients::kTables * Tile::kSide]);

  const int first_in = static_cast<int>(blockIdx.x) / problem.tiles_across * Tile::kSide;
  const int first_out = static_cast<int>(blockIdx.x) % problem.tiles_across * Tile::kSide;
  const int64_t units = (problem.pixels + share_unit(Tile::kSide) - 1) / share_unit(Tile::kSide);
  int64_t first = units * blockIdx.y / gridDim.y * share_unit(Tile::kSide);
  const int64_t end =
      min(problem.pixels, units * (blockIdx.y + 1) / gridDim.y * int64_t{share_unit(Tile::kSide)});

  WeightFetch<Tile, Activations> left_fetch;
  WeightFetch<Tile, Gradients> right_fetch;
  left_fetch.load(activation, first, end, first_in, problem.in_channels);
  right_fetch.load(gradient, first, end, first_out, problem.out_channels);
  fill_tables(activation, left_tables, first_in, Tile::kSide, problem.in_channels);
  fill_tables(gradient, right_tables, first_out, Tile::kSide, problem.out_channels);
  __syncthreads();

  WeightProduct<Tile> product;
  product.clear();
  for (; first < end; first += Tile::kPixels) {
    left_fetch.store(activation, left_tables, first, end, left);
    right_fetch.store(gradient, right_tables, first, end, right);
    __syncthreads();
    left_fetch.load(activation, first + Tile::kPixels, end, first_in, problem.in_channels);
    right_fetch.load(gradient, first + Tile::kPixels, end, first_out, problem.out_channels);
    product.multiply(left, right);
    __syncthreads();
  }
  float* const sums = reinterpret_cast<float*>(shared);
  product.stage(sums);
  __syncthreads();
  store_weights<Tile>(sums, problem, first_in, first_out);
}

/// How the weight matrix is divided.
struct WeightSplit {
  int side;
  int tiles_down, tiles_across;
};
WeightSplit split_weights(int in_channels, int out_channels) {
  const int widest = std::max(in_channels, out_channels);
  const int side = widest <= 16 ? 16 : widest <= 32 ? 32 : 64;
  return {side, (in_channels + side - 1) / side, (out_channels + side - 1) / side};
}

template <Precision kPrecision, int kSide>
void launch_weight_gradient(const PointwiseWeightGradient& pass, const WeightSplit& split,
                            const Queue& queue) {
  using Tile = WeightTile<kPrecision, kSide>;
  using T = typename Tile::T;
  const int rows = pointwise_weight_gradient_rows(pass.pixels, pass.in_channels, pass.out_channels, queue);
  const LaunchShape shape{
      dim3(static_cast<unsigned>(split.tiles_down * split.tiles_across), static_cast<unsigned>(rows)),
      dim3(kMatrixThreads), static_cast<size_t>(kWeightWorkBytes<Tile>), queue.stream};
  launch(pointwise_weight_gradient_kernel<Tile>, shape,
         ActivationOperand<T>{static_cast<const T*>(pass.z_in), pass.activation},
         GradientOperand<T>(pass.gradient),
         WeightProblem{pass.partial, pass.pixels, pass.in_channels, pass.out_channels, split.tiles_across});
}

template <Precision kPrecision>
void launch_weight_gradient(const PointwiseWeightGradient& pass, const Queue& queue) {
  const WeightSplit split = split_weights(pass.in_channels, pass.out_channels);
  switch (split.side) {
    case 16:
      return launch_weight_gradient<kPrecision, 16>(pass, split, queue);
    case 32:
      return launch_weight_gradient<kPrecision, 32>(pass, split, queue);
    default:
      return launch_weight_gradient<kPrecision, 64>(pass, split, queue);
  }
}

}  // namespace

int pointwise_weight_gradient_rows(int64_t pixels, int in_channels, int out_channels, const Queue& queue) {
  const WeightSplit split = split_weights(in_channels, out_channels);
  const int64_t units = (pixels + share_unit(split.side) - 1) / share_unit(split.side);
  const int64_t wanted =
      std::max<int64_t>(1, int64_t{queue.multiprocessors} * 2 / (split.tiles_down * split.tiles_across));
  return static_cast<int>(std::min({units, wanted, int64_t{kMostSumRows}}));
}

void pointwise_weight_gradient(const PointwiseWeightGradient& pass, const Queue& queue) {
  switch (pass.precision) {
    case Precision::kFp32:
      return launch_weight_gradient<Precision::kFp32>(pass, queue);
    case Precision::kTf32:
      return launch_weight_gradient<Precision::kTf32>(pass, queue);
    case Precision::kBf16:
      return launch_weight_gradient<Precision::kBf16>(pass, queue);
  }
}

}  // namespace fixynn::cuda
