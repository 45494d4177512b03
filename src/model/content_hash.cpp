// SPDX-License-Identifier: Apache-2.0
#include "model/content_hash.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/files.h"

namespace fixynn {

std::string content_sha256(const TensorFile& file) {
  Sha256 hash;
  for (const auto& [name, tensor] : file.tensors) {
    hash.update(fmt::format("{} {} {}\n", name, tensor.dtype, fmt::join(tensor.shape, "x")));
    hash.update(std::span<const uint8_t>(tensor.bytes));
  }
  for (const auto& [key, value] : file.metadata) {
    if (key != kContentKey) hash.update(fmt::format("{} {}\n{}\n", key, value.size(), value));
  }
  return hash.finish();
}

}  // namespace fixynn
