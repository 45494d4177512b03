// SPDX-License-Identifier: Apache-2.0
#include "core/error.h"
#include "engine/cpu/cpu_engine.h"
#include "engine/cpu/cpu_integer_engine.h"
#include "engine/engine.h"

#if defined(FIXYNN_HAVE_CUDA)
#include "cuda/engine/make_cuda.h"
#endif

namespace fixynn {
namespace {

#if !defined(FIXYNN_HAVE_CUDA)
void refuse_cuda(DeviceChoice device) {
  if (device == DeviceChoice::kCuda)
    fail_usage("cuda: this build has no CUDA (nvcc was not found); use --device (engine.device) cpu or auto");
}
#else
/// Asked for, the engine itself says why it cannot be had.
bool use_cuda(DeviceChoice device) {
  return device == DeviceChoice::kCuda || (device == DeviceChoice::kAuto && cuda::unusable_reason().empty());
}
#endif

/// The vector kernels' baseline; without it they would stop at an illegal instruction.
void check_processor() {
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("sse4.2")) fail("this processor has no SSE4.2, which the CPU engine needs");
#endif
}

}  // namespace

std::unique_ptr<TrainEngine> make_train_engine(const TrainPlan& plan, const EngineOptions& options) {
#if defined(FIXYNN_HAVE_CUDA)
  if (use_cuda(options.device)) return cuda::make_cuda_train_engine(plan, options);
#else
  refuse_cuda(options.device);
#endif
  check_processor();
  return std::make_unique<cpu::CpuEngine>(plan, options.threads);
}

std::unique_ptr<IntegerEngine> make_integer_engine(const IntegerNetwork& network,
                                                   const EngineOptions& options) {
#if defined(FIXYNN_HAVE_CUDA)
  if (use_cuda(options.device)) return cuda::make_cuda_integer_engine(network, options);
#else
  refuse_cuda(options.device);
#endif
  check_processor();
  return std::make_unique<cpu::CpuIntegerEngine>(network, options.threads);
}

}  // namespace fixynn
