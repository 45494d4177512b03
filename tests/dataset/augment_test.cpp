// SPDX-License-Identifier: Apache-2.0
#include "dataset/augment.h"

#include <cmath>
#include <cstring>

#include "dataset/render_pixel.h"
#include "fixtures.h"

namespace fixynn {
namespace {

AugmentSpec strong() {
  AugmentSpec spec;
  spec.rotate_degrees = 25;
  spec.scale = 0.4f;
  spec.aspect = 0.2f;
  spec.shear = 0.2f;
  spec.shift = 0.3f;
  spec.brightness = 0.3f;
  spec.contrast = 0.5f;
  spec.flip = true;
  spec.cutout = 0.3f;
  return spec;
}

std::vector<uint8_t> render(const Image& source, const AugmentParams& params, int size) {
  std::vector<uint8_t> out(static_cast<size_t>(size * size * 3));
  render_image(source.pixels.data(), source.width, source.height, params, out.data(), size);
  return out;
}

/// The header's words in double precision.
double reference_value(const Image& source, const AugmentParams& p, int x, int y, int c) {
  if (x >= p.cutout_x0 && x < p.cutout_x1 && y >= p.cutout_y0 && y < p.cutout_y1) return 128;
  const double sx = std::clamp<double>(static_cast<double>(p.ax) * x + static_cast<double>(p.ay) * y + p.a0,
                                       0, source.width - 1);
  const double sy = std::clamp<double>(static_cast<double>(p.bx) * x + static_cast<double>(p.by) * y + p.b0,
                                       0, source.height - 1);
  const int i = static_cast<int>(sx), j = static_cast<int>(sy);
  const double fx = sx - i, fy = sy - j;
  const auto at = [&](int u, int v) {
    return source.pixels[static_cast<size_t>(
        (std::min(v, source.height - 1) * source.width + std::min(u, source.width - 1)) * 3 + c)];
  };
  const double value = (at(i, j) * (1 - fx) + at(i + 1, j) * fx) * (1 - fy) +
                       (at(i, j + 1) * (1 - fx) + at(i + 1, j + 1) * fx) * fy;
  return std::clamp(value * p.gain + p.offset, 0.0, 255.0);
}

void expect_near_reference(const Image& source, const AugmentParams& params, int size) {
  const auto out = render(source, params, size);
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      for (int c = 0; c < 3; ++c) {
        ASSERT_NEAR(out[static_cast<size_t>((y * size + x) * 3 + c)],
                    reference_value(source, params, x, y, c), 1.0)
            << x << "," << y << " of " << size;
      }
    }
  }
}

TEST(Augment, IdentityAtTheSameSizeIsACopy) {
  const Image source = make_image(32, 32, 4);
  EXPECT_EQ(render(source, identity_augment(32, 32, 32), 32), source.pixels);
  EXPECT_EQ(render(source, draw_augment(AugmentSpec{}, 1, 2, 3, 32, 32, 32), 32), source.pixels);
}

TEST(Augment, UpscalingIsHalfPixelCentredBilinear) {
  for (const int size : {33, 64, 96, 224})
    expect_near_reference(make_image(32, 32, 9), identity_augment(32, 32, size), size);
  // One value by hand: pixel 0 of 2 -> 4 lies at -0.25, clamped to the edge; pixel 1 at 0.25.
  const Image source{2, 2, {0, 0, 0, 100, 100, 100, 0, 0, 0, 100, 100, 100}};
  const auto out = render(source, identity_augment(2, 2, 4), 4);
  EXPECT_EQ(out[0], 0);
  EXPECT_EQ(out[3], 25);
  EXPECT_EQ(out[6], 75);
  EXPECT_EQ(out[9], 100);
}

TEST(Augment, AffineDrawsMatchTheReference) {
  for (const auto& [width, height, size] : {std::tuple{32, 32, 64}, {50, 31, 48}, {2, 2, 16}, {96, 96, 96}}) {
    const Image source = make_image(width, height, 2);
    for (uint32_t sample = 0; sample < 20; ++sample) {
      expect_near_reference(source, draw_augment(strong(), 7, 1, sample, width, height, size), size);
    }
  }
}

TEST(Augment, FastPathEqualsTheDefinitionBitForBit) {
  for (const auto& [width, height, size] :
       {std::tuple{32, 32, 64}, {1, 7, 20}, {5, 1, 20}, {2, 3, 9}, {48, 40, 96}}) {
    const Image source = make_image(width, height, 6);
    for (uint32_t sample = 0; sample < 60; ++sample) {
      AugmentSpec spec = strong();
      if (sample % 3 == 0) spec.brightness = spec.contrast = 0;
      if (sample % 2 == 0) spec.rotate_degrees = spec.shear = 0;
      const AugmentParams params = draw_augment(spec, 3, 0, sample, width, height, size);
      const auto fast = render(source, params, size);
      const FixedAugment fixed = fix_augment(params, width, height);
      std::vector<uint8_t> slow(fast.size());
      for (int y = 0; y < size; ++y) {
        for (int x = 0; x < size; ++x) {
          render_pixel(source.pixels.data(), fixed, x, y, &slow[static_cast<size_t>((y * size + x) * 3)]);
        }
      }
      ASSERT_EQ(fast, slow) << width << "x" << height << " sample " << sample;
    }
  }
}

TEST(Augment, RendersInsideItsBuffers) {
  // Exactly sized heap blocks: a sanitizer build sees any byte too far.
  for (const int size : {1, 2, 3, 17}) {
    const Image source = make_image(3, 2, 1);
    std::vector<uint8_t> out(static_cast<size_t>(size * size * 3) + 8, 0xEE);
    render_image(source.pixels.data(), 3, 2, draw_augment(strong(), 1, 1, 1, 3, 2, size), out.data(), size);
    for (size_t i = out.size() - 8; i < out.size(); ++i) ASSERT_EQ(out[i], 0xEE);
  }
}

TEST(Augment, ADrawIsAPureFunctionOfItsArguments) {
  const auto draw = [](uint64_t seed, uint32_t epoch, uint32_t sample) {
    return draw_augment(strong(), seed, epoch, sample, 32, 32, 64);
  };
  const AugmentParams a = draw(1, 2, 3), again = draw(1, 2, 3);
  EXPECT_EQ(std::memcmp(&a, &again, sizeof(a)), 0);
  EXPECT_NE(a.a0, draw(2, 2, 3).a0);
  EXPECT_NE(a.a0, draw(1, 3, 3).a0);
  EXPECT_NE(a.a0, draw(1, 2, 4).a0);
}

TEST(Augment, SwitchingOneChangeOffLeavesTheOthers) {
  AugmentSpec only_light = strong();
  only_light.rotate_degrees = only_light.scale = only_light.aspect = only_light.shear = only_light.shift = 0;
  const AugmentParams all = draw_augment(strong(), 1, 1, 1, 32, 32, 64),
                      light = draw_augment(only_light, 1, 1, 1, 32, 32, 64);
  EXPECT_EQ(all.gain, light.gain);
  EXPECT_EQ(all.offset, light.offset);
  EXPECT_EQ(all.cutout_x0, light.cutout_x0);
}

TEST(Augment, DrawsStayInTheirRanges) {
  AugmentSpec spec;
  spec.rotate_degrees = 10;
  spec.shift = 0.1f;
  spec.flip = true;
  int flips = 0;
  double turned = 0;
  for (uint32_t sample = 0; sample < 2000; ++sample) {
    const AugmentParams p = draw_augment(spec, 5, 0, sample, 32, 32, 32);
    const double angle = std::atan2(std::abs(p.bx), p.by) * 180 / 3.14159265358979;
    ASSERT_LE(angle, 10.001);
    turned = std::max(turned, angle);
    flips += p.ax < 0;
    // The image's centre moves by at most the shift.
    const double centre = p.ax * 15.5 + p.ay * 15.5 + p.a0 - 15.5;
    ASSERT_LE(std::abs(centre), 3.2 * 1.2);
    ASSERT_EQ(p.gain, 1.0f);
    ASSERT_EQ(p.offset, 0.0f);
  }
  EXPECT_GT(turned, 9.5);
  EXPECT_NEAR(flips, 1000, 100);
}

TEST(Augment, FlipMirrorsExactly) {
  AugmentSpec spec;
  spec.flip = true;
  const Image source = make_image(16, 16, 3);
  bool seen = false;
  for (uint32_t sample = 0; sample < 20; ++sample) {
    const AugmentParams p = draw_augment(spec, 5, 0, sample, 16, 16, 16);
    if (p.ax > 0) continue;
    seen = true;
    const auto out = render(source, p, 16);
    for (size_t y = 0; y < 16; ++y) {
      for (size_t x = 0; x < 16; ++x) ASSERT_EQ(out[(y * 16 + x) * 3], source.pixels[(y * 16 + 15 - x) * 3]);
    }
  }
  EXPECT_TRUE(seen);
}

}  // namespace
}  // namespace fixynn
