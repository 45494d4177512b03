// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is computed with Thrust, on device pointers: the .cu files of this folder, the only ones that include
// it (it costs nvcc about 20 s a file), hold these and nothing else; memory, checks and errors are in the
// .cpp files. In a host build, with THRUST_DEVICE_SYSTEM_CPP, the same code runs in host memory. Work goes
// into `stream`, and each function returns when its own is done. Throws what Thrust throws (it allocates).

#include <cuda_runtime_api.h>

#include <cstdint>

namespace fixynn::cuda {

// ---- weight_statistics.cu ----
/// keys[i] = matrix * 256 + codes[i] + 128.
void keys_of_codes(const int8_t* codes, int64_t count, unsigned matrix, uint16_t* keys, cudaStream_t stream);
/// Sorts `keys`; ends[b] = number of keys <= b, for b in [0, bins).
void count_keys(uint16_t* keys, int64_t count, int64_t bins, int64_t* ends, cudaStream_t stream);
struct Extent {
  int64_t zeros;
  float smallest, largest;
};
Extent extent_of(const float* values, int64_t count, cudaStream_t stream);

// ---- selection.cu ----
/// Bits of |values|, ascending.
void sorted_magnitudes(const float* values, int64_t count, uint32_t* magnitudes, cudaStream_t stream);
/// classes_out[images][k]; `keys` and `sorted`: [images][classes] scratch.
void best_classes(const float* logits, int images, int classes, int k, uint64_t* keys, int32_t* sorted,
                  int32_t* classes_out, cudaStream_t stream);
int64_t labels_in_best(const float* logits, const int32_t* labels, int images, int classes, int k,
                       cudaStream_t stream);

// ---- shuffle.cu ----
/// `keys`: [count] scratch.
void sort_by_shuffle_key(const uint32_t* indices, uint32_t* order, int64_t count, uint64_t seed,
                         uint32_t epoch, uint64_t* keys, cudaStream_t stream);

}  // namespace fixynn::cuda
