// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "config/run_config.h"

namespace fixynn {

/// The network as a table for a terminal, at most 110 columns: for each layer its convolutions, stride,
/// sizes, weights, multiply-accumulates of one image, the share of operations fixed when the layers up to and
/// including it are (fixed_ops_percent), and its FFE bits. Layers that no N of fixed_layers reaches have "-"
/// for bits. Ends with '\n'.
std::string layer_table(const RunConfig& config, int classes);

/// What a run will do: data, weights, bits, N list, seeds, epochs, number of trainings. `train_images`, when
/// known (not 0), gives the steps an epoch. Ends with '\n'.
std::string plan_summary(const RunConfig& config, int64_t train_images = 0);

}  // namespace fixynn
