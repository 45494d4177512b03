// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace fixynn::cuda {

struct DeviceInfo {
  std::string name;
  int compute_major = 0, compute_minor = 0;
  size_t memory_bytes = 0;
};

/// The CUDA devices of this machine, and why there are none when there are none ("no CUDA driver", ...).
struct DeviceList {
  std::vector<DeviceInfo> devices;
  std::string reason;
  int runtime_version = 0;  ///< CUDA that this was built with: 13000 is 13.0
  int driver_version = 0;   ///< newest CUDA that the driver supports; 0: no driver
};

/// CUDA's 13000 is "13.0"; empty for 0, none.
std::string cuda_version_text(int version);

/// Never throws; a machine without a driver is a normal machine.
DeviceList list_devices();

}  // namespace fixynn::cuda
