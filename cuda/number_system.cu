// SPDX-License-Identifier: Apache-2.0
// The number system of src/quant and the random numbers of src/core, in device code: a build with nvcc fails
// here when a change makes the one definition uncompilable for GPUs. out[i] = code of the requantised,
// fake-quantised inputs.
#include <cuda_runtime_api.h>

#include "core/philox.h"
#include "quant/fake_quant.h"
#include "quant/quant_spec.h"
#include "quant/requantizer.h"

namespace fixynn::cuda {

__global__ void number_system(const float* values, const int* accumulators, int count, int bits, int shift,
                              float* codes, int* requantised, float* random) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i >= count) return;
  const float code_max = static_cast<float>(activation_code_max(bits));
  codes[i] =
      activation_code(values[i], 1.0f / activation_scale(bits), code_max) +
      weight_code(values[i], 1.0f / weight_scale(1.0f, bits), static_cast<float>(weight_code_max(bits)));
  requantised[i] =
      Requantizer::apply(accumulators[i], 1 << 14, 1 << (shift - 1), shift, activation_code_max(bits));
  random[i] = uniform01(philox(1, RandomStream::kAugment, 0, static_cast<uint32_t>(i), 0).word[0]);
}

}  // namespace fixynn::cuda
