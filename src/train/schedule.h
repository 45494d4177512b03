// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "config/run_config.h"
#include "config/steps.h"

namespace fixynn {

/// Learning rate of one step. `steps` is the whole training's number of steps, `step` counts from 0.
///   constant   learning_rate
///   cosine     rises linearly over the warm-up, (step + 1) / warm_up of the peak, then 1/2 (1 + cos) down to
///   0 one-cycle  rises from 1/25 of the peak along a cosine over the warm-up, then falls along a cosine to
///   1/250000
/// The warm-up is never longer than half of the training.
double learning_rate_at(const TrainConfig& train, int64_t step, int64_t steps, int64_t steps_per_epoch);

/// True from epoch `fraction * epochs` on; `epoch` counts from 0.
bool phase_reached(int epoch, int epochs, double fraction);

/// `indices` in the order of one epoch: Fisher-Yates with Philox, a pure function of (indices, seed, epoch).
std::vector<uint32_t> epoch_order(std::span<const uint32_t> indices, uint64_t seed, uint32_t epoch);

}  // namespace fixynn
