// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "dataset/load_dataset.h"
#include "engine/engine.h"
#include "model/pretrained.h"

namespace fixynn {

/// What a training takes from elsewhere, so that tests can put something small or something broken in its
/// place.
struct TrainServices {
  /// Throws where the engine cannot be had; may be empty.
  std::function<void()> check_device = {};
  std::function<std::unique_ptr<TrainEngine>(const TrainPlan&)> make_train_engine;
  std::function<std::unique_ptr<IntegerEngine>(const IntegerNetwork&)> make_integer_engine;
  std::function<ImageSet(const LoadOptions&, Split)> load_images;
  std::function<Pretrained(const std::string& path, const MobileNet&, uint64_t seed)> load_pretrained;
};

/// The engines that `options` choose and the official readers.
TrainServices default_services(const EngineOptions& options);

}  // namespace fixynn
