// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "config/run_config.h"
#include "engine/engine.h"

namespace fixynn {

/// The plan of one training; `frozen` is left empty for freeze_weights() to fill.
TrainPlan make_train_plan(const RunConfig& config, const MobileNet& network, int fixed_layers);

/// The same network in float with nothing frozen: to measure statistics with, and to evaluate float models.
TrainPlan make_float_plan(const MobileNet& network, int batch_size);

/// Moves the mean and variance that an engine measured into the batch norms of a network that had them folded
/// into its weights (gamma 1, mean 0, variance 1 - epsilon: the identity): gamma = sqrt(variance + epsilon),
/// beta += mean, so that the function is unchanged. `measured`: layout of ModelParameters::statistics.
void put_back_batch_norm(const MobileNet& network, const std::vector<float>& measured,
                         ModelParameters& parameters);

}  // namespace fixynn
