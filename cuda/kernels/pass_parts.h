// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the passes of passes.h are made of. Notation as in activation.cuh.
//
// Sums over pixels are made by blocks into rows of a scratch array, in a fixed order, and the block that
// finishes last adds the rows up, in double and in order, and computes what follows from them
// (BatchNormFinish): the same bits whatever the schedule, and no launch of its own.

#include <cuda_runtime_api.h>

#include <cstdint>

#include "core/engine_options.h"

namespace fixynn::cuda {

/// Where launches go.
struct Queue {
  cudaStream_t stream = nullptr;
  int multiprocessors = 1;  ///< how many blocks make the device busy; results depend on it in the last bits
  // Shared memory that a block may ask for, and that a multiprocessor's blocks share: an H100's by default.
  int block_shared_bytes = 227 * 1024, multiprocessor_shared_bytes = 228 * 1024;
};

/// Batch norm + ReLU6 + fake quantisation applied on load.
struct Activation {
  const float* a = nullptr;  ///< [channels]
  const float* b = nullptr;
  float max = 6;  ///< 6, or the largest code
  bool quantise = false;
};

/// Batch-norm backward applied on load.
struct GradientLoad {
  const void* du = nullptr;
  const void* z = nullptr;
  const float* ca = nullptr;  ///< [channels]
  const float* cp = nullptr;
  const float* cq = nullptr;
};

/// Per-channel sums of what a pass stores (after rounding to the stored type). Forward: of (z - center) and
/// its square; backward: of du and du * (z - center). Null `center`: no sums are wanted.
struct ChannelSums {
  const float* center = nullptr;  ///< [channels]
  float* partial = nullptr;       ///< [kMostSumRows][2][channels], scratch of the stream
  float* extrema = nullptr;  ///< like partial: smallest and largest z, for range observers; null: not wanted
  unsigned* ticket = nullptr;  ///< one counter of the stream, 0 between launches
};
/// Blocks that may leave sums in one launch (rows of `partial`).
constexpr int kMostSumRows = 1056;

/// What the last block makes of the sums.
struct BatchNormFinish {
  enum class Kind { kNone, kStatistics, kGradient };
  Kind kind = Kind::kNone;
  int channels = 0;
  double count = 0;  ///< values a channel: images * pixels
  const float* gamma = nullptr;
  float* mean = nullptr;      ///< [channels] of the batch: kStatistics writes them, kGradient reads them
  float* variance = nullptr;  ///< biased
  // kStatistics
  const float* beta = nullptr;
  float* running_mean = nullptr;  ///< null: left alone
  float* running_variance = nullptr;
  float momentum = 0;  ///< running += momentum * (batch - running)
  float to_codes = 1;  ///< codes a unit of the activation, 1 in float
  float* a = nullptr;  ///< of the activation that follows: a = gamma / sqrt(variance + eps) * to_codes, ...
  float* b = nullptr;  ///< ... b = (beta - mean * gamma / sqrt(variance + eps)) * to_codes
  float* range =
      nullptr;  ///< [2][channels] smallest and largest z of the batch, where ChannelSums has extrema
  unsigned* fault = nullptr;  ///< becomes min(fault, fault_code) when a statistic is not finite
  unsigned fault_code = 0;
  // kGradient
  bool frozen_statistics = false;  ///< the statistics are constants: dz = ca*du
  float* gamma_gradient = nullptr;
  float* beta_gradient = nullptr;
  float* ca = nullptr;
  float* cp = nullptr;
  float* cq = nullptr;
};

struct ImageShape {
  int images;
  int in_channels, out_channels;
  int in_size, out_size;
  int stride;
  int pad;  ///< rows above, columns to the left
};

}  // namespace fixynn::cuda
