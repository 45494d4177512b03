// SPDX-License-Identifier: Apache-2.0
#pragma once

// Sizes of a tile of matrix_rows.cuh, and its products: operand rows [kRows][kRowStride] times weights
// [kStoredDepth][kColumnStride], both in shared memory, with the sums in the registers of 256 threads.

#include <algorithm>

#include "cuda/kernels/matrix_product.cuh"

namespace fixynn::cuda {

/// kN: columns, 16, 32, 64 or 128; kChunk: depth of a chunk.
template <Precision kPrecision, int kN, int kChunk>
struct RowTile {
  using T = Element<kPrecision>;
  static constexpr Precision kMode = kPrecision;
  static constexpr int V = kVector<T>;
  static constexpr int kColumns = kN;
  static constexpr bool kHalf = kPrecision == Precision::kBf16;
  static constexpr int kRows = kN == 16 ? (kHalf ? 256 : 128) : kN == 32 ? 128 : 64;
  static constexpr int kDepth = kChunk;
  /// Depth in shared memory: that of a product at least; zeros past kDepth.
  static constexpr int kStoredDepth = kHalf && kChunk < 16 ? 16 : kChunk;
  static constexpr int kRowStride = kStoredDepth + V;
  static constexpr int kColumnStride = kN + 8;                          // of weights and staged sums
  static constexpr int kFetches = kRows * kDepth / V / kMatrixThreads;  // 16-byte loads of a thread
  static constexpr int kOutputRows = kRows * kN / V / kMatrixThreads;   // rows of a thread in the output
  /// Operand, staged sums and the scratch of finish_channel_sums, one after the other.
  static constexpr int kWorkBytes =
      std::max({kRows * kRowStride * static_cast<int>(sizeof(T)),
                kRows* kColumnStride* static_cast<int>(sizeof(T)), 2 * V* kMatrixThreads * 4});
  static_assert(kFetches > 0 && kOutputRows > 0);

  static constexpr int padded(int depth) { return (depth + kStoredDepth - 1) / kStoredDepth * kStoredDepth; }
};

/// Blocks of a launch on a multiprocessor: as many as registers allow without a spill. Three hide more of
/// the memory's latency behind each other's barriers than two.
template <class Tile, class Output>
constexpr int kRowBlocks =
    Tile::kMode == Precision::kFp32 || Tile::kColumns > Output::kMostColumnsOfThreeBlocks ? 2 : 3;

/// Sums of a tile, by tensor cores: kM rows x kN columns a warp.
template <class Tile>
struct MmaRows {
  using T = typename Tile::T;
  static constexpr int kN = Tile::kColumns < 32 ? Tile::kColumns : 32;
  static constexpr int kAcross = Tile::kColumns / kN;
  static constexpr int kStep = Mma<Tile::kMode>::kDepth;
  static constexpr int kM = Tile::kRows / (kMatrixThreads / 32 / kAcross);
  MmaTile<Tile::kMode, kM, kN> tile;

  static __device__ __forceinline__ int first_row() {
    return static_cast<int>(threadIdx.x) / 32 / kAcross * kM;
  }
  static __device__ __forceinline__ int first_column() {
    return static_cast<int>(threadIdx.x) / 32 % kAcross * kN;
  }
  __device__ __forceinline__ void clear() { tile.clear(); }
  __device__ __forceinline__ void multiply(const T* rows, const T* weights, int depth) {
    const T* left = rows + first_row() * Tile::kRowStride;
    const T* right = weights + first_column();
#pragma unroll
    for (int k = 0; k < Tile::kStoredDepth; k += kStep) {
      if (k < depth) {
        tile.template step<false>(left + k, Tile::kRowStride, right + k * Tile::kColumnStride,
                                  Tile::kColumnStride);
      }
    }
  }
  /// To `staged`, times `scale` of the tile's columns where kScaled.
  template <bool kScaled>
  __device__ __forceinline__ void stage(T* staged, const float* scale) const {
    T* corner = staged + first_row() * Tile::kColumnStride + first_column();
    tile.for_pairs([&](int row, int column, float first, float second) {
      if constexpr (kScaled) {
        const float2 factor = *reinterpret_cast<const float2*>(scale + first_column() + column);
        first *= factor.x;
        second *= factor.y;
      }
      store_pair(corner + row * Tile::kColumnStride + column, first, second);
    });
  }
};

/// The same in fp32: a thread has four columns of rows row_group, row_group + kRowGroups, ...
template <class Tile>
struct FmaRows {
  static constexpr int kColumnGroups = Tile::kColumns / 4;
  static constexpr int kRowGroups = kMatrixThreads / kColumnGroups;
  static constexpr int kEach = Tile::kRows / kRowGroups;
  FmaTile<kEach> tile;

  static __device__ __forceinline__ int row_of(int r) {
    return static_cast<int>(threadIdx.x) / kColumnGroups + r * kRowGroups;
  }
  static __device__ __forceinline__ int first_column() {
    return static_cast<int>(threadIdx.x) % kColumnGroups * 4;
  }
  __device__ __forceinline__ void clear() { tile.clear(); }
  __device__ __forceinline__ void multiply(const float* rows, const float* weights, int depth) {
    const int steps = min(depth, Tile::kDepth);
#pragma unroll 1
    for (int k = 0; k < steps; k += 2) {
      float right[2][4];
      load_values(weights + k * Tile::kColumnStride + first_column(), right[0]);
      load_values(weights + (k + 1) * Tile::kColumnStride + first_column(), right[1]);
#pragma unroll
      for (int r = 0; r < kEach; ++r) {
        const float2 left = *reinterpret_cast<const float2*>(rows + row_of(r) * Tile::kRowStride + k);
        tile.add(r, left.x, right[0]);
        tile.add(r, left.y, right[1]);
      }
    }
  }
  template <bool kScaled>
  __device__ __forceinline__ void stage(float* staged, const float* scale) const {
    float factor[4] = {1.0f, 1.0f, 1.0f, 1.0f};
    if constexpr (kScaled) load_values(scale + first_column(), factor);
#pragma unroll
    for (int r = 0; r < kEach; ++r) {
      float values[4];
#pragma unroll
      for (int i = 0; i < 4; ++i) values[i] = tile.c[r][i] * factor[i];
      store_values(staged + row_of(r) * Tile::kColumnStride + first_column(), values);
    }
  }
};

template <class Tile>
using RowProduct = std::conditional_t<Tile::kMode == Precision::kFp32, FmaRows<Tile>, MmaRows<Tile>>;

}  // namespace fixynn::cuda
