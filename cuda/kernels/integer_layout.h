// SPDX-License-Identifier: Apache-2.0
#pragma once

// The order in which the integer kernels' threads read the weights. cuda/engine/integer_packing.h makes it.

namespace fixynn::cuda {

/// Conv1: 7 words of 4 weights for each channel, [word][channel]. Words 2r, 2r+1 are bytes 0..7 of window row
/// r (3 pixels x 3 inputs = 9 bytes), word 6 is byte 8 of rows 0, 1, 2 and a zero.
constexpr int kConv1Words = 7;
/// Depthwise: 3 words for each channel, [kx][channel]; bytes 0..2 are ky, byte 3 is zero.
constexpr int kDepthwiseWords = 3;

/// How a pointwise product is cut. A warp computes `pixel rows` x `chunk` channels; a lane holds `chunk / 4`
/// neighbouring channels of a row, so that it stores them at once, and reads `lane_depth` neighbouring inputs
/// of a row in each step, so that its part of both operands is one load.
struct PointwiseTiling {
  int lane_depth;  ///< input codes a lane loads: 8 or 16; a step is 4 lanes deep
  int chunk;       ///< 16, 32 or 64 output channels
  int steps;       ///< ceil(in_channels / (4 * lane_depth))
  int chunks;      ///< ceil(out_channels / chunk)
};
constexpr PointwiseTiling pointwise_tiling(int in_channels, int out_channels) {
  PointwiseTiling tiling{};
  // Vectors must be whole: the addresses are multiples of the channel counts.
  tiling.lane_depth = in_channels >= 64 && in_channels % 16 == 0 ? 16 : 8;
  tiling.chunk = out_channels <= 16 ? 16 : out_channels <= 32 || out_channels % 16 != 0 ? 32 : 64;
  const int depth = 4 * tiling.lane_depth;
  tiling.steps = (in_channels + depth - 1) / depth;
  tiling.chunks = (out_channels + tiling.chunk - 1) / tiling.chunk;
  return tiling;
}

/// Bytes of weights that a lane loads at once.
constexpr int kPointwiseLoad = 16;

/// Pointwise: [chunk][step][tile / T][lane][tile % T] with lane_depth bytes each, T = kPointwiseLoad /
/// lane_depth; a tile is the 8 columns of one instruction, lane / 4 the column. Returns the output channel of
/// column `column` of tile `tile` within its chunk.
constexpr int pointwise_channel(int chunk, int tile, int column) {
  // A lane of the product holds columns 2t and 2t + 1 of every tile: they get neighbouring channels.
  return column / 2 * (chunk / 4) + 2 * tile + column % 2;
}

}  // namespace fixynn::cuda
