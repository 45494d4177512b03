// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <string>
#include <vector>

#include "model/mobilenet.h"
#include "pointwise_layer.h"

// The passes of 1x1 convolutions against loops in double precision over the very values that the tensors
// hold, with operands rounded as the precision rounds them. What is left then is the order of sums in float,
// and the rounding of what is stored:
//
//   precision  values stored (norm)  sums kept in float: weight gradients, statistics (norm)
//   fp32       1e-6                  1e-6
//   tf32       5e-6                  5e-6   (a tensor core adds in an order and rounding of its own)
//   bf16       4e-3 (2^-8 a value)   5e-6
//
// Statistics and what follows from them: 2e-5 forward (the variance is a difference), 5e-6 backward. With
// integers as operands nothing rounds, and results must be equal.
namespace fixynn::testing_cuda {
namespace {

using cuda::BatchNormFinish;

constexpr Precision kPrecisions[] = {Precision::kFp32, Precision::kTf32, Precision::kBf16};

using Case = PointwiseCase;
using Layer = PointwiseLayer;

// Pixels: one, an image of 7 x 7, whole tiles, tails, and more tiles than blocks (of one multiprocessor).
constexpr Case kCases[] = {
    {8, 16, 1, 4},     {8, 16, 1100, 1},   {16, 32, 49, 4},  {16, 32, 600, 1},  {24, 48, 391, 1},
    {32, 64, 200, 4},  {32, 64, 391, 1},   {48, 24, 128, 4}, {64, 128, 128, 4}, {128, 128, 391, 1},
    {128, 256, 49, 4}, {256, 128, 130, 1}, {96, 192, 49, 4}, {72, 8, 200, 1},   {16, 8, 600, 1},
    {8, 136, 49, 4},   {384, 96, 70, 1},   {96, 384, 70, 1},  // weights of one tile of columns do not fit in
                                                              // shared memory
};

double tolerance_of_stored(Precision precision) {
  return precision == Precision::kFp32 ? 1e-6 : precision == Precision::kTf32 ? 5e-6 : 4e-3;
}
double tolerance_of_sums(Precision precision) {
  return precision == Precision::kFp32 ? 1e-6 : 5e-6;
}

/// Batch norm of `channels` channels, with everything that a pass may read or write.
struct Norm {
  size_t channels;
  std::vector<float> center, gamma, beta, mean, variance;
  DeviceArray<float> center_device, gamma_device, beta_device, mean_device, variance_device, running_mean,
      running_variance, a, b, range, gamma_gradient, beta_gradient, ca, cp, cq;
  DeviceArray<unsigned> fault;

  explicit Norm(int count)
      : channels(static_cast<size_t>(count)),
        center(random_values(channels, 31, -0.2f, 0.2f)),
        gamma(random_values(channels, 32, 0.5f, 1.5f)),
        beta(random_values(channels, 33)),
        mean(random_values(channels, 34)),
        variance(random_values(channels, 35, 0.5f, 2.0f)),
        center_device(center),
        gamma_device(gamma),
        beta_device(beta),
        mean_device(mean),
        variance_device(variance),
        running_mean(channels),
        running_variance(channels),
        a(channels),
        b(channels),
        range(2 * channels),
        gamma_gradient(channels),
        beta_gradient(channels),
        ca(channels),
        cp(channels),
        cq(channels),
        fault(std::vector<unsigned>{7}) {}

  BatchNormFinish finish(BatchNormFinish::Kind kind, int64_t pixels, bool observe = false) const {
    BatchNormFinish f;
    f.kind = kind;
    f.channels = static_cast<int>(channels);
    f.count = static_cast<double>(pixels);
    f.gamma = gamma_device.data();
    f.beta = beta_device.data();
    f.mean = mean_device.data();
    f.variance = variance_device.data();
    f.running_mean = running_mean.data();
    f.running_variance = running_variance.data();
    f.momentum = 0.25f;
    f.to_codes = 2.0f;
    f.a = a.data();
    f.b = b.data();
    f.range = observe ? range.data() : nullptr;
    f.fault = fault.data();
    f.fault_code = 3;
    f.gamma_gradient = gamma_gradient.data();
    f.beta_gradient = beta_gradient.data();
    f.ca = ca.data();
    f.cp = cp.data();
    f.cq = cq.data();
    return f;
  }
};

/// Statistics of `z` [..][channels] as the norm should hold them now.
void expect_statistics(const Norm& norm, const std::vector<float>& z, double tolerance, bool observed) {
  const size_t channels = norm.channels, pixels = z.size() / channels;
  std::vector<double> mean(channels), variance(channels), a(channels), b(channels);
  std::vector<float> range(2 * channels);
  for (size_t c = 0; c < channels; ++c) {
    float smallest = z[c], largest = z[c];
    for (size_t p = 0; p < pixels; ++p) {
      const float value = z[p * channels + c];
      mean[c] += static_cast<double>(value) / static_cast<double>(pixels);
      smallest = std::min(smallest, value);
      largest = std::max(largest, value);
    }
    for (size_t p = 0; p < pixels; ++p) {
      const double gap = static_cast<double>(z[p * channels + c]) - mean[c];
      variance[c] += gap * gap / static_cast<double>(pixels);
    }
    const double slope = static_cast<double>(norm.gamma[c]) / std::sqrt(variance[c] + kBatchNormEpsilon);
    a[c] = 2 * slope;
    b[c] = 2 * (static_cast<double>(norm.beta[c]) - mean[c] * slope);
    range[c] = smallest;
    range[channels + c] = largest;
  }
  if (observed) {
    EXPECT_EQ(norm.range.read(), range);
  }
  EXPECT_LT(difference(norm.mean_device.read(), mean).norm, tolerance);
  if (pixels == 1) return;  // nothing but rounding is left of the variance
  EXPECT_LT(difference(norm.variance_device.read(), variance).norm, tolerance);
  EXPECT_LT(difference(norm.a.read(), a).norm, tolerance);
  EXPECT_LT(difference(norm.b.read(), b).norm, tolerance);
  for (double& value : mean) value *= 0.25;
  for (double& value : variance) value *= 0.25;
  EXPECT_LT(difference(norm.running_mean.read(), mean).norm, tolerance);
  EXPECT_LT(difference(norm.running_variance.read(), variance).norm, tolerance);
  EXPECT_EQ(norm.fault.read().front(), 7u);
}

/// Gradients of the norm of `z` from `du`, with `mean` as the center of the sums.
void expect_gradient(const Norm& norm, const std::vector<float>& du, const std::vector<float>& z,
                     double tolerance) {
  const size_t channels = norm.channels, pixels = z.size() / channels;
  std::vector<double> gamma(channels), beta(channels), ca(channels), cp(channels), cq(channels);
  for (size_t i = 0; i < z.size(); ++i) {
    const size_t c = i % channels;
    const double inverse = 1 / std::sqrt(static_cast<double>(norm.variance[c]) + kBatchNormEpsilon);
    beta[c] += static_cast<double>(du[i]);
    gamma[c] += static_cast<double>(du[i]) * (static_cast<double>(z[i]) - static_cast<double>(norm.mean[c])) *
                inverse;
  }
  // dz = gamma * inverse * (du - beta'/n - (z - mean) * inverse * gamma'/n)
  for (size_t c = 0; c < channels; ++c) {
    const double inverse = 1 / std::sqrt(static_cast<double>(norm.variance[c]) + kBatchNormEpsilon);
    ca[c] = static_cast<double>(norm.gamma[c]) * inverse;
    cp[c] = -ca[c] * inverse * gamma[c] / static_cast<double>(pixels);
    cq[c] = -ca[c] * beta[c] / static_cast<double>(pixels) - cp[c] * static_cast<double>(norm.mean[c]);
  }
  EXPECT_LT(difference(norm.beta_gradient.read(), beta).norm, tolerance);
  EXPECT_LT(difference(norm.gamma_gradient.read(), gamma).norm, tolerance);
  EXPECT_LT(difference(norm.ca.read(), ca).norm, tolerance);
  EXPECT_LT(difference(norm.cp.read(), cp).norm, tolerance);
  EXPECT_LT(difference(norm.cq.read(), cq).norm, tolerance);
}

/// What is stored of exact results.
std::vector<float> stored(Precision precision, const std::vector<double>& values) {
  std::vector<float> result(values.begin(), values.end());
  if (precision == Precision::kBf16) {
    for (float& value : result) value = round_to_bf16(value);
  }
  return result;
}

cuda::PointwiseForward forward_pass(const Layer& layer, const DeviceTensor& z_out) {
  return {layer.precision,
          layer.z_in.data(),
          layer.activation(),
          layer.weights.data(),
          layer.scale_device.data(),
          z_out.data(),
          layer.pixels,
          layer.in,
          layer.out,
          {},
          {}};
}
cuda::PointwiseInputGradient input_gradient_pass(const Layer& layer, const DeviceTensor& du_in) {
  return {layer.precision,
          layer.gradient(),
          layer.transposed.data(),
          layer.z_in.data(),
          layer.activation(),
          du_in.data(),
          layer.pixels,
          layer.in,
          layer.out,
          {},
          {}};
}

/// Sum over the rows that the pass left; the scratch before and after them must be untouched.
std::vector<double> run_weight_gradient(const Layer& layer, TestQueue& queue) {
  const int rows = cuda::pointwise_weight_gradient_rows(layer.pixels, layer.in, layer.out, queue.queue());
  const size_t size = count(layer.in, layer.out);
  const DeviceArray<float> partial(
      std::vector<float>(count(rows, layer.in * layer.out), std::numeric_limits<float>::quiet_NaN()));
  cuda::pointwise_weight_gradient({layer.precision, layer.gradient(), layer.z_in.data(), layer.activation(),
                                   partial.data(), layer.pixels, layer.in, layer.out},
                                  queue.queue());
  queue.wait();
  const std::vector<float> values = partial.read();
  std::vector<double> total(size);
  for (size_t i = 0; i < values.size(); ++i) total[i % size] += static_cast<double>(values[i]);
  return total;
}

class PointwiseTest : public DeviceTest {};

TEST_F(PointwiseTest, IntegersAreExact) {
  for (const Precision precision : kPrecisions) {
    for (const Case& c : kCases) {
      SCOPED_TRACE(std::string(precision_name(precision)) + ", " + c.name());
      TestQueue queue(c.multiprocessors);
      const Layer layer = integer_layer(precision, c);
      const DeviceTensor z_out(precision, layer.dz.size()), du_in(precision, layer.y.size());
      cuda::pointwise_forward(forward_pass(layer, z_out), queue.queue());
      cuda::pointwise_input_gradient(input_gradient_pass(layer, du_in), queue.queue());
      queue.wait();
      EXPECT_EQ(z_out.values(), stored(precision, product_of(layer)));
      EXPECT_EQ(du_in.values(), stored(precision, input_gradient_of(layer)));
      EXPECT_EQ(run_weight_gradient(layer, queue), weight_gradient_of(layer));
    }
  }
}

TEST_F(PointwiseTest, ForwardWithStatistics) {
  for (const Precision precision : kPrecisions) {
    for (const Case& c : kCases) {
      SCOPED_TRACE(std::string(precision_name(precision)) + ", " + c.name());
      const bool quantise = c.pixels % 2 == 0, observe = c.in % 16 == 0;
      TestQueue queue(c.multiprocessors);
      const Layer layer = float_layer(precision, c, quantise);
      const Norm norm(c.out);
      const DeviceTensor z_out(precision, layer.dz.size());
      cuda::PointwiseForward pass = forward_pass(layer, z_out);
      pass.sums = queue.sums(norm.center_device.data(), observe);
      pass.finish = norm.finish(BatchNormFinish::Kind::kStatistics, c.pixels, observe);
      cuda::pointwise_forward(pass, queue.queue());
      queue.wait();
      std::vector<double> expected = product_of(layer);
      for (size_t i = 0; i < expected.size(); ++i) {
        expected[i] *= static_cast<double>(layer.scale[i % static_cast<size_t>(c.out)]);
      }
      const std::vector<float> measured = z_out.values();
      EXPECT_LT(difference(measured, expected).norm, tolerance_of_stored(precision));
      expect_statistics(norm, measured, 2e-5, observe);
    }
  }
}

TEST_F(PointwiseTest, InputGradientWithSums) {
  for (const Precision precision : kPrecisions) {
    for (const Case& c : kCases) {
      SCOPED_TRACE(std::string(precision_name(precision)) + ", " + c.name());
      TestQueue queue(c.multiprocessors);
      const Layer layer = float_layer(precision, c, c.pixels % 2 == 0);
      const Norm norm(c.in);
      const DeviceTensor du_in(precision, layer.y.size());
      cuda::PointwiseInputGradient pass = input_gradient_pass(layer, du_in);
      pass.sums = queue.sums(norm.mean_device.data());
      pass.finish = norm.finish(BatchNormFinish::Kind::kGradient, c.pixels);
      cuda::pointwise_input_gradient(pass, queue.queue());
      queue.wait();
      const std::vector<float> measured = du_in.values();
      EXPECT_LT(difference(measured, input_gradient_of(layer)).norm, tolerance_of_stored(precision));
      expect_gradient(norm, measured, layer.z_in.values(), 5e-6);
    }
  }
}

TEST_F(PointwiseTest, WeightGradient) {
  for (const Precision precision : kPrecisions) {
    for (const Case& c : kCases) {
      SCOPED_TRACE(std::string(precision_name(precision)) + ", " + c.name());
      TestQueue queue(c.multiprocessors);
      const Layer layer = float_layer(precision, c, c.pixels % 2 == 0);
      EXPECT_LT(difference(run_weight_gradient(layer, queue), weight_gradient_of(layer)).norm,
                tolerance_of_sums(precision));
    }
  }
}

// A launch leaves the ticket at 0 and depends on nothing that an earlier one left behind.
TEST_F(PointwiseTest, SameBitsAgain) {
  const Case c{32, 72, 700, 3};
  for (const Precision precision : kPrecisions) {
    SCOPED_TRACE(precision_name(precision));
    TestQueue queue(c.multiprocessors);
    const Layer layer = float_layer(precision, c, false);
    std::vector<std::vector<float>> results[2];
    for (auto& result : results) {
      const Norm out_norm(c.out), in_norm(c.in);
      const DeviceTensor z_out(precision, layer.dz.size()), du_in(precision, layer.y.size());
      cuda::PointwiseForward forward = forward_pass(layer, z_out);
      forward.sums = queue.sums(out_norm.center_device.data(), true);
      forward.finish = out_norm.finish(BatchNormFinish::Kind::kStatistics, c.pixels, true);
      cuda::pointwise_forward(forward, queue.queue());
      cuda::PointwiseInputGradient backward = input_gradient_pass(layer, du_in);
      backward.sums = queue.sums(in_norm.mean_device.data());
      backward.finish = in_norm.finish(BatchNormFinish::Kind::kGradient, c.pixels);
      cuda::pointwise_input_gradient(backward, queue.queue());
      queue.wait();
      result = {z_out.values(), out_norm.mean_device.read(),   out_norm.a.read(), out_norm.range.read(),
                du_in.values(), in_norm.gamma_gradient.read(), in_norm.cq.read()};
    }
    EXPECT_EQ(results[0], results[1]);
    EXPECT_EQ(run_weight_gradient(layer, queue), run_weight_gradient(layer, queue));
  }
}

TEST(PointwiseWeightGradientRows, KeepTheDeviceBusyWithSmallScratch) {
  const cuda::Queue card{nullptr, 132};
  struct Row {
    int64_t pixels;
    int in, out, rows;
  };
  constexpr Row kRows[] = {
      {int64_t{256} * 112 * 112, 8, 16, 264},
      {int64_t{256} * 14 * 14, 128, 128, 66},
      {int64_t{256} * 7 * 7, 256, 256, 16},
      {int64_t{256} * 7 * 7, 1024, 1024, 1},
      {1, 1024, 1024, 1},
      {1, 8, 16, 1},
      {49, 64, 64, 1},
      {65, 64, 64, 2},
  };
  for (const Row& row : kRows) {
    EXPECT_EQ(cuda::pointwise_weight_gradient_rows(row.pixels, row.in, row.out, card), row.rows)
        << row.in << " -> " << row.out << ", " << row.pixels << " pixels";
  }
  const cuda::Queue imagined{nullptr, 100000};
  EXPECT_EQ(cuda::pointwise_weight_gradient_rows(int64_t{1} << 31, 8, 16, imagined), cuda::kMostSumRows);
}

}  // namespace
}  // namespace fixynn::testing_cuda
