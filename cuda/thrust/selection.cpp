// SPDX-License-Identifier: Apache-2.0
#include "cuda/thrust/selection.h"

#include <algorithm>
#include <cmath>

#include "cuda/thrust/with_thrust.h"

namespace fixynn::cuda {

std::vector<float> magnitude_percentiles(const float* values, int64_t count, std::span<const double> percents,
                                         Stream& stream) {
  if (count < 1) fail("percentiles of no values were asked for");
  for (const double percent : percents) {
    if (!(percent >= 0.0 && percent <= 100.0)) fail("a percentile must be 0..100, not {}", percent);
  }
  const DeviceMemory magnitudes(static_cast<size_t>(count) * sizeof(uint32_t), "percentiles");
  with_thrust("percentiles",
              [&] { sorted_magnitudes(values, count, as<uint32_t>(magnitudes), stream.handle()); });
  std::vector<float> result(percents.size());
  for (size_t i = 0; i < percents.size(); ++i) {
    // 99.9 percent of 1000 are 999 values, whatever the product rounds to.
    const double share = percents[i] / 100.0 * static_cast<double>(count) * (1.0 - 1e-12);
    const auto rank = static_cast<int64_t>(std::ceil(share));
    const int64_t place = std::clamp<int64_t>(rank - 1, 0, count - 1);
    copy_to_host(&result[i], as<uint32_t>(magnitudes) + place, sizeof(float), stream);
  }
  stream.synchronize();
  return result;
}

void top_k(const float* logits, int images, int classes, int k, int32_t* classes_out, Stream& stream) {
  if (k < 1 || k > classes) fail("the {} best of {} classes were asked for", k, classes);
  if (images == 0) return;
  const size_t count = static_cast<size_t>(images) * static_cast<size_t>(classes);
  const DeviceMemory keys(count * sizeof(uint64_t), "the best classes");
  const DeviceMemory sorted(count * sizeof(int32_t), "the best classes");
  with_thrust("the best classes", [&] {
    best_classes(logits, images, classes, k, as<uint64_t>(keys), as<int32_t>(sorted), classes_out,
                 stream.handle());
  });
  stream.synchronize();
}

int64_t count_top_k(const float* logits, const int32_t* labels, int images, int classes, int k,
                    Stream& stream) {
  return with_thrust("the best classes",
                     [&] { return labels_in_best(logits, labels, images, classes, k, stream.handle()); });
}

}  // namespace fixynn::cuda
