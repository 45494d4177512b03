// SPDX-License-Identifier: Apache-2.0
#include "dataset/synth/pictograms.h"

#include <cmath>
#include <initializer_list>
#include <numbers>
#include <vector>

namespace fixynn {
namespace {

using Points = std::initializer_list<Point>;

std::vector<Point> placed(const Placement& place, Points points) {
  std::vector<Point> out;
  for (const Point& p : points) out.push_back(place.at(p.x, p.y));
  return out;
}

void fill(Canvas& canvas, const Placement& place, Points points, Colour colour, float grow = 0) {
  canvas.polygon(placed(place, points), colour, grow * place.scale);
}

void line(Canvas& canvas, const Placement& place, Points points, float width, Colour colour) {
  canvas.stroke(placed(place, points), width * place.scale, colour);
}

void dot(Canvas& canvas, const Placement& place, float x, float y, float radius, Colour colour) {
  canvas.disc(place.at(x, y), radius * place.scale, colour);
}

}  // namespace

void draw_car_rear(Canvas& canvas, const Placement& place, Colour body, Colour window) {
  fill(canvas, place, {{-0.55f, -0.55f}, {0.55f, -0.55f}, {0.75f, 0.0f}, {-0.75f, 0.0f}}, body, 0.1f);
  fill(canvas, place, {{-0.85f, 0.0f}, {0.85f, 0.0f}, {0.85f, 0.4f}, {-0.85f, 0.4f}}, body, 0.1f);
  fill(canvas, place, {{-0.45f, -0.42f}, {0.45f, -0.42f}, {0.58f, -0.06f}, {-0.58f, -0.06f}}, window);
  fill(canvas, place, {{-0.85f, 0.5f}, {-0.5f, 0.5f}, {-0.5f, 0.8f}, {-0.85f, 0.8f}}, body);
  fill(canvas, place, {{0.5f, 0.5f}, {0.85f, 0.5f}, {0.85f, 0.8f}, {0.5f, 0.8f}}, body);
  dot(canvas, place, -0.62f, 0.2f, 0.13f, window);
  dot(canvas, place, 0.62f, 0.2f, 0.13f, window);
}

void draw_truck_rear(Canvas& canvas, const Placement& place, Colour body, Colour window) {
  fill(canvas, place, {{-0.75f, -1.1f}, {0.75f, -1.1f}, {0.75f, 0.35f}, {-0.75f, 0.35f}}, body, 0.08f);
  fill(canvas, place, {{-0.8f, 0.45f}, {-0.4f, 0.45f}, {-0.4f, 0.85f}, {-0.8f, 0.85f}}, body);
  fill(canvas, place, {{0.4f, 0.45f}, {0.8f, 0.45f}, {0.8f, 0.85f}, {0.4f, 0.85f}}, body);
  line(canvas, place, {{0.0f, -0.9f}, {0.0f, 0.2f}}, 0.1f, window);
}

void draw_truck_side(Canvas& canvas, const Placement& place, Colour colour) {
  fill(canvas, place, {{-1.0f, -0.65f}, {0.25f, -0.65f}, {0.25f, 0.3f}, {-1.0f, 0.3f}}, colour);
  fill(canvas, place, {{0.35f, -0.3f}, {0.75f, -0.3f}, {1.0f, 0.0f}, {1.0f, 0.3f}, {0.35f, 0.3f}}, colour);
  for (const float x : {-0.7f, -0.25f, 0.65f}) dot(canvas, place, x, 0.42f, 0.2f, colour);
}

void draw_person(Canvas& canvas, const Placement& place, Colour colour) {
  dot(canvas, place, 0.0f, -0.8f, 0.2f, colour);
  line(canvas, place, {{0.0f, -0.45f}, {0.0f, 0.15f}}, 0.36f, colour);
  line(canvas, place, {{0.05f, 0.15f}, {0.3f, 0.55f}, {0.35f, 0.95f}}, 0.2f, colour);
  line(canvas, place, {{-0.05f, 0.15f}, {-0.2f, 0.6f}, {-0.55f, 0.9f}}, 0.2f, colour);
  line(canvas, place, {{0.05f, -0.45f}, {0.35f, -0.15f}, {0.55f, -0.2f}}, 0.15f, colour);
  line(canvas, place, {{-0.05f, -0.45f}, {-0.35f, -0.1f}, {-0.5f, 0.1f}}, 0.15f, colour);
}

void draw_worker(Canvas& canvas, const Placement& place, Colour colour) {
  dot(canvas, place, -0.1f, -0.75f, 0.2f, colour);
  line(canvas, place, {{-0.2f, -0.4f}, {-0.45f, 0.15f}}, 0.38f, colour);
  line(canvas, place, {{-0.4f, 0.2f}, {-0.2f, 0.55f}, {-0.35f, 0.95f}}, 0.2f, colour);
  line(canvas, place, {{-0.5f, 0.2f}, {-0.7f, 0.6f}, {-0.9f, 0.95f}}, 0.2f, colour);
  line(canvas, place, {{-0.15f, -0.4f}, {0.15f, 0.0f}}, 0.16f, colour);
  line(canvas, place, {{-0.4f, -0.1f}, {0.55f, 0.6f}}, 0.1f, colour);
  fill(canvas, place, {{0.25f, 0.95f}, {0.65f, 0.45f}, {1.1f, 0.95f}}, colour);
}

void draw_bicycle(Canvas& canvas, const Placement& place, Colour colour) {
  for (const float x : {-0.6f, 0.6f}) {
    canvas.ring(place.at(x, 0.3f), 0.3f * place.scale, 0.43f * place.scale, colour);
  }
  line(canvas, place, {{-0.6f, 0.3f}, {-0.25f, -0.3f}, {0.4f, -0.3f}, {0.0f, 0.3f}, {-0.6f, 0.3f}}, 0.11f,
       colour);
  line(canvas, place, {{0.0f, 0.3f}, {-0.3f, -0.5f}}, 0.11f, colour);
  line(canvas, place, {{0.6f, 0.3f}, {0.35f, -0.6f}, {0.6f, -0.65f}}, 0.11f, colour);
  line(canvas, place, {{-0.48f, -0.52f}, {-0.12f, -0.52f}}, 0.14f, colour);
}

void draw_snowflake(Canvas& canvas, const Placement& place, Colour colour) {
  for (int arm = 0; arm < 6; ++arm) {
    const float angle = static_cast<float>(arm) * std::numbers::pi_v<float> / 3;
    const float c = std::cos(angle), s = std::sin(angle);
    const auto turn = [=](float x, float y) { return Point{c * x - s * y, s * x + c * y}; };
    line(canvas, place, {{0, 0}, turn(0, -1)}, 0.14f, colour);
    line(canvas, place, {turn(-0.25f, -0.9f), turn(0, -0.6f), turn(0.25f, -0.9f)}, 0.12f, colour);
  }
}

void draw_deer(Canvas& canvas, const Placement& place, Colour colour) {
  fill(canvas, place, {{-0.75f, 0.05f}, {0.35f, -0.3f}, {0.5f, 0.0f}, {-0.5f, 0.4f}}, colour, 0.08f);
  fill(canvas, place, {{0.25f, -0.2f}, {0.45f, -0.75f}, {0.65f, -0.65f}, {0.5f, 0.0f}}, colour, 0.04f);
  fill(canvas, place, {{0.4f, -0.75f}, {0.95f, -0.55f}, {0.85f, -0.42f}, {0.45f, -0.5f}}, colour, 0.04f);
  line(canvas, place, {{0.48f, -0.75f}, {0.3f, -1.15f}}, 0.09f, colour);
  line(canvas, place, {{0.4f, -0.95f}, {0.15f, -1.0f}}, 0.08f, colour);
  line(canvas, place, {{0.55f, -0.75f}, {0.6f, -1.15f}}, 0.09f, colour);
  line(canvas, place, {{0.4f, 0.05f}, {0.75f, 0.2f}, {0.6f, 0.5f}}, 0.13f, colour);
  line(canvas, place, {{0.3f, 0.05f}, {0.45f, 0.45f}, {0.25f, 0.7f}}, 0.13f, colour);
  line(canvas, place, {{-0.6f, 0.25f}, {-0.55f, 0.65f}, {-0.95f, 0.95f}}, 0.15f, colour);
  line(canvas, place, {{-0.5f, 0.3f}, {-0.3f, 0.6f}, {-0.6f, 1.0f}}, 0.15f, colour);
}

void draw_skidding_car(Canvas& canvas, const Placement& place, Colour colour) {
  const Placement car{place.at(0.0f, -0.4f), place.scale * 0.62f, place.mirrored};
  draw_car_rear(canvas, car, colour, {0.93f, 0.93f, 0.93f});
  for (const float x : {-0.4f, 0.35f}) {
    std::vector<Point> wave;
    for (int i = 0; i <= 12; ++i) {
      const float t = static_cast<float>(i) / 12;
      wave.push_back(place.at(x + 0.2f * std::sin(t * 7.5f), 0.2f + 0.75f * t));
    }
    canvas.stroke(wave, 0.13f * place.scale, colour);
  }
}

void draw_arrow(Canvas& canvas, std::span<const Point> points, float width, float head, Colour colour) {
  const Point tip = points.back(), before = points[points.size() - 2];
  const float length = std::hypot(tip.x - before.x, tip.y - before.y);
  const Point along{(tip.x - before.x) / length, (tip.y - before.y) / length};
  const Point base{tip.x - along.x * head, tip.y - along.y * head};
  std::vector<Point> shaft(points.begin(), points.end());
  shaft.back() = {tip.x - along.x * head * 0.8f, tip.y - along.y * head * 0.8f};
  canvas.stroke(shaft, width, colour);
  const float wing = head * 0.85f;
  const Point corners[3] = {tip,
                            {base.x - along.y * wing, base.y + along.x * wing},
                            {base.x + along.y * wing, base.y - along.x * wing}};
  canvas.polygon(corners, colour);
}

}  // namespace fixynn
