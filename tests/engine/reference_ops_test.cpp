// SPDX-License-Identifier: Apache-2.0
#include "engine/reference/reference_ops.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numeric>

#include "core/philox.h"
#include "quant/quant_spec.h"

namespace fixynn {
namespace {

std::vector<double> random_values(size_t count, uint32_t stream, double scale = 1.0) {
  RandomSequence random(1, RandomStream::kSynthesise, stream);
  std::vector<double> values(count);
  for (double& value : values) value = scale * static_cast<double>(random.uniform(-1.0f, 1.0f));
  return values;
}

ReferenceTensor random_tensor(int images, int size, int channels, uint32_t stream, double scale = 1.0) {
  ReferenceTensor tensor(images, size, channels);
  tensor.values = random_values(tensor.values.size(), stream, scale);
  return tensor;
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  EXPECT_EQ(a.size(), b.size());
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

/// Central difference of `function` with respect to every element of `point`, against `gradient`.
void expect_gradient(const std::function<double(const std::vector<double>&)>& function,
                     const std::vector<double>& point, const std::vector<double>& gradient,
                     double tolerance) {
  ASSERT_EQ(point.size(), gradient.size());
  const double step = 1e-6;
  for (size_t i = 0; i < point.size(); ++i) {
    std::vector<double> moved = point;
    moved[i] = point[i] + step;
    const double above = function(moved);
    moved[i] = point[i] - step;
    EXPECT_NEAR(gradient[i], (above - function(moved)) / (2 * step), tolerance) << "element " << i;
  }
}

Conv make_conv(ConvKind kind, int in_channels, int out_channels, int size, int stride) {
  const SamePadding padding =
      kind == ConvKind::kPointwise ? SamePadding{size, 0} : same_padding_3(size, stride);
  return {kind, 0, "test", in_channels, out_channels, stride, size, padding.output, padding.before};
}

/// z at one place, straight from TensorFlow's definition of SAME: total = max((out-1)*stride + 3 - in, 0),
/// the larger half at the end.
double direct_conv(const Conv& conv, const ReferenceTensor& x, const std::vector<double>& weights, int n,
                   int y, int column, int out) {
  const int window = conv.kind == ConvKind::kPointwise ? 1 : 3;
  const int outputs = (conv.in_size + conv.stride - 1) / conv.stride;
  const int before = std::max((outputs - 1) * conv.stride + window - conv.in_size, 0) / 2;
  double sum = 0;
  for (int ky = 0; ky < window; ++ky) {
    for (int kx = 0; kx < window; ++kx) {
      const int in_y = y * conv.stride + ky - before, in_x = column * conv.stride + kx - before;
      if (in_y < 0 || in_x < 0 || in_y >= conv.in_size || in_x >= conv.in_size) continue;
      const double* pixel = x.pixel(static_cast<size_t>((n * conv.in_size + in_y) * conv.in_size + in_x));
      if (conv.kind == ConvKind::kDepthwise) {
        sum += pixel[out] * weights[static_cast<size_t>((ky * 3 + kx) * conv.out_channels + out)];
        continue;
      }
      for (int i = 0; i < conv.in_channels; ++i) {
        sum += pixel[i] *
               weights[static_cast<size_t>(((ky * 3 + kx) * conv.in_channels + i) * conv.out_channels + out)];
      }
    }
  }
  return sum;
}

class ReferenceConv : public testing::TestWithParam<std::tuple<ConvKind, int, int>> {};

TEST_P(ReferenceConv, MatchesTheDefinitionAndItsGradientsAreAdjoint) {
  const auto [kind, size, stride] = GetParam();
  const int in_channels = kind == ConvKind::kDepthwise ? 4 : 3;
  const Conv conv = make_conv(kind, in_channels, 4, size, stride);
  const ReferenceTensor x = random_tensor(2, size, in_channels, 1);
  const std::vector<double> weights = random_values(static_cast<size_t>(conv.weight_count()), 2);
  const ReferenceTensor z = reference_conv(conv, x, weights);
  ASSERT_EQ(z.size, (size + stride - 1) / stride);
  for (int n = 0; n < 2; ++n) {
    for (int p = 0; p < z.size * z.size; ++p) {
      for (int c = 0; c < 4; ++c) {
        EXPECT_NEAR(z.pixel(static_cast<size_t>(n * z.size * z.size + p))[c],
                    direct_conv(conv, x, weights, n, p / z.size, p % z.size, c), 1e-12);
      }
    }
  }
  // The convolution is linear in x and in w, so both gradients are its adjoints: <conv(x, w), g> = <x, dx> =
  // <w, dw>.
  const ReferenceTensor g = random_tensor(2, z.size, 4, 3);
  const double expected = dot(z.values, g.values);
  EXPECT_NEAR(dot(x.values, reference_conv_input_gradient(conv, g, weights).values), expected, 1e-9);
  EXPECT_NEAR(dot(weights, reference_conv_weight_gradient(conv, x, g)), expected, 1e-9);
  // The adjoint identity holds for every direction, not only for the point itself.
  const std::vector<double> other = random_values(weights.size(), 4);
  EXPECT_NEAR(dot(other, reference_conv_weight_gradient(conv, x, g)),
              dot(reference_conv(conv, x, other).values, g.values), 1e-9);
  const ReferenceTensor other_x = random_tensor(2, size, in_channels, 5);
  EXPECT_NEAR(dot(other_x.values, reference_conv_input_gradient(conv, g, weights).values),
              dot(reference_conv(conv, other_x, weights).values, g.values), 1e-9);
}

INSTANTIATE_TEST_SUITE_P(Windows, ReferenceConv,
                         testing::Combine(testing::Values(ConvKind::kConv1, ConvKind::kDepthwise),
                                          testing::Values(2, 5, 6), testing::Values(1, 2)));
INSTANTIATE_TEST_SUITE_P(Pointwise, ReferenceConv,
                         testing::Combine(testing::Values(ConvKind::kPointwise), testing::Values(2, 5),
                                          testing::Values(1)));

class ReferenceBatchNorm : public testing::TestWithParam<bool> {};

TEST_P(ReferenceBatchNorm, GradientsMatchFiniteDifferences) {
  const bool batch_statistics = GetParam();
  ReferenceTensor z = random_tensor(2, 2, 3, 1, 2.0);
  const std::vector<double> gamma{1.3, -0.7, 0.4}, beta{0.1, 0.2, -0.3},
      weights = random_values(z.values.size(), 2);
  const ChannelStatistics fixed{{0.1, -0.2, 0.3}, {0.5, 1.0, 2.0}};
  const auto statistics = [&](const ReferenceTensor& at) {
    return batch_statistics ? reference_statistics(at) : fixed;
  };
  ReferenceTensor g = z;
  g.values = weights;
  const BatchNormGradient gradient =
      reference_batch_norm_gradient(z, statistics(z), gamma, g, batch_statistics);
  expect_gradient(
      [&](const std::vector<double>& values) {
        ReferenceTensor moved = z;
        moved.values = values;
        return dot(reference_batch_norm(moved, statistics(moved), gamma, beta).values, weights);
      },
      z.values, gradient.z.values, 1e-7);
  expect_gradient(
      [&](const std::vector<double>& values) {
        return dot(reference_batch_norm(z, statistics(z), values, beta).values, weights);
      },
      gamma, gradient.gamma, 1e-7);
  expect_gradient(
      [&](const std::vector<double>& values) {
        return dot(reference_batch_norm(z, statistics(z), gamma, values).values, weights);
      },
      beta, gradient.beta, 1e-7);
}

INSTANTIATE_TEST_SUITE_P(Statistics, ReferenceBatchNorm, testing::Bool(),
                         [](const auto& variant) { return variant.param ? "Batch" : "Running"; });

TEST(ReferenceBatchNormTest, StatisticsAreMeanAndBiasedVariance) {
  ReferenceTensor z(1, 2, 2);
  z.values = {1, 10, 2, 10, 3, 10, 6, 14};
  const ChannelStatistics statistics = reference_statistics(z);
  EXPECT_DOUBLE_EQ(statistics.mean[0], 3.0);
  EXPECT_DOUBLE_EQ(statistics.variance[0], (4.0 + 1.0 + 0.0 + 9.0) / 4.0);
  EXPECT_DOUBLE_EQ(statistics.mean[1], 11.0);
  EXPECT_DOUBLE_EQ(statistics.variance[1], 3.0);
}

TEST(ReferenceActivation, ClipsAndRoundsToCodesAndPassesGradientsInsideOnly) {
  ReferenceTensor u(1, 1, 6);
  u.values = {-1.0, 0.0, 0.9, 3.1, 6.0, 7.0};
  EXPECT_EQ(reference_activation(u, kFloatBits).values, (std::vector<double>{0, 0, 0.9, 3.1, 6, 6}));
  // Two bits: codes 0..3 in steps of 2.
  EXPECT_EQ(reference_activation(u, 2).values, (std::vector<double>{0, 0, 0, 4, 6, 6}));
  ReferenceTensor g(1, 1, 6);
  g.values = {1, 2, 3, 4, 5, 6};
  EXPECT_EQ(reference_activation_gradient(u, g).values, (std::vector<double>{0, 0, 3, 4, 0, 0}));
}

TEST(ReferencePool, AveragesOverPixelsAndSpreadsTheGradient) {
  const ReferenceTensor x = random_tensor(2, 3, 4, 1);
  const std::vector<double> pooled = reference_pool(x);
  double expected = 0;
  for (size_t p = 9; p < 18; ++p) expected += x.pixel(p)[2] / 9.0;
  EXPECT_NEAR(pooled[4 + 2], expected, 1e-12);
  const std::vector<double> g = random_values(pooled.size(), 2);
  EXPECT_NEAR(dot(reference_pool_gradient(g, 2, 3, 4).values, x.values), dot(g, pooled), 1e-12);
}

TEST(ReferenceHead, GradientsMatchFiniteDifferences) {
  const std::vector<double> pooled = random_values(2 * 3, 1), weight = random_values(3 * 4, 2),
                            bias = random_values(4, 3), g = random_values(2 * 4, 4);
  const HeadGradient gradient = reference_head_gradient(pooled, 3, 4, weight, g);
  const auto loss = [&](const std::vector<double>& p, const std::vector<double>& w,
                        const std::vector<double>& b) { return dot(reference_head(p, 3, 4, w, b), g); };
  expect_gradient([&](const auto& v) { return loss(v, weight, bias); }, pooled, gradient.pooled, 1e-8);
  expect_gradient([&](const auto& v) { return loss(pooled, v, bias); }, weight, gradient.weight, 1e-8);
  expect_gradient([&](const auto& v) { return loss(pooled, weight, v); }, bias, gradient.bias, 1e-8);
}

TEST(ReferenceLoss, LabelSmoothingByHandAndGradient) {
  const std::vector<double> logits{1.0, 2.0, 0.5, -1.0, 0.0, 3.0};
  const std::vector<int32_t> labels{1, 0};
  for (double smoothing : {0.0, 0.1, 0.3}) {
    const LossResult result = reference_loss(logits, 3, labels, smoothing);
    double expected = 0;
    for (size_t n = 0; n < 2; ++n) {
      double total = 0;
      for (size_t k = 0; k < 3; ++k) total += std::exp(logits[n * 3 + k]);
      for (size_t k = 0; k < 3; ++k) {
        const double target = (static_cast<int>(k) == labels[n] ? 1.0 - smoothing : 0.0) + smoothing / 3.0;
        expected -= target * std::log(std::exp(logits[n * 3 + k]) / total);
      }
    }
    EXPECT_NEAR(result.loss_sum, expected, 1e-12);
    EXPECT_EQ(result.correct, 1);
    expect_gradient([&](const auto& v) { return reference_loss(v, 3, labels, smoothing).loss_sum / 2; },
                    logits, result.logit_gradient, 1e-8);
  }
}

TEST(ReferenceLoss, LargeLogitsDoNotOverflowAndTheFirstMaximumWins) {
  const std::vector<double> logits{5000.0, 5000.0, -5000.0};
  const LossResult first = reference_loss(logits, 3, std::vector<int32_t>{0}, 0.0);
  EXPECT_NEAR(first.loss_sum, std::log(2.0), 1e-9);
  EXPECT_EQ(first.correct, 1);
  EXPECT_EQ(reference_loss(logits, 3, std::vector<int32_t>{1}, 0.0).correct, 0);
}

}  // namespace
}  // namespace fixynn
