// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace fixynn {

/// Holds RUN_DIR/lock while a process writes there. The system releases it when the process ends, however it
/// ends. Throws Error(kUsage) naming the process that holds it.
class RunLock {
 public:
  explicit RunLock(const std::filesystem::path& run_directory);
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace fixynn
