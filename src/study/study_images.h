// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace fixynn {

/// Test images of a data set (its kind is what the folder shows), `count` spread evenly over the set so that
/// many classes are among them, each scaled to [size][size][3] u8 as in training. Throws one sentence for a
/// folder that is no data set, and Error(kUsage) for a count below 1.
std::vector<std::vector<uint8_t>> study_images(const std::filesystem::path& root, int count, int size);

}  // namespace fixynn
