// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "core/error.h"
#include "core/files.h"

namespace fixynn {

/// read_file for weights: refuses what is not a regular file, and sizes that no MobileNetV1 comes near,
/// before anything is allocated.
inline std::vector<uint8_t> read_weights_file(const std::filesystem::path& path) {
  constexpr uint64_t kMaxBytes = uint64_t{1} << 30;
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!error && std::filesystem::exists(status) && !std::filesystem::is_directory(status) &&
      !std::filesystem::is_regular_file(status)) {
    fail("{}: this is not a regular file; give a file of weights", path.string());
  }
  const uint64_t bytes = std::filesystem::file_size(path, error);
  if (!error && bytes > kMaxBytes) {
    fail("{}: the file has {} bytes; weights of a MobileNetV1 take less than {}, so this is something else",
         path.string(), bytes, kMaxBytes);
  }
  return read_file(path);
}

}  // namespace fixynn
