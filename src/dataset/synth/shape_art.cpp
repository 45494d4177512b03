// SPDX-License-Identifier: Apache-2.0
#include "dataset/synth/shape_art.h"

#include <array>
#include <cmath>
#include <numbers>

#include "core/error.h"
#include "core/philox.h"

namespace fixynn {
namespace {

constexpr std::array kShapes = {"disc", "triangle", "wedge", "square", "diamond", "hexagon", "star", "cross"};
constexpr std::array kHues = {"warm", "cold"};
constexpr std::array kPatterns = {"solid", "frame", "stripes"};
constexpr std::string_view kGlyphs = "0123456789ABEHKR";
constexpr size_t kShapeClasses = kShapes.size() * kHues.size() * kPatterns.size();

std::vector<Point> regular(int corners, float radius, float first_degrees) {
  std::vector<Point> points;
  for (int i = 0; i < corners; ++i) {
    const float angle = (first_degrees + 360.0f * static_cast<float>(i) / static_cast<float>(corners)) *
                        std::numbers::pi_v<float> / 180;
    points.push_back({radius * std::cos(angle), radius * std::sin(angle)});
  }
  return points;
}

std::vector<Point> outline(size_t shape, float r) {
  switch (shape) {
    case 0:
      return regular(40, r * 0.93f, 0);
    case 1:
      return {{0, -0.9f * r}, {0.95f * r, 0.75f * r}, {-0.95f * r, 0.75f * r}};
    case 2:
      return {{-0.95f * r, -0.75f * r}, {0.95f * r, -0.75f * r}, {0, 0.9f * r}};
    case 3:
      return regular(4, r * 1.13f, 45);
    case 4:
      return regular(4, r, 0);
    case 5:
      return regular(6, r * 0.97f, 0);
    case 6: {
      std::vector<Point> points = regular(10, r, -90);
      for (size_t i = 1; i < points.size(); i += 2) points[i] = {points[i].x * 0.45f, points[i].y * 0.45f};
      return points;
    }
    default: {
      const float a = 0.32f * r, b = 0.93f * r;
      return {{-a, -b}, {a, -b}, {a, -a}, {b, -a}, {b, a},   {a, a},
              {a, b},   {-a, b}, {-a, a}, {-b, a}, {-b, -a}, {-a, -a}};
    }
  }
}

void fill_shape(Canvas& canvas, size_t shape, float r, Colour colour, float grow) {
  if (shape == 0) {
    canvas.disc({}, r * 0.93f + grow, colour);
  } else {
    canvas.polygon(outline(shape, r), colour, grow);
  }
}

Colour hue_colour(bool warm, RandomSequence& random) {
  const float u = random.uniform(), v = random.uniform(), light = random.uniform(0.75f, 1.1f);
  if (warm) return {0.85f * light, (0.05f + 0.65f * u * u) * light, (0.05f + 0.12f * v) * light};
  return {(0.05f + 0.15f * v) * light, (0.2f + 0.45f * u) * light,
          (0.25f + 0.5f * (1 - u) + 0.15f * v) * light};
}

Colour pale(RandomSequence& random) {
  const float light = random.uniform(0.75f, 0.95f);
  return {light + 0.04f * random.uniform(), light, light - 0.05f * random.uniform()};
}

void draw_patterned(Canvas& canvas, size_t label, RandomSequence& random) {
  const size_t pattern = label % kPatterns.size();
  const bool warm = label / kPatterns.size() % kHues.size() == 0;
  const size_t shape = label / (kPatterns.size() * kHues.size());
  const Colour colour = hue_colour(warm, random), light = pale(random);
  const float round = random.uniform(0.0f, 0.08f);
  fill_shape(canvas, shape, 0.9f, colour, round);
  if (pattern == 1) fill_shape(canvas, shape, random.uniform(0.5f, 0.68f), light, round);
  if (pattern == 2) {
    // Stripes across the middle keep the outline readable.
    const float pen = random.uniform(0.09f, 0.15f), gap = pen * random.uniform(1.8f, 2.4f),
                turn = random.uniform(0, 3.14f);
    for (int i = -1; i <= 1; ++i) {
      const float offset = static_cast<float>(i) * gap, c = std::cos(turn), s = std::sin(turn);
      const Point line[2] = {{-0.32f * c - offset * s, -0.32f * s + offset * c},
                             {0.32f * c - offset * s, 0.32f * s + offset * c}};
      canvas.stroke(line, pen, light);
    }
  }
}

void draw_glyph(Canvas& canvas, size_t glyph, RandomSequence& random) {
  static constexpr std::array<size_t, 4> kPlates = {0, 3, 4, 5};
  const Colour dark = hue_colour(random.uniform() < 0.5f, random), light = pale(random);
  const bool inverted = random.uniform() < 0.5f;
  const size_t plate = kPlates[random.below(kPlates.size())];
  const Colour plate_colour = inverted ? light : dark, glyph_colour = inverted ? dark : light;
  fill_shape(canvas, plate, 0.93f, random.uniform() < 0.5f ? glyph_colour : plate_colour, 0.03f);
  fill_shape(canvas, plate, 0.80f, plate_colour, 0.03f);
  const float height = random.uniform(0.75f, 1.0f), pen = random.uniform(0.12f, 0.2f),
              squeeze = random.uniform(0.75f, 1.05f);
  canvas.text(kGlyphs.substr(glyph, 1), {0, 0}, height, pen, glyph_colour, squeeze);
}

}  // namespace

std::vector<std::string> shape_class_names() {
  std::vector<std::string> names;
  for (const char* shape : kShapes) {
    for (const char* hue : kHues) {
      for (const char* pattern : kPatterns) names.push_back(fmt::format("{}_{}_{}", shape, hue, pattern));
    }
  }
  for (const char glyph : kGlyphs) names.push_back(fmt::format("glyph_{}", glyph));
  return names;
}

Canvas draw_shape(int label, uint64_t seed, uint32_t variant, int size) {
  RandomSequence random(seed, RandomStream::kSynthesise, variant, 0x80000000u + static_cast<uint32_t>(label));
  Canvas canvas(size);
  const size_t index = static_cast<size_t>(label);
  if (index < kShapeClasses) {
    draw_patterned(canvas, index, random);
  } else {
    draw_glyph(canvas, index - kShapeClasses, random);
  }
  return canvas;
}

}  // namespace fixynn
