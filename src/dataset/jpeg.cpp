// SPDX-License-Identifier: Apache-2.0
// JPEG by libjpeg-turbo. The library reports errors by longjmp, so the functions that call it (`begin`,
// `read_rows`) hold no object with a destructor; everything that must be released belongs to Decoder, outside
// those frames.
#include <csetjmp>
#include <cstdio>
// jpeglib.h needs FILE and size_t declared first.
#include <jerror.h>
#include <jpeglib.h>

#include "core/error.h"
#include "dataset/codec_backends.h"

namespace fixynn {
namespace {

constexpr int kMaxScans =
    256;  ///< a progressive file of thousands of scans is an attack on the reader's time

struct Decoder {
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  jpeg_progress_mgr progress{};
  std::jmp_buf escape{};
  char message[JMSG_LENGTH_MAX] = "";

  Decoder() {
    info.err = jpeg_std_error(&errors);
    info.client_data = this;
    errors.error_exit = [](j_common_ptr common) {
      Decoder& self = *static_cast<Decoder*>(common->client_data);
      common->err->format_message(common, self.message);
      std::longjmp(self.escape, 1);
    };
    // Warnings about missing or damaged data are errors here: the picture would be filled up with grey.
    errors.emit_message = [](j_common_ptr common, int level) {
      const int code = common->err->msg_code;
      if (level < 0 && code != JWRN_EXTRANEOUS_DATA && code != JWRN_ADOBE_XFORM && code != JWRN_JFIF_MAJOR) {
        common->err->error_exit(common);
      }
    };
    errors.output_message = [](j_common_ptr) {};
    progress.progress_monitor = [](j_common_ptr common) {
      if (reinterpret_cast<j_decompress_ptr>(common)->input_scan_number > kMaxScans) {
        Decoder& self = *static_cast<Decoder*>(common->client_data);
        std::snprintf(self.message, sizeof(self.message), "more than %d scans", kMaxScans);
        std::longjmp(self.escape, 1);
      }
    };
  }
  ~Decoder() { jpeg_destroy_decompress(&info); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
};

bool begin(Decoder& decoder, const uint8_t* bytes, size_t count) {
  if (setjmp(decoder.escape) != 0) return false;
  jpeg_create_decompress(&decoder.info);
  decoder.info.progress = &decoder.progress;
  jpeg_mem_src(&decoder.info, bytes, static_cast<unsigned long>(count));
  jpeg_read_header(&decoder.info, TRUE);
  const bool four_inks =
      decoder.info.jpeg_color_space == JCS_CMYK || decoder.info.jpeg_color_space == JCS_YCCK;
  decoder.info.out_color_space = four_inks ? JCS_CMYK : JCS_RGB;
  decoder.info.dct_method = JDCT_ISLOW;
  return true;
}

bool read_rows(Decoder& decoder, uint8_t* out, size_t row_bytes) {
  if (setjmp(decoder.escape) != 0) return false;
  jpeg_start_decompress(&decoder.info);
  while (decoder.info.output_scanline < decoder.info.output_height) {
    JSAMPROW row = out + decoder.info.output_scanline * row_bytes;
    jpeg_read_scanlines(&decoder.info, &row, 1);
  }
  jpeg_finish_decompress(&decoder.info);
  return true;
}

[[noreturn]] void fail_jpeg(const Decoder& decoder, const std::string& name) {
  fail("{}: is a truncated or damaged JPEG image ({}); get the file again", name, decoder.message);
}

}  // namespace

Image decode_jpeg(std::span<const uint8_t> bytes, const std::string& name) {
  Decoder decoder;
  if (!begin(decoder, bytes.data(), bytes.size())) fail_jpeg(decoder, name);
  check_image_size(decoder.info.image_width, decoder.info.image_height, name);
  Image image{static_cast<int>(decoder.info.image_width), static_cast<int>(decoder.info.image_height), {}};
  const size_t pixels = static_cast<size_t>(image.width) * static_cast<size_t>(image.height);
  if (decoder.info.out_color_space == JCS_RGB) {
    image.pixels.resize(pixels * 3);
    if (!read_rows(decoder, image.pixels.data(), static_cast<size_t>(image.width) * 3))
      fail_jpeg(decoder, name);
    return image;
  }
  std::vector<uint8_t> inks(pixels * 4);
  if (!read_rows(decoder, inks.data(), static_cast<size_t>(image.width) * 4)) fail_jpeg(decoder, name);
  // Adobe writes inks inverted: 255 means none.
  const int flip = decoder.info.saw_Adobe_marker ? 0 : 255;
  image.pixels.resize(pixels * 3);
  for (size_t i = 0; i < pixels; ++i) {
    const int key = flip ^ inks[i * 4 + 3];
    for (size_t c = 0; c < 3; ++c) {
      image.pixels[i * 3 + c] = static_cast<uint8_t>(((flip ^ inks[i * 4 + c]) * key + 127) / 255);
    }
  }
  return image;
}

}  // namespace fixynn
