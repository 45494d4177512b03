// SPDX-License-Identifier: Apache-2.0
#include <thrust/copy.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/sort.h>
#include <thrust/transform.h>

#include "cuda/thrust/execution.cuh"
#include "cuda/thrust/primitives.h"
#include "cuda/thrust/shuffle_key.h"

namespace fixynn::cuda {
namespace {

struct KeyOfPosition {
  uint64_t seed;
  uint32_t epoch;
  FIXYNN_HD uint64_t operator()(int64_t position) const {
    return shuffle_key(seed, epoch, static_cast<uint32_t>(position));
  }
};

}  // namespace

void sort_by_shuffle_key(const uint32_t* indices, uint32_t* order, int64_t count, uint64_t seed,
                         uint32_t epoch, uint64_t* keys, cudaStream_t stream) {
  const thrust::counting_iterator<int64_t> first(0);
  thrust::transform(in_stream(stream), first, first + count, keys, KeyOfPosition{seed, epoch});
  thrust::copy(in_stream(stream), indices, indices + count, order);
  thrust::stable_sort_by_key(in_stream(stream), keys, keys + count, order);
}

}  // namespace fixynn::cuda
