// SPDX-License-Identifier: Apache-2.0
#pragma once

// The core of pointwise_forward and pointwise_input_gradient: for every pixel p,
//   out[p][n] = Output( sum over k of Operand(p, k) * weights[k][n] ).
//
// Tile: RowTile::kRows pixels x kColumns columns of a block of 256 threads; blockIdx.x is the tile of
// columns, so that blocks that read the same pixels are neighbours; a block walks tiles of pixels
// blockIdx.y, blockIdx.y + gridDim.y, ... Weights stay in shared memory where all k fit. k goes in chunks
// of kDepth: the 16-byte loads of the next chunk, or of the next tile's first, are in flight during a
// chunk's products. Sums go through shared memory in the stored type, after which a thread owns V = 16
// bytes of channels: thread t has channels (t % groups) * V of rows t / groups, t / groups + 256 / groups,
// ... of each tile, stores 16 bytes a row, and adds up what it stores.
//
// Determinism: k in order of chunks (order inside a tensor-core product is the hardware's), rows in order
// of tiles; then finish_channel_sums.

#include <algorithm>

#include "cuda/kernels/batch_norm.cuh"
#include "cuda/kernels/matrix_row_tile.cuh"

namespace fixynn::cuda {

struct RowProblem {
  const void* weights;  ///< [depth][columns]
  int64_t pixels;
  int depth, columns;
  bool resident;  ///< all weights of the block's columns stay in shared memory
  ChannelSums sums;
  BatchNormFinish finish;
};

/// Rows of a tile that there are; 0 past the end.
template <class Tile>
__device__ __forceinline__ int rows_of_tile(int tile, int64_t pixels) {
  const int64_t left = pixels - int64_t{tile} * Tile::kRows;
  return left <= 0 ? 0 : left < Tile::kRows ? static_cast<int>(left) : Tile::kRows;
}

/// A thread's part of a chunk on its way from global to shared memory: V channels from channel() of rows
/// row(0), row(1), ...
template <class Tile, class Operand>
struct RowFetch {
  static constexpr int V = Tile::V;
  static constexpr int kAcross = Tile::kDepth / V;
  typename Operand::Raw raw[Tile::kFetches];

  static __device__ __forceinline__ int channel() { return static_cast<int>(threadIdx.x) % kAcross * V; }
  static __device__ __forceinline__ int row(int i) {
    return static_cast<int>(threadIdx.x) / kAcross + i * (kMatrixThreads / kAcross);
  }
  /// Zeros past the ends.
  __device__ __forceinline__ void load(const Operand& operand, int tile, int64_t pixels, int first,
                                       int depth) {
    const int rows = rows_of_tile<Tile>(tile, pixels);
    const int64_t base = int64_t{tile} * Tile::kRows * depth;
#pragma unroll
    for (int i = 0; i < Tile::kFetches; ++i) {
      if (row(i) < rows && first + channel() < depth) {
        raw[i] = operand.fetch(base, row(i) * depth + first + channel());
      } else {
        raw[i].clear();
      }
    }
  }
  __device__ __forceinline__ void store(const Operand& operand, const float* tables, int table_stride,
                                        int first, typename Tile::T* rows) const {
    typename Operand::Coefficients coefficients;
    coefficients.load(tables, table_stride, first + channel());
#pragma unroll
    for (int i = 0; i < Tile::kFetches; ++i) {
      float values[V];
      operand.convert(raw[i], coefficients, values);
      typename Tile::T* to = rows + row(i) * Tile::kRowStride + channel();
      store_operand<Tile::kMode>(to, values);
      if constexpr (Tile::kStoredDepth > Tile::kDepth) {
        static_assert(Tile::kDepth == V && Tile::kStoredDepth == 2 * V);
        *reinterpret_cast<uint4*>(to + V) = make_uint4(0, 0, 0, 0);
      }
    }
  }
};

/// Weights [first .. first + count)[kColumns from first_column] to shared memory; zeros past the ends.
template <class Tile, int kUnroll>
__device__ __forceinline__ void load_weights(const RowProblem& problem, int first, int count,
                                             int first_column, typename Tile::T* to) {
  using T = typename Tile::T;
  constexpr int V = Tile::V, kAcross = Tile::kColumns / V;
  const T* weights = static_cast<const T*>(problem.weights);
#pragma unroll kUnroll
  for (int i = static_cast<int>(threadIdx.x); i < count * kAcross; i += kMatrixThreads) {
    const int row = i / kAcross, column = i % kAcross * V;
    float values[V] = {};
    if (first + row < problem.depth && first_column + column < problem.columns) {
      load_values(weights + static_cast<int64_t>(first + row) * problem.columns + first_column + column,
                  values);
    }
    store_operand<Tile::kMode>(to + row * Tile::kColumnStride + column, values);
  }
}

/// Walks the tile's staged rows: Output::store for V channels of each.
template <class Tile, class Output>
__device__ __forceinline__ void store_rows(const Output& output, const float* tables,
                                           const typename Tile::T* staged, const SumBlock& block, int tile,
                                           const RowProblem& problem, typename Output::Accumulator& mine) {
  constexpr int V = Tile::V;
  constexpr int kBatch = Tile::kOutputRows < 4 ? Tile::kOutputRows : 4;  // loads in flight
  // Where groups do not divide the block, the threads of the last, incomplete lane have nothing to do.
  const int groups = block.width / V, lanes = kMatrixThreads / groups;
  const int lane = static_cast<int>(threadIdx.x) / groups;
  const int column = static_cast<int>(threadIdx.x) % groups * V;
  const int rows = lane < lanes ? rows_of_tile<Tile>(tile, problem.pixels) : 0;
  typename Output::Columns columns;
  columns.load(tables, Tile::kColumns, column);
  const int64_t base = int64_t{tile} * Tile::kRows * problem.columns + block.first_channel;
  for (int first = lane; first < rows; first += kBatch * lanes) {
    typename Output::Raw raw[kBatch];
#pragma unroll
    for (int i = 0; i < kBatch; ++i) {
      const int row = first + i * lanes;
      if (row < rows) raw[i] = output.fetch(base, row * problem.columns + column);
    }
#pragma unroll
    for (int i = 0; i < kBatch; ++i) {
      const int row = first + i * lanes;
      if (row < rows) {
        float values[V];
        load_values(staged + row * Tile::kColumnStride + column, values);
        output.store(values, raw[i], columns, base, row * problem.columns + column, mine);
      }
    }
  }
}

template <class Tile, class Operand, class Output>
__device__ __forceinline__ void multiply_rows(const Operand& operand, const Output& output,
                                              const RowProblem& problem) {
  using T = typename Tile::T;
  DYNAMIC_SHARED(unsigned char, shared);
  T* const rows = reinterpret_cast<T*>(shared);
  float* const column_tables = reinterpret_cast<float*>(shared + Tile::kWorkBytes);
  float* const tables = column_tables + Output::kTables * Tile::kColumns;
  const int table_stride = Tile::padded(problem.depth);
  T* const weights = reinterpret_cast<T*>(tables + Operand::kTables * table_stride);

  const int first_column = static_cast<int>(blockIdx.x) * Tile::kColumns;
  const SumBlock block{first_column, min(Tile::kColumns, problem.columns - first_column),
                       static_cast<int>(blockIdx.y), static_cast<int>(gridDim.y),
                       static_cast<int>(gridDim.x * gridDim.y)};
  const int tiles = static_cast<int>((problem.pixels + Tile::kRows - 1) / Tile::kRows);

  RowFetch<Tile, Operand> fetch;
  fetch.load(operand, block.row, problem.pixels, 0, problem.depth);
  fill_tables(operand, tables, 0, table_stride, problem.depth);
  fill_tables(output, column_tables, first_column, Tile::kColumns, problem.columns);
  if (problem.resident) load_weights<Tile, 4>(problem, 0, table_stride, first_column, weights);
  __syncthreads();

  // Narrow tiles find room for all weights in every network; they need the registers for more blocks.
  constexpr int kUnroll = Tile::kColumns == 128 ? 4 : 1;
  typename Output::Accumulator mine;
  mine.start();
  for (int tile = block.row; tile < tiles; tile += block.rows) {
    RowProduct<Tile> product;
    product.clear();
    for (int k = 0; k < problem.depth; k += Tile::kDepth) {
      fetch.store(operand, tables, table_stride, k, rows);
      if (!problem.resident)
        load_weights<Tile, kUnroll>(problem, k, Tile::kStoredDepth, first_column, weights);
      __syncthreads();
      const bool same_tile = k + Tile::kDepth < problem.depth;
      fetch.load(operand, same_tile ? tile : tile + block.rows, problem.pixels,
                 same_tile ? k + Tile::kDepth : 0, problem.depth);
      product.multiply(rows, weights + (problem.resident ? k * Tile::kColumnStride : 0), problem.depth - k);
      __syncthreads();
    }
    product.template stage<Output::kScaled>(rows, column_tables);
    __syncthreads();
    store_rows<Tile>(output, column_tables, rows, block, tile, problem, mine);
    __syncthreads();
  }
  finish_channel_sums<Tile::V, kMatrixThreads>(problem.sums, problem.finish, mine, block,
                                               reinterpret_cast<float*>(shared));
}

/// The grid and shared memory of a launch of kernel(operand, output, problem); sets problem.resident.
template <class Tile, class Operand, class Output>
LaunchShape row_launch_shape(RowProblem& problem, const Queue& queue) {
  const int64_t column_tiles = (problem.columns + Tile::kColumns - 1) / Tile::kColumns;
  const int64_t row_tiles = (problem.pixels + Tile::kRows - 1) / Tile::kRows;
  const int64_t wanted =
      std::max<int64_t>(1, int64_t{queue.multiprocessors} * kRowBlocks<Tile, Output> / column_tiles);
  const int64_t rows = std::min({row_tiles, wanted, int64_t{kMostSumRows}});
  const auto bytes_with = [&](int weight_rows) {
    return static_cast<size_t>(Tile::kWorkBytes) +
           sizeof(float) * static_cast<size_t>(Output::kTables * Tile::kColumns +
                                               Operand::kTables * Tile::padded(problem.depth)) +
           sizeof(typename Tile::T) * static_cast<size_t>(weight_rows) * Tile::kColumnStride;
  };
  // A multiprocessor keeps 1 KB of each block's part; finish_channel_sums takes up to 3 KB of static arrays.
  const int part = queue.multiprocessor_shared_bytes / kRowBlocks<Tile, Output> - 1024;
  const int most_bytes = std::min(part, queue.block_shared_bytes) - 4096;
  problem.resident = static_cast<int64_t>(bytes_with(Tile::padded(problem.depth))) <= most_bytes;
  return {dim3(static_cast<unsigned>(column_tiles), static_cast<unsigned>(rows)), dim3(kMatrixThreads),
          bytes_with(problem.resident ? Tile::padded(problem.depth) : Tile::kStoredDepth), queue.stream};
}

/// Calls `use.operator()<Tile>()` with the narrowest tile that covers `columns`, or the widest.
template <Precision kPrecision, class Use>
void with_row_tile(int depth, int columns, Use use) {
  constexpr int kScale = kPrecision == Precision::kBf16 ? 2 : 1;  // chunks of as many bytes
  if (columns <= 16 && depth <= 8) {
    use.template operator()<RowTile<kPrecision, 16, 8>>();
  } else if (columns <= 16) {
    use.template operator()<RowTile<kPrecision, 16, 16>>();
  } else if (columns <= 32) {
    use.template operator()<RowTile<kPrecision, 32, 16 * kScale>>();
  } else if (columns <= 64) {
    use.template operator()<RowTile<kPrecision, 64, 32 * kScale>>();
  } else {
    use.template operator()<RowTile<kPrecision, 128, 32 * kScale>>();
  }
}

/// Calls `use.operator()<kPrecision>()`.
template <class Use>
void with_precision(Precision precision, Use use) {
  switch (precision) {
    case Precision::kFp32:
      return use.template operator()<Precision::kFp32>();
    case Precision::kTf32:
      return use.template operator()<Precision::kTf32>();
    case Precision::kBf16:
      return use.template operator()<Precision::kBf16>();
  }
}

}  // namespace fixynn::cuda
