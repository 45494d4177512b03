// SPDX-License-Identifier: Apache-2.0
#include "dataset/resize.h"

#include <cmath>

#include "fixtures.h"

namespace fixynn {
namespace {

/// The definition in double precision, both directions at once, without intermediate rounding.
double reference_pixel(const Image& source, int width, int height, int x, int y, int c) {
  const auto weight = [](int tap, int at, int from, int to) {
    const double scale = static_cast<double>(from) / to, support = std::max(1.0, scale);
    return std::max(0.0, 1 - std::abs((tap + 0.5 - (at + 0.5) * scale) / support));
  };
  double sum = 0, total = 0;
  for (int j = 0; j < source.height; ++j) {
    const double wy = weight(j, y, source.height, height);
    if (wy == 0) continue;
    for (int i = 0; i < source.width; ++i) {
      const double w = wy * weight(i, x, source.width, width);
      sum += w * source.pixels[static_cast<size_t>((j * source.width + i) * 3 + c)];
      total += w;
    }
  }
  return sum / total;
}

TEST(Resize, MatchesTheTriangleFilter) {
  const Image source = make_image(41, 29, 5);
  for (const auto& [width, height] : {std::pair{16, 12}, {41, 10}, {80, 64}, {7, 90}, {1, 1}}) {
    const Image out = resize_image(source, width, height);
    ASSERT_EQ(out.pixels.size(), static_cast<size_t>(width * height * 3));
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        for (int c = 0; c < 3; ++c) {
          ASSERT_NEAR(out.pixels[static_cast<size_t>((y * width + x) * 3 + c)],
                      reference_pixel(source, width, height, x, y, c), 1.01)
              << width << "x" << height << " at " << x << "," << y;
        }
      }
    }
  }
}

TEST(Resize, SameSizeIsACopyAndConstantStaysConstant) {
  const Image source = make_image(9, 9, 1);
  EXPECT_EQ(resize_image(source, 9, 9).pixels, source.pixels);
  const Image flat{50, 40, std::vector<uint8_t>(6000, 255)};
  EXPECT_EQ(resize_image(flat, 7, 93).pixels, std::vector<uint8_t>(7 * 93 * 3, 255));
}

TEST(Resize, CentreCropKeepsTheMiddle) {
  const Image source = make_image(16, 8, 1);
  const Image out = centre_crop(source, 0.5);
  ASSERT_EQ(out.width, 8);
  ASSERT_EQ(out.height, 4);
  EXPECT_EQ(out.pixels[0], source.pixels[(2 * 16 + 4) * 3]);
  EXPECT_EQ(out.pixels.back(), source.pixels[(5 * 16 + 11) * 3 + 2]);
  EXPECT_EQ(centre_crop(source, 1.0).pixels, source.pixels);
}

}  // namespace
}  // namespace fixynn
