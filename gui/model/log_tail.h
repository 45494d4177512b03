// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace fixynn::gui {

/// Shows the end of a log that another process writes.
class LogTail {
 public:
  LogTail(std::filesystem::path path, size_t most) : path_(std::move(path)), most_(most) {}

  /// The last lines when they may have changed since the last call. None for what is no regular file or
  /// cannot be read. Control characters are made visible; of a line that was written over with carriage
  /// returns the last version counts.
  std::optional<std::vector<std::string>> poll();

 private:
  std::filesystem::path path_;
  size_t most_;
  int64_t size_ = -1;
  uint64_t inode_ = 0;
};

}  // namespace fixynn::gui
