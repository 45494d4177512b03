// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "core/files.h"
#include "core/philox.h"
#include "model/mobilenet.h"
#include "run/run_directory.h"
#include "run/run_record.h"

namespace fixynn::testing_report {

struct FakeRun {
  std::vector<int> fixed_layers = {0, 4, 7, 11, 14};
  std::vector<uint64_t> seeds = {1};
  std::string dataset = "gtsrb";
  std::string class_prefix = "speed limit ";
  int epochs = 10;
  int classes = 43;
};

inline double fake_accuracy(int fixed_layers, uint64_t seed) {
  const double drop = 0.0009 * std::pow(fixed_layers, 3.6);
  return 97.9 - drop - 0.17 * static_cast<double>(seed % 3);
}

inline Point fake_point(const FakeRun& run, int n, uint64_t seed) {
  Point point;
  point.dataset = run.dataset;
  point.fixed_layers = n;
  point.seed = seed;
  point.weight_bits = 8;
  point.activation_bits = 8;
  point.top1_percent = fake_accuracy(n, seed);
  point.float_path_top1_percent = point.top1_percent + 0.04;
  point.validation_top1_percent = point.top1_percent + 0.8;
  point.images_tested = 12630;
  point.frozen_weights_sha256 = sha256(std::vector<uint8_t>{static_cast<uint8_t>(n)});
  point.network =
      "networks/" + RunDirectory::network_stem(n, seed, seed == run.seeds.front()) + ".safetensors";
  point.train_images_per_second = 2050 + 40 * n;
  point.wall_seconds = 610 - 12 * n;
  return point;
}

inline Evaluation fake_evaluation(const FakeRun& run, int n, uint64_t seed) {
  Evaluation evaluation;
  RandomSequence random(seed, RandomStream::kSynthesise, static_cast<uint32_t>(n));
  const double error_rate = 1.0 - fake_accuracy(n, seed) / 100;
  const uint32_t classes = static_cast<uint32_t>(run.classes);
  for (uint32_t t = 0; t < classes; ++t) {
    evaluation.class_names.push_back(run.class_prefix + std::to_string(t));
    evaluation.confusion.emplace_back(classes, 0);
    const uint32_t images = 60 + random.below(690);
    const double rate =
        error_rate * static_cast<double>(random.uniform(0.0f, 1.2f)) * (t % 7 == 3 ? 3.5 : 0.6);
    for (uint32_t i = 0; i < images; ++i) {
      const bool wrong = static_cast<double>(random.uniform()) < rate;
      const uint32_t near = (t + (random.below(3) == 0 ? random.below(classes) : 7)) % classes;
      ++evaluation.confusion[t][wrong ? near : t];
    }
  }
  const MobileNet network = make_mobilenet(0.25, 64, run.classes);
  const int frozen = MobileNet::convs_in_layers(n);
  for (const Conv& conv : network.convs) {
    LayerFacts layer;
    layer.name = conv.name;
    layer.frozen = static_cast<int>(evaluation.layers.size()) < frozen;
    layer.weight_bits = layer.frozen && conv.layer == 3 ? 6 : 8;
    layer.activation_bits = 8;
    layer.weights = conv.weight_count();
    const double share = static_cast<double>(random.uniform(0.01f, 0.09f)) + 0.006 * conv.layer;
    layer.zero_weights = static_cast<int64_t>(share * static_cast<double>(layer.weights));
    layer.shift = 16;
    evaluation.layers.push_back(layer);
  }
  evaluation.compared_images = n > 0 ? 1000 : 0;
  evaluation.codes_compared = n > 0 ? 9'728'000 * n : 0;
  evaluation.codes_different = evaluation.codes_compared / 731;
  evaluation.largest_code_difference = n > 0 ? 2 : 0;
  return evaluation;
}

inline void write_fake_metrics(const FakeRun& run, const RunDirectory& directory, int n, uint64_t seed) {
  RandomSequence random(seed, RandomStream::kShuffle, static_cast<uint32_t>(n));
  for (int epoch = 1; epoch <= run.epochs; ++epoch) {
    const double done = 1.0 - std::exp(-3.2 * epoch / run.epochs);
    EpochMetrics m;
    m.fixed_layers = n;
    m.seed = seed;
    m.epoch = epoch;
    m.epochs = run.epochs;
    m.step = epoch * 552;
    m.learning_rate = 0.03 * (1 - static_cast<double>(epoch) / run.epochs);
    m.train_loss =
        0.72 + 0.015 * n + (2.4 + 0.05 * n) * (1 - done) + static_cast<double>(random.uniform(0, 0.03f));
    m.train_top1_percent =
        fake_accuracy(n, seed) * (0.25 + 0.75 * done) + static_cast<double>(random.uniform(0, 1));
    m.validation_top1_percent =
        fake_accuracy(n, seed) * (0.4 + 0.605 * done) - static_cast<double>(random.uniform(0, 1.5f));
    m.fake_quantised = epoch > run.epochs / 2;
    m.images_per_second = 2050 + 40 * n;
    m.wall_seconds = 55.0 * epoch;
    directory.append_metrics(m);
  }
}

inline void write_fake_record(const FakeRun& run, const RunDirectory& directory) {
  RunRecord record(directory.file("run.yaml"));
  RunDataFacts facts;
  facts.dataset = run.dataset;
  facts.classes = run.classes;
  facts.image_width = facts.image_height = 32;
  facts.train_images = 35'280;
  facts.validation_images = 3'929;
  facts.test_images = 12'630;
  facts.skipped = {
      "Final_Training/Images/00003/00012_00004.ppm: the file ends after 512 of 3072 pixels <left out>"};
  record.set_data(facts);
  record.add_session({"2026-11-21T20:14:09Z", "fixynn-train 0.1.0", "5b4a0f5",
                      "fixynn-train configs/gtsr.yaml --set train.epochs=10", "workshop", 4711,
                      "cpu, 2 threads, AVX3_SPR", "cpu, fp32, custom convolutions"});
  for (int n : run.fixed_layers) {
    const std::string sha = fake_point(run, n, run.seeds.front()).frozen_weights_sha256;
    record.add_training({n, run.seeds.front(), sha, sha});
  }
}

/// Writes everything a finished run has, with made-up but plausible figures.
inline RunDirectory write_fake_run(const FakeRun& run, const std::filesystem::path& root) {
  std::filesystem::remove_all(root);
  const RunDirectory directory(root);
  directory.create();
  write_file_atomic(
      directory.file("config.yaml"),
      std::string_view("# Every key with its value; docs/configuration.md describes them.\n"
                       "name: gtsr\ndata:\n  kind: gtsrb\n  root: \"data/<gtsrb>\"\n  size: 64\n"
                       "model:\n  alpha: 0.25\n  pretrained: mobilenet_025.tflite\n"
                       "fixed_layers: [0, 4, 7, 11, 14]\nffe:\n  weight_bits: 8\n  activation_bits: 8\n"
                       "  layers:\n    3:\n      weight_bits: 6\ntrain:\n  epochs: 10\n"));
  write_fake_record(run, directory);
  for (int n : run.fixed_layers) {
    for (uint64_t seed : run.seeds) {
      write_fake_metrics(run, directory, n, seed);
      directory.append_point(fake_point(run, n, seed));
      directory.write_evaluation(RunDirectory::network_stem(n, seed, seed == run.seeds.front()),
                                 fake_evaluation(run, n, seed));
    }
  }
  RunStatus status;
  status.state = "finished";
  status.progress = 1;
  directory.write_status(status);
  return directory;
}

}  // namespace fixynn::testing_report
