// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_bf16.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <span>
#include <vector>

#include "core/error.h"
#include "core/philox.h"
#include "cuda/kernels/passes.h"
#include "cuda/runtime/runtime.h"

// The kernels' tests see the device only through this file and cuda/runtime, so that the same tests run on
// the host launcher and on a card.
namespace fixynn::testing_cuda {

/// Skips where there is no device to run on, with the reason; on the host launcher there always is one.
class DeviceTest : public testing::Test {
 protected:
  void SetUp() override {
    try {
      cuda::open_device();
    } catch (const Error& error) {
      GTEST_SKIP() << error.what();
    }
  }
};

/// An array on the device of exactly `count` elements (a sanitizer sees an access past its end).
template <class T>
class DeviceArray {
 public:
  explicit DeviceArray(size_t count) : count_(count), memory_(count * sizeof(T), "a test") {}
  explicit DeviceArray(std::span<const T> values) : DeviceArray(values.size()) {
    cuda::Stream stream;
    cuda::copy_to_device(memory_.data(), values.data(), values.size_bytes(), stream);
    stream.synchronize();
  }
  explicit DeviceArray(const std::vector<T>& values) : DeviceArray(std::span<const T>(values)) {}

  T* data() const { return reinterpret_cast<T*>(memory_.data()); }
  size_t size() const { return count_; }
  /// Waits for the whole device first.
  std::vector<T> read() const {
    std::vector<T> values(count_);
    cuda::Stream stream;
    cuda::copy_to_host(values.data(), memory_.data(), count_ * sizeof(T), stream);
    stream.synchronize();
    return values;
  }

 private:
  size_t count_;
  cuda::DeviceMemory memory_;
};

/// Activations as a pass sees them: float, or bf16 for Precision::kBf16. `values()` are what is stored, so a
/// reference starts from the same numbers.
class DeviceTensor {
 public:
  DeviceTensor(Precision precision, const std::vector<float>& values)
      : bf16_(precision == Precision::kBf16), count_(values.size()), bytes_(pack(values)) {}
  /// Filled with 0.
  DeviceTensor(Precision precision, size_t count)
      : DeviceTensor(precision, std::vector<float>(count, 0.0f)) {}

  void* data() const { return bytes_.data(); }
  std::vector<float> values() const {
    const std::vector<std::byte> bytes = bytes_.read();
    std::vector<float> values(count_);
    for (size_t i = 0; i < count_; ++i) {
      if (bf16_) {
        uint16_t half;
        std::memcpy(&half, bytes.data() + 2 * i, 2);
        const uint32_t word = static_cast<uint32_t>(half) << 16;
        std::memcpy(&values[i], &word, 4);
      } else {
        std::memcpy(&values[i], bytes.data() + 4 * i, 4);
      }
    }
    return values;
  }

 private:
  std::vector<std::byte> pack(const std::vector<float>& values) const {
    std::vector<std::byte> bytes(values.size() * (bf16_ ? 2 : 4));
    for (size_t i = 0; i < values.size(); ++i) {
      if (bf16_) {
        const __nv_bfloat16 half = __float2bfloat16_rn(values[i]);
        std::memcpy(bytes.data() + 2 * i, &half, 2);
      } else {
        std::memcpy(bytes.data() + 4 * i, &values[i], 4);
      }
    }
    return bytes;
  }

  bool bf16_;
  size_t count_;
  DeviceArray<std::byte> bytes_;
};

inline std::vector<float> random_values(size_t count, uint64_t seed, float low = -1.0f, float high = 1.0f) {
  RandomSequence random(seed, RandomStream::kSynthesise, 0);
  std::vector<float> values(count);
  for (float& value : values) value = random.uniform(low, high);
  return values;
}

/// || measured - expected || / || expected ||, and the largest difference over the root mean square of
/// `expected`.
struct Difference {
  double norm = 0, largest = 0;
};
template <class A, class B>
Difference difference(const A& measured, const B& expected) {
  EXPECT_EQ(measured.size(), expected.size());
  double square = 0, difference_square = 0, largest = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    const double reference = static_cast<double>(expected[i]);
    const double gap = static_cast<double>(measured[i]) - reference;
    square += reference * reference;
    difference_square += gap * gap;
    if (!(std::fabs(gap) <= largest)) largest = std::fabs(gap);
  }
  const double rms = std::sqrt(square / static_cast<double>(expected.size())) + 1e-30;
  return {std::sqrt(difference_square / static_cast<double>(expected.size())) / rms, largest / rms};
}

/// A stream, the queue on it, and the scratch that passes with sums need.
class TestQueue {
 public:
  explicit TestQueue(int multiprocessors = 4, int most_channels = 1024)
      : partial_(static_cast<size_t>(cuda::kMostSumRows) * 2 * static_cast<size_t>(most_channels)),
        extrema_(partial_.size()),
        ticket_(1) {
    queue_ = {stream_.handle(), multiprocessors};
  }
  const cuda::Queue& queue() const { return queue_; }
  /// With extrema when `observe`.
  cuda::ChannelSums sums(const float* center, bool observe = false) const {
    return {center, partial_.data(), observe ? extrema_.data() : nullptr, ticket_.data()};
  }
  void wait() { stream_.synchronize(); }

 private:
  cuda::Stream stream_;
  DeviceArray<float> partial_, extrema_;
  DeviceArray<unsigned> ticket_;
  cuda::Queue queue_;
};

inline const char* precision_name(Precision precision) {
  return precision == Precision::kFp32 ? "fp32" : precision == Precision::kTf32 ? "tf32" : "bf16";
}

}  // namespace fixynn::testing_cuda
