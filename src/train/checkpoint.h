// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace fixynn {

/// How far one training is, and the sums of its unfinished epoch.
struct TrainingProgress {
  int epoch = 0;              ///< epochs finished
  int64_t step_in_epoch = 0;  ///< steps finished of the next one
  int64_t epoch_images = 0, epoch_correct = 0;
  double epoch_loss_sum = 0;
  double epoch_train_seconds = 0;  ///< in training steps, of the unfinished epoch
  int64_t train_images = 0;        ///< of the whole training so far
  double train_seconds = 0;        ///< in training steps
  double wall_seconds = 0;         ///< with evaluation and checkpoints, over all starts
};

/// Everything a training needs to go on as if it had not been interrupted.
struct Checkpoint {
  int fixed_layers = 0;
  uint64_t seed = 0;
  std::string fingerprint;  ///< of configuration and data set
  TrainingProgress progress;
  TrainState state;
  std::vector<QuantisedWeights> frozen;
  std::string frozen_sha256;  ///< of the frozen weights as they were before the first step
};

/// Writes `path` atomically with a SHA-256 over tensors and progress, after keeping the present file as
/// PATH.previous. Throws a sentence naming path and reason; the earlier checkpoint then still stands.
void save_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint,
                     const MobileNet& network);

struct LoadedCheckpoint {
  std::optional<Checkpoint> checkpoint;  ///< none: there is no file
  std::string note;                      ///< empty, or one sentence about falling back to the previous one
};

/// Reads `path`; when it is missing or damaged, PATH.previous. A damaged file is renamed to PATH.damaged.
/// Throws one sentence when files exist but none can be read, and Error(kUsage) when the checkpoint is of
/// another configuration or data set than `fingerprint`.
LoadedCheckpoint load_checkpoint(const std::filesystem::path& path, const MobileNet& network,
                                 const std::string& fingerprint);

/// SHA-256 of the state's values, statistics and momentum: equal when two trainings ended bit for bit alike.
std::string state_sha256(const TrainState& state);

}  // namespace fixynn
