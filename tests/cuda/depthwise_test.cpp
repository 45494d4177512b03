// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "cuda/batch_norm_arrays.h"
#include "cuda/device_array.h"
#include "engine/reference/reference_ops.h"

// The depthwise passes against the reference convolutions in double precision, over the very values that the
// tensors hold. y and dz are formed in float, as they are defined; what differs then is the rounding of sums
// in float and of what is stored:
//
//   precision  a stored value                          statistics, gradients of weights and batch norm (norm)
//   fp32       2e-6 of the root mean square            2e-6 (variance 2e-5, it is a difference)
//   bf16       2^-8 of itself + 2e-6 of the r.m.s.     the same: they are sums of the stored values in float
//
// kTf32 runs the code of kFp32. With integers as operands nothing rounds but the store: results must be
// equal.
namespace fixynn::testing_cuda {
namespace {

constexpr Precision kPrecisions[] = {Precision::kFp32, Precision::kBf16};
constexpr double kSumTolerance = 2e-6, kVarianceTolerance = 2e-5;

struct Case {
  int channels, size, stride, images, multiprocessors;
  std::string name() const {
    return std::to_string(images) + " x " + std::to_string(size) + " x " + std::to_string(channels) +
           ", stride " + std::to_string(stride) + ", " + std::to_string(multiprocessors) + " multiprocessors";
  }
};

// Single pixels, tails of runs (4, 2 and 1 columns) and strips, both paddings of stride 2 (even and odd
// sizes), several chunks of channels, and more work than blocks (of one multiprocessor).
constexpr Case kCases[] = {
    {8, 1, 1, 1, 4},   {8, 1, 2, 1, 4},   {8, 2, 1, 1, 1},    {16, 2, 2, 3, 4},   {24, 5, 1, 2, 1},
    {24, 5, 2, 1, 4},  {48, 7, 1, 1, 4},  {16, 7, 2, 3, 1},   {64, 16, 1, 1, 4},  {64, 16, 2, 2, 1},
    {8, 33, 1, 3, 1},  {16, 33, 2, 3, 1}, {256, 7, 1, 3, 1},  {256, 5, 2, 1, 4},  {768, 2, 1, 2, 1},
    {768, 7, 2, 1, 4}, {48, 33, 1, 1, 1}, {256, 16, 1, 1, 1}, {24, 16, 2, 3, 16}, {16, 16, 1, 3, 1},
};

Conv conv_of(const Case& c) {
  const SamePadding padding = same_padding_3(c.size, c.stride);
  return {ConvKind::kDepthwise, 1, "test", c.channels, c.channels, c.stride, c.size, padding.output,
          padding.before};
}

std::vector<float> random_integers(size_t count, uint64_t seed, int low, int high) {
  std::vector<float> values =
      random_values(count, seed, static_cast<float>(low) - 0.49f, static_cast<float>(high) + 0.49f);
  for (float& value : values) value = std::rint(value);
  return values;
}

ReferenceTensor tensor(int images, int size, int channels) {
  return ReferenceTensor(images, size, channels);
}

/// The passes of one convolution and what they start from.
struct Layer {
  /// `exact`: activation codes, integer weights and gradients.
  Layer(const Case& shape, Precision chosen, bool exact, bool quantise)
      : c(shape),
        conv(conv_of(shape)),
        precision(chosen),
        channels(static_cast<size_t>(shape.channels)),
        inputs(tensor(c.images, c.size, c.channels).values.size()),
        outputs(tensor(c.images, conv.out_size, c.channels).values.size()),
        activation(c.channels, quantise, 11),
        weights(exact ? random_integers(9 * channels, 21, -127, 127) : random_values(9 * channels, 21)),
        scale(exact ? std::vector<float>(channels, 0.25f) : random_values(channels, 22, 0.5f, 1.5f)),
        ca(exact ? std::vector<float>(channels, 1.0f) : random_values(channels, 23, 0.5f, 1.5f)),
        cp(exact ? std::vector<float>(channels, 0.0f) : random_values(channels, 24)),
        cq(exact ? std::vector<float>(channels, 0.0f) : random_values(channels, 25)),
        z_in(precision, random_values(inputs, 26, -2.0f, 2.0f)),
        du(precision, exact ? random_integers(outputs, 27, -9, 9) : random_values(outputs, 27)),
        z(precision, random_values(outputs, 28)),
        device_weights(weights),
        device_scale(scale),
        device_ca(ca),
        device_cp(cp),
        device_cq(cq),
        y(c.images, c.size, c.channels),
        dz(c.images, conv.out_size, c.channels) {
    z_in_values = z_in.values();
    const std::vector<float> du_values = du.values(), z_values = z.values();
    for (size_t i = 0; i < inputs; ++i) {
      y.values[i] = static_cast<double>(activation.y(z_in_values[i], i % channels));
    }
    for (size_t i = 0; i < outputs; ++i) {
      const size_t k = i % channels;
      dz.values[i] = static_cast<double>(std::fma(ca[k], du_values[i], std::fma(cp[k], z_values[i], cq[k])));
    }
  }
  cuda::ImageShape shape() const {
    return {c.images, c.channels, c.channels, c.size, conv.out_size, c.stride, conv.pad_before};
  }
  cuda::DepthwiseForward forward(void* z_out) const {
    return {
        precision, z_in.data(), activation.pass, device_weights.data(), device_scale.data(), z_out, shape(),
        {},        {}};
  }
  cuda::DepthwiseBackward backward(void* du_in, float* partial) const {
    return {precision,
            z_in.data(),
            activation.pass,
            {du.data(), z.data(), device_ca.data(), device_cp.data(), device_cq.data()},
            device_weights.data(),
            du_in,
            partial,
            shape(),
            {},
            {}};
  }
  std::vector<double> expected_z() const {
    ReferenceTensor expected = reference_conv(conv, y, widen(weights));
    for (size_t i = 0; i < outputs; ++i) expected.values[i] *= static_cast<double>(scale[i % channels]);
    return expected.values;
  }
  std::vector<double> expected_du_in() const {
    ReferenceTensor expected = reference_conv_input_gradient(conv, dz, widen(weights));
    for (size_t i = 0; i < inputs; ++i) {
      if (!activation.passes(z_in_values[i], i % channels)) expected.values[i] = 0;
    }
    return expected.values;
  }

  Case c;
  Conv conv;
  Precision precision;
  size_t channels, inputs, outputs;
  TestActivation activation;
  std::vector<float> weights, scale, ca, cp, cq;
  DeviceTensor z_in, du, z;
  DeviceArray<float> device_weights, device_scale, device_ca, device_cp, device_cq;
  std::vector<float> z_in_values;
  ReferenceTensor y, dz;
};

void expect_stored(Precision precision, const std::vector<float>& measured,
                   const std::vector<double>& expected) {
  ASSERT_EQ(measured.size(), expected.size());
  double square = 0;
  for (const double value : expected) square += value * value;
  const double slack = 2e-6 * std::sqrt(square / static_cast<double>(expected.size()));
  const double rounding = precision == Precision::kBf16 ? 0x1p-8 : 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    ASSERT_NEAR(static_cast<double>(measured[i]), expected[i], rounding * std::fabs(expected[i]) + slack)
        << i;
  }
}

/// Equal but for the rounding of the store.
void expect_exact(Precision precision, const std::vector<float>& measured,
                  const std::vector<double>& expected) {
  ASSERT_EQ(measured.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    float value = static_cast<float>(expected[i]);
    ASSERT_EQ(static_cast<double>(value), expected[i]) << "the case is not exact";
    if (precision == Precision::kBf16) value = __bfloat162float(__float2bfloat16_rn(value));
    ASSERT_EQ(measured[i], value) << i;
  }
}

/// Sum over the rows of a partial weight gradient.
std::vector<double> sum_of_rows(const std::vector<float>& partial, int rows) {
  const size_t count = partial.size() / static_cast<size_t>(rows);
  std::vector<double> sum(count, 0.0);
  for (size_t i = 0; i < partial.size(); ++i) sum[i % count] += static_cast<double>(partial[i]);
  return sum;
}

/// Sums of du and of du * (z - center) a channel, as gradients of beta and gamma.
void expect_gradient_sums(const Layer& layer, const BatchNormArrays& norm, const std::vector<float>& du_in) {
  std::vector<double> beta(layer.channels, 0.0), gamma(layer.channels, 0.0);
  for (size_t i = 0; i < du_in.size(); ++i) {
    const size_t k = i % layer.channels;
    const double centred = static_cast<double>(layer.z_in_values[i]) - static_cast<double>(norm.center[k]);
    beta[k] += static_cast<double>(du_in[i]);
    gamma[k] += static_cast<double>(du_in[i]) * centred;
  }
  for (size_t k = 0; k < layer.channels; ++k) {
    gamma[k] /= std::sqrt(static_cast<double>(norm.start_variance[k]) + kBatchNormEpsilon);
  }
  EXPECT_LT(difference(norm.beta_gradient.read(), beta).norm, kSumTolerance);
  EXPECT_LT(difference(norm.gamma_gradient.read(), gamma).norm, kSumTolerance);
}

class DepthwiseForward : public DeviceTest {};
class DepthwiseBackward : public DeviceTest {};

TEST_F(DepthwiseForward, MatchesReference) {
  for (const Precision precision : kPrecisions) {
    for (const Case& c : kCases) {
      for (const bool quantise : {false, true}) {
        SCOPED_TRACE(std::string(precision_name(precision)) + ", " + c.name() + (quantise ? ", codes" : ""));
        const Layer layer(c, precision, false, quantise);
        const DeviceTensor z_out(precision, layer.outputs);
        const BatchNormArrays norm(c.channels);
        TestQueue queue(c.multiprocessors, c.channels);
        cuda::DepthwiseForward pass = layer.forward(z_out.data());
        pass.sums = queue.sums(norm.device_center.data(), quantise);
        const double count = static_cast<double>(layer.outputs / layer.channels);
        pass.finish = norm.statistics(count);
        cuda::depthwise_forward(pass, queue.queue());
        queue.wait();

        const std::vector<float> stored = z_out.values();
        expect_stored(precision, stored, layer.expected_z());
        ReferenceTensor z(c.images, layer.conv.out_size, c.channels);
        z.values = widen(stored);
        const ChannelStatistics expected = reference_statistics(z);
        EXPECT_LT(difference(norm.mean.read(), expected.mean).norm, kSumTolerance);
        if (count > 1) {
          EXPECT_LT(difference(norm.variance.read(), expected.variance).norm, kVarianceTolerance);
        }
        EXPECT_EQ(norm.fault.read()[0], kNoFaultYet);
        if (!quantise) continue;
        EXPECT_EQ(norm.range.read(), testing_cuda::channel_range(stored, layer.channels));
      }
    }
  }
}

TEST_F(DepthwiseForward, IsExactWithIntegers) {
  for (const Precision precision : {Precision::kFp32, Precision::kTf32, Precision::kBf16}) {
    for (const Case& c : kCases) {
      SCOPED_TRACE(std::string(precision_name(precision)) + ", " + c.name());
      const Layer layer(c, precision, true, true);
      const DeviceTensor z_out(precision, layer.outputs);
      TestQueue queue(c.multiprocessors, c.channels);
      cuda::depthwise_forward(layer.forward(z_out.data()), queue.queue());  // no sums wanted
      queue.wait();
      expect_exact(precision, z_out.values(), layer.expected_z());
    }
  }
}

TEST_F(DepthwiseForward, RepeatsItsBits) {
  for (const int stride : {1, 2}) {
    const Case c{24, 16, stride, 3, 1};
    const Layer layer(c, Precision::kBf16, false, false);
    std::vector<float> z[2], mean[2], variance[2];
    TestQueue queue(c.multiprocessors, c.channels);
    for (int run = 0; run < 2; ++run) {
      const DeviceTensor z_out(layer.precision, layer.outputs);
      const BatchNormArrays norm(c.channels);
      cuda::DepthwiseForward pass = layer.forward(z_out.data());
      pass.sums = queue.sums(norm.device_center.data());
      pass.finish = norm.statistics(static_cast<double>(layer.outputs / layer.channels));
      cuda::depthwise_forward(pass, queue.queue());
      queue.wait();
      z[run] = z_out.values();
      mean[run] = norm.mean.read();
      variance[run] = norm.variance.read();
    }
    EXPECT_EQ(z[0], z[1]);
    EXPECT_EQ(mean[0], mean[1]);
    EXPECT_EQ(variance[0], variance[1]);
  }
}

/// What one backward pass leaves.
struct BackwardResult {
  std::vector<float> du_in, partial, beta_gradient, gamma_gradient;
  int rows;
};

struct BackwardOptions {
  bool with_du_in = true, with_weights = true, with_sums = true;
};

BackwardResult run_backward(const Layer& layer, const BackwardOptions& options, const BatchNormArrays& norm) {
  TestQueue queue(layer.c.multiprocessors, layer.c.channels);
  BackwardResult result;
  result.rows = cuda::depthwise_backward_rows(layer.shape(), layer.precision, queue.queue());
  EXPECT_GE(result.rows, 1);
  EXPECT_LE(result.rows, cuda::kMostSumRows);
  const DeviceTensor du_in(layer.precision, std::vector<float>(layer.inputs, 7.0f));
  const DeviceArray<float> partial(
      std::vector<float>(static_cast<size_t>(result.rows) * 9 * layer.channels, 7.0f));
  cuda::DepthwiseBackward pass = layer.backward(options.with_du_in ? du_in.data() : nullptr,
                                                options.with_weights ? partial.data() : nullptr);
  if (options.with_sums) {
    pass.sums = queue.sums(norm.device_center.data());
    pass.finish = norm.gradient(static_cast<double>(layer.inputs / layer.channels));
  }
  cuda::depthwise_backward(pass, queue.queue());
  queue.wait();
  result.du_in = du_in.values();
  result.partial = partial.read();
  result.beta_gradient = norm.beta_gradient.read();
  result.gamma_gradient = norm.gamma_gradient.read();
  return result;
}

TEST_F(DepthwiseBackward, MatchesReference) {
  for (const Precision precision : kPrecisions) {
    for (const Case& c : kCases) {
      for (const bool quantise : {false, true}) {
        SCOPED_TRACE(std::string(precision_name(precision)) + ", " + c.name() + (quantise ? ", codes" : ""));
        const Layer layer(c, precision, false, quantise);
        const BatchNormArrays norm(c.channels);
        const BackwardResult result = run_backward(layer, {}, norm);
        expect_stored(precision, result.du_in, layer.expected_du_in());
        expect_gradient_sums(layer, norm, result.du_in);
        const std::vector<double> expected = reference_conv_weight_gradient(layer.conv, layer.y, layer.dz);
        EXPECT_LT(difference(sum_of_rows(result.partial, result.rows), expected).norm, kSumTolerance);
      }
    }
  }
}

TEST_F(DepthwiseBackward, IsExactWithIntegers) {
  for (const Precision precision : {Precision::kFp32, Precision::kTf32, Precision::kBf16}) {
    for (const Case& c : kCases) {
      SCOPED_TRACE(std::string(precision_name(precision)) + ", " + c.name());
      const Layer layer(c, precision, true, true);
      const BatchNormArrays norm(c.channels);
      const BackwardResult result = run_backward(layer, {true, true, false}, norm);
      expect_exact(precision, result.du_in, layer.expected_du_in());
      EXPECT_EQ(sum_of_rows(result.partial, result.rows),
                reference_conv_weight_gradient(layer.conv, layer.y, layer.dz));
    }
  }
}

TEST_F(DepthwiseBackward, LeavesOutWhatIsNotWanted) {
  for (const Precision precision : kPrecisions) {
    for (const Case& c : {Case{16, 7, 1, 2, 1}, Case{24, 7, 2, 2, 1}, Case{24, 16, 2, 1, 4}}) {
      SCOPED_TRACE(std::string(precision_name(precision)) + ", " + c.name());
      const Layer layer(c, precision, false, false);
      const BatchNormArrays norm(c.channels), norm_again(c.channels), norm_sums(c.channels),
          norm_frozen(c.channels);
      const BackwardResult all = run_backward(layer, {}, norm);
      const BackwardResult again = run_backward(layer, {}, norm_again);
      EXPECT_EQ(again.du_in, all.du_in);
      EXPECT_EQ(again.partial, all.partial);
      EXPECT_EQ(again.beta_gradient, all.beta_gradient);
      EXPECT_EQ(again.gamma_gradient, all.gamma_gradient);

      const BackwardResult sums = run_backward(layer, {false, true, true}, norm_sums);
      EXPECT_EQ(sums.du_in, std::vector<float>(layer.inputs, 7.0f));
      EXPECT_EQ(sums.partial, all.partial);
      EXPECT_EQ(sums.beta_gradient, all.beta_gradient);
      EXPECT_EQ(sums.gamma_gradient, all.gamma_gradient);

      const BackwardResult frozen = run_backward(layer, {true, false, true}, norm_frozen);
      EXPECT_EQ(frozen.du_in, all.du_in);
      EXPECT_EQ(frozen.partial, std::vector<float>(all.partial.size(), 7.0f));
      expect_gradient_sums(layer, norm_frozen, frozen.du_in);
    }
  }
}

}  // namespace
}  // namespace fixynn::testing_cuda
