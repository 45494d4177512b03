// SPDX-License-Identifier: Apache-2.0
#include "core/error.h"
#include "engine/cpu/cpu_engine.h"
#include "engine/cpu/cpu_integer_engine.h"
#include "engine/engine.h"

namespace fixynn {
namespace {

void refuse_cuda(DeviceChoice device) {
  if (device == DeviceChoice::kCuda) {
    fail_usage("--device cuda: this build has no CUDA engine; use --device cpu or auto");
  }
}

}  // namespace

std::unique_ptr<TrainEngine> make_train_engine(const TrainPlan& plan, DeviceChoice device, int threads) {
  refuse_cuda(device);
  return std::make_unique<cpu::CpuEngine>(plan, threads);
}

std::unique_ptr<IntegerEngine> make_integer_engine(const IntegerNetwork& network, DeviceChoice device,
                                                   int threads) {
  refuse_cuda(device);
  return std::make_unique<cpu::CpuIntegerEngine>(network, threads);
}

}  // namespace fixynn
