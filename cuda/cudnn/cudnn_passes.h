// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "cuda/engine/convolution_passes.h"

namespace fixynn::cuda {

/// make_cudnn_passes() with another library than libcudnn.so.9. Throws Error(kUsage) where it is missing, too
/// old or does not start, or where this build has no cuDNN.
std::unique_ptr<ConvolutionPasses> make_cudnn_passes(const std::string& library);

}  // namespace fixynn::cuda
