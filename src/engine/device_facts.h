// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/engine_options.h"

namespace fixynn {

struct CardFacts {
  std::string name;        ///< "NVIDIA H100 80GB HBM3"
  std::string capability;  ///< "9.0"
  size_t memory_bytes = 0;
};

/// What the engines find on this machine. Versions are like "13.0"; empty: none.
struct DeviceFacts {
  std::string cpu_kernels;  ///< the instruction set that the CPU engine uses, "AVX3"; empty: it cannot run
  bool cuda_in_build = false;
  std::string cuda_version;     ///< of the build
  std::string driver_supports;  ///< newest CUDA version of the driver
  std::vector<CardFacts> cards;
  std::string cuda_problem;  ///< why the CUDA engine cannot be had; empty: it can
  bool cudnn_in_build = false;
  std::string cudnn_version;
  std::string cudnn_problem;
};

/// Never throws.
DeviceFacts device_facts();

/// Throws Error(kUsage) where a card is asked for and cannot be had: early, before data are read.
void check_device(const EngineOptions& options);

}  // namespace fixynn
