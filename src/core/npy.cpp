// SPDX-License-Identifier: Apache-2.0
#include "core/npy.h"

#include <fmt/ranges.h>

#include <bit>
#include <string>
#include <type_traits>

#include "core/error.h"
#include "core/files.h"

namespace fixynn {
namespace {

static_assert(std::endian::native == std::endian::little, "values are written as they lie in memory");

template <typename T>
constexpr const char* npy_type() {
  if constexpr (std::is_same_v<T, uint8_t>) return "|u1";
  if constexpr (std::is_same_v<T, int32_t>) return "<i4";
  if constexpr (std::is_same_v<T, int64_t>) return "<i8";
  if constexpr (std::is_same_v<T, float>) return "<f4";
}

std::string npy_header(const char* type, const std::vector<int64_t>& shape) {
  // A tuple of one needs its comma.
  const std::string dimensions = fmt::format("{}{}", fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
  std::string text =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", type, dimensions);
  constexpr size_t kPrefix = 10, kAlignment = 64;
  while ((kPrefix + text.size() + 1) % kAlignment != 0) text += ' ';
  text += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(text.size() & 0xff);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

}  // namespace

template <typename T>
void write_npy(const std::filesystem::path& path, std::span<const T> values,
               const std::vector<int64_t>& shape) {
  size_t count = 1;
  for (const int64_t dimension : shape) count *= static_cast<size_t>(dimension);
  if (count != values.size()) {
    fail("{}: {} values do not fill an array of shape {}", path.string(), values.size(),
         fmt::join(shape, " x "));
  }
  const std::string header = npy_header(npy_type<T>(), shape);
  std::vector<uint8_t> contents(header.begin(), header.end());
  const auto* bytes = reinterpret_cast<const uint8_t*>(values.data());
  contents.insert(contents.end(), bytes, bytes + values.size_bytes());
  write_file_atomic(path, std::span<const uint8_t>(contents), false);
}

template void write_npy<uint8_t>(const std::filesystem::path&, std::span<const uint8_t>,
                                 const std::vector<int64_t>&);
template void write_npy<int32_t>(const std::filesystem::path&, std::span<const int32_t>,
                                 const std::vector<int64_t>&);
template void write_npy<int64_t>(const std::filesystem::path&, std::span<const int64_t>,
                                 const std::vector<int64_t>&);
template void write_npy<float>(const std::filesystem::path&, std::span<const float>,
                               const std::vector<int64_t>&);

}  // namespace fixynn
