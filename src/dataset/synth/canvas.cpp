// SPDX-License-Identifier: Apache-2.0
#include "dataset/synth/canvas.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "dataset/synth/stroke_font.h"

namespace fixynn {
namespace {

float segment_distance(Point p, Point a, Point b) {
  const float dx = b.x - a.x, dy = b.y - a.y;
  const float length2 = dx * dx + dy * dy;
  float t = length2 > 0 ? ((p.x - a.x) * dx + (p.y - a.y) * dy) / length2 : 0;
  t = std::clamp(t, 0.0f, 1.0f);
  const float ex = p.x - a.x - t * dx, ey = p.y - a.y - t * dy;
  return std::sqrt(ex * ex + ey * ey);
}

/// Signed distance, negative inside (even-odd rule).
float polygon_distance(Point p, std::span<const Point> corners) {
  float nearest = 1e9f;
  bool inside = false;
  for (size_t i = 0, j = corners.size() - 1; i < corners.size(); j = i++) {
    const Point a = corners[i], b = corners[j];
    nearest = std::min(nearest, segment_distance(p, a, b));
    if ((a.y > p.y) != (b.y > p.y) && p.x < (b.x - a.x) * (p.y - a.y) / (b.y - a.y) + a.x) inside = !inside;
  }
  return inside ? -nearest : nearest;
}

struct Box {
  Point low{1e9f, 1e9f}, high{-1e9f, -1e9f};
};

Box bounds(std::span<const Point> points, float margin) {
  Box box;
  for (const Point& p : points) {
    box.low = {std::min(box.low.x, p.x - margin), std::min(box.low.y, p.y - margin)};
    box.high = {std::max(box.high.x, p.x + margin), std::max(box.high.y, p.y + margin)};
  }
  return box;
}

}  // namespace

Canvas::Canvas(int size)
    : size_(size), rgba_(static_cast<size_t>(size) * static_cast<size_t>(size) * 4, 0.0f) {}

template <typename Distance>
void Canvas::paint(Point low, Point high, Colour colour, const Distance& distance) {
  const float half = static_cast<float>(size_) * 0.5f;
  const auto pixel = [&](float value) { return static_cast<int>(std::floor((value + 1) * half)); };
  const int x0 = std::max(0, pixel(low.x) - 1), x1 = std::min(size_ - 1, pixel(high.x) + 1);
  const int y0 = std::max(0, pixel(low.y) - 1), y1 = std::min(size_ - 1, pixel(high.y) + 1);
  for (int y = y0; y <= y1; ++y) {
    for (int x = x0; x <= x1; ++x) {
      const Point p{(static_cast<float>(x) + 0.5f) / half - 1, (static_cast<float>(y) + 0.5f) / half - 1};
      const float cover = std::clamp(0.5f - distance(p) * half, 0.0f, 1.0f);
      if (cover <= 0) continue;
      float* out = &rgba_[(static_cast<size_t>(y) * static_cast<size_t>(size_) + static_cast<size_t>(x)) * 4];
      const float source[4] = {colour.r, colour.g, colour.b, 1};
      for (int c = 0; c < 4; ++c) out[c] += (source[c] - out[c]) * cover;
    }
  }
}

void Canvas::disc(Point centre, float radius, Colour colour) {
  ring(centre, -1, radius, colour);
}

void Canvas::ring(Point centre, float inner, float outer, Colour colour) {
  paint({centre.x - outer, centre.y - outer}, {centre.x + outer, centre.y + outer}, colour, [=](Point p) {
    const float r = std::hypot(p.x - centre.x, p.y - centre.y);
    return std::max(r - outer, inner - r);
  });
}

void Canvas::polygon(std::span<const Point> corners, Colour colour, float grow) {
  const Box box = bounds(corners, grow);
  paint(box.low, box.high, colour, [&](Point p) { return polygon_distance(p, corners) - grow; });
}

void Canvas::rectangle(Point low, Point high, Colour colour, float grow) {
  const std::array<Point, 4> corners = {low, {high.x, low.y}, high, {low.x, high.y}};
  polygon(corners, colour, grow);
}

void Canvas::stroke(std::span<const Point> points, float width, Colour colour) {
  const Box box = bounds(points, width * 0.5f);
  paint(box.low, box.high, colour, [&](Point p) {
    float nearest = segment_distance(p, points[0], points[points.size() > 1 ? 1 : 0]);
    for (size_t i = 2; i < points.size(); ++i)
      nearest = std::min(nearest, segment_distance(p, points[i - 1], points[i]));
    return nearest - width * 0.5f;
  });
}

void Canvas::text(std::string_view line, Point centre, float height, float pen, Colour colour,
                  float squeeze) {
  const float unit = height / kGlyphHeight;
  const float x0 = centre.x - 0.5f * text_width(line) * unit * squeeze;
  for (const std::vector<Point>& points : text_strokes(line)) {
    std::vector<Point> placed;
    for (const Point& p : points)
      placed.push_back({x0 + p.x * unit * squeeze, centre.y + p.y * unit - 0.5f * height});
    stroke(placed, pen, colour);
  }
}

void Canvas::keep_disc(Point centre, float radius) {
  const float half = static_cast<float>(size_) * 0.5f;
  for (int y = 0; y < size_; ++y) {
    for (int x = 0; x < size_; ++x) {
      const float px = (static_cast<float>(x) + 0.5f) / half - 1,
                  py = (static_cast<float>(y) + 0.5f) / half - 1;
      const float distance = std::hypot(px - centre.x, py - centre.y) - radius;
      const float keep = std::clamp(0.5f - distance * half, 0.0f, 1.0f);
      float* out = &rgba_[(static_cast<size_t>(y) * static_cast<size_t>(size_) + static_cast<size_t>(x)) * 4];
      for (int c = 0; c < 4; ++c) out[c] *= keep;
    }
  }
}

std::vector<Point> smooth_curve(std::span<const Point> points, int steps) {
  if (points.size() < 3) return {points.begin(), points.end()};
  const size_t last = points.size() - 1;
  const bool closed = points[0].x == points[last].x && points[0].y == points[last].y;
  std::vector<Point> curve;
  for (size_t i = 0; i < last; ++i) {
    const Point p1 = points[i], p2 = points[i + 1];
    const Point p0 = i > 0 ? points[i - 1] : (closed ? points[last - 1] : p1);
    const Point p3 = i + 2 <= last ? points[i + 2] : (closed ? points[1] : p2);
    for (int k = 0; k < steps; ++k) {
      const float t = static_cast<float>(k) / static_cast<float>(steps), t2 = t * t, t3 = t2 * t;
      const auto blend = [&](float a, float b, float c, float d) {
        return 0.5f * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t2 + (3 * b - a - 3 * c + d) * t3);
      };
      curve.push_back({blend(p0.x, p1.x, p2.x, p3.x), blend(p0.y, p1.y, p2.y, p3.y)});
    }
  }
  curve.push_back(points[last]);
  return curve;
}

}  // namespace fixynn
