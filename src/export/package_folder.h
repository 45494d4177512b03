// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <vector>

#include "rtl/package.h"

namespace fixynn {

/// Throws Error(kUsage), one sentence, unless `folder` is not there yet, empty, or the package of an earlier
/// fixynn-rtl (its manifest.json says so). `force`: any folder will do.
void check_package_folder(const std::filesystem::path& folder, bool force);

/// The manifest of a package of this program, or nothing.
std::optional<nlohmann::json> read_package_manifest(const std::filesystem::path& folder);

/// Replaces the package in `folder`: files of an earlier one that are not among `files` go, and whatever else
/// lies there stays. The manifest, which must be among `files`, comes first, so that a folder in which
/// writing was interrupted is known as a package.
void write_package(const std::filesystem::path& folder, const std::vector<RtlFile>& files);

}  // namespace fixynn
