// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the depthwise passes share: how the work is dealt to threads, and four channels in the form in which
// they are loaded.
//
// A thread owns four channels of a run of neighbouring columns and walks down a strip of rows, so that a row
// is loaded once and used for the three rows that it touches. Four rather than eight bf16 channels: nine
// weights a channel and the sums of the run then fit in registers beside the loads in flight. Neighbouring
// threads own neighbouring channels, then neighbouring runs; runs share their outermost columns through the
// first-level cache, strips their outermost rows through the second.

#include <algorithm>
#include <type_traits>

#include "cuda/kernels/pack.cuh"
#include "cuda/kernels/passes.h"

namespace fixynn::cuda {

/// Channels of a thread.
constexpr int kDepthwiseChannels = 4;

/// Four channels as they lie in memory. Loads in flight are kept in this form.
template <class T>
using FourChannels = std::conditional_t<std::is_same_v<T, float>, float4, uint2>;

template <class T>
__device__ __forceinline__ FourChannels<T> load_four(const T* from) {
  return *reinterpret_cast<const FourChannels<T>*>(from);
}
template <class T>
__device__ __forceinline__ void store_four(T* to, const FourChannels<T>& four) {
  *reinterpret_cast<FourChannels<T>*>(to) = four;
}
__device__ __forceinline__ void unpack_four(const float4& four, float (&values)[4]) {
  values[0] = four.x;
  values[1] = four.y;
  values[2] = four.z;
  values[3] = four.w;
}
__device__ __forceinline__ void unpack_four(const uint2& four, float (&values)[4]) {
  unpack_bf16(four.x, values[0], values[1]);
  unpack_bf16(four.y, values[2], values[3]);
}
__device__ __forceinline__ void pack_four(const float (&values)[4], float4& four) {
  four = make_float4(values[0], values[1], values[2], values[3]);
}
__device__ __forceinline__ void pack_four(const float (&values)[4], uint2& four) {
  four = make_uint2(pack_bf16(values[0], values[1]), pack_bf16(values[2], values[3]));
}

/// Part of an image that a thread works on: rows first_row .. end_row-1 from column `column` on.
struct Strip {
  int image, first_row, end_row, column;
};

/// The work of a launch: grid (blocks, chunks); a block covers `groups` groups of four channels.
struct StripPlan {
  int groups;
  int chunks;      ///< of the channels
  int size;        ///< rows and columns of an image
  int runs;        ///< a row
  int strips;      ///< an image
  int strip_rows;  ///< of a strip; the last one may have fewer
  int items;       ///< strips of runs in the batch, for one group of channels
  int blocks;      ///< a chunk

  template <int kColumns>
  __device__ __forceinline__ Strip strip(int item) const {
    const int column = item % runs * kColumns;
    const int rest = item / runs;
    const int first = rest % strips * strip_rows;
    return {rest / strips, first, min(first + strip_rows, size), column};
  }
};

/// Most channel groups of a block; it takes the largest number that divides its threads too: 16 of 2^k
/// groups, 24 (192 threads) or 8 (256 threads) of 3 * 2^k. More would leave more sums to the last block,
/// fewer would not fill the lines that a block reads.
constexpr int kMostDepthwiseGroups = 24;

/// The plan for `threads` threads a block and `resident` blocks a multiprocessor. The height of the strips is
/// the one whose longest thread has the least to do.
inline StripPlan plan_strips(const ImageShape& shape, int columns, int threads, int resident,
                             const Queue& queue) {
  const int groups = shape.out_channels / kDepthwiseChannels;
  StripPlan plan{};
  plan.groups = 1;
  for (int count = 2; count <= std::min(groups, kMostDepthwiseGroups); ++count) {
    if (groups % count == 0 && threads % count == 0) plan.groups = count;
  }
  plan.chunks = groups / plan.groups;
  plan.size = shape.out_size;
  plan.runs = (shape.out_size + columns - 1) / columns;
  const int slots = threads / plan.groups;
  const int most_blocks = std::clamp(queue.multiprocessors * resident / plan.chunks, 1, kMostSumRows);
  // Rows above and below a strip, and the wait for the first of them, cost about three rows.
  constexpr int64_t kStartRows = 3;
  int64_t least = 0;
  for (int rows = shape.out_size; rows >= 1; --rows) {
    const int strips = (shape.out_size + rows - 1) / rows;
    const int64_t items = int64_t{shape.images} * strips * plan.runs;
    const int64_t turns = (items + int64_t{most_blocks} * slots - 1) / (int64_t{most_blocks} * slots);
    const int64_t cost = turns * (rows + kStartRows);
    if (least != 0 && cost >= least) continue;
    least = cost;
    plan.strip_rows = rows;
    plan.strips = strips;
    plan.items = static_cast<int>(items);
  }
  plan.blocks = std::min(most_blocks, (plan.items + slots - 1) / slots);
  return plan;
}

}  // namespace fixynn::cuda
