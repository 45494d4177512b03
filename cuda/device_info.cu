// SPDX-License-Identifier: Apache-2.0
#include <cuda_runtime_api.h>

#include "cuda/device_info.h"

namespace fixynn::cuda {
std::string cuda_version_text(int version) {
  if (version == 0) return {};
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

DeviceList list_devices() {
  DeviceList list;
  if (cudaRuntimeGetVersion(&list.runtime_version) != cudaSuccess) list.runtime_version = 0;
  if (cudaDriverGetVersion(&list.driver_version) != cudaSuccess) list.driver_version = 0;
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess || count == 0) {
    if (list.driver_version == 0) {
      list.reason = "this machine has no NVIDIA driver";
    } else if (status == cudaErrorInsufficientDriver) {
      list.reason = "the NVIDIA driver supports CUDA " + cuda_version_text(list.driver_version) +
                    " and this program needs " + cuda_version_text(list.runtime_version) +
                    "; install a newer driver";
    } else if (status == cudaSuccess || status == cudaErrorNoDevice) {
      list.reason = "this machine has no CUDA device";
    } else {
      list.reason = cudaGetErrorString(status);
    }
    return list;
  }
  for (int i = 0; i < count; ++i) {
    cudaDeviceProp properties{};
    if (cudaGetDeviceProperties(&properties, i) != cudaSuccess) continue;
    list.devices.push_back({properties.name, properties.major, properties.minor, properties.totalGlobalMem});
  }
  if (list.devices.empty()) list.reason = "the driver does not describe its cards; see what nvidia-smi says";
  return list;
}

}  // namespace fixynn::cuda
