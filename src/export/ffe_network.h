// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>

#include "hardware/hardware_plan.h"
#include "integer/integer_network.h"

namespace fixynn {

/// A network whose first layers can be built.
struct FfeNetwork {
  IntegerNetwork network;      ///< at the input size asked for
  std::filesystem::path path;  ///< of its file
  HardwareDesign design;       ///< its convolutions in integers, for plan_hardware
};

/// Loads `path`: networks/fixed_NN.safetensors of fixynn-train, or the folder of a run, of whose networks the
/// one with `fixed_layers` is taken, else the one with the fewest more. `size`: input pixels, absent: the
/// network's. Throws Error(kUsage), one sentence, for 0 layers, more than are frozen and quantised, sizes
/// that the network cannot have, float models and what is no network.
FfeNetwork load_ffe_network(const std::filesystem::path& path, int fixed_layers, std::optional<int> size);

}  // namespace fixynn
