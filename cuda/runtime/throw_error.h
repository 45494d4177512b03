// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace fixynn::cuda {

/// Throws fixynn::Error(message). For .cu files: nvcc cannot read fmt, which core/error.h includes.
[[noreturn]] void throw_error(const std::string& message);

}  // namespace fixynn::cuda
