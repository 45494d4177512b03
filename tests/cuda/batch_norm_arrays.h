// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include "cuda/device_array.h"
#include "engine/reference/reference_ops.h"

namespace fixynn::testing_cuda {

constexpr unsigned kNoFaultYet = 0xffffffffu;

/// Everything that a BatchNormFinish points to.
struct BatchNormArrays {
  explicit BatchNormArrays(int channel_count, uint64_t seed = 1)
      : channels(channel_count),
        size(static_cast<size_t>(channel_count)),
        gamma(random_values(size, seed, 0.5f, 1.5f)),
        beta(random_values(size, seed + 1)),
        center(random_values(size, seed + 2)),
        start_mean(random_values(size, seed + 3)),
        start_variance(random_values(size, seed + 4, 0.5f, 2.0f)),
        device_gamma(gamma),
        device_beta(beta),
        device_center(center),
        mean(start_mean),
        variance(start_variance),
        running_mean(start_mean),
        running_variance(start_variance),
        a(size),
        b(size),
        range(2 * size),
        gamma_gradient(size),
        beta_gradient(size),
        ca(size),
        cp(size),
        cq(size),
        fault(std::vector<unsigned>{kNoFaultYet}) {}

  cuda::BatchNormFinish finish(cuda::BatchNormFinish::Kind kind, double count) const {
    cuda::BatchNormFinish finish;
    finish.kind = kind;
    finish.channels = channels;
    finish.count = count;
    finish.gamma = device_gamma.data();
    finish.mean = mean.data();
    finish.variance = variance.data();
    finish.beta = device_beta.data();
    finish.a = a.data();
    finish.b = b.data();
    finish.range = range.data();
    finish.fault = fault.data();
    finish.fault_code = 5;
    finish.gamma_gradient = gamma_gradient.data();
    finish.beta_gradient = beta_gradient.data();
    finish.ca = ca.data();
    finish.cp = cp.data();
    finish.cq = cq.data();
    return finish;
  }
  cuda::BatchNormFinish statistics(double count) const {
    return finish(cuda::BatchNormFinish::Kind::kStatistics, count);
  }
  cuda::BatchNormFinish gradient(double count) const {
    return finish(cuda::BatchNormFinish::Kind::kGradient, count);
  }

  int channels;
  size_t size;
  std::vector<float> gamma, beta, center, start_mean, start_variance;
  DeviceArray<float> device_gamma, device_beta, device_center;
  DeviceArray<float> mean, variance, running_mean, running_variance, a, b, range;
  DeviceArray<float> gamma_gradient, beta_gradient, ca, cp, cq;
  DeviceArray<unsigned> fault;
};

inline std::vector<double> widen(const std::vector<float>& values) {
  return std::vector<double>(values.begin(), values.end());
}

/// An activation in units of codes, its arrays, and what it makes of a value on the host.
struct TestActivation {
  TestActivation(int channels, bool quantise, uint64_t seed)
      : a(random_values(static_cast<size_t>(channels), seed, quantise ? 3.0f : 1.0f, quantise ? 6.0f : 3.0f)),
        b(random_values(static_cast<size_t>(channels), seed + 1, -1.0f, quantise ? 10.0f : 3.0f)),
        device_a(a),
        device_b(b),
        pass{device_a.data(), device_b.data(), quantise ? 15.0f : 6.0f, quantise} {}
  float u(float z, size_t channel) const { return std::fma(a[channel], z, b[channel]); }
  float y(float z, size_t channel) const {
    const float clamped = std::fmin(std::fmax(u(z, channel), 0.0f), pass.max);
    return pass.quantise ? std::rint(clamped) : clamped;
  }
  bool passes(float z, size_t channel) const { return u(z, channel) > 0.0f && u(z, channel) < pass.max; }

  std::vector<float> a, b;
  DeviceArray<float> device_a, device_b;
  cuda::Activation pass;
};

/// Smallest, then largest value of each channel, as BatchNormFinish::range has them.
inline std::vector<float> channel_range(const std::vector<float>& values, size_t channels) {
  std::vector<float> range(2 * channels);
  for (size_t i = 0; i < values.size(); ++i) {
    float& low = range[i % channels];
    float& high = range[channels + i % channels];
    low = i < channels ? values[i] : std::min(low, values[i]);
    high = i < channels ? values[i] : std::max(high, values[i]);
  }
  return range;
}

}  // namespace fixynn::testing_cuda
