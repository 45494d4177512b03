// SPDX-License-Identifier: Apache-2.0
#pragma once

// Elementwise passes for convolutions that fuse nothing (cuDNN): what the custom kernels do on load and on
// store, as launches of their own. Notation and conventions as in passes.h; kTf32 stores float as kFp32 does.

#include "cuda/kernels/passes.h"

namespace fixynn::cuda {

/// Rows and columns of zeros around square images, in memory: cuDNN cannot pad one side alone. A tensor with
/// borders is [images][size + before + after][size + before + after][channels].
struct Border {
  int before = 0, after = 0;
};

struct ImageTensor {
  int images, size, channels;  ///< size without border
};

/// y = activation of z, into a tensor with borders, which are overwritten with zeros.
struct ApplyActivation {
  Precision precision;
  const void* z;  ///< [images][size][size][channels]
  Activation activation;
  void* y;
  ImageTensor shape;
  Border border;
};
void apply_activation(const ApplyActivation& pass, const Queue& queue);

/// Pixels - 128, into a tensor with borders and zeros in the channels beyond three.
struct ConvertPixels {
  Precision precision;
  const uint8_t* pixels;  ///< [images][size][size][3]
  void* y;
  ImageTensor shape;  ///< channels: 4 or 8, of y
  Border border;
};
void convert_pixels(const ConvertPixels& pass, const Queue& queue);

/// z *= scale of the channel, in place, with sums (statistics).
struct ScaleAndSum {
  Precision precision;
  void* z;             ///< [pixels][channels]
  const float* scale;  ///< [channels]; null: 1
  int64_t pixels;
  int channels;
  ChannelSums sums;
  BatchNormFinish finish;
};
void scale_and_sum(const ScaleAndSum& pass, const Queue& queue);

/// dz = ca*du + cp*z + cq.
struct FormGradient {
  Precision precision;
  GradientLoad gradient;
  void* dz;  ///< may be gradient.du
  int64_t pixels;
  int channels;
};
void form_gradient(const FormGradient& pass, const Queue& queue);

/// du = gradient with respect to y where the activation passes z, else 0, with sums (gradients of gamma and
/// beta).
struct MaskGradient {
  Precision precision;
  const void* y_gradient;  ///< with borders, which are skipped
  const void* z;
  Activation activation;  ///< of z
  void* du;               ///< without borders; may be y_gradient where that has none; null: only the sums
  ImageTensor shape;
  Border border;
  ChannelSums sums;
  BatchNormFinish finish;
};
void mask_gradient(const MaskGradient& pass, const Queue& queue);

}  // namespace fixynn::cuda
