// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "model/safetensors.h"

namespace fixynn {

/// The metadata key that holds a file's checksum.
inline constexpr const char* kContentKey = "content_sha256";

/// The checksum over all tensors and all metadata but itself, as docs/network_format.md defines it.
std::string content_sha256(const TensorFile& file);

}  // namespace fixynn
