// SPDX-License-Identifier: Apache-2.0
#include "cuda/thrust/weight_statistics.h"

#include "cuda/thrust/with_thrust.h"

namespace fixynn::cuda {
namespace {

constexpr size_t kCodes = 256;
constexpr size_t kMostMatrices = 256;

template <class Matrix>
int64_t size_of(const Matrix& matrix) {
  return static_cast<int64_t>(matrix.rows) * matrix.columns;
}

WeightStatistics from_histogram(const std::array<int64_t, kCodes>& histogram) {
  WeightStatistics statistics;
  statistics.histogram = histogram;
  for (size_t i = 0; i < kCodes; ++i) {
    statistics.weights += histogram[i];
    statistics.csd_digits += histogram[i] * csd_digits(static_cast<int>(i) - 128);
  }
  statistics.zeros = histogram[128];
  return statistics;
}

}  // namespace

std::vector<WeightStatistics> weight_statistics(std::span<const CodeMatrix> matrices, Stream& stream) {
  if (matrices.size() > kMostMatrices) {
    fail("weight statistics of {} matrices were asked for; one call takes at most {}", matrices.size(),
         kMostMatrices);
  }
  int64_t total = 0;
  for (const CodeMatrix& matrix : matrices) total += size_of(matrix);
  std::vector<WeightStatistics> result(matrices.size());
  if (total == 0) return result;

  const size_t bins = matrices.size() * kCodes;
  const DeviceMemory keys(static_cast<size_t>(total) * sizeof(uint16_t), "weight statistics");
  const DeviceMemory ends_memory(bins * sizeof(int64_t), "weight statistics");
  std::vector<int64_t> ends(bins);
  with_thrust("weight statistics", [&] {
    uint16_t* next = as<uint16_t>(keys);
    for (size_t i = 0; i < matrices.size(); ++i) {
      const int64_t size = size_of(matrices[i]);
      keys_of_codes(matrices[i].codes, size, static_cast<unsigned>(i), next, stream.handle());
      next += size;
    }
    count_keys(as<uint16_t>(keys), total, static_cast<int64_t>(bins), as<int64_t>(ends_memory),
               stream.handle());
  });
  copy_to_host(ends.data(), ends_memory.data(), bins * sizeof(int64_t), stream);
  stream.synchronize();

  int64_t before = 0;
  for (size_t i = 0; i < matrices.size(); ++i) {
    std::array<int64_t, kCodes> histogram;
    for (size_t code = 0; code < kCodes; ++code) {
      histogram[code] = ends[i * kCodes + code] - before;
      before = ends[i * kCodes + code];
    }
    result[i] = from_histogram(histogram);
  }
  return result;
}

std::vector<WeightStatistics> device_weight_statistics(std::span<const QuantisedWeights> weights,
                                                       Stream& stream) {
  std::vector<int8_t> codes;
  for (const QuantisedWeights& one : weights) codes.insert(codes.end(), one.codes.begin(), one.codes.end());
  if (codes.empty()) return std::vector<WeightStatistics>(weights.size());
  const DeviceMemory memory(codes.size(), "weight statistics");
  copy_to_device(memory.data(), codes.data(), codes.size(), stream);
  std::vector<CodeMatrix> matrices;
  const int8_t* next = as<const int8_t>(memory);
  for (const QuantisedWeights& one : weights) {
    matrices.push_back({next, 1, static_cast<int>(one.codes.size())});
    next += one.codes.size();
  }
  return weight_statistics(matrices, stream);
}

std::vector<FloatWeightStatistics> weight_statistics(std::span<const FloatMatrix> matrices, Stream& stream) {
  std::vector<FloatWeightStatistics> result;
  for (const FloatMatrix& matrix : matrices) {
    FloatWeightStatistics statistics;
    statistics.weights = size_of(matrix);
    if (statistics.weights > 0) {
      const Extent extent = with_thrust(
          "weight statistics", [&] { return extent_of(matrix.values, statistics.weights, stream.handle()); });
      statistics.zeros = extent.zeros;
      statistics.smallest = extent.smallest;
      statistics.largest = extent.largest;
    }
    result.push_back(statistics);
  }
  return result;
}

}  // namespace fixynn::cuda
