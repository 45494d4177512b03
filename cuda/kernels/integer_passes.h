// SPDX-License-Identifier: Apache-2.0
#pragma once

// The passes of integer evaluation on the device, one launch each, exact: the integers of integer_network.h.
// Codes are u8, NHWC; channel counts are multiples of 8; every array starts at a multiple of 256 bytes.

#include <cuda_runtime_api.h>

#include <cstdint>

#include "cuda/kernels/passes.h"

namespace fixynn::cuda {

/// One convolution with its requantiser. Tables and weights are those of pack_integer_conv().
struct IntegerConvPass {
  const uint8_t* in;  ///< codes [images][in_size][in_size][in_channels]; pixels for conv1
  const int8_t* weights;
  const int32_t* multiplier;
  const int32_t* bias;
  const int32_t* initial;  ///< what a depthwise accumulator starts with
  int shift;
  int code_max;
  uint8_t* out;  ///< codes [images][out_size][out_size][out_channels]
  ImageShape shape;
};

/// integer_conv1.cu: 3x3, 3 -> out_channels, input (pixel - kInputZero).
void integer_conv1(const IntegerConvPass& pass, const Queue& queue);
/// integer_depthwise.cu: 3x3, stride 1 or 2.
void integer_depthwise(const IntegerConvPass& pass, const Queue& queue);
/// integer_pointwise.cu: 1x1, as a matrix product on tensor cores.
void integer_pointwise(const IntegerConvPass& pass, const Queue& queue);

/// integer_head.cu: pooled[c] = sum over pixels of the codes; logit[k] = float(logit_scale * (bias[k] + sum_c
/// weight[k][c] * pooled[c])), the integers exact in 64 bits, the product in double.
struct IntegerHeadPass {
  const uint8_t* codes;   ///< [images][pixels][channels]
  const int8_t* weights;  ///< [classes][channels], see pack_integer_head()
  const int32_t* bias;    ///< [classes]
  double logit_scale;
  float* logits;  ///< [images][classes]
  int images, pixels, channels, classes;
};
void integer_head(const IntegerHeadPass& pass, const Queue& queue);

}  // namespace fixynn::cuda
