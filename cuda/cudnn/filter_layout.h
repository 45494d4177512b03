// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cuda/kernels/passes.h"

namespace fixynn::cuda {

/// Our weights [taps][in][out] and cuDNN's filter [out][taps][padded_in] of one convolution. conv1: 9 taps, 3
/// channels of which cuDNN sees 4 or 8; depthwise: 9 taps, 1 channel; pointwise: 1 tap.
struct FilterShape {
  int taps, in_channels, padded_in_channels, out_channels;

  int64_t filter_values() const { return int64_t{out_channels} * taps * padded_in_channels; }
};

/// Zeros in the channels beyond in_channels. The filter is bf16 for Precision::kBf16, else float; the weights
/// are float, or bf16 where `weights_bf16`.
struct ToFilter {
  Precision precision;
  const void* weights;
  bool weights_bf16 = false;
  void* filter;
  FilterShape shape;
};
void to_filter(const ToFilter& pass, const Queue& queue);

/// The filter's gradient in our layout, as float; channels beyond in_channels are left out.
struct FromFilter {
  Precision precision;
  const void* filter;
  float* weights;
  FilterShape shape;
};
void from_filter(const FromFilter& pass, const Queue& queue);

}  // namespace fixynn::cuda
