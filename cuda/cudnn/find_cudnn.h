// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

namespace fixynn::cuda {

/// The name that the dynamic linker knows cuDNN 9 by.
constexpr const char* kCudnnLibrary = "libcudnn.so.9";
/// The oldest version that works, as cudnnGetVersion() counts.
constexpr size_t kLeastCudnn = 90000;

struct CudnnFacts {
  bool in_build = false;  ///< cudnn.h was there when this was compiled
  std::string version{};  ///< "9.19.0"; empty: not found
  std::string problem{};  ///< why it was not found, or cannot be used
};

/// Looks for the library without starting it. Never throws.
CudnnFacts find_cudnn(const std::string& library = kCudnnLibrary);

/// 91900 to "9.19.0".
std::string cudnn_version_text(size_t version);

/// The end of a sentence: "install cuDNN 9 for CUDA 13, or set engine.convolutions: custom".
std::string cudnn_remedy();

}  // namespace fixynn::cuda
