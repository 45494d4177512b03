// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "dataset/image_codec.h"

// The formats behind decode_image; nobody else includes this.
namespace fixynn {

Image decode_jpeg(std::span<const uint8_t> bytes, const std::string& name);
Image decode_png(std::span<const uint8_t> bytes, const std::string& name);

/// Throws unless the size that a header claims is one that may be allocated.
void check_image_size(int64_t width, int64_t height, const std::string& name);

}  // namespace fixynn
