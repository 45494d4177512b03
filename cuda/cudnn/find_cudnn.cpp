// SPDX-License-Identifier: Apache-2.0
#include "cuda/cudnn/find_cudnn.h"

#include <dlfcn.h>
#include <fmt/format.h>

namespace fixynn::cuda {

std::string cudnn_version_text(size_t version) {
  // From 9 on: 10000 * major + 100 * minor + patch; before: 1000 * major.
  return version >= 90000 ? fmt::format("{}.{}.{}", version / 10000, version / 100 % 100, version % 100)
                          : fmt::format("{}.{}.{}", version / 1000, version / 100 % 10, version % 100);
}

std::string cudnn_remedy() {
  return "install cuDNN 9 for CUDA 13, or set engine.convolutions: custom";
}

CudnnFacts find_cudnn(const std::string& library) {
  CudnnFacts facts;
#if __has_include(<cudnn.h>)
  facts.in_build = true;
#endif
  void* const handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    facts.problem = fmt::format("{} was not found", library);
    return facts;
  }
  const auto version = reinterpret_cast<size_t (*)()>(dlsym(handle, "cudnnGetVersion"));
  if (version == nullptr) {
    facts.problem = fmt::format("{} is not cuDNN", library);
  } else {
    facts.version = cudnn_version_text(version());
    if (version() < kLeastCudnn) facts.problem = fmt::format("cuDNN {} is too old", facts.version);
  }
  dlclose(handle);
  return facts;
}

}  // namespace fixynn::cuda
