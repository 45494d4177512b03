// SPDX-License-Identifier: Apache-2.0
#include "core/error.h"
#include "engine/cpu/cpu_engine.h"
#include "engine/cpu/cpu_integer_engine.h"
#include "engine/engine.h"

#if defined(FIXYNN_HAVE_CUDA)
#include "cuda/device_info.h"
#endif

namespace fixynn {
namespace {

/// There is no CUDA engine yet: the reason is what this build and this machine have.
void refuse_cuda(DeviceChoice device) {
  if (device != DeviceChoice::kCuda) return;
#if defined(FIXYNN_HAVE_CUDA)
  const cuda::DeviceList list = cuda::list_devices();
  if (list.devices.empty()) fail_usage("cuda: {}; use cpu or auto", list.reason);
  fail_usage("cuda: {} was found, but this version has no CUDA engine; use cpu or auto",
             list.devices.front().name);
#else
  fail_usage("cuda: this build has no CUDA (nvcc was not found); use cpu or auto");
#endif
}

/// The vector kernels' baseline; without it they would stop at an illegal instruction.
void check_processor() {
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("sse4.2")) fail("this processor has no SSE4.2, which the CPU engine needs");
#endif
}

}  // namespace

std::unique_ptr<TrainEngine> make_train_engine(const TrainPlan& plan, DeviceChoice device, int threads) {
  refuse_cuda(device);
  check_processor();
  return std::make_unique<cpu::CpuEngine>(plan, threads);
}

std::unique_ptr<IntegerEngine> make_integer_engine(const IntegerNetwork& network, DeviceChoice device,
                                                   int threads) {
  refuse_cuda(device);
  check_processor();
  return std::make_unique<cpu::CpuIntegerEngine>(network, threads);
}

}  // namespace fixynn
