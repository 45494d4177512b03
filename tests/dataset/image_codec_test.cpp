// SPDX-License-Identifier: Apache-2.0
#include "dataset/image_codec.h"

#include <gmock/gmock.h>
#include <png.h>

#include <cstdio>
#include <cstdlib>
// jpeglib.h needs FILE and size_t declared first.
#include <jpeglib.h>

#include "fixtures.h"

namespace fixynn {
namespace {

using ::testing::HasSubstr;

/// JPEG of `components` (1 grey, 3 RGB, 4 CMYK as Adobe writes it) samples a pixel.
std::vector<uint8_t> encode_jpeg(int width, int height, const std::vector<uint8_t>& samples, int components,
                                 bool progressive = false) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &buffer, &size);
  info.image_width = static_cast<JDIMENSION>(width);
  info.image_height = static_cast<JDIMENSION>(height);
  info.input_components = components;
  info.in_color_space = components == 1 ? JCS_GRAYSCALE : (components == 3 ? JCS_RGB : JCS_CMYK);
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 95, TRUE);
  if (progressive) jpeg_simple_progression(&info);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    JSAMPROW row =
        const_cast<uint8_t*>(samples.data()) + info.next_scanline * static_cast<size_t>(width * components);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  std::vector<uint8_t> out(buffer, buffer + size);
  std::free(buffer);
  jpeg_destroy_compress(&info);
  return out;
}

/// PNG of any colour type from raw rows.
std::vector<uint8_t> encode_raw_png(int width, int height, int bit_depth, int colour_type,
                                    std::vector<uint8_t> rows, size_t row_bytes, bool interlaced = false) {
  std::vector<uint8_t> out;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(
      png, &out,
      [](png_structp p, png_bytep bytes, size_t count) {
        auto& to = *static_cast<std::vector<uint8_t>*>(png_get_io_ptr(p));
        to.insert(to.end(), bytes, bytes + count);
      },
      nullptr);
  png_set_IHDR(png, info, static_cast<png_uint_32>(width), static_cast<png_uint_32>(height), bit_depth,
               colour_type, interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  const png_color palette[2] = {{10, 20, 30}, {200, 100, 50}};
  if (colour_type == PNG_COLOR_TYPE_PALETTE) png_set_PLTE(png, info, palette, 2);
  png_write_info(png, info);
  std::vector<png_bytep> pointers;
  for (int y = 0; y < height; ++y) pointers.push_back(rows.data() + static_cast<size_t>(y) * row_bytes);
  png_write_image(png, pointers.data());
  png_write_end(png, nullptr);
  png_destroy_write_struct(&png, &info);
  return out;
}

std::string decode_error(std::span<const uint8_t> bytes) {
  try {
    decode_image(bytes, "some/file");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(ImageCodec, PngAndPpmRoundTripExactly) {
  const Image image = make_image(37, 19, 3);
  for (const auto& bytes : {encode_png(image), encode_ppm(image)}) {
    const Image back = decode_image(bytes, "x");
    EXPECT_EQ(back.width, 37);
    EXPECT_EQ(back.height, 19);
    EXPECT_EQ(back.pixels, image.pixels);
  }
}

TEST(ImageCodec, JpegComesBackNearlyEqual) {
  const Image image = make_smooth_image(48, 32);
  for (const bool progressive : {false, true}) {
    const Image back = decode_image(encode_jpeg(48, 32, image.pixels, 3, progressive), "x");
    ASSERT_EQ(back.pixels.size(), image.pixels.size());
    int worst = 0;
    for (size_t i = 0; i < back.pixels.size(); ++i)
      worst = std::max(worst, std::abs(back.pixels[i] - image.pixels[i]));
    EXPECT_LE(worst, 12);
  }
}

TEST(ImageCodec, GreyJpegHasThreeEqualChannels) {
  const Image back = decode_image(encode_jpeg(16, 16, std::vector<uint8_t>(256, 77), 1), "x");
  EXPECT_EQ(back.pixels, std::vector<uint8_t>(768, 77));
}

TEST(ImageCodec, CmykJpegBecomesRgb) {
  // Adobe's inks are inverted: C 255 (none), M 0 (full), Y 0 (full), K 255 (none) is red.
  std::vector<uint8_t> inks;
  for (int i = 0; i < 256; ++i) inks.insert(inks.end(), {255, 0, 0, 255});
  const Image back = decode_image(encode_jpeg(16, 16, inks, 4), "x");
  EXPECT_GE(back.pixels[0], 250);
  EXPECT_LE(back.pixels[1], 5);
  EXPECT_LE(back.pixels[2], 5);
}

TEST(ImageCodec, PngColourTypesBecomeRgb) {
  const auto grey = decode_image(encode_raw_png(2, 1, 8, PNG_COLOR_TYPE_GRAY, {5, 250}, 2), "x");
  EXPECT_EQ(grey.pixels, (std::vector<uint8_t>{5, 5, 5, 250, 250, 250}));
  const auto bits = decode_image(encode_raw_png(2, 1, 1, PNG_COLOR_TYPE_GRAY, {0x40}, 1), "x");
  EXPECT_EQ(bits.pixels, (std::vector<uint8_t>{0, 0, 0, 255, 255, 255}));
  const auto palette = decode_image(encode_raw_png(2, 1, 8, PNG_COLOR_TYPE_PALETTE, {1, 0}, 2), "x");
  EXPECT_EQ(palette.pixels, (std::vector<uint8_t>{200, 100, 50, 10, 20, 30}));
  const auto deep =
      decode_image(encode_raw_png(1, 1, 16, PNG_COLOR_TYPE_RGB, {255, 255, 128, 128, 0, 0}, 6), "x");
  EXPECT_EQ(deep.pixels, (std::vector<uint8_t>{255, 128, 0}));
  const auto alpha = decode_image(
      encode_raw_png(2, 1, 8, PNG_COLOR_TYPE_RGB_ALPHA, {200, 100, 50, 128, 9, 9, 9, 0}, 8), "x");
  EXPECT_EQ(alpha.pixels, (std::vector<uint8_t>{100, 50, 25, 0, 0, 0}));
  const Image image = make_image(13, 11, 1);
  const auto interlaced =
      decode_image(encode_raw_png(13, 11, 8, PNG_COLOR_TYPE_RGB, image.pixels, 39, true), "x");
  EXPECT_EQ(interlaced.pixels, image.pixels);
}

TEST(ImageCodec, PnmHeadersMayHaveComments) {
  const std::string text = "P6 # a comment\n# another\n1 2\n255\nabcdef";
  const Image image = decode_image({reinterpret_cast<const uint8_t*>(text.data()), text.size()}, "x");
  EXPECT_EQ(image.height, 2);
  EXPECT_EQ(image.pixels, (std::vector<uint8_t>{'a', 'b', 'c', 'd', 'e', 'f'}));
  const std::string grey = "P5\n2 1\n255\nAB";
  EXPECT_EQ(decode_image({reinterpret_cast<const uint8_t*>(grey.data()), grey.size()}, "x").pixels,
            (std::vector<uint8_t>{'A', 'A', 'A', 'B', 'B', 'B'}));
}

TEST(ImageCodec, EveryTruncationIsAnErrorThatNamesTheFile) {
  const Image image = make_image(24, 20, 2);
  const std::vector<std::vector<uint8_t>> files = {encode_png(image), encode_ppm(image),
                                                   encode_jpeg(24, 20, image.pixels, 3),
                                                   encode_jpeg(24, 20, image.pixels, 3, true)};
  for (const auto& bytes : files) {
    ASSERT_EQ(decode_error(bytes), "");
    for (size_t cut = 0; cut < bytes.size(); ++cut) {
      const std::string error = decode_error(std::span(bytes).first(cut));
      ASSERT_THAT(error, HasSubstr("some/file: ")) << "cut at " << cut << " of " << bytes.size();
    }
  }
}

TEST(ImageCodec, DamagedBytesNeverCrash) {
  const Image image = make_image(24, 20, 2);
  for (const auto& good :
       {encode_png(image), encode_ppm(image), encode_jpeg(24, 20, image.pixels, 3, true)}) {
    for (size_t at = 2; at < good.size(); ++at) {
      auto bytes = good;
      bytes[at] = static_cast<uint8_t>(bytes[at] ^ 0xA5);
      decode_error(bytes);  // some changes are harmless; none may crash or hang
    }
  }
}

TEST(ImageCodec, OddFilesAreRefusedInOneSentence) {
  const auto error_of = [](const std::string& text) {
    return decode_error({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  };
  EXPECT_THAT(error_of(""), HasSubstr("empty file"));
  EXPECT_THAT(error_of("GIF89a...."), HasSubstr("is not a JPEG, PNG or binary PPM image"));
  EXPECT_THAT(error_of("P6\n20000 1\n255\n"), HasSubstr("20000 x 1 pixels are more than this program reads"));
  EXPECT_THAT(error_of("P6\n16384 16384\n255\n"), HasSubstr("more than this program reads"));
  EXPECT_THAT(error_of("P6\n99999999999999999999 1\n255\n"), HasSubstr("more than this program reads"));
  EXPECT_THAT(error_of("P6\n0 4\n255\n"), HasSubstr("has no pixels"));
  EXPECT_THAT(error_of("P6\n1 1\n65535\nabcdef"), HasSubstr("maximum value 65535"));
  EXPECT_THAT(error_of("P6\n2 2\n255\nabc"), HasSubstr("2 x 2 pixels need 12 bytes, 3 are there"));
}

}  // namespace
}  // namespace fixynn
