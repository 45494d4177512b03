// SPDX-License-Identifier: Apache-2.0
#pragma once

// How many threads and blocks a pass over [pixels][channels] gets.

#include <algorithm>
#include <type_traits>

#include "cuda/kernels/passes.h"
#include "cuda/runtime/throw_error.h"

namespace fixynn::cuda {

/// Calls function(std::integral_constant<int, threads>) with a block size that the groups of `vector`
/// channels divide, so that a thread keeps its channels in a loop over pixels.
template <class Function>
void with_channel_threads(int channels, int vector, Function function) {
  const int groups = channels / vector;
  if (channels >= vector && channels % vector == 0 && 256 % groups == 0) {
    function(std::integral_constant<int, 256>());
  } else if (channels >= vector && channels % vector == 0 && 192 % groups == 0) {
    function(std::integral_constant<int, 192>());
  } else {
    throw_error("The CUDA engine cannot divide " + std::to_string(channels) +
                " channels over a block: it needs 2^k or 3 * 2^k groups of " + std::to_string(vector) +
                " channels, at most 256; use the CPU or another width of the network.");
  }
}

/// Blocks of a persistent launch that has `units` units of work, where `resident` blocks fit a
/// multiprocessor.
inline int persistent_blocks(int64_t units, int resident, const Queue& queue) {
  const int64_t most = std::min<int64_t>(kMostSumRows, int64_t{queue.multiprocessors} * resident);
  return static_cast<int>(std::clamp<int64_t>(units, 1, most));
}

}  // namespace fixynn::cuda
