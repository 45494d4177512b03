// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "engine/engine.h"

namespace fixynn {

/// What fixynn-bench measures, on random images of exactly the input size that stay in memory.
struct BenchRequest {
  bool train = true;  ///< training steps; else inference
  int size = 96;
  int batch_size = 64;
  int fixed_layers = 0;
  int bits = 8;  ///< of every weight and activation; kFloatBits (0) = float
  double alpha = 0.25;
  int classes = 100;
  double seconds = 3;
  EngineOptions engine{.threads = 1};
  // For the share of the roofline; 0 = what the engine measures or knows of its device.
  double memory_gb_per_s = 0;
  double gmacs_per_s = 0;
};

struct BenchResult {
  std::string device;
  EngineFacts facts;                   ///< not of the integer engine
  double memory_bytes_per_second = 0;  ///< of the device: as given, or measured; 0 = not known
  double images_per_second = 0;        ///< median of the rounds
  double best_images_per_second = 0;   ///< fastest round
  int rounds = 0;
  int64_t peak_rss_bytes = 0;  ///< of the whole process
  /// What the device's memory and arithmetic allow, see roofline.h; none when their speed is not known.
  std::optional<double> floor_images_per_second;
};

BenchResult run_bench(const BenchRequest& request);
/// One JSON line.
std::string bench_json(const BenchRequest& request, const BenchResult& result);

}  // namespace fixynn
