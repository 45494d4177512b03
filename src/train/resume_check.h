// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "config/run_config.h"
#include "engine/engine.h"

namespace fixynn {

/// The first key, in the manual's order, whose value changes what a run computes and differs between the two.
/// `name`, data.root (a data set may move; its fingerprint is checked), train.checkpoint_seconds and engine.*
/// (see check_arithmetic) may differ.
struct ConfigDifference {
  std::string key, recorded, wanted;
};
std::optional<ConfigDifference> first_difference(const RunConfig& recorded, const RunConfig& wanted);

/// SHA-256 over those keys, the data set's fingerprint and the engine's arithmetic: what a checkpoint belongs
/// to.
std::string run_fingerprint(const RunConfig& config, const std::string& data_fingerprint,
                            const EngineFacts& engine);

/// Whether a run may start in `run_directory`. Throws Error(kUsage) with one sentence when
///   it holds results (checkpoints, metrics, points) and `resume` is false,
///   it holds a run of another configuration (names the first differing key),
///   it holds other files, so that it is no run directory at all.
void check_run_directory(const std::filesystem::path& run_directory, const RunConfig& config, bool resume);

/// A resumed run computes as it began, or its results would be of no one arithmetic. `recorded`: what
/// run.yaml says of the last start; empty (written before there was a choice) means the CPU. Throws
/// Error(kUsage) when the run directory holds results of another arithmetic.
void check_arithmetic(const std::filesystem::path& run_directory, const std::string& recorded,
                      const EngineFacts& engine);

}  // namespace fixynn
