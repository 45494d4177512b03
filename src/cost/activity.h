// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cost/calibrated_model.h"
#include "integer/integer_network.h"

namespace fixynn {

/// Counts what changes in the adder graphs of `plan` when images pass in raster order: the exact integers of
/// every node at every output pixel, taken from the integer executor's codes, each compared with its value at
/// the pixel before (two's complement, the bits that adders compute). Nodes of the first pipeline stage
/// behind a 3x3 window of stride 2 are evaluated at every input pixel instead: nothing keeps the window's
/// shifts from them. Zero delay: glitches are not counted. `images`: each [S][S][3] u8, S the network's input
/// size. `network` gives the codes; its lowered convolutions must cover the plan's and have the plan's bits
/// and weights (throws Error if not). One entry a convolution of the plan.
std::vector<ConvActivity> measure_activity(const HardwarePlan& plan, const IntegerNetwork& network,
                                           std::span<const std::vector<uint8_t>> images, int threads = 0);

}  // namespace fixynn
