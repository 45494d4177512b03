// SPDX-License-Identifier: Apache-2.0
#include "cuda/thrust/shuffle.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "cuda/thrust/with_thrust.h"

namespace fixynn::cuda {

void shuffle(const uint32_t* indices, uint32_t* order, int64_t count, uint64_t seed, uint32_t epoch,
             Stream& stream) {
  if (count > std::numeric_limits<uint32_t>::max()) fail("a shuffle takes fewer than 2^32 samples");
  if (count == 0) return;
  const DeviceMemory keys(static_cast<size_t>(count) * sizeof(uint64_t), "a shuffle");
  with_thrust("a shuffle", [&] {
    sort_by_shuffle_key(indices, order, count, seed, epoch, as<uint64_t>(keys), stream.handle());
  });
  stream.synchronize();
}

std::vector<uint32_t> shuffle_on_host(std::span<const uint32_t> indices, uint64_t seed, uint32_t epoch) {
  std::vector<std::pair<uint64_t, uint32_t>> keyed;
  keyed.reserve(indices.size());
  for (uint32_t i = 0; i < indices.size(); ++i) keyed.emplace_back(shuffle_key(seed, epoch, i), indices[i]);
  std::stable_sort(keyed.begin(), keyed.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<uint32_t> order;
  order.reserve(indices.size());
  for (const auto& entry : keyed) order.push_back(entry.second);
  return order;
}

}  // namespace fixynn::cuda
