// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/philox.h"

namespace fixynn::cuda {

/// Words 0 and 1 of philox(seed, kShuffle, epoch, 1, position); epoch_order() uses sub_index 0.
FIXYNN_HD uint64_t shuffle_key(uint64_t seed, uint32_t epoch, uint32_t position) {
  const PhiloxBlock block = philox(seed, RandomStream::kShuffle, epoch, 1, position);
  return static_cast<uint64_t>(block.word[0]) << 32 | block.word[1];
}

}  // namespace fixynn::cuda
