// SPDX-License-Identifier: Apache-2.0
#include <thrust/iterator/counting_iterator.h>
#include <thrust/sort.h>
#include <thrust/transform.h>
#include <thrust/transform_reduce.h>

#include <cstring>

#include "core/host_device.h"
#include "cuda/thrust/execution.cuh"
#include "cuda/thrust/primitives.h"

// Radix sorts of integer keys whose order is the wanted one; a stable sort breaks ties by position.

namespace fixynn::cuda {
namespace {

FIXYNN_HD uint32_t bits_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

/// Magnitudes order like their bits.
struct MagnitudeBits {
  FIXYNN_HD uint32_t operator()(float value) const { return bits_of(value) & 0x7fffffffu; }
};

/// Ascending keys are images in order, and in each the logits from largest to smallest, NaN last.
struct LogitKey {
  const float* logits;
  int classes;
  FIXYNN_HD uint64_t operator()(int64_t i) const {
    const float logit = logits[i];
    const uint32_t bits = logit == 0.0f ? 0u : bits_of(logit);
    const uint32_t ascending = (bits >> 31) != 0 ? ~bits : bits | 0x80000000u;
    const uint32_t descending = logit != logit ? 0xffffffffu : ~ascending;
    return static_cast<uint64_t>(i / classes) << 32 | descending;
  }
};

struct ClassOf {
  int classes;
  FIXYNN_HD int32_t operator()(int64_t i) const { return static_cast<int32_t>(i % classes); }
};

/// Entry i of [images][k] from [images][classes].
struct TakeFirst {
  const int32_t* sorted;
  int classes, k;
  FIXYNN_HD int32_t operator()(int64_t i) const { return sorted[i / k * classes + i % k]; }
};

struct LabelInTopK {
  const float* logits;
  const int32_t* labels;
  int classes, k;
  FIXYNN_HD int64_t operator()(int64_t image) const {
    const float* const row = logits + image * classes;
    const int32_t label = labels[image];
    const float own = row[label];
    if (own != own) return classes < k ? 1 : 0;
    int rank = 0;
    for (int c = 0; c < classes; ++c) rank += row[c] > own || (row[c] == own && c < label) ? 1 : 0;
    return rank < k ? 1 : 0;
  }
};

struct Add {
  FIXYNN_HD int64_t operator()(int64_t a, int64_t b) const { return a + b; }
};

}  // namespace

void sorted_magnitudes(const float* values, int64_t count, uint32_t* magnitudes, cudaStream_t stream) {
  thrust::transform(in_stream(stream), values, values + count, magnitudes, MagnitudeBits{});
  thrust::sort(in_stream(stream), magnitudes, magnitudes + count);
}

void best_classes(const float* logits, int images, int classes, int k, uint64_t* keys, int32_t* sorted,
                  int32_t* classes_out, cudaStream_t stream) {
  const int64_t count = static_cast<int64_t>(images) * classes;
  const thrust::counting_iterator<int64_t> first(0);
  thrust::transform(in_stream(stream), first, first + count, keys, LogitKey{logits, classes});
  thrust::transform(in_stream(stream), first, first + count, sorted, ClassOf{classes});
  thrust::stable_sort_by_key(in_stream(stream), keys, keys + count, sorted);
  thrust::transform(in_stream(stream), first, first + static_cast<int64_t>(images) * k, classes_out,
                    TakeFirst{sorted, classes, k});
}

int64_t labels_in_best(const float* logits, const int32_t* labels, int images, int classes, int k,
                       cudaStream_t stream) {
  const thrust::counting_iterator<int64_t> first(0);
  return thrust::transform_reduce(in_stream(stream), first, first + images,
                                  LabelInTopK{logits, labels, classes, k}, int64_t{0}, Add{});
}

}  // namespace fixynn::cuda
