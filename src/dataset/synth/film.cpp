// SPDX-License-Identifier: Apache-2.0
#include "dataset/synth/film.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace fixynn {
namespace {

void add_scaled(Colour& sum, const Colour& colour, float weight) {
  sum.r += weight * colour.r;
  sum.g += weight * colour.g;
  sum.b += weight * colour.b;
}

}  // namespace

Colour Film::clamped(int x, int y) const {
  const size_t column = static_cast<size_t>(std::clamp(x, 0, size - 1));
  return pixels_[static_cast<size_t>(std::clamp(y, 0, size - 1)) * static_cast<size_t>(size) + column];
}

void Film::blot(Point centre, float half_width, float half_height, float angle, bool rectangle,
                Colour colour) {
  const float c = std::cos(angle), s = std::sin(angle);
  const float half = static_cast<float>(size) * 0.5f;
  change([&](Point p, Colour below) {
    const float dx = p.x - centre.x, dy = p.y - centre.y;
    const float u = c * dx + s * dy, v = c * dy - s * dx;
    const float distance =
        rectangle ? std::max(std::abs(u) - half_width, std::abs(v) - half_height)
                  : (std::hypot(u / half_width, v / half_height) - 1) * std::min(half_width, half_height);
    const float cover = std::clamp(0.5f - distance * half, 0.0f, 1.0f);
    return Colour{below.r + (colour.r - below.r) * cover, below.g + (colour.g - below.g) * cover,
                  below.b + (colour.b - below.b) * cover};
  });
}

void Film::soften(float sigma) {
  if (sigma < 0.15f) return;
  constexpr int kRadius = 3;
  std::array<float, 2 * kRadius + 1> kernel;
  float sum = 0;
  for (int k = -kRadius; k <= kRadius; ++k) {
    kernel[static_cast<size_t>(k + kRadius)] = std::exp(-static_cast<float>(k * k) / (2 * sigma * sigma));
    sum += kernel[static_cast<size_t>(k + kRadius)];
  }
  for (float& weight : kernel) weight /= sum;
  for (const bool vertical : {false, true}) {
    std::vector<Colour> out(pixels_.size());
    for (int y = 0; y < size; ++y) {
      for (int x = 0; x < size; ++x) {
        Colour& value = out[static_cast<size_t>(y) * static_cast<size_t>(size) + static_cast<size_t>(x)];
        for (int k = -kRadius; k <= kRadius; ++k) {
          add_scaled(value, vertical ? clamped(x, y + k) : clamped(x + k, y),
                     kernel[static_cast<size_t>(k + kRadius)]);
        }
      }
    }
    pixels_ = std::move(out);
  }
}

void Film::smear(float length, float angle) {
  if (length < 0.5f) return;
  const int steps = static_cast<int>(length) + 2;
  const float dx = std::cos(angle) * length / static_cast<float>(steps - 1);
  const float dy = std::sin(angle) * length / static_cast<float>(steps - 1);
  std::vector<Colour> out(pixels_.size());
  const float middle = static_cast<float>(steps - 1) * 0.5f;
  for (int step = 0; step < steps; ++step) {
    const float sx = (static_cast<float>(step) - middle) * dx, sy = (static_cast<float>(step) - middle) * dy;
    const int ix = static_cast<int>(std::floor(sx)), iy = static_cast<int>(std::floor(sy));
    const float fx = sx - static_cast<float>(ix), fy = sy - static_cast<float>(iy);
    const float share = 1 / static_cast<float>(steps);
    for (int y = 0; y < size; ++y) {
      for (int x = 0; x < size; ++x) {
        Colour& value = out[static_cast<size_t>(y) * static_cast<size_t>(size) + static_cast<size_t>(x)];
        add_scaled(value, clamped(x + ix, y + iy), share * (1 - fx) * (1 - fy));
        add_scaled(value, clamped(x + ix + 1, y + iy), share * fx * (1 - fy));
        add_scaled(value, clamped(x + ix, y + iy + 1), share * (1 - fx) * fy);
        add_scaled(value, clamped(x + ix + 1, y + iy + 1), share * fx * fy);
      }
    }
  }
  pixels_ = std::move(out);
}

Image Film::to_image(RandomSequence& random, float noise) const {
  Image image{size, size, {}};
  image.pixels.reserve(pixels_.size() * 3);
  // Two uniform numbers of 16 bits have a variance of 1/6 together.
  const float scale = noise * 2.4495f / 65536.0f;
  for (const Colour& colour : pixels_) {
    for (const float value : {colour.r, colour.g, colour.b}) {
      const uint32_t word = random.next_u32();
      const float grain =
          (static_cast<float>(word & 0xFFFF) + static_cast<float>(word >> 16) - 65535.0f) * scale;
      image.pixels.push_back(static_cast<uint8_t>(std::clamp((value + grain) * 255.0f + 0.5f, 0.0f, 255.0f)));
    }
  }
  return image;
}

}  // namespace fixynn
