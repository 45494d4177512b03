// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cuda/runtime/runtime.h"
#include "cuda/thrust/shuffle_key.h"

namespace fixynn::cuda {

// The order of an epoch by sorting: entry i of the indices gets the 64-bit key shuffle_key(seed, epoch, i),
// and the order is the indices by ascending key, equal keys by position. A pure function of (indices, seed,
// epoch), the same on every device. It is another permutation than epoch_order()'s, whose swaps must be made
// one after the other; the two draw from different numbers.

/// `indices` and `order`: `count` < 2^32 entries on the device; they must not overlap. Waits for the result.
void shuffle(const uint32_t* indices, uint32_t* order, int64_t count, uint64_t seed, uint32_t epoch,
             Stream& stream);

/// The same order, computed on the host.
std::vector<uint32_t> shuffle_on_host(std::span<const uint32_t> indices, uint64_t seed, uint32_t epoch);

}  // namespace fixynn::cuda
