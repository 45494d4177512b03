// SPDX-License-Identifier: Apache-2.0
// finish_channel_sums, seen through the passes that do nothing else: statistics and gradients against double,
// from one block to many.
#include "cuda/batch_norm_arrays.h"
#include "cuda/kernels/plain_passes.h"

namespace fixynn {
namespace {

using testing_cuda::BatchNormArrays;
using testing_cuda::DeviceArray;
using testing_cuda::DeviceTensor;
using testing_cuda::difference;
using testing_cuda::random_values;
using testing_cuda::TestActivation;
using testing_cuda::TestQueue;

struct SumCase {
  Precision precision;
  int images, size, channels;
  int multiprocessors;
};

const SumCase kCases[] = {
    {Precision::kFp32, 1, 1, 8, 4},    // one pixel
    {Precision::kFp32, 3, 31, 8, 16},  // 6 blocks
    {Precision::kFp32, 5, 9, 24, 16},    {Precision::kFp32, 1, 16, 256, 64},
    {Precision::kFp32, 2, 5, 768, 64},   {Precision::kTf32, 5, 3, 1024, 64},
    {Precision::kFp32, 2, 16, 1024, 64},  // 128 blocks: rows are added eight at a time
    {Precision::kBf16, 3, 31, 8, 16},    {Precision::kBf16, 5, 9, 24, 2},
    {Precision::kBf16, 1, 16, 256, 64},  {Precision::kBf16, 2, 5, 768, 64},
    {Precision::kBf16, 1, 6, 1024, 64},
};

std::string name_of(const SumCase& c) {
  return std::string(testing_cuda::precision_name(c.precision)) + ", channels " + std::to_string(c.channels) +
         ", pixels " + std::to_string(c.images * c.size * c.size);
}

/// z with a channel's values not far from its center and about 0.1 .. 1 apart.
std::vector<float> values_about(const std::vector<float>& center, size_t pixels) {
  const size_t channels = center.size();
  std::vector<float> values = random_values(pixels * channels, 21);
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t k = i % channels;
    values[i] =
        1.5f * center[k] + values[i] * (0.1f + 0.9f * static_cast<float>(k) / static_cast<float>(channels));
  }
  return values;
}

struct Fixture {
  explicit Fixture(const SumCase& sum_case)
      : c(sum_case),
        pixels(static_cast<size_t>(c.images * c.size * c.size)),
        norm(c.channels),
        z(c.precision, values_about(norm.center, pixels)),
        queue(c.multiprocessors, c.channels) {
    values.images = c.images;
    values.size = c.size;
    values.channels = c.channels;
    for (float value : z.values()) values.values.push_back(static_cast<double>(value));
  }
  cuda::ScaleAndSum statistics_pass(bool observe = false) const {
    cuda::ScaleAndSum pass{};
    pass.precision = c.precision;
    pass.z = z.data();
    pass.pixels = static_cast<int64_t>(pixels);
    pass.channels = c.channels;
    pass.sums = queue.sums(norm.device_center.data(), observe);
    pass.finish = norm.statistics(static_cast<double>(pixels));
    return pass;
  }

  SumCase c;
  size_t pixels;
  BatchNormArrays norm;
  DeviceTensor z;
  TestQueue queue;
  ReferenceTensor values;
};

TEST(BatchNormStatistics, EqualTheDefinition) {
  for (const SumCase& c : kCases) {
    Fixture f(c);
    cuda::ScaleAndSum pass = f.statistics_pass(true);
    pass.finish.to_codes = 2.5f;
    pass.finish.running_mean = f.norm.running_mean.data();
    pass.finish.running_variance = f.norm.running_variance.data();
    pass.finish.momentum = 0.1f;
    cuda::scale_and_sum(pass, f.queue.queue());
    f.queue.wait();
    const ChannelStatistics expected = reference_statistics(f.values);
    const std::vector<float> mean = f.norm.mean.read(), variance = f.norm.variance.read();
    const std::vector<float> running_mean = f.norm.running_mean.read(), a = f.norm.a.read(),
                             b = f.norm.b.read();
    const std::vector<float> running_variance = f.norm.running_variance.read(), range = f.norm.range.read();
    for (size_t k = 0; k < f.norm.size; ++k) {
      ASSERT_NEAR(mean[k], expected.mean[k], 2e-6) << name_of(c);
      ASSERT_NEAR(variance[k], expected.variance[k], 2e-5 * (1 + expected.variance[k])) << name_of(c);
      ASSERT_NEAR(running_mean[k], 0.9 * f.norm.start_mean[k] + 0.1 * mean[k], 1e-6) << name_of(c);
      ASSERT_NEAR(running_variance[k], 0.9 * f.norm.start_variance[k] + 0.1 * variance[k], 1e-6);
      const double slope = f.norm.gamma[k] / std::sqrt(variance[k] + kBatchNormEpsilon);
      ASSERT_NEAR(a[k], slope * 2.5, 1e-6 * slope * 2.5) << name_of(c);
      const double shift = (f.norm.beta[k] - mean[k] * slope) * 2.5;
      ASSERT_NEAR(b[k], shift, 1e-6 * (1 + std::fabs(shift))) << name_of(c);
      double smallest = INFINITY, largest = -INFINITY;
      for (size_t i = k; i < f.values.values.size(); i += f.norm.size) {
        smallest = std::min(smallest, f.values.values[i]);
        largest = std::max(largest, f.values.values[i]);
      }
      ASSERT_EQ(range[k], smallest) << name_of(c);
      ASSERT_EQ(range[f.norm.size + k], largest) << name_of(c);
    }
    EXPECT_EQ(f.norm.fault.read()[0], testing_cuda::kNoFaultYet) << name_of(c);
  }
}

TEST(BatchNormStatistics, LeaveRunningStatisticsAloneAndRepeatTheirBits) {
  for (const SumCase& c : kCases) {
    Fixture f(c);
    cuda::scale_and_sum(f.statistics_pass(), f.queue.queue());
    f.queue.wait();
    const std::vector<float> mean = f.norm.mean.read(), variance = f.norm.variance.read(),
                             b = f.norm.b.read();
    EXPECT_EQ(f.norm.running_mean.read(), f.norm.start_mean);
    // The ticket must have been reset, and the partial sums must not be added to.
    cuda::scale_and_sum(f.statistics_pass(), f.queue.queue());
    f.queue.wait();
    EXPECT_EQ(f.norm.mean.read(), mean) << name_of(c);
    EXPECT_EQ(f.norm.variance.read(), variance) << name_of(c);
    EXPECT_EQ(f.norm.b.read(), b) << name_of(c);
  }
}

TEST(BatchNormStatistics, ReportValuesThatAreNotFinite) {
  for (const float spoilt : {INFINITY, -INFINITY, NAN}) {
    for (const size_t place : {size_t{0}, size_t{24 * 405 - 1}}) {
      Fixture f({Precision::kFp32, 5, 9, 24, 16});
      std::vector<float> values = f.z.values();
      values[place] = spoilt;
      f.z = DeviceTensor(Precision::kFp32, values);
      cuda::scale_and_sum(f.statistics_pass(), f.queue.queue());
      f.queue.wait();
      EXPECT_EQ(f.norm.fault.read()[0], 5u) << spoilt;
      EXPECT_FALSE(std::isfinite(f.norm.variance.read()[place % 24])) << spoilt;
      EXPECT_TRUE(std::isfinite(f.norm.variance.read()[1])) << spoilt;
    }
  }
}

TEST(BatchNormStatistics, KeepTheSmallerFault) {
  Fixture f({Precision::kFp32, 1, 4, 8, 1});
  f.z = DeviceTensor(Precision::kFp32, std::vector<float>(128, NAN));
  f.norm.fault = DeviceArray<unsigned>(std::vector<unsigned>{3});
  cuda::scale_and_sum(f.statistics_pass(), f.queue.queue());
  f.queue.wait();
  EXPECT_EQ(f.norm.fault.read()[0], 3u);
}

/// dz that the coefficients stand for, and the gradients of gamma and beta.
void check_gradient(Fixture& f, bool frozen) {
  const TestActivation activation(f.c.channels, false, 3);
  const DeviceTensor gradient(f.c.precision, random_values(f.values.values.size(), 2, -0.5f, 1.5f));
  cuda::MaskGradient pass{};
  pass.precision = f.c.precision;
  pass.y_gradient = gradient.data();
  pass.z = f.z.data();
  pass.activation = activation.pass;
  pass.du = gradient.data();
  pass.shape = {f.c.images, f.c.size, f.c.channels};
  pass.sums = f.queue.sums(f.norm.mean.data());
  pass.finish = f.norm.gradient(static_cast<double>(f.pixels));
  pass.finish.frozen_statistics = frozen;
  cuda::mask_gradient(pass, f.queue.queue());
  f.queue.wait();

  ReferenceTensor du(f.c.images, f.c.size, f.c.channels);
  const std::vector<float> masked = gradient.values();
  du.values.assign(masked.begin(), masked.end());
  const std::vector<float> mean = f.norm.mean.read(), variance = f.norm.variance.read();
  const ChannelStatistics statistics{testing_cuda::widen(mean), testing_cuda::widen(variance)};
  const BatchNormGradient expected =
      reference_batch_norm_gradient(f.values, statistics, testing_cuda::widen(f.norm.gamma), du, !frozen);
  EXPECT_LT(difference(f.norm.gamma_gradient.read(), expected.gamma).largest, 2e-5) << name_of(f.c);
  EXPECT_LT(difference(f.norm.beta_gradient.read(), expected.beta).largest, 1e-5) << name_of(f.c);
  const std::vector<float> ca = f.norm.ca.read(), cp = f.norm.cp.read(), cq = f.norm.cq.read();
  std::vector<double> dz;
  for (size_t i = 0; i < du.values.size(); ++i) {
    const size_t k = i % f.norm.size;
    dz.push_back(static_cast<double>(ca[k]) * du.values[i] + static_cast<double>(cp[k]) * f.values.values[i] +
                 static_cast<double>(cq[k]));
  }
  EXPECT_LT(difference(dz, expected.z.values).norm, 2e-5) << name_of(f.c);
}

TEST(BatchNormGradient, EqualsTheDefinition) {
  for (const SumCase& c : kCases) {
    if (c.images * c.size * c.size == 1) continue;  // no variance
    Fixture f(c);
    cuda::scale_and_sum(f.statistics_pass(), f.queue.queue());
    check_gradient(f, false);
    check_gradient(f, true);
  }
}

}  // namespace
}  // namespace fixynn
