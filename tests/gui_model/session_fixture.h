// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "config/load_config.h"
#include "core/files.h"
#include "gui/model/session.h"
#include "gui_model/model_fixture.h"
#include "model/model_file.h"

namespace fixynn::gui {

/// A run directory with made-up figures and, unless `weights` is off, a real pretrained network of its own.
struct RunOnDisk {
  std::string name = "signs", dataset = "gtsrb";
  std::vector<int> fixed_layers = {0, 4, 7, 11, 14};
  std::vector<uint64_t> seeds = {1};
  int weight_bits = 8, activation_bits = 8;  ///< of the FFE; 0: float
  int epochs = 10;
  bool weights = true;
  bool losses = false;  ///< losses.jsonl, ten lines an epoch

  /// Percentage points lost with N fixed layers: within 1 up to N = 7.
  static double drop(int n) { return n <= 7 ? 0.1 * n : n == 11 ? 2.5 : 9.0; }
  static double accuracy(int n, uint64_t seed) {
    return 97.0 - drop(n) - 0.2 * static_cast<double>(seed - 1);
  }
};

inline std::filesystem::path write_weights(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "model.safetensors";
  ModelFile model;
  model.network = make_mobilenet(0.25, 64, 43);
  model.parameters = initialise_parameters(model.network, 7);
  write_model(path, model);
  return path;
}

inline Point made_up_point(const RunOnDisk& run, int n, uint64_t seed) {
  Point point;
  point.dataset = run.dataset;
  point.fixed_layers = n;
  point.seed = seed;
  point.weight_bits = run.weight_bits;
  point.activation_bits = run.activation_bits;
  point.top1_percent = point.float_path_top1_percent = RunOnDisk::accuracy(n, seed);
  point.images_tested = 1000;
  point.frozen_weights_sha256 = std::string(64, 'a');
  point.network =
      "networks/" + RunDirectory::network_stem(n, seed, seed == run.seeds.front()) + ".safetensors";
  return point;
}

inline void write_training(const RunOnDisk& run, const RunDirectory& directory, int n, uint64_t seed) {
  constexpr int kStepsAnEpoch = 100;
  for (int epoch = 1; epoch <= run.epochs; ++epoch) {
    EpochMetrics line;
    line.fixed_layers = n;
    line.seed = seed;
    line.epoch = epoch;
    line.epochs = run.epochs;
    line.step = epoch * kStepsAnEpoch;
    line.train_loss = 3.0 / epoch;
    line.train_top1_percent = 90 + epoch * 0.5;
    line.wall_seconds = 30.0 * epoch;
    directory.append_metrics(line);
    for (int part = 1; run.losses && part <= 10; ++part) {
      LiveLoss loss;
      loss.fixed_layers = n;
      loss.seed = seed;
      loss.epoch = epoch;
      loss.step = (epoch - 1) * kStepsAnEpoch + part * kStepsAnEpoch / 10;
      loss.loss = part % 2 == 0 ? 2 : 4;
      loss.wall_seconds = 0.3 * static_cast<double>(loss.step);
      directory.append_loss(loss);
    }
  }
}

inline std::filesystem::path write_run(const RunOnDisk& run, const std::filesystem::path& folder) {
  const RunDirectory directory(folder);
  directory.create();
  RunConfig config;
  config.name = run.name;
  config.data.size = 64;
  config.data.label = run.dataset;
  config.data.root = "data/nowhere";
  if (run.weights) config.model.pretrained = write_weights(folder).string();
  config.fixed_layers = run.fixed_layers;
  config.seeds = run.seeds;
  config.ffe.weight_bits = run.weight_bits;
  config.ffe.activation_bits = run.activation_bits;
  config.train.epochs = run.epochs;
  write_file_atomic(directory.file("config.yaml"), std::string_view(to_yaml(config)), false);
  for (const int n : run.fixed_layers) {
    for (const uint64_t seed : run.seeds) {
      write_training(run, directory, n, seed);
      directory.append_point(made_up_point(run, n, seed));
    }
  }
  RunStatus status;
  status.state = "finished";
  status.progress = 1;
  directory.write_status(status);
  return folder;
}

/// A session without exact costs and without a file, and a folder for its runs.
class SessionTest : public testing::Test {
 protected:
  SessionTest() : session_(std::make_unique<Session>(options())) {}

  /// Runs and background work are waited for; false when they do not come.
  bool open(const std::filesystem::path& path) {
    session_->apply(OpenPath{path});
    return settles([&] {
      return std::any_of(session_->runs().begin(), session_->runs().end(),
                         [&](const OpenRun& run) { return run.run->root == path; });
    });
  }
  bool settles(const std::function<bool()>& condition = [] { return true; }) {
    return comes_true([&] {
      session_->poll();
      return condition() &&
             std::all_of(session_->runs().begin(), session_->runs().end(), [](const OpenRun& open) {
               return open.run->state != RunState::kReading && !open.basis_loading &&
                      (open.basis || open.parent != 0 || !open.basis_error.empty() || !open.run->config);
             });
    });
  }
  const OpenRun* run_at(const std::filesystem::path& root) const {
    for (const OpenRun& open : session_->runs()) {
      if (open.run->root == root) return &open;
    }
    return nullptr;
  }
  void change(const std::function<void(Settings&)>& edit) {
    Settings settings = session_->settings();
    edit(settings);
    session_->apply(ChangeSettings{settings});
  }
  std::filesystem::path path(const std::string& name) const { return folder_.path() / name; }
  Session& session() { return *session_; }

 private:
  SessionOptions options() const {
    SessionOptions options;
    options.exact_costs = false;
    options.export_folder = folder_.path();
    options.run_store.poll_seconds = 0.01;
    return options;
  }
  TestFolder folder_;
  std::unique_ptr<Session> session_;
};

}  // namespace fixynn::gui
