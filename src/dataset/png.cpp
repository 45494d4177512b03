// SPDX-License-Identifier: Apache-2.0
// PNG by libpng. It reports errors by longjmp: the functions that call it after setjmp hold no object with a
// destructor.
#include <png.h>

#include <csetjmp>
#include <cstdio>
#include <cstring>

#include "core/error.h"
#include "dataset/codec_backends.h"

namespace fixynn {
namespace {

struct Reader {
  png_structp png = nullptr;
  png_infop info = nullptr;
  const uint8_t* bytes = nullptr;
  size_t left = 0;
  char message[200] = "";

  ~Reader() { png_destroy_read_struct(&png, &info, nullptr); }
};

void on_error(png_structp png, png_const_charp text) {
  Reader& reader = *static_cast<Reader*>(png_get_error_ptr(png));
  std::snprintf(reader.message, sizeof(reader.message), "%s", text);
  png_longjmp(png, 1);
}

void on_read(png_structp png, png_bytep out, size_t count) {
  Reader& reader = *static_cast<Reader*>(png_get_io_ptr(png));
  if (count > reader.left) png_error(png, "the file ends too early");
  std::memcpy(out, reader.bytes, count);
  reader.bytes += count;
  reader.left -= count;
}

bool begin(Reader& reader) {
  if (setjmp(png_jmpbuf(reader.png)) != 0) return false;
  png_set_read_fn(reader.png, &reader, on_read);
  png_set_chunk_malloc_max(reader.png, 1u << 24);
  png_read_info(reader.png, reader.info);
  return true;
}

/// Everything becomes 8-bit RGBA.
bool read_pixels(Reader& reader, uint8_t* out, size_t row_bytes, size_t rows) {
  if (setjmp(png_jmpbuf(reader.png)) != 0) return false;
  png_set_expand(reader.png);
  png_set_scale_16(reader.png);
  png_set_gray_to_rgb(reader.png);
  png_set_add_alpha(reader.png, 0xFF, PNG_FILLER_AFTER);
  const int passes = png_set_interlace_handling(reader.png);
  png_read_update_info(reader.png, reader.info);
  if (png_get_rowbytes(reader.png, reader.info) != row_bytes) png_error(reader.png, "unexpected row length");
  for (int pass = 0; pass < passes; ++pass) {
    for (size_t y = 0; y < rows; ++y) png_read_row(reader.png, out + y * row_bytes, nullptr);
  }
  png_read_end(reader.png, nullptr);
  return true;
}

[[noreturn]] void fail_png(const Reader& reader, const std::string& name) {
  fail("{}: is a truncated or damaged PNG image ({}); get the file again", name, reader.message);
}

}  // namespace

Image decode_png(std::span<const uint8_t> bytes, const std::string& name) {
  Reader reader;
  reader.bytes = bytes.data();
  reader.left = bytes.size();
  reader.png =
      png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader, on_error, [](png_structp, png_const_charp) {});
  if (reader.png != nullptr) reader.info = png_create_info_struct(reader.png);
  if (reader.info == nullptr) throw std::bad_alloc();
  if (!begin(reader)) fail_png(reader, name);
  const int64_t width = png_get_image_width(reader.png, reader.info);
  const int64_t height = png_get_image_height(reader.png, reader.info);
  check_image_size(width, height, name);
  std::vector<uint8_t> rgba(static_cast<size_t>(width * height) * 4);
  if (!read_pixels(reader, rgba.data(), static_cast<size_t>(width) * 4, static_cast<size_t>(height))) {
    fail_png(reader, name);
  }
  Image image{static_cast<int>(width), static_cast<int>(height), {}};
  const size_t pixels = static_cast<size_t>(width * height);
  image.pixels.resize(pixels * 3);
  for (size_t i = 0; i < pixels; ++i) {
    const int alpha = rgba[i * 4 + 3];
    for (size_t c = 0; c < 3; ++c) {
      image.pixels[i * 3 + c] = static_cast<uint8_t>((rgba[i * 4 + c] * alpha + 127) / 255);
    }
  }
  return image;
}

std::vector<uint8_t> encode_png(const Image& image) {
  png_image header{};
  header.version = PNG_IMAGE_VERSION;
  header.width = static_cast<png_uint_32>(image.width);
  header.height = static_cast<png_uint_32>(image.height);
  header.format = PNG_FORMAT_RGB;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(header);
  std::vector<uint8_t> out(size);
  if (png_image_write_to_memory(&header, out.data(), &size, 0, image.pixels.data(), image.width * 3,
                                nullptr) == 0) {
    fail("a {} x {} PNG image cannot be encoded: {}", image.width, image.height, header.message);
  }
  out.resize(size);
  return out;
}

}  // namespace fixynn
