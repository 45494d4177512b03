// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "engine/engine.h"
#include "train/bench.h"

namespace fixynn {

/// What a benchmark feeds an engine with: an initialised network, and one batch of random images.
struct BenchSetup {
  TrainPlan plan;
  ModelParameters parameters;
  ImageSet images;
  std::vector<uint32_t> samples;  ///< all of `images`
  bool fake_quantise = false;

  StepSpec step() const;
  /// An engine of `options`, ready to train. The setup must outlive it.
  std::unique_ptr<TrainEngine> make_engine(const EngineOptions& options) const;
};

/// Throws Error(kUsage) for a request that cannot be meant.
BenchSetup make_bench_setup(const BenchRequest& request);

}  // namespace fixynn
