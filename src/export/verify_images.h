// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace fixynn {

/// Up to `count` images, each [size][size][3] u8, rendered as evaluation renders them. `path` is an image
/// file, a folder of image files (the first ones in the order of their names) or the folder of a data set of
/// any kind that fixynn-eval reads (test images, spread evenly over the set). Throws one sentence when it is
/// none.
std::vector<std::vector<uint8_t>> verify_images(const std::filesystem::path& path, int count, int size);

}  // namespace fixynn
