// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/run_config.h"
#include "core/log.h"
#include "engine/engine.h"
#include "run/run_directory.h"
#include "run/run_record.h"
#include "train/checkpoint.h"
#include "train/compare_paths.h"
#include "train/evaluate.h"
#include "train/progress.h"
#include "train/run_data.h"
#include "train/schedule.h"
#include "train/services.h"
#include "train/stop_request.h"

namespace fixynn {

/// What all trainings of a run share.
struct RunContext {
  const RunConfig& config;
  const RunData& data;
  const MobileNet& network;
  const TrainServices& services;
  const RunDirectory& directory;
  const std::string& fingerprint;  ///< of configuration and data set, for checkpoints
  Log& log;
  Progress& progress;
  StopRequest& stop;
  RunRecord& record;
};

/// The weights that a training starts from, by seed: pretrained or random, batch norm put back. Kept, because
/// all fixed-layer counts of a seed start from the same ones.
class StartWeights {
 public:
  /// Loads and, for a folded network, measures and logs it on the first call for a seed.
  const ModelParameters& get(const RunContext& context, uint64_t seed);

 private:
  std::map<uint64_t, ModelParameters> by_seed_;
};

/// One training: (fixed layers, seed).
class Training {
 public:
  /// `sweep_steps_before`: steps of the sweep that count as done when this training begins. Goes on from a
  /// checkpoint where there is one, after cutting metrics.jsonl back to it.
  Training(RunContext& context, StartWeights& start_weights, int fixed_layers, uint64_t seed,
           int64_t sweep_steps_before);

  /// False when it stopped on request, with a checkpoint. Throws when the numbers are no longer finite,
  /// naming layer and step; the last checkpoint then is from before.
  bool train();

  /// Tests the trained network and writes network file, evaluation and point. False when stopped on request:
  /// the next start does it again.
  bool finish();

  /// Of this training, before and after an interruption.
  int64_t steps_done() const { return progress_.epoch * steps_.steps + progress_.step_in_epoch; }

  static std::filesystem::path checkpoint_path(const RunContext& context, int fixed_layers, uint64_t seed);

 private:
  void resume_from(Checkpoint checkpoint);
  void start_new(StartWeights& start_weights);
  void cut_metrics() const;
  bool train_epoch();
  void train_step(std::span<const uint32_t> samples, const StepSpec& phase);
  /// Waits for the queued steps and adds them to the progress. Throws when one of them was not finite.
  void collect_metrics();
  /// Adds what finished steps told; the time since the last call is theirs.
  void add_metrics(const StepMetrics& metrics);
  /// Now and then, for the progress line; a device is not waited for.
  bool is_time_to_collect() const;
  [[noreturn]] void fail_diverged(int64_t step, const std::string& what) const;
  bool end_epoch();
  /// A checkpoint of what has been trained so far. Throws instead when it has diverged.
  void save();
  void reestimate_statistics();
  void check_frozen(const std::string& sha256) const;
  struct TestResults {
    std::optional<double> validation_percent;
    EvaluationResult by_float, by_integer;
    int64_t compared_images = 0;
    std::vector<CodeComparison> comparisons;  ///< FFE codes: integer network against float path
  };
  bool test(const TrainState& final_state);
  /// Nothing when stopped on request.
  std::optional<TestResults> evaluate_all(const IntegerNetwork& network);
  void write_results(IntegerNetwork& network, const TestResults& results);
  double wall_seconds() const;
  std::string stem() const;
  bool is_fake_quantised(int epoch) const;

  RunContext& context_;
  int fixed_layers_;
  uint64_t seed_;
  EpochSteps steps_;
  int64_t sweep_steps_before_;
  TrainPlan plan_;
  std::unique_ptr<TrainEngine> engine_;
  TrainingProgress progress_;
  int queued_steps_ = 0;  ///< since the metrics were last taken; step_in_epoch counts them already
  int queue_limit_ = 1;   ///< how many to queue: about kCollectSeconds of work
  std::chrono::steady_clock::time_point queue_start_;
  std::string frozen_sha256_;
  double wall_seconds_before_ = 0;
  std::chrono::steady_clock::time_point start_, last_checkpoint_;
};

}  // namespace fixynn
