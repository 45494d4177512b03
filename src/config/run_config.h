// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/engine_options.h"
#include "dataset/augment.h"
#include "dataset/load_dataset.h"
#include "quant/quant_spec.h"

namespace fixynn {

enum class LearningRateSchedule { kConstant, kCosine, kOneCycle };

struct DataConfig {
  DatasetKind kind = DatasetKind::kFolder;
  std::string root;                  ///< relative paths are taken from the working directory
  std::string label;                 ///< name of the data set in results; empty = the kind's
  int size = 64;                     ///< input pixels of the network
  float validation_fraction = 0.1f;  ///< of the training images; whole tracks where tracks are known
  BadImagePolicy on_bad_image = BadImagePolicy::kFail;
  int max_train_images = 0;  ///< 0 = all; else the first so many after the shuffle of `split_seed`
  int max_test_images = 0;   ///< 0 = all
  uint64_t split_seed = 1;
};

struct ModelConfig {
  double alpha = 0.25;
  std::string
      pretrained;  ///< .safetensors of fixynn-import, a .tflite, a TensorFlow checkpoint; empty = random
  int calibration_images = 512;  ///< to put batch norm back into a folded network
};

/// Bits of the FFE's layers. `layers` overrides single layers (0..13).
struct FfeConfig {
  int weight_bits = 8;      ///< 2..8, or kFloatBits
  int activation_bits = 8;  ///< 2..8, or kFloatBits
  struct LayerBits {
    std::optional<int> weight_bits, activation_bits;
  };
  std::map<int, LayerBits> layers;
};

struct BackEndConfig {
  int bits = 8;  ///< weights and activations of the layers after the FFE and of the head; kFloatBits = float
};

struct TrainConfig {
  int epochs = 10;
  int batch_size = 64;
  double learning_rate = 0.03;  ///< the peak
  LearningRateSchedule schedule = LearningRateSchedule::kOneCycle;
  double warmup_epochs = 1;  ///< kCosine: linear rise from 0; kOneCycle: length of the rise
  double momentum = 0.9;
  bool nesterov = true;
  double weight_decay = 4e-5;
  double label_smoothing = 0.1;
  double quantise_from = 0.0;  ///< fraction of the epochs after which activations are fake-quantised
  double freeze_statistics_from =
      1.0;  ///< fraction of the epochs after which batch norm uses its running statistics
  int reestimate_images = 2048;  ///< images to re-estimate batch-norm statistics with at the end; 0 = don't
  double checkpoint_seconds = 60;
};

struct RunConfig {
  std::string name = "run";
  DataConfig data;
  AugmentSpec augment;
  ModelConfig model;
  std::vector<int> fixed_layers = {0, 4, 7, 11, 14};
  FfeConfig ffe;
  BackEndConfig back_end;
  TrainConfig train;
  std::vector<uint64_t> seeds = {1};
  EngineOptions engine;
};

}  // namespace fixynn
