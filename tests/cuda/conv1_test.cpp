// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "cuda/batch_norm_arrays.h"
#include "cuda/device_array.h"
#include "engine/reference/reference_ops.h"
#include "quant/quant_spec.h"

// The first convolution's passes against the reference convolutions in double precision; tolerances as in
// depthwise_test.cpp:
//
//   precision  z                                       statistics, gradient of the weights (norm)
//   fp32       2e-6 of the root mean square            2e-6 (variance 2e-5, it is a difference)
//   bf16       2^-8 of itself + 2e-6 of the r.m.s.     the same: they are sums of the stored values in float
//
// With integer weights and gradients nothing rounds but the store: results must be equal.
namespace fixynn::testing_cuda {
namespace {

constexpr Precision kPrecisions[] = {Precision::kFp32, Precision::kBf16};
constexpr double kSumTolerance = 2e-6, kVarianceTolerance = 2e-5;

struct Case {
  int channels, size, images, multiprocessors;
  std::string name() const {
    return std::to_string(images) + " x " + std::to_string(size) + " -> " + std::to_string(channels) +
           " channels, " + std::to_string(multiprocessors) + " multiprocessors";
  }
};

// Sizes of the input: single pixels, both paddings, rows that start at any byte of a word, parts of tiles (16
// columns; 12, 16, 24 or 48 rows), several tiles a block.
constexpr Case kCases[] = {
    {8, 1, 1, 4},   {8, 2, 3, 1},   {16, 5, 3, 1},  {24, 7, 2, 4},  {32, 16, 2, 4},
    {32, 33, 3, 1}, {24, 34, 2, 1}, {16, 35, 2, 1}, {8, 101, 1, 1}, {32, 66, 1, 2},
};

Conv conv_of(const Case& c) {
  const SamePadding padding = same_padding_3(c.size, 2);
  return {ConvKind::kConv1, 0, "test", 3, c.channels, 2, c.size, padding.output, padding.before};
}

struct Layer {
  /// `exact`: integer weights and gradients.
  Layer(const Case& shape, Precision chosen, bool exact)
      : c(shape),
        conv(conv_of(shape)),
        precision(chosen),
        channels(static_cast<size_t>(shape.channels)),
        outputs(ReferenceTensor(c.images, conv.out_size, c.channels).values.size()),
        weights(random_values(27 * channels, 21, exact ? -127.0f : -1.0f, exact ? 127.0f : 1.0f)),
        scale(exact ? std::vector<float>(channels, 0.25f) : random_values(channels, 22, 0.01f, 0.02f)),
        ca(exact ? std::vector<float>(channels, 1.0f) : random_values(channels, 23, 0.5f, 1.5f)),
        cp(exact ? std::vector<float>(channels, 0.0f) : random_values(channels, 24)),
        cq(exact ? std::vector<float>(channels, 0.0f) : random_values(channels, 25)),
        du(precision,
           integers_if(exact, random_values(outputs, 27, exact ? -9.0f : -1.0f, exact ? 9.0f : 1.0f))),
        z(precision, random_values(outputs, 28)),
        pixels(random_pixels(c)),
        device_weights(weights = integers_if(exact, weights)),
        device_scale(scale),
        device_ca(ca),
        device_cp(cp),
        device_cq(cq),
        device_pixels(pixels),
        x(c.images, c.size, 3),
        dz(c.images, conv.out_size, c.channels) {
    for (size_t i = 0; i < pixels.size(); ++i) x.values[i] = static_cast<double>(pixels[i]) - kInputZero;
    const std::vector<float> du_values = du.values(), z_values = z.values();
    for (size_t i = 0; i < outputs; ++i) {
      const size_t k = i % channels;
      dz.values[i] = static_cast<double>(std::fma(ca[k], du_values[i], std::fma(cp[k], z_values[i], cq[k])));
    }
  }
  static std::vector<float> integers_if(bool exact, std::vector<float> values) {
    for (float& value : values) value = exact ? std::rint(value) : value;
    return values;
  }
  static std::vector<uint8_t> random_pixels(const Case& c) {
    const std::vector<float> values =
        random_values(ReferenceTensor(c.images, c.size, 3).values.size(), 29, -0.49f, 255.49f);
    std::vector<uint8_t> pixels;
    for (const float value : values) pixels.push_back(static_cast<uint8_t>(std::lround(value)));
    return pixels;
  }
  cuda::ImageShape shape() const {
    return {c.images, 3, c.channels, c.size, conv.out_size, 2, conv.pad_before};
  }
  cuda::Conv1Forward forward(void* z_out) const {
    return {precision, device_pixels.data(), device_weights.data(), device_scale.data(), z_out, shape(), {},
            {}};
  }
  std::vector<double> expected_z() const {
    ReferenceTensor expected = reference_conv(conv, x, widen(weights));
    for (size_t i = 0; i < outputs; ++i) expected.values[i] *= static_cast<double>(scale[i % channels]);
    return expected.values;
  }

  Case c;
  Conv conv;
  Precision precision;
  size_t channels, outputs;
  std::vector<float> weights, scale, ca, cp, cq;
  DeviceTensor du, z;
  std::vector<uint8_t> pixels;
  DeviceArray<float> device_weights, device_scale, device_ca, device_cp, device_cq;
  DeviceArray<uint8_t> device_pixels;
  ReferenceTensor x, dz;
};

class Conv1 : public DeviceTest {};

TEST_F(Conv1, ForwardMatchesReference) {
  for (const Precision precision : kPrecisions) {
    for (const Case& c : kCases) {
      for (const bool observe : {false, true}) {
        SCOPED_TRACE(std::string(precision_name(precision)) + ", " + c.name());
        const Layer layer(c, precision, false);
        const DeviceTensor z_out(precision, layer.outputs);
        const BatchNormArrays norm(c.channels);
        TestQueue queue(c.multiprocessors, c.channels);
        cuda::Conv1Forward pass = layer.forward(z_out.data());
        pass.sums = queue.sums(norm.device_center.data(), observe);
        const double count = static_cast<double>(layer.outputs / layer.channels);
        pass.finish = norm.statistics(count);
        cuda::conv1_forward(pass, queue.queue());
        queue.wait();

        const std::vector<float> stored = z_out.values();
        const std::vector<double> expected_z = layer.expected_z();
        const double rms =
            std::sqrt(std::inner_product(expected_z.begin(), expected_z.end(), expected_z.begin(), 0.0) /
                      static_cast<double>(expected_z.size()));
        const double rounding = precision == Precision::kBf16 ? 0x1p-8 : 0;
        for (size_t i = 0; i < stored.size(); ++i) {
          ASSERT_NEAR(static_cast<double>(stored[i]), expected_z[i],
                      rounding * std::fabs(expected_z[i]) + 2e-6 * rms);
        }
        ReferenceTensor z(c.images, layer.conv.out_size, c.channels);
        z.values = widen(stored);
        const ChannelStatistics expected = reference_statistics(z);
        const std::vector<float> mean = norm.mean.read();
        for (size_t k = 0; k < mean.size(); ++k) {  // near 0, so relative to the values
          EXPECT_NEAR(static_cast<double>(mean[k]), expected.mean[k], kSumTolerance * rms);
        }
        if (count > 1) {
          EXPECT_LT(difference(norm.variance.read(), expected.variance).norm, kVarianceTolerance);
        }
        if (!observe) continue;
        EXPECT_EQ(norm.range.read(), testing_cuda::channel_range(stored, layer.channels));
      }
    }
  }
}

TEST_F(Conv1, ForwardIsExactWithIntegers) {
  for (const Precision precision : {Precision::kFp32, Precision::kTf32, Precision::kBf16}) {
    for (const Case& c : kCases) {
      SCOPED_TRACE(std::string(precision_name(precision)) + ", " + c.name());
      const Layer layer(c, precision, true);
      const DeviceTensor z_out(precision, layer.outputs);
      TestQueue queue(c.multiprocessors, c.channels);
      cuda::conv1_forward(layer.forward(z_out.data()), queue.queue());  // no sums wanted
      queue.wait();
      const std::vector<double> expected = layer.expected_z();
      const std::vector<float> stored = z_out.values();
      for (size_t i = 0; i < stored.size(); ++i) {
        float value = static_cast<float>(expected[i]);
        if (precision == Precision::kBf16) value = __bfloat162float(__float2bfloat16_rn(value));
        ASSERT_EQ(stored[i], value) << i;
      }
    }
  }
}

TEST_F(Conv1, WeightGradientMatchesReference) {
  for (const Precision precision : kPrecisions) {
    for (const Case& c : kCases) {
      for (const bool exact : {false, true}) {
        SCOPED_TRACE(std::string(precision_name(precision)) + ", " + c.name());
        const Layer layer(c, precision, exact);
        TestQueue queue(c.multiprocessors, c.channels);
        const int rows = cuda::conv1_weight_gradient_rows(layer.shape(), queue.queue());
        ASSERT_GE(rows, 1);
        ASSERT_LE(rows, cuda::kMostSumRows);
        const std::vector<float> start(static_cast<size_t>(rows) * 27 * layer.channels, 7.0f);
        const DeviceArray<float> partial(start), again(start);
        for (const DeviceArray<float>* to : {&partial, &again}) {
          cuda::conv1_weight_gradient({precision,
                                       layer.device_pixels.data(),
                                       {layer.du.data(), layer.z.data(), layer.device_ca.data(),
                                        layer.device_cp.data(), layer.device_cq.data()},
                                       layer.shape(),
                                       to->data()},
                                      queue.queue());
        }
        queue.wait();
        const std::vector<float> values = partial.read();
        EXPECT_EQ(again.read(), values);
        std::vector<double> sum(27 * layer.channels, 0.0);
        for (size_t i = 0; i < values.size(); ++i) sum[i % sum.size()] += static_cast<double>(values[i]);
        const std::vector<double> expected = reference_conv_weight_gradient(layer.conv, layer.x, layer.dz);
        if (exact) {
          EXPECT_EQ(sum, expected);
        } else {
          EXPECT_LT(difference(sum, expected).norm, kSumTolerance);
        }
      }
    }
  }
}

TEST_F(Conv1, RefusesOtherWidths) {
  const Layer layer({32, 5, 1, 1}, Precision::kFp32, false);
  const DeviceTensor z_out(layer.precision, layer.outputs);
  TestQueue queue(1, 32);
  cuda::Conv1Forward pass = layer.forward(z_out.data());
  for (const int channels : {4, 20, 40}) {
    pass.shape.out_channels = channels;
    EXPECT_THROW(cuda::conv1_forward(pass, queue.queue()), Error);
  }
}

TEST_F(Conv1, RepeatsItsBits) {
  const Case c{32, 66, 2, 1};
  const Layer layer(c, Precision::kBf16, false);
  std::vector<float> z[2], variance[2];
  TestQueue queue(c.multiprocessors, c.channels);
  for (int run = 0; run < 2; ++run) {
    const DeviceTensor z_out(layer.precision, layer.outputs);
    const BatchNormArrays norm(c.channels);
    cuda::Conv1Forward pass = layer.forward(z_out.data());
    pass.sums = queue.sums(norm.device_center.data());
    pass.finish = norm.statistics(static_cast<double>(layer.outputs / layer.channels));
    cuda::conv1_forward(pass, queue.queue());
    queue.wait();
    z[run] = z_out.values();
    variance[run] = norm.variance.read();
  }
  EXPECT_EQ(z[0], z[1]);
  EXPECT_EQ(variance[0], variance[1]);
}

}  // namespace
}  // namespace fixynn::testing_cuda
