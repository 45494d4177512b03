// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "hardware/adder_graph_cache.h"
#include "hardware/design.h"

namespace fixynn {

/// A block of adders, without registers, that laws are fitted on.
struct GoldenBlock {
  std::string name;  ///< "8x16_6bit_50", "l01_pointwise_8bit"
  std::string kind;  ///< "random", "conv1", "depthwise" or "pointwise"
  int weight_bits = 0, activation_bits = 0;
  int64_t weights = 0, nonzero_weights = 0, adders = 0, adder_bits = 0;
  AdderGraph graph;  ///< depthwise: those of all channels side by side
  Interval input{0, 0};

  bool of_network() const { return kind != "random"; }
  /// Weights that DeepFreeze's law sees: nonzero ones times activation bits times weight bits.
  double deepfreeze_product() const {
    return static_cast<double>(nonzero_weights) * activation_bits * weight_bits;
  }
};

/// Random matrices of 8x8 to 32x64 at 4, 6 and 8 bits, dense or with 50 or 75 % zeros; `small`: only those
/// that Yosys maps in a few seconds. Laplace distributed from a fixed seed: the same blocks everywhere.
std::vector<GoldenBlock> random_golden_blocks(bool small, AdderGraphCache& cache);

/// conv1, the first depthwise and the first pointwise layers of a network. `designs`: the network at one or
/// several widths; the first one gives the most blocks.
std::vector<GoldenBlock> network_golden_blocks(std::span<const HardwareDesign> designs,
                                               AdderGraphCache& cache);

/// A module named "block" with all adders of the block.
std::string golden_block_verilog(const GoldenBlock& block);

/// Graphs side by side: inputs of the first, inputs of the second, ...; outputs likewise.
AdderGraph join_graphs(std::span<const AdderGraph> graphs);

}  // namespace fixynn
