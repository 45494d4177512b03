// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "model/mobilenet.h"
#include "model/parameters.h"

namespace fixynn {

/// Weights to start a training from.
struct Pretrained {
  ModelParameters parameters;      ///< of the target network
  bool batch_norm_folded = false;  ///< measure batch norm back before training (see ModelFile)
  std::string description;         ///< one line for logs and reports: file, kind, width, size, classes
  std::vector<std::string> notes;  ///< sentences for the log: what was initialised afresh, what differs
};

/// Takes what import_weights takes. The width must be the target's (else Error(kUsage), naming both); the
/// input size may differ. The head is taken when the number of classes is the same, else initialised as
/// initialise_parameters does with `seed`, and noted.
Pretrained load_pretrained(const std::filesystem::path& path, const MobileNet& target, uint64_t seed);

}  // namespace fixynn
