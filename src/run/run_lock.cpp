// SPDX-License-Identifier: Apache-2.0
#include "run/run_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "core/error.h"

namespace fixynn {

RunLock::RunLock(const std::filesystem::path& run_directory) {
  const std::filesystem::path path = run_directory / "lock";
  descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor_ < 0) {
    fail("{}: cannot be written: {}; choose a folder you may write to with --run-dir", path.string(),
         std::strerror(errno));
  }
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    char text[32] = {};
    const ssize_t count = ::pread(descriptor_, text, sizeof text - 1, 0);
    std::string owner(text, count > 0 ? static_cast<size_t>(count) : 0);
    while (!owner.empty() && owner.back() == '\n') owner.pop_back();
    ::close(descriptor_);
    fail_usage("{}: process {} is training into this run directory; wait for it, or stop it by creating {}",
               run_directory.string(), owner.empty() ? "(unknown)" : owner,
               (run_directory / "control" / "stop.json").string());
  }
  const std::string owner = fmt::format("{}\n", ::getpid());
  // Only for the message above: the lock itself holds without it, also on a full disk.
  if (::ftruncate(descriptor_, 0) == 0) (void)!::pwrite(descriptor_, owner.data(), owner.size(), 0);
}

RunLock::~RunLock() {
  ::close(descriptor_);
}

}  // namespace fixynn
