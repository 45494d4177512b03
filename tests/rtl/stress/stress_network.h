// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "../random_network.h"
#include "rtl/package.h"

namespace fixynn::stress {

/// The network of a stress run: three layers with a tap after the first or second and at least one stride of
/// 2. Even seeds have an even size and requantisers shared by mean rate behind a FIFO, odd ones an odd size
/// and other foldings.
inline test::RandomFfe make_stress_network(uint64_t seed) {
  const bool even = seed % 2 == 0;
  const test::RandomShape shape{.layers = 3,
                                .size = even ? 8 : 7,
                                .fold = static_cast<int>(even ? 2 : seed / 2 % 2),
                                .levels_per_stage = static_cast<int>(seed % 5)};
  for (uint64_t attempt = 1000 + seed;; attempt += 1000) {
    test::RandomFfe result = test::random_ffe(attempt, shape);
    bool stride = false, fifo = false;
    for (const ConvPlan& conv : result.plan.convs) {
      stride |= conv.conv.stride == 2;
      fifo |= conv.requantiser.fifo_words > 0;
    }
    if (!stride || fifo != even) continue;
    result.tap_layer = 1 + static_cast<int>(seed / 2 % 2);
    return result;
  }
}

}  // namespace fixynn::stress
