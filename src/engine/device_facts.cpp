// SPDX-License-Identifier: Apache-2.0
#include "engine/device_facts.h"

#include "core/error.h"
#include "engine/cpu/kernels/kernels.h"

#if defined(FIXYNN_HAVE_CUDA)
#include "cuda/cudnn/find_cudnn.h"
#include "cuda/device_info.h"
#include "cuda/engine/make_cuda.h"
#endif

namespace fixynn {
namespace {

bool has_vector_kernels() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("sse4.2");
#else
  return true;
#endif
}

#if defined(FIXYNN_HAVE_CUDA)
void add_cuda(DeviceFacts& facts) {
  const cuda::DeviceList list = cuda::list_devices();
  facts.cuda_in_build = true;
  facts.cuda_version = cuda::cuda_version_text(list.runtime_version);
  facts.driver_supports = cuda::cuda_version_text(list.driver_version);
  for (const cuda::DeviceInfo& device : list.devices) {
    facts.cards.push_back({device.name,
                           std::to_string(device.compute_major) + "." + std::to_string(device.compute_minor),
                           device.memory_bytes});
  }
  facts.cuda_problem = cuda::unusable_reason();
  const cuda::CudnnFacts cudnn = cuda::find_cudnn();
  facts.cudnn_in_build = cudnn.in_build;
  facts.cudnn_version = cudnn.version;
  facts.cudnn_problem = cudnn.problem;
}
#endif

}  // namespace

DeviceFacts device_facts() {
  DeviceFacts facts;
  if (has_vector_kernels()) facts.cpu_kernels = cpu::kernel_target_name();
#if defined(FIXYNN_HAVE_CUDA)
  add_cuda(facts);
#else
  facts.cuda_problem = "this program was built without CUDA";
#endif
  return facts;
}

void check_device(const EngineOptions& options) {
  if (options.device != DeviceChoice::kCuda) return;
#if defined(FIXYNN_HAVE_CUDA)
  const std::string problem = cuda::unusable_reason();
  if (!problem.empty()) fail_usage("{}", problem);
#else
  fail_usage("cuda: this build has no CUDA (nvcc was not found); use --device (engine.device) cpu or auto");
#endif
}

}  // namespace fixynn
