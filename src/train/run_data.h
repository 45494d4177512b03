// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/run_config.h"
#include "dataset/image_set.h"
#include "run/run_record.h"
#include "train/services.h"

namespace fixynn {

/// The images of a run and which of them it uses.
struct RunData {
  ImageSet train_set;  ///< training and validation images
  ImageSet test_set;
  std::vector<uint32_t> train, validation;  ///< indices into train_set
  std::vector<uint32_t> test;               ///< indices into test_set
  std::string name;                         ///< "gtsrb", "cifar10", ...
  /// SHA-256 of counts, sizes, labels and the chosen indices: a checkpoint belongs to one of these.
  std::string fingerprint;
};

/// Loads both splits, sets the validation images aside and applies max_train_images and max_test_images (the
/// first so many after a shuffle with split_seed). Throws Error(kUsage) when data.root is not set or does not
/// exist, and a sentence when nothing is left to train on.
RunData load_run_data(const DataConfig& config, const TrainServices& services);

RunDataFacts data_facts(const RunData& data);

/// Fails like load_run_data for a root that is empty or missing, without reading images.
void check_data_root(const DataConfig& config);

}  // namespace fixynn
