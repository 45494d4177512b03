// SPDX-License-Identifier: Apache-2.0
#include <thrust/binary_search.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/sort.h>
#include <thrust/transform.h>
#include <thrust/transform_reduce.h>

#include <cmath>

#include "core/host_device.h"
#include "cuda/thrust/execution.cuh"
#include "cuda/thrust/primitives.h"

// Codes of all matrices become 16-bit keys (matrix, code + 128) in one array; sorted, the places where keys
// change are the histograms, and everything else follows from those. Counts are exact, so there is no order
// of summation to fix.

namespace fixynn::cuda {
namespace {

struct KeyOfCode {
  unsigned matrix;
  FIXYNN_HD uint16_t operator()(int8_t code) const {
    return static_cast<uint16_t>(matrix * 256 + static_cast<unsigned>(code + 128));
  }
};

struct ExtentOfValue {
  FIXYNN_HD Extent operator()(float value) const { return {value == 0.0f ? 1 : 0, value, value}; }
};

struct JoinExtents {
  FIXYNN_HD Extent operator()(const Extent& a, const Extent& b) const {
    return {a.zeros + b.zeros, a.smallest < b.smallest ? a.smallest : b.smallest,
            a.largest > b.largest ? a.largest : b.largest};
  }
};

}  // namespace

void keys_of_codes(const int8_t* codes, int64_t count, unsigned matrix, uint16_t* keys, cudaStream_t stream) {
  thrust::transform(in_stream(stream), codes, codes + count, keys, KeyOfCode{matrix});
}

void count_keys(uint16_t* keys, int64_t count, int64_t bins, int64_t* ends, cudaStream_t stream) {
  const thrust::counting_iterator<unsigned> first(0);
  thrust::sort(in_stream(stream), keys, keys + count);
  thrust::upper_bound(in_stream(stream), keys, keys + count, first, first + bins, ends);
}

Extent extent_of(const float* values, int64_t count, cudaStream_t stream) {
  return thrust::transform_reduce(in_stream(stream), values, values + count, ExtentOfValue{},
                                  Extent{0, INFINITY, -INFINITY}, JoinExtents{});
}

}  // namespace fixynn::cuda
