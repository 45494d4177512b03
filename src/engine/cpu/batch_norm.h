// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/cpu/aligned_buffer.h"
#include "engine/cpu/kernels/kernels.h"

namespace fixynn::cpu {

/// Per-channel sums that the tasks of a pass leave: [task][2][channels].
class PartialSums {
 public:
  PartialSums() = default;
  PartialSums(int most_tasks, int channels)
      : channels_(channels), sums_(static_cast<size_t>(most_tasks) * 2 * static_cast<size_t>(channels)) {}

  /// The arrays of one task, zeroed, for sums around `center`.
  ChannelSums start(int task, const float* center);
  /// Adds up `tasks` tasks in order, in double.
  void reduce(int tasks, std::vector<double>& sum, std::vector<double>& sum_product) const;

 private:
  int channels_ = 0;
  AlignedBuffer<float> sums_;
};

/// The state of one batch norm during a step.
struct BatchNorm {
  explicit BatchNorm(int channels);

  /// Statistics of the batch from sums around `center`: mean = center + S/n, biased variance = Q/n - (S/n)^2.
  void set_batch_statistics(const PartialSums& partial, int tasks, int64_t count,
                            std::span<const float> center);
  void set_statistics(std::span<const float> mean, std::span<const float> variance);
  bool finite() const;

  /// y = clamp(a*z + b, 0, max) with a, b from gamma, beta and the statistics; `code_max` 0 = float, else
  /// rounded codes.
  void prepare_forward(std::span<const float> gamma, std::span<const float> beta, int code_max);
  Activation activation() const { return {a.data(), b.data(), max, quantise}; }

  /// From the sums of du and du*(z - mean): gradients of gamma and beta, and the coefficients of
  /// dz = ca*du + cp*z + cq. With `frozen_statistics` the statistics are constants: dz = ca*du.
  void prepare_backward(const PartialSums& partial, int tasks, int64_t count, std::span<const float> gamma,
                        bool frozen_statistics);
  GradientLoad gradient(const float* du, const float* z) const {
    return {du, z, ca.data(), cp.data(), cq.data()};
  }

  AlignedBuffer<float> mean, variance;  ///< in use in this step
  AlignedBuffer<float> a, b, ca, cp, cq;
  AlignedBuffer<float> gamma_gradient, beta_gradient;
  float max = 6;
  bool quantise = false;

 private:
  std::vector<double> sum_, product_;  // scratch of the reductions
};

}  // namespace fixynn::cpu
