// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/reference/reference_ops.h"

namespace fixynn {

/// Input of a pass: values [images][S][S][3] as the network sees them, and the images' labels.
struct ReferenceBatch {
  ReferenceTensor input;
  std::vector<int32_t> labels;
};

/// What rounding added at one evaluation: rounded = exact + offset, for the activations of each convolution
/// and the weights that are fake-quantised (empty where nothing is).
struct RoundingOffsets {
  std::vector<std::vector<double>> activations;
  std::vector<std::vector<double>> weights;
  std::vector<double> head;
};

struct PassMode {
  bool fake_quantise = false;
  bool batch_statistics = true;  ///< normalise with the batch's own statistics rather than the running ones
  /// Not null: instead of rounding, these constants are added. The network is then differentiable, and its
  /// true gradient is what the straight-through rule calls the gradient of the rounded one.
  const RoundingOffsets* offsets = nullptr;
};

/// Everything a forward pass leaves behind.
struct ForwardPass {
  std::vector<std::vector<double>> effective_weights;  ///< one per convolution, after quantisation
  std::vector<double> effective_head;
  std::vector<ReferenceTensor> inputs;              ///< of each convolution
  std::vector<ReferenceTensor> z;                   ///< raw convolution outputs
  std::vector<ReferenceTensor> u;                   ///< after batch norm
  std::vector<ChannelStatistics> batch_statistics;  ///< of z
  std::vector<ChannelStatistics> used_statistics;
  ReferenceTensor features;  ///< last activation
  std::vector<double> pooled, logits;
  RoundingOffsets rounding;
  std::string non_finite;  ///< "l03_depthwise: non-finite batch statistics", or empty
};

/// The network of a TrainPlan as a pure function of its parameters, in double precision.
class ReferenceNetwork {
 public:
  /// `plan` must outlive this object. Throws Error when `quant` or `frozen` has not the length the network
  /// asks for.
  explicit ReferenceNetwork(const TrainPlan& plan);

  const ParameterLayout& layout() const { return layout_; }
  bool is_frozen(size_t conv) const { return conv < frozen_convs_; }

  /// `values`, `statistics`: layout of ModelParameters.
  ForwardPass forward(std::span<const double> values, std::span<const double> statistics,
                      const ReferenceBatch& batch, const PassMode& mode) const;

  /// Gradient of the mean loss in the layout of ModelParameters::values, weight decay not included; 0 for
  /// frozen weights. `logit_gradient` is LossResult's.
  std::vector<double> backward(std::span<const double> values, const ForwardPass& pass,
                               std::span<const double> logit_gradient, const PassMode& mode) const;

 private:
  std::vector<double> conv_weights(size_t conv, std::span<const double> values, const PassMode& mode,
                                   RoundingOffsets& rounding) const;
  std::vector<double> head_weights(std::span<const double> values, const PassMode& mode,
                                   RoundingOffsets& rounding) const;

  const TrainPlan& plan_;
  ParameterLayout layout_;
  size_t frozen_convs_;
};

}  // namespace fixynn
