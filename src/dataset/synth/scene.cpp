// SPDX-License-Identifier: Apache-2.0
#include "dataset/synth/scene.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "dataset/resize.h"
#include "dataset/synth/film.h"

namespace fixynn {
namespace {

constexpr float kDegree = std::numbers::pi_v<float> / 180;
constexpr int kSubsamples = 3;  ///< a side

/// Triangular distribution over +-half_range.
float around(RandomSequence& random, float half_range) {
  const float first = random.uniform(), second = random.uniform();
  return half_range * (first + second - 1);
}

float clamp01(float value) {
  return std::clamp(value, 0.0f, 1.0f);
}

Colour jitter(Colour colour, RandomSequence& random, float amount) {
  const float light = around(random, amount);
  colour.r = clamp01(colour.r + light + around(random, amount * 0.4f));
  colour.g = clamp01(colour.g + light + around(random, amount * 0.4f));
  colour.b = clamp01(colour.b + light + around(random, amount * 0.4f));
  return colour;
}

Colour pick_background(RandomSequence& random) {
  static constexpr std::array<Colour, 9> kPalette = {
      Colour{0.75f, 0.84f, 0.94f}, {0.62f, 0.66f, 0.70f}, {0.20f, 0.32f, 0.14f},
      {0.36f, 0.44f, 0.22f},       {0.46f, 0.38f, 0.30f}, {0.55f, 0.53f, 0.50f},
      {0.14f, 0.15f, 0.14f},       {0.60f, 0.46f, 0.36f}, {0.88f, 0.88f, 0.86f}};
  const Colour base = kPalette[random.below(kPalette.size())];
  return jitter(base, random, 0.15f);
}

/// Smoothly interpolated random lattice, values around 0.
class ValueNoise {
 public:
  ValueNoise(RandomSequence& random, int cells)
      : cells_(cells), values_(static_cast<size_t>((cells + 1) * (cells + 1))) {
    for (float& value : values_) value = random.uniform(-1, 1);
  }
  /// x, y in [0, 1].
  float at(float x, float y) const {
    const float u = x * static_cast<float>(cells_), v = y * static_cast<float>(cells_);
    const int i = std::min(static_cast<int>(u), cells_ - 1), j = std::min(static_cast<int>(v), cells_ - 1);
    const float a = ease(u - static_cast<float>(i)), b = ease(v - static_cast<float>(j));
    const auto value = [&](int x0, int y0) { return values_[static_cast<size_t>(y0 * (cells_ + 1) + x0)]; };
    const float top = value(i, j) + (value(i + 1, j) - value(i, j)) * a;
    const float bottom = value(i, j + 1) + (value(i + 1, j + 1) - value(i, j + 1)) * a;
    return top + (bottom - top) * b;
  }

 private:
  static float ease(float t) { return t * t * (3 - 2 * t); }
  int cells_;
  std::vector<float> values_;
};

void paint_background(Film& film, RandomSequence& random) {
  const Colour top = pick_background(random), bottom = pick_background(random);
  const float horizon = random.uniform(0.1f, 0.9f), softness = random.uniform(0.05f, 0.8f);
  const float strength = random.uniform(0.02f, 0.16f);
  const ValueNoise coarse(random, 3), middle(random, 7), fine(random, 15);
  for (int y = 0; y < film.size; ++y) {
    for (int x = 0; x < film.size; ++x) {
      const float u = (static_cast<float>(x) + 0.5f) / static_cast<float>(film.size);
      const float v = (static_cast<float>(y) + 0.5f) / static_cast<float>(film.size);
      const float mix = clamp01(0.5f + (v - horizon + 0.15f * coarse.at(u, v)) / softness);
      const float grain = strength * (coarse.at(v, u) + 0.7f * middle.at(u, v) + 0.6f * fine.at(u, v));
      film.at(x, y) = {top.r + (bottom.r - top.r) * mix + grain, top.g + (bottom.g - top.g) * mix + grain,
                       top.b + (bottom.b - top.b) * mix + grain};
    }
  }
  const uint32_t pieces = random.below(5);
  for (uint32_t i = 0; i < pieces; ++i) {
    const Colour colour = pick_background(random);
    const float angle =
        random.uniform() < 0.6f ? around(random, 6 * kDegree) : random.uniform(0, 180 * kDegree);
    const Point centre{random.uniform(-1, 1), random.uniform(-1, 1)};
    const float width = random.uniform(0.03f, 0.4f), height = random.uniform(0.1f, 1.2f);
    film.blot(centre, width, height, angle, random.uniform() < 0.7f, colour);
  }
}

/// A plane projection; maps image pixels to drawing coordinates.
struct Projection {
  std::array<float, 9> inverse;
  Point centre;
  float radius;  ///< pixels
};

Projection aim(RandomSequence& object, RandomSequence& frame, int size) {
  const float yaw = around(object, 42 * kDegree) + around(frame, 5 * kDegree);
  const float pitch = around(object, 24 * kDegree) + around(frame, 4 * kDegree);
  const float roll = around(object, 11 * kDegree) + around(frame, 3 * kDegree);
  const float distance = object.uniform(2.6f, 6.0f);
  const float half = static_cast<float>(size) * 0.5f;
  const float radius = half * frame.uniform(0.70f, 0.92f);
  const Point centre{half + around(frame, half * 0.16f), half + around(frame, half * 0.16f)};
  const float cy = std::cos(yaw), sy = std::sin(yaw), cp = std::cos(pitch), sp = std::sin(pitch);
  const float cr = std::cos(roll), sr = std::sin(roll);
  // Columns of roll * pitch * yaw applied to the plane's two axes.
  const float u[3] = {cr * cy - sr * sp * sy, sr * cy + cr * sp * sy, -cp * sy};
  const float v[3] = {-sr * cp, cr * cp, sp};
  const float m[9] = {radius * u[0] + centre.x * u[2] / distance,
                      radius * v[0] + centre.x * v[2] / distance,
                      centre.x,
                      radius * u[1] + centre.y * u[2] / distance,
                      radius * v[1] + centre.y * v[2] / distance,
                      centre.y,
                      u[2] / distance,
                      v[2] / distance,
                      1};
  // The adjugate: a homography needs its inverse only up to a factor.
  return {{m[4] * m[8] - m[5] * m[7], m[2] * m[7] - m[1] * m[8], m[1] * m[5] - m[2] * m[4],
           m[5] * m[6] - m[3] * m[8], m[0] * m[8] - m[2] * m[6], m[2] * m[3] - m[0] * m[5],
           m[3] * m[7] - m[4] * m[6], m[1] * m[6] - m[0] * m[7], m[0] * m[4] - m[1] * m[3]},
          centre,
          radius};
}

/// How paint and light change the drawing's colours.
struct Surface {
  float fade;  ///< towards grey
  float brightness;
  float slope_x, slope_y;  ///< light falls off across the sign
  Colour tint;
};

/// Mean premultiplied colour of the drawing under one pixel.
std::array<float, 4> sample_art(const Canvas& art, const Projection& view, int x, int y) {
  std::array<float, 4> sum{};
  const float half = static_cast<float>(art.size()) * 0.5f;
  const auto& m = view.inverse;
  for (int i = 0; i < kSubsamples * kSubsamples; ++i) {
    const float px = static_cast<float>(x) + (static_cast<float>(i % kSubsamples) + 0.5f) / kSubsamples;
    const float py = static_cast<float>(y) + (static_cast<float>(i / kSubsamples) + 0.5f) / kSubsamples;
    const float w = 1.0f / (m[6] * px + m[7] * py + m[8]);
    const float u = ((m[0] * px + m[1] * py + m[2]) * w + 1) * half;
    const float v = ((m[3] * px + m[4] * py + m[5]) * w + 1) * half;
    if (!(u >= 0 && v >= 0 && u < 2 * half && v < 2 * half)) continue;
    const size_t texel = static_cast<size_t>(v) * static_cast<size_t>(art.size()) + static_cast<size_t>(u);
    for (size_t c = 0; c < 4; ++c) sum[c] += art.rgba()[texel * 4 + c];
  }
  for (float& value : sum) value *= 1.0f / (kSubsamples * kSubsamples);
  return sum;
}

void paint_sign(Film& film, const Canvas& art, const Projection& view, const Surface& surface) {
  for (int y = 0; y < film.size; ++y) {
    for (int x = 0; x < film.size; ++x) {
      const std::array<float, 4> art_rgba = sample_art(art, view, x, y);
      if (art_rgba[3] <= 0) continue;
      const float dx = (static_cast<float>(x) - view.centre.x) / view.radius;
      const float dy = (static_cast<float>(y) - view.centre.y) / view.radius;
      const float light = surface.brightness * (1 + surface.slope_x * dx + surface.slope_y * dy);
      const float grey = (art_rgba[0] + art_rgba[1] + art_rgba[2]) / 3;
      const auto paint = [&](float value, float tint) {
        return light * tint * (value + (grey - value) * surface.fade);
      };
      Colour& out = film.at(x, y);
      const float keep = 1 - art_rgba[3];
      out.r = out.r * keep + paint(art_rgba[0], surface.tint.r);
      out.g = out.g * keep + paint(art_rgba[1], surface.tint.g);
      out.b = out.b * keep + paint(art_rgba[2], surface.tint.b);
    }
  }
}

/// Leaves, poles and the like in front of the sign.
void occlude(Film& film, RandomSequence& object) {
  const float what = object.uniform();
  const uint32_t leaves = 1 + object.below(3);
  if (what > 0.14f) return;
  for (uint32_t i = 0; i < leaves; ++i) {
    const bool pole = what < 0.03f;
    const float side = object.uniform(0, 360 * kDegree), reach = object.uniform(0.55f, 0.95f);
    const Point centre{reach * std::cos(side), reach * std::sin(side)};
    const Colour colour =
        jitter(pole ? Colour{0.35f, 0.35f, 0.36f} : Colour{0.17f, 0.28f, 0.10f}, object, 0.12f);
    const float width = object.uniform(0.08f, 0.28f), height = object.uniform(0.15f, 0.5f);
    const float turn = object.uniform(0, 3.14f);
    film.blot(centre, pole ? 0.06f : width, pole ? 2.0f : height, pole ? 0.1f * (turn - 1.57f) : turn, pole,
              colour);
    if (pole) return;
  }
}

void cast_shadow(Film& film, RandomSequence& object) {
  const bool present = object.uniform() < 0.22f;
  const float angle = object.uniform(0, 360 * kDegree), offset = object.uniform(-0.5f, 0.5f);
  const float depth = object.uniform(0.35f, 0.7f), edge = object.uniform(0.03f, 0.3f);
  if (!present) return;
  const float c = std::cos(angle), s = std::sin(angle);
  film.change([=](Point p, Colour colour) {
    const float inside = clamp01(0.5f + (p.x * c + p.y * s - offset) / edge);
    const float light = 1 - inside * depth;
    return Colour{colour.r * light, colour.g * light, colour.b * light};
  });
}

/// Exposure, haze, colour cast and the camera's curve.
void expose(Film& film, RandomSequence& object, RandomSequence& frame) {
  const float exposure = std::exp2(object.uniform(-1.7f, 0.55f) + around(frame, 0.25f));
  const float haze = std::max(0.0f, object.uniform(-0.25f, 0.38f)), haze_level = object.uniform(0.35f, 0.85f);
  const float gamma = object.uniform(0.75f, 1.35f);
  const float warm = around(object, 0.14f), green = around(object, 0.06f);
  film.change([=](Point, Colour colour) {
    const auto curve = [=](float value, float gain) {
      const float lit = std::max(0.0f, value) * exposure * gain;
      return std::pow(std::min(lit, 1.0f), gamma) * (1 - haze) + haze * haze_level * std::min(1.0f, exposure);
    };
    return Colour{curve(colour.r, 1 + warm), curve(colour.g, 1 + green), curve(colour.b, 1 - warm)};
  });
}

Image develop(Film& film, RandomSequence& frame, float nearness) {
  const float lens = frame.uniform(0.0f, 0.55f), distance = frame.uniform(0.0f, 0.5f);
  film.soften(lens + (1 - nearness) * distance);
  const float motion = std::max(0.0f, frame.uniform(-0.06f, 0.07f)) * static_cast<float>(film.size);
  film.smear(motion, frame.uniform() < 0.7f ? around(frame, 0.5f) : frame.uniform(0, 3.14f));
  const float noise = 0.006f + 0.035f * std::pow(frame.uniform(), 2.0f);
  Image image = film.to_image(frame, noise);
  // Far signs cover few pixels of the camera.
  const float pixels = 14.0f + nearness * 50.0f * frame.uniform(0.75f, 1.0f);
  const int camera_size = static_cast<int>(pixels * static_cast<float>(film.size) / 48.0f);
  if (camera_size >= film.size) return image;
  return resize_image(resize_image(image, camera_size, camera_size), film.size, film.size);
}

}  // namespace

Scene photograph(const Canvas& art, const SceneSeed& seed, int size) {
  RandomSequence object(seed.seed, RandomStream::kSynthesise, seed.object, 0);
  RandomSequence frame(seed.seed, RandomStream::kSynthesise, seed.object, 1 + seed.frame);
  Film film(size);
  paint_background(film, object);
  const Projection view = aim(object, frame, size);
  const Surface surface{std::max(0.0f, object.uniform(-0.3f, 0.45f)),
                        object.uniform(0.7f, 1.1f),
                        around(object, 0.25f),
                        around(object, 0.25f),
                        {1 + around(object, 0.1f), 1 + around(object, 0.08f), 1 + around(object, 0.1f)}};
  paint_sign(film, art, view, surface);
  occlude(film, object);
  cast_shadow(film, object);
  expose(film, object, frame);
  Scene scene{develop(film, frame, seed.nearness), 0, 0, 0, 0};
  const auto edge = [size](float value) { return std::clamp(static_cast<int>(value), 0, size - 1); };
  scene.x0 = edge(view.centre.x - view.radius);
  scene.y0 = edge(view.centre.y - view.radius);
  scene.x1 = edge(view.centre.x + view.radius);
  scene.y1 = edge(view.centre.y + view.radius);
  return scene;
}

}  // namespace fixynn
