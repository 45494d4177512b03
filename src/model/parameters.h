// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "model/mobilenet.h"

namespace fixynn {

/// Where each tensor lies in the two flat arrays of ModelParameters. Trainable values are stored in one array
/// so that an optimiser step, a checkpoint and a transfer to a device are one pass each.
struct ParameterLayout {
  struct ConvOffsets {
    size_t weight;          ///< in `values`; count = Conv::weight_count(), layout as in Conv
    size_t gamma, beta;     ///< in `values`; out_channels each
    size_t mean, variance;  ///< in `statistics`; out_channels each
  };
  explicit ParameterLayout(const MobileNet& network);

  std::vector<ConvOffsets> convs;
  size_t head_weight;  ///< [feature_channels][classes]
  size_t head_bias;    ///< [classes]
  size_t value_count;
  size_t statistic_count;
};

/// All parameters of one network, float32.
struct ModelParameters {
  std::vector<float> values;      ///< trainable: convolution weights, batch-norm gamma and beta, head
  std::vector<float> statistics;  ///< batch-norm running mean and (biased) variance
};

/// A named view of one tensor, for files and messages.
struct NamedTensor {
  std::string name;  ///< "l03_depthwise.weight", ".gamma", ".beta", ".running_mean", ".running_variance",
                     ///< "head.weight", "head.bias"
  std::vector<int64_t> shape;
  bool is_statistic;  ///< in `statistics` rather than `values`
  size_t offset;
  size_t count;
};
std::vector<NamedTensor> named_tensors(const MobileNet& network);

/// He-normal convolution weights, gamma 1, beta 0, mean 0, variance 1, head normal(0, 0.01), from Philox
/// (kInitialise, tensor number, element): the same on every machine for a given seed.
ModelParameters initialise_parameters(const MobileNet& network, uint64_t seed);

}  // namespace fixynn
