// SPDX-License-Identifier: Apache-2.0
#include "engine/reference/reference_ops.h"

#include <algorithm>
#include <cmath>

#include "quant/fake_quant.h"

namespace fixynn {
namespace {

/// Calls visit(input pixel, output pixel, tap) for every product a convolution makes; tap = ky * 3 + kx, or 0
/// for a pointwise one. Products with the zero padding are left out.
template <typename Visit>
void for_each_tap(const Conv& conv, int images, Visit visit) {
  const int window = conv.kind == ConvKind::kPointwise ? 1 : 3;
  for (int n = 0; n < images; ++n) {
    for (int y = 0; y < conv.out_size; ++y) {
      for (int x = 0; x < conv.out_size; ++x) {
        const size_t output = static_cast<size_t>((n * conv.out_size + y) * conv.out_size + x);
        for (int ky = 0; ky < window; ++ky) {
          const int in_y = y * conv.stride + ky - conv.pad_before;
          if (in_y < 0 || in_y >= conv.in_size) continue;
          for (int kx = 0; kx < window; ++kx) {
            const int in_x = x * conv.stride + kx - conv.pad_before;
            if (in_x < 0 || in_x >= conv.in_size) continue;
            visit(static_cast<size_t>((n * conv.in_size + in_y) * conv.in_size + in_x), output,
                  static_cast<size_t>(ky * 3 + kx));
          }
        }
      }
    }
  }
}

size_t channels_of(const ReferenceTensor& tensor) {
  return static_cast<size_t>(tensor.channels);
}

}  // namespace

ReferenceTensor::ReferenceTensor(int image_count, int pixels_a_side, int channel_count)
    : images(image_count), size(pixels_a_side), channels(channel_count) {
  values.assign(pixels() * static_cast<size_t>(channels), 0.0);
}

ReferenceTensor reference_conv(const Conv& conv, const ReferenceTensor& input,
                               std::span<const double> weights) {
  ReferenceTensor output(input.images, conv.out_size, conv.out_channels);
  const size_t in_channels = static_cast<size_t>(conv.in_channels);
  const size_t out_channels = static_cast<size_t>(conv.out_channels);
  for_each_tap(conv, input.images, [&](size_t in_pixel, size_t out_pixel, size_t tap) {
    const double* x = input.pixel(in_pixel);
    double* z = output.pixel(out_pixel);
    if (conv.kind == ConvKind::kDepthwise) {
      for (size_t c = 0; c < out_channels; ++c) z[c] += x[c] * weights[tap * out_channels + c];
      return;
    }
    for (size_t i = 0; i < in_channels; ++i) {
      const double* row = weights.data() + (tap * in_channels + i) * out_channels;
      for (size_t o = 0; o < out_channels; ++o) z[o] += x[i] * row[o];
    }
  });
  return output;
}

ReferenceTensor reference_conv_input_gradient(const Conv& conv, const ReferenceTensor& output_gradient,
                                              std::span<const double> weights) {
  ReferenceTensor input_gradient(output_gradient.images, conv.in_size, conv.in_channels);
  const size_t in_channels = static_cast<size_t>(conv.in_channels);
  const size_t out_channels = static_cast<size_t>(conv.out_channels);
  for_each_tap(conv, output_gradient.images, [&](size_t in_pixel, size_t out_pixel, size_t tap) {
    double* dx = input_gradient.pixel(in_pixel);
    const double* dz = output_gradient.pixel(out_pixel);
    if (conv.kind == ConvKind::kDepthwise) {
      for (size_t c = 0; c < out_channels; ++c) dx[c] += dz[c] * weights[tap * out_channels + c];
      return;
    }
    for (size_t i = 0; i < in_channels; ++i) {
      const double* row = weights.data() + (tap * in_channels + i) * out_channels;
      for (size_t o = 0; o < out_channels; ++o) dx[i] += dz[o] * row[o];
    }
  });
  return input_gradient;
}

std::vector<double> reference_conv_weight_gradient(const Conv& conv, const ReferenceTensor& input,
                                                   const ReferenceTensor& output_gradient) {
  std::vector<double> gradient(static_cast<size_t>(conv.weight_count()), 0.0);
  const size_t in_channels = static_cast<size_t>(conv.in_channels);
  const size_t out_channels = static_cast<size_t>(conv.out_channels);
  for_each_tap(conv, input.images, [&](size_t in_pixel, size_t out_pixel, size_t tap) {
    const double* x = input.pixel(in_pixel);
    const double* dz = output_gradient.pixel(out_pixel);
    if (conv.kind == ConvKind::kDepthwise) {
      for (size_t c = 0; c < out_channels; ++c) gradient[tap * out_channels + c] += x[c] * dz[c];
      return;
    }
    for (size_t i = 0; i < in_channels; ++i) {
      double* row = gradient.data() + (tap * in_channels + i) * out_channels;
      for (size_t o = 0; o < out_channels; ++o) row[o] += x[i] * dz[o];
    }
  });
  return gradient;
}

ChannelStatistics reference_statistics(const ReferenceTensor& z) {
  const size_t channels = channels_of(z);
  const double count = static_cast<double>(z.pixels());
  ChannelStatistics result{std::vector<double>(channels, 0.0), std::vector<double>(channels, 0.0)};
  for (size_t i = 0; i < z.values.size(); ++i) result.mean[i % channels] += z.values[i] / count;
  for (size_t i = 0; i < z.values.size(); ++i) {
    const double deviation = z.values[i] - result.mean[i % channels];
    result.variance[i % channels] += deviation * deviation / count;
  }
  return result;
}

ReferenceTensor reference_batch_norm(const ReferenceTensor& z, const ChannelStatistics& statistics,
                                     std::span<const double> gamma, std::span<const double> beta) {
  ReferenceTensor u = z;
  const size_t channels = channels_of(z);
  for (size_t i = 0; i < u.values.size(); ++i) {
    const size_t c = i % channels;
    const double deviation = std::sqrt(statistics.variance[c] + kBatchNormEpsilon);
    u.values[i] = gamma[c] * (z.values[i] - statistics.mean[c]) / deviation + beta[c];
  }
  return u;
}

BatchNormGradient reference_batch_norm_gradient(const ReferenceTensor& z, const ChannelStatistics& statistics,
                                                std::span<const double> gamma,
                                                const ReferenceTensor& u_gradient,
                                                bool statistics_depend_on_z) {
  const size_t channels = channels_of(z);
  const double count = static_cast<double>(z.pixels());
  BatchNormGradient result{z, std::vector<double>(channels, 0.0), std::vector<double>(channels, 0.0)};
  std::vector<double> inverse_deviation(channels);
  for (size_t c = 0; c < channels; ++c) {
    inverse_deviation[c] = 1.0 / std::sqrt(statistics.variance[c] + kBatchNormEpsilon);
  }
  for (size_t i = 0; i < z.values.size(); ++i) {
    const size_t c = i % channels;
    result.gamma[c] += u_gradient.values[i] * (z.values[i] - statistics.mean[c]) * inverse_deviation[c];
    result.beta[c] += u_gradient.values[i];
  }
  for (size_t i = 0; i < z.values.size(); ++i) {
    const size_t c = i % channels;
    double gradient = u_gradient.values[i];
    if (statistics_depend_on_z) {
      const double normalised = (z.values[i] - statistics.mean[c]) * inverse_deviation[c];
      gradient -= (result.beta[c] + normalised * result.gamma[c]) / count;
    }
    result.z.values[i] = gamma[c] * inverse_deviation[c] * gradient;
  }
  return result;
}

ReferenceTensor reference_activation(const ReferenceTensor& u, int activation_bits) {
  ReferenceTensor a = u;
  for (double& value : a.values) value = std::clamp(value, 0.0, static_cast<double>(kRelu6Max));
  if (activation_bits == kFloatBits) return a;
  const float code_max = static_cast<float>(activation_code_max(activation_bits));
  const double scale = activation_scale(activation_bits);
  for (size_t i = 0; i < a.values.size(); ++i) {
    a.values[i] = activation_code(static_cast<float>(u.values[i]), code_max / kRelu6Max, code_max) * scale;
  }
  return a;
}

ReferenceTensor reference_activation_gradient(const ReferenceTensor& u,
                                              const ReferenceTensor& output_gradient) {
  ReferenceTensor gradient = output_gradient;
  for (size_t i = 0; i < gradient.values.size(); ++i) {
    if (!(u.values[i] > 0.0 && u.values[i] < kRelu6Max)) gradient.values[i] = 0.0;
  }
  return gradient;
}

std::vector<double> reference_pool(const ReferenceTensor& input) {
  const size_t channels = channels_of(input);
  const size_t area = static_cast<size_t>(input.size) * static_cast<size_t>(input.size);
  std::vector<double> pooled(static_cast<size_t>(input.images) * channels, 0.0);
  for (size_t p = 0; p < input.pixels(); ++p) {
    for (size_t c = 0; c < channels; ++c) {
      pooled[p / area * channels + c] += input.pixel(p)[c] / static_cast<double>(area);
    }
  }
  return pooled;
}

ReferenceTensor reference_pool_gradient(std::span<const double> output_gradient, int images, int size,
                                        int channels) {
  ReferenceTensor gradient(images, size, channels);
  const size_t area = static_cast<size_t>(size) * static_cast<size_t>(size);
  for (size_t p = 0; p < gradient.pixels(); ++p) {
    const double* source = output_gradient.data() + p / area * static_cast<size_t>(channels);
    for (int c = 0; c < channels; ++c) gradient.pixel(p)[c] = source[c] / static_cast<double>(area);
  }
  return gradient;
}

std::vector<double> reference_head(std::span<const double> pooled, int channels, int classes,
                                   std::span<const double> weight, std::span<const double> bias) {
  const size_t width = static_cast<size_t>(channels), outputs = static_cast<size_t>(classes);
  const size_t images = pooled.size() / width;
  std::vector<double> logits(images * outputs);
  for (size_t n = 0; n < images; ++n) {
    for (size_t k = 0; k < outputs; ++k) {
      double sum = bias[k];
      for (size_t c = 0; c < width; ++c) sum += pooled[n * width + c] * weight[c * outputs + k];
      logits[n * outputs + k] = sum;
    }
  }
  return logits;
}

HeadGradient reference_head_gradient(std::span<const double> pooled, int channels, int classes,
                                     std::span<const double> weight, std::span<const double> logit_gradient) {
  const size_t width = static_cast<size_t>(channels), outputs = static_cast<size_t>(classes);
  const size_t images = pooled.size() / width;
  HeadGradient result{std::vector<double>(pooled.size(), 0.0), std::vector<double>(width * outputs, 0.0),
                      std::vector<double>(outputs, 0.0)};
  for (size_t n = 0; n < images; ++n) {
    for (size_t k = 0; k < outputs; ++k) {
      const double gradient = logit_gradient[n * outputs + k];
      result.bias[k] += gradient;
      for (size_t c = 0; c < width; ++c) {
        result.pooled[n * width + c] += gradient * weight[c * outputs + k];
        result.weight[c * outputs + k] += gradient * pooled[n * width + c];
      }
    }
  }
  return result;
}

LossResult reference_loss(std::span<const double> logits, int classes, std::span<const int32_t> labels,
                          double smoothing) {
  const size_t outputs = static_cast<size_t>(classes);
  LossResult result;
  result.logit_gradient.resize(logits.size());
  for (size_t n = 0; n < labels.size(); ++n) {
    const std::span<const double> row = logits.subspan(n * outputs, outputs);
    const auto largest = std::max_element(row.begin(), row.end());
    if (largest - row.begin() == labels[n]) ++result.correct;
    double exponential_sum = 0;
    for (double logit : row) exponential_sum += std::exp(logit - *largest);
    const double log_sum = *largest + std::log(exponential_sum);
    for (size_t k = 0; k < outputs; ++k) {
      const double one_hot = static_cast<int32_t>(k) == labels[n] ? 1.0 : 0.0;
      const double target = (1.0 - smoothing) * one_hot + smoothing / classes;
      result.loss_sum += target * (log_sum - row[k]);
      result.logit_gradient[n * outputs + k] =
          (std::exp(row[k] - log_sum) - target) / static_cast<double>(labels.size());
    }
  }
  return result;
}

}  // namespace fixynn
