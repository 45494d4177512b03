// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace fixynn {

/// One picture: [height][width][3] u8, RGB.
struct Image {
  int width = 0, height = 0;
  std::vector<uint8_t> pixels;
};

constexpr int kMaxImageSide = 16384;                   ///< pixels; larger images are refused
constexpr int64_t kMaxImagePixels = int64_t{1} << 26;  ///< 64 megapixels: what a header may make us allocate

/// Decodes JPEG (grey, YCbCr, CMYK, baseline or progressive), PNG (1..16 bits, grey, palette, RGB, alpha over
/// black) or binary PPM/PGM (P6/P5, maximum value 255), told apart by their first bytes. `name` opens the
/// error sentence. Throws for every truncated or damaged file: an image is whole or it is not there.
Image decode_image(std::span<const uint8_t> bytes, const std::string& name);

/// Reads and decodes a file.
Image read_image(const std::filesystem::path& path);

/// Whether the extension (any case) is one that read_image knows: jpg, jpeg, png, ppm, pgm.
bool is_image_file(const std::filesystem::path& path);

std::vector<uint8_t> encode_png(const Image& image);
std::vector<uint8_t> encode_ppm(const Image& image);

}  // namespace fixynn
