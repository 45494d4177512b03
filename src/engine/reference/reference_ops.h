// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/mobilenet.h"

namespace fixynn {

// The operations of a training step in double precision, written to be read rather than to be fast. They
// define what every engine has to compute.

/// A batch of square feature maps, [image][y][x][channel].
struct ReferenceTensor {
  int images = 0, size = 0, channels = 0;
  std::vector<double> values;

  ReferenceTensor() = default;
  ReferenceTensor(int image_count, int pixels_a_side, int channel_count);
  size_t pixels() const {
    return static_cast<size_t>(images) * static_cast<size_t>(size) * static_cast<size_t>(size);
  }
  double* pixel(size_t i) { return values.data() + i * static_cast<size_t>(channels); }
  const double* pixel(size_t i) const { return values.data() + i * static_cast<size_t>(channels); }
};

/// Convolution of any kind with TensorFlow's SAME padding; `weights` has the layout of Conv.
ReferenceTensor reference_conv(const Conv& conv, const ReferenceTensor& input,
                               std::span<const double> weights);
/// Gradient with respect to the convolution's input, from the one with respect to its output.
ReferenceTensor reference_conv_input_gradient(const Conv& conv, const ReferenceTensor& output_gradient,
                                              std::span<const double> weights);
/// Gradient with respect to the weights, in their layout.
std::vector<double> reference_conv_weight_gradient(const Conv& conv, const ReferenceTensor& input,
                                                   const ReferenceTensor& output_gradient);

/// Mean and biased variance of each channel over all pixels of the batch.
struct ChannelStatistics {
  std::vector<double> mean, variance;
};
ChannelStatistics reference_statistics(const ReferenceTensor& z);

/// u = gamma * (z - mean) / sqrt(variance + kBatchNormEpsilon) + beta.
ReferenceTensor reference_batch_norm(const ReferenceTensor& z, const ChannelStatistics& statistics,
                                     std::span<const double> gamma, std::span<const double> beta);

struct BatchNormGradient {
  ReferenceTensor z;
  std::vector<double> gamma, beta;
};
/// `statistics_depend_on_z`: the statistics are the batch's own, so the gradient flows through them as well.
BatchNormGradient reference_batch_norm_gradient(const ReferenceTensor& z, const ChannelStatistics& statistics,
                                                std::span<const double> gamma,
                                                const ReferenceTensor& u_gradient,
                                                bool statistics_depend_on_z);

/// ReLU6, then rounding to activation codes and back unless `activation_bits` is kFloatBits. The rounding is
/// done in single precision by activation_code(), as on every device.
ReferenceTensor reference_activation(const ReferenceTensor& u, int activation_bits);
/// Straight through: passes where 0 < u < 6, quantised or not.
ReferenceTensor reference_activation_gradient(const ReferenceTensor& u,
                                              const ReferenceTensor& output_gradient);

/// Global average pool, [images][channels].
std::vector<double> reference_pool(const ReferenceTensor& input);
ReferenceTensor reference_pool_gradient(std::span<const double> output_gradient, int images, int size,
                                        int channels);

/// logits[image][class] = sum_c pooled[image][c] * weight[c][class] + bias[class].
std::vector<double> reference_head(std::span<const double> pooled, int channels, int classes,
                                   std::span<const double> weight, std::span<const double> bias);
struct HeadGradient {
  std::vector<double> pooled, weight, bias;
};
HeadGradient reference_head_gradient(std::span<const double> pooled, int channels, int classes,
                                     std::span<const double> weight, std::span<const double> logit_gradient);

struct LossResult {
  double loss_sum = 0;                 ///< over images
  int64_t correct = 0;                 ///< images whose first largest logit is the label's
  std::vector<double> logit_gradient;  ///< of the MEAN loss over the batch, [images][classes]
};
/// Cross-entropy against (1 - smoothing) * onehot + smoothing / classes.
LossResult reference_loss(std::span<const double> logits, int classes, std::span<const int32_t> labels,
                          double smoothing);

}  // namespace fixynn
