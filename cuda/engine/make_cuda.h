// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "engine/engine.h"

namespace fixynn::cuda {

/// Empty where the engines below can be had, else why not: "this machine has no NVIDIA driver".
std::string unusable_reason();

std::unique_ptr<TrainEngine> make_cuda_train_engine(const TrainPlan& plan, const EngineOptions& options);
/// A float back end computes in the precision of `options`.
std::unique_ptr<IntegerEngine> make_cuda_integer_engine(const IntegerNetwork& network,
                                                        const EngineOptions& options);

}  // namespace fixynn::cuda
