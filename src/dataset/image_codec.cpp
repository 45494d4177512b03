// SPDX-License-Identifier: Apache-2.0
#include "dataset/image_codec.h"

#include <algorithm>
#include <cctype>
#include <cstring>

#include "core/error.h"
#include "core/files.h"
#include "dataset/codec_backends.h"

namespace fixynn {
namespace {

/// Reads the next unsigned number of a PNM header; false when there is none.
bool next_number(std::span<const uint8_t> bytes, size_t& at, int& value) {
  while (at < bytes.size() && (std::isspace(bytes[at]) != 0 || bytes[at] == '#')) {
    if (bytes[at] == '#') {
      while (at < bytes.size() && bytes[at] != '\n' && bytes[at] != '\r') ++at;
    } else {
      ++at;
    }
  }
  if (at >= bytes.size() || std::isdigit(bytes[at]) == 0) return false;
  value = 0;
  for (; at < bytes.size() && std::isdigit(bytes[at]) != 0; ++at)
    value = std::min(value * 10 + (bytes[at] - '0'), 1 << 26);
  return true;
}

Image decode_pnm(std::span<const uint8_t> bytes, const std::string& name) {
  const size_t channels = bytes[1] == '6' ? 3 : 1;
  size_t at = 2;
  Image image;
  int maximum = 0;
  if (!next_number(bytes, at, image.width) || !next_number(bytes, at, image.height) ||
      !next_number(bytes, at, maximum) || at >= bytes.size() || std::isspace(bytes[at]) == 0) {
    fail("{}: is a PPM image without a whole header; get the file again", name);
  }
  ++at;
  check_image_size(image.width, image.height, name);
  if (maximum != 255) {
    fail("{}: is a PPM image with maximum value {}, only 255 is read; convert it to 8 bits", name, maximum);
  }
  const size_t pixels = static_cast<size_t>(image.width) * static_cast<size_t>(image.height);
  if (bytes.size() - at < pixels * channels) {
    fail("{}: is a truncated PPM image: {} x {} pixels need {} bytes, {} are there; get the file again", name,
         image.width, image.height, pixels * channels, bytes.size() - at);
  }
  const uint8_t* source = bytes.data() + at;
  if (channels == 3) {
    image.pixels.assign(source, source + pixels * 3);
  } else {
    image.pixels.resize(pixels * 3);
    for (size_t i = 0; i < pixels; ++i) std::fill_n(&image.pixels[i * 3], 3, source[i]);
  }
  return image;
}

bool starts_with(std::span<const uint8_t> bytes, std::initializer_list<uint8_t> magic) {
  return bytes.size() >= magic.size() && std::equal(magic.begin(), magic.end(), bytes.begin());
}

}  // namespace

void check_image_size(int64_t width, int64_t height, const std::string& name) {
  if (width < 1 || height < 1) fail("{}: has no pixels ({} x {}); get the file again", name, width, height);
  if (width > kMaxImageSide || height > kMaxImageSide || width * height > kMaxImagePixels) {
    fail("{}: {} x {} pixels are more than this program reads ({} a side, {} in all); scale the image down",
         name, width, height, kMaxImageSide, kMaxImagePixels);
  }
}

Image decode_image(std::span<const uint8_t> bytes, const std::string& name) {
  if (bytes.empty()) fail("{}: is an empty file; get the file again", name);
  if (starts_with(bytes, {0xFF, 0xD8})) return decode_jpeg(bytes, name);
  if (starts_with(bytes, {0x89, 'P', 'N', 'G'})) return decode_png(bytes, name);
  if (starts_with(bytes, {'P', '6'}) || starts_with(bytes, {'P', '5'})) return decode_pnm(bytes, name);
  fail("{}: is not a JPEG, PNG or binary PPM image; replace or remove the file", name);
}

Image read_image(const std::filesystem::path& path) {
  return decode_image(read_file(path), path.string());
}

bool is_image_file(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png" || extension == ".ppm" ||
         extension == ".pgm";
}

std::vector<uint8_t> encode_ppm(const Image& image) {
  const std::string header = fmt::format("P6\n{} {}\n255\n", image.width, image.height);
  std::vector<uint8_t> out(header.begin(), header.end());
  out.insert(out.end(), image.pixels.begin(), image.pixels.end());
  return out;
}

}  // namespace fixynn
