// SPDX-License-Identifier: Apache-2.0
#include "cuda/portable.cuh"
#include "cuda/runtime/throw_error.h"

namespace fixynn::cuda {

void check_launch(cudaError_t status, const LaunchShape& shape) {
  if (status == cudaSuccess) return;
  const auto text = [](size_t number) { return std::to_string(number); };
  throw_error("CUDA refused the launch at " + std::string(shape.file) + ":" + std::to_string(shape.line) +
              " (grid " + text(shape.grid.x) + " x " + text(shape.grid.y) + " x " + text(shape.grid.z) +
              ", " + text(shape.block.x * shape.block.y * shape.block.z) + " threads, " +
              text(shape.shared_bytes) + " bytes of shared memory): " + cudaGetErrorString(status) +
              "; if the card is too small for it, use engine.device: cpu");
}

}  // namespace fixynn::cuda
