// SPDX-License-Identifier: Apache-2.0
#include <cuda_runtime_api.h>

#include "cuda/device_info.h"

namespace fixynn::cuda {

DeviceList list_devices() {
  DeviceList list;
  if (cudaRuntimeGetVersion(&list.runtime_version) != cudaSuccess) list.runtime_version = 0;
  if (cudaDriverGetVersion(&list.driver_version) != cudaSuccess) list.driver_version = 0;
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess || count == 0) {
    list.reason = list.driver_version == 0 ? "this machine has no NVIDIA driver"
                  : status == cudaSuccess  ? "this machine has no CUDA device"
                                           : cudaGetErrorString(status);
    return list;
  }
  for (int i = 0; i < count; ++i) {
    cudaDeviceProp properties{};
    if (cudaGetDeviceProperties(&properties, i) != cudaSuccess) continue;
    list.devices.push_back({properties.name, properties.major, properties.minor, properties.totalGlobalMem});
  }
  return list;
}

}  // namespace fixynn::cuda
