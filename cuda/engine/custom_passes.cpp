// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/convolution_passes.h"

namespace fixynn::cuda {
namespace {

class CustomPasses : public ConvolutionPasses {
 public:
  const char* name() const override { return "custom kernels"; }
  void forward(const Conv1Forward& pass, const Queue& queue) override { conv1_forward(pass, queue); }
  void forward(const DepthwiseForward& pass, const Queue& queue) override { depthwise_forward(pass, queue); }
  void forward(const PointwiseForward& pass, const Queue& queue) override { pointwise_forward(pass, queue); }
  void backward(const Conv1WeightGradient& pass, const Queue& queue) override {
    conv1_weight_gradient(pass, queue);
  }
  void backward(const DepthwiseBackward& pass, const Queue& queue) override {
    depthwise_backward(pass, queue);
  }
  void backward(const PointwiseInputGradient& input_gradient, const PointwiseWeightGradient& weight_gradient,
                const Queue& queue) override {
    if (weight_gradient.partial != nullptr) pointwise_weight_gradient(weight_gradient, queue);
    pointwise_input_gradient(input_gradient, queue);
  }
  int gradient_rows(const Conv& conv, int images, Precision precision, const Queue& queue) const override {
    const ImageShape shape{images,        conv.in_channels, conv.out_channels, conv.in_size,
                           conv.out_size, conv.stride,      conv.pad_before};
    switch (conv.kind) {
      case ConvKind::kConv1:
        return conv1_weight_gradient_rows(shape, queue);
      case ConvKind::kDepthwise:
        return depthwise_backward_rows(shape, precision, queue);
      case ConvKind::kPointwise:
        break;
    }
    return pointwise_weight_gradient_rows(int64_t{images} * conv.out_size * conv.out_size, conv.in_channels,
                                          conv.out_channels, queue);
  }
};

}  // namespace

std::unique_ptr<ConvolutionPasses> make_custom_passes() {
  return std::make_unique<CustomPasses>();
}

}  // namespace fixynn::cuda
