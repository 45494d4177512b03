// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "cuda/kernels/passes.h"
#include "engine/engine.h"

namespace fixynn::cuda {

/// Who computes the convolutions of a step: our fused kernels, or cuDNN between elementwise passes. The same
/// structs mean the same results up to rounding.
class ConvolutionPasses {
 public:
  virtual ~ConvolutionPasses() = default;
  virtual const char* name() const = 0;
  /// Called once, before the other functions.
  virtual void plan(const TrainPlan& plan, Precision precision, const Queue& queue) {
    static_cast<void>(plan), static_cast<void>(precision), static_cast<void>(queue);
  }

  virtual void forward(const Conv1Forward& pass, const Queue& queue) = 0;
  virtual void forward(const DepthwiseForward& pass, const Queue& queue) = 0;
  virtual void forward(const PointwiseForward& pass, const Queue& queue) = 0;
  virtual void backward(const Conv1WeightGradient& pass, const Queue& queue) = 0;
  virtual void backward(const DepthwiseBackward& pass, const Queue& queue) = 0;
  /// Input gradient, and the weight gradient when `weight_gradient.partial` is not null.
  virtual void backward(const PointwiseInputGradient& input_gradient,
                        const PointwiseWeightGradient& weight_gradient, const Queue& queue) = 0;
  /// Rows of a convolution's weight gradient for a batch of this shape.
  virtual int gradient_rows(const Conv& conv, int images, Precision precision, const Queue& queue) const = 0;
  /// Device memory for the convolutions' own use, given before the first pass.
  virtual size_t scratch_bytes() const { return 0; }
  virtual void set_scratch(std::byte* scratch) { static_cast<void>(scratch); }
};

/// The kernels of cuda/kernels.
std::unique_ptr<ConvolutionPasses> make_custom_passes();
/// cuDNN (cuda/cudnn). Throws Error(kUsage) where it is missing, saying what to install.
std::unique_ptr<ConvolutionPasses> make_cudnn_passes();

}  // namespace fixynn::cuda
