// SPDX-License-Identifier: Apache-2.0
#include "cuda/cudnn/cudnn_library.h"

#if defined(FIXYNN_HAVE_CUDNN)
#include <dlfcn.h>

#include <array>

#include "core/error.h"
#include "cuda/cudnn/find_cudnn.h"

namespace fixynn::cuda {
namespace {

template <class Function>
void look_up(void* library, const char* name, const std::string& file, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  if (function == nullptr) {
    fail_usage("engine.convolutions: {} has no function {}, so it is not a cuDNN 9 that can be used; {}",
               file, name, cudnn_remedy());
  }
}

}  // namespace

Cudnn::Cudnn(const std::string& library)
    : library_(dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL), &dlclose) {
  if (library_ == nullptr) {
    const char* const reason = dlerror();
    fail_usage("engine.convolutions: cuDNN cannot be loaded ({}); {}",
               reason == nullptr ? library.c_str() : reason, cudnn_remedy());
  }
  look_up(library_.get(), "cudnnGetVersion", library, functions_.cudnnGetVersion);
  if (functions_.cudnnGetVersion() < kLeastCudnn) {
    fail_usage("engine.convolutions: cuDNN {} is too old; {}", version(), cudnn_remedy());
  }
#define FIXYNN_CUDNN_LOOK_UP(name) look_up(library_.get(), #name, library, functions_.name);
  FIXYNN_CUDNN_FUNCTIONS(FIXYNN_CUDNN_LOOK_UP)
#undef FIXYNN_CUDNN_LOOK_UP
  const cudnnStatus_t status = functions_.cudnnCreate(&handle_);
  if (status != CUDNN_STATUS_SUCCESS) {
    fail_usage(
        "engine.convolutions: cuDNN {} does not start ({}); see that nvidia-smi shows the card and that its "
        "driver supports CUDA 13, or set engine.convolutions: custom",
        version(), reason(status));
  }
}

Cudnn::~Cudnn() {
  if (handle_ != nullptr) functions_.cudnnDestroy(handle_);
}

std::string Cudnn::version() const {
  return cudnn_version_text(functions_.cudnnGetVersion());
}

std::string Cudnn::reason(cudnnStatus_t status) const {
  std::array<char, 256> last{};
  functions_.cudnnGetLastErrorString(last.data(), last.size() - 1);
  const std::string name = functions_.cudnnGetErrorString(status);
  return last[0] == '\0' ? name : name + ": " + last.data();
}

void Cudnn::check(cudnnStatus_t status, const std::string& work) const {
  if (status == CUDNN_STATUS_SUCCESS) return;
  fail("cuDNN {} could not {} ({}); set engine.convolutions: custom", version(), work, reason(status));
}

}  // namespace fixynn::cuda
#endif
