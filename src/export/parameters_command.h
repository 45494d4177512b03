// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace fixynn {

/// 'fixynn-rtl parameters': the batch norms of `network` for the package in `package`, into the file `out`: a
/// C header if its name ends in ".h", lines of address and data otherwise. Throws one sentence for a folder
/// that is no package, and for a network whose weights or shifts are not the package's. Returns how many
/// writes.
size_t run_parameters_command(const std::filesystem::path& network, const std::filesystem::path& package,
                              const std::filesystem::path& out);

}  // namespace fixynn
