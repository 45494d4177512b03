// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace fixynn {

/// Writes a NumPy .npy file (format 1.0, little-endian, C order) that numpy.load reads. `values` is row-major
/// with `shape`'s product of elements; T in {uint8_t, int32_t, int64_t, float}. Replaces the file atomically.
/// Throws one sentence naming the path for a shape that does not match, and when the file cannot be written.
template <typename T>
void write_npy(const std::filesystem::path& path, std::span<const T> values,
               const std::vector<int64_t>& shape);

}  // namespace fixynn
