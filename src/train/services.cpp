// SPDX-License-Identifier: Apache-2.0
#include "train/services.h"

#include <fmt/format.h>

#include <filesystem>

#include "core/error.h"
#include "engine/device_facts.h"

namespace fixynn {

TrainServices default_services(const EngineOptions& options) {
  TrainServices services;
  services.check_device = [=] { check_device(options); };
  services.make_train_engine = [=](const TrainPlan& plan) { return make_train_engine(plan, options); };
  services.make_integer_engine = [=](const IntegerNetwork& network) {
    return make_integer_engine(network, options);
  };
  services.load_images = [](const LoadOptions& load, Split split) { return load_images(load, split); };
  services.load_pretrained = [](const std::string& path, const MobileNet& network, uint64_t seed) {
    if (!path.empty()) {
      // A TensorFlow checkpoint is named by the common beginning of its files.
      if (!std::filesystem::exists(path) && !std::filesystem::exists(path + ".index")) {
        fail_usage(
            "{}: model.pretrained: there are no such weights; fetch or train them first, or set another file",
            path);
      }
      return load_pretrained(path, network, seed);
    }
    Pretrained random;
    random.parameters = initialise_parameters(network, seed);
    random.description = fmt::format("random, seed {} (model.pretrained is not set)", seed);
    return random;
  };
  return services;
}

}  // namespace fixynn
