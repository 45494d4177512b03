// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace fixynn {

/// Exit codes of every program: 0 done, 1 the work failed, 2 the request was wrong, 128 + signal when
/// stopped.
enum class ExitCode { kFailure = 1, kUsage = 2 };

/// The one exception type. The message is a complete sentence that names the file or key, the place in it,
/// and the remedy; only `main` catches it, prints it after "error: " and returns the code.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message, ExitCode code = ExitCode::kFailure)
      : std::runtime_error(message), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

/// Throws Error(kFailure) with a message formatted by fmt.
template <typename... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(fmt::format(format, std::forward<Args>(args)...));
}

/// Throws Error(kUsage): the command line or the configuration asks for something that cannot be.
template <typename... Args>
[[noreturn]] void fail_usage(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(fmt::format(format, std::forward<Args>(args)...), ExitCode::kUsage);
}

}  // namespace fixynn
