// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace fixynn {

/// One line of metrics.jsonl: the state of one training at the end of an epoch.
struct EpochMetrics {
  int fixed_layers = 0;
  uint64_t seed = 0;
  int epoch = 0;   ///< epochs finished, from 1
  int epochs = 0;  ///< of this training
  int64_t step = 0;
  double learning_rate = 0;
  double train_loss = 0;
  double train_top1_percent = 0;
  std::optional<double> validation_top1_percent;
  bool fake_quantised = false;
  double images_per_second = 0;
  double wall_seconds = 0;  ///< of this training so far
};

/// One line of losses.jsonl: how the training went since the line before, about once a second. For curves
/// within an epoch; nothing else depends on it.
struct LiveLoss {
  int fixed_layers = 0;
  uint64_t seed = 0;
  int epoch = 0;     ///< from 1, the one that was being trained
  int64_t step = 0;  ///< steps finished of this training, over all its epochs
  double loss = 0;   ///< mean over the images since the line before, or since the epoch began
  double images_per_second = 0;
  double wall_seconds = 0;  ///< of this training so far
};

/// One line of points.jsonl: a finished (data set, N, seed, bits).
struct Point {
  std::string dataset;
  int fixed_layers = 0;
  uint64_t seed = 0;
  int weight_bits = 0;                 ///< of the FFE; 0 = float
  int activation_bits = 0;             ///< of the FFE; 0 = float
  int back_end_bits = 0;               ///< of the layers behind it and of the head; 0 = float
  double top1_percent = 0;             ///< on the test images, from the integer network
  double float_path_top1_percent = 0;  ///< same images, float fake-quantised path
  std::optional<double> validation_top1_percent;
  int64_t images_tested = 0;
  std::string frozen_weights_sha256;
  std::string network;  ///< path relative to the run directory
  double train_images_per_second = 0;
  double wall_seconds = 0;
};

/// Per-layer facts of a finished network, for the report.
struct LayerFacts {
  std::string name;
  bool frozen = false;
  int weight_bits = 0, activation_bits = 0;  ///< 0 = float
  int64_t weights = 0, zero_weights = 0;
  int shift = 0;  ///< S; 0 for float
};

/// evaluations/<network stem>.json: what the report needs beyond the point.
struct Evaluation {
  std::vector<std::string> class_names;
  std::vector<std::vector<int64_t>> confusion;  ///< [true][predicted]
  std::vector<LayerFacts> layers;
  /// Integer network against the float fake-quantised path, over `compared_images` images.
  int64_t compared_images = 0, codes_compared = 0, codes_different = 0;
  int largest_code_difference = 0;
};

/// status.json, replaced atomically about once a second.
struct RunStatus {
  std::string state;  ///< "starting", "training", "evaluating", "finished", "stopped", "failed"
  std::string message;
  double progress = 0;  ///< 0..1 of the whole sweep
  std::optional<double> eta_seconds;
  int fixed_layers = 0;
  uint64_t seed = 0;
  int epoch = 0, epochs = 0;
  int64_t step = 0, steps = 0;
  double images_per_second = 0;
  int64_t pid = 0;
  std::string host;
  std::string heartbeat;  ///< UTC, ISO 8601
};

/// The files of one run: the contract between the programs that write it and those that read it.
///   config.yaml run.yaml status.json metrics.jsonl losses.jsonl points.jsonl log.txt checkpoints/ networks/
///   evaluations/ report.html control/stop.json
class RunDirectory {
 public:
  explicit RunDirectory(std::filesystem::path root) : root_(std::move(root)) {}
  const std::filesystem::path& root() const { return root_; }
  std::filesystem::path file(const std::string& name) const { return root_ / name; }

  /// Creates the folders; throws when they cannot be.
  void create() const;

  void write_status(const RunStatus& status) const;
  std::optional<RunStatus> read_status() const;

  /// Appends whole lines with one write each, then fsync. Readers skip an unfinished last line.
  void append_metrics(const EpochMetrics& metrics) const;
  std::vector<EpochMetrics> read_metrics() const;
  /// Replaces metrics.jsonl: a resumed run first drops the lines after its checkpoint.
  void write_metrics(const std::vector<EpochMetrics>& metrics) const;

  /// Appends a whole line without fsync; false when it cannot be written: training goes on without.
  bool append_loss(const LiveLoss& loss) const noexcept;
  /// Lines that a resumed or repeated training wrote again are dropped: see add_loss. Lines that
  /// cannot be understood are skipped.
  std::vector<LiveLoss> read_losses() const;

  void append_point(const Point& point) const;
  std::vector<Point> read_points() const;

  void write_evaluation(const std::string& stem, const Evaluation& evaluation) const;
  Evaluation read_evaluation(const std::string& stem) const;

  /// True once control/stop.json exists.
  bool stop_requested() const;
  void clear_stop_request() const;

  /// "fixed_07" for the first seed of a run, "fixed_07_seed_2" for the others.
  static std::string network_stem(int fixed_layers, uint64_t seed, bool first_seed);

 private:
  std::filesystem::path root_;
};

/// Adds a line of losses.jsonl to those before it. A training that went on from a checkpoint writes smaller
/// steps again after larger ones: of its (fixed_layers, seed), what was at or after this step is dropped.
void add_loss(std::vector<LiveLoss>& losses, const LiveLoss& next);

}  // namespace fixynn
