// SPDX-License-Identifier: Apache-2.0
#include "dataset/synth/sign_art.h"

#include <array>
#include <cmath>
#include <numbers>
#include <string_view>

#include "core/error.h"
#include "dataset/synth/pictograms.h"

namespace fixynn {
namespace {

constexpr Colour kWhite{0.93f, 0.93f, 0.92f}, kBlack{0.07f, 0.07f, 0.08f}, kGrey{0.45f, 0.45f, 0.46f};
constexpr Colour kRed{0.78f, 0.06f, 0.10f}, kBlue{0.04f, 0.29f, 0.64f}, kYellow{0.98f, 0.78f, 0.06f};
constexpr Colour kAmber{0.98f, 0.70f, 0.05f}, kGreen{0.05f, 0.55f, 0.25f};
constexpr float kRadius = 0.95f;

void prohibition(Canvas& canvas) {
  canvas.disc({}, kRadius, kWhite);
  canvas.ring({}, 0.70f, kRadius - 0.02f, kRed);
}

void speed_limit(Canvas& canvas, std::string_view number) {
  prohibition(canvas);
  const bool wide = number.size() > 2;
  canvas.text(number, {0, 0}, 0.72f, 0.15f, kBlack, wide ? 0.60f : 0.86f);
}

void end_of(Canvas& canvas) {
  for (const float offset : {-0.17f, -0.085f, 0.0f, 0.085f, 0.17f}) {
    const Point points[2] = {{0.8f + offset, -0.8f + offset}, {-0.8f + offset, 0.8f + offset}};
    canvas.stroke(points, 0.045f, kBlack);
  }
  canvas.keep_disc({}, kRadius);
  canvas.ring({}, kRadius - 0.06f, kRadius, kBlack);
}

void warning(Canvas& canvas) {
  const Point outer[3] = {{0, -0.80f}, {0.86f, 0.70f}, {-0.86f, 0.70f}};
  const Point inner[3] = {{0, -0.50f}, {0.60f, 0.55f}, {-0.60f, 0.55f}};
  canvas.polygon(outer, kRed, 0.10f);
  canvas.polygon(inner, kWhite, 0.05f);
}

void mandatory(Canvas& canvas) {
  canvas.disc({}, kRadius, kWhite);
  canvas.disc({}, kRadius - 0.04f, kBlue);
}

void no_passing(Canvas& canvas, Colour left, Colour right, bool truck) {
  if (truck) {
    draw_truck_rear(canvas, {{-0.30f, 0.05f}, 0.30f}, left, kWhite);
  } else {
    draw_car_rear(canvas, {{-0.32f, 0.05f}, 0.31f}, left, kWhite);
  }
  draw_car_rear(canvas, {{0.33f, 0.10f}, truck ? 0.27f : 0.31f}, right, kWhite);
}

void stop(Canvas& canvas) {
  const auto octagon = [](float radius) {
    std::array<Point, 8> corners;
    for (size_t i = 0; i < 8; ++i) {
      const float angle = (static_cast<float>(i) + 0.5f) * std::numbers::pi_v<float> / 4;
      corners[i] = {radius * std::cos(angle), radius * std::sin(angle)};
    }
    return corners;
  };
  canvas.polygon(octagon(1.0f), kWhite);
  canvas.polygon(octagon(0.94f), kRed);
  canvas.text("STOP", {0, 0}, 0.56f, 0.12f, kWhite, 0.66f);
}

void yield(Canvas& canvas) {
  const Point outer[3] = {{-0.84f, -0.66f}, {0.84f, -0.66f}, {0, 0.80f}};
  const Point inner[3] = {{-0.52f, -0.46f}, {0.52f, -0.46f}, {0, 0.44f}};
  canvas.polygon(outer, kRed, 0.10f);
  canvas.polygon(inner, kWhite, 0.03f);
}

void priority_road(Canvas& canvas) {
  const auto diamond = [](float r) { return std::array<Point, 4>{Point{0, -r}, {r, 0}, {0, r}, {-r, 0}}; };
  canvas.polygon(diamond(0.93f), kBlack, 0.06f);
  canvas.polygon(diamond(0.90f), kWhite, 0.06f);
  canvas.polygon(diamond(0.60f), kBlack, 0.04f);
  canvas.polygon(diamond(0.57f), kYellow, 0.04f);
}

/// Arrow pictures of warnings; x grows to the right of the bend.
void curve(Canvas& canvas, bool left) {
  const float s = left ? -1.0f : 1.0f;
  const Point line[5] = {{-0.16f * s, 0.50f},
                         {-0.16f * s, 0.22f},
                         {-0.10f * s, 0.08f},
                         {0.06f * s, -0.06f},
                         {0.30f * s, -0.22f}};
  draw_arrow(canvas, line, 0.13f, 0.24f, kBlack);
}

void double_curve(Canvas& canvas) {
  const Point line[6] = {{0.10f, 0.52f},  {0.10f, 0.34f},  {-0.16f, 0.18f},
                         {-0.16f, 0.04f}, {0.08f, -0.10f}, {0.08f, -0.42f}};
  draw_arrow(canvas, line, 0.12f, 0.22f, kBlack);
}

void bumps(Canvas& canvas) {
  const Point ground[2] = {{-0.48f, 0.44f}, {0.48f, 0.44f}};
  canvas.stroke(ground, 0.10f, kBlack);
  for (const float x : {-0.22f, 0.22f}) {
    const Point bump[5] = {
        {x - 0.20f, 0.44f}, {x - 0.11f, 0.22f}, {x, 0.16f}, {x + 0.11f, 0.22f}, {x + 0.20f, 0.44f}};
    canvas.polygon(bump, kBlack, 0.01f);
  }
}

void narrows_right(Canvas& canvas) {
  const Point left[2] = {{-0.18f, 0.52f}, {-0.18f, -0.14f}};
  const Point right[4] = {{0.30f, 0.52f}, {0.30f, 0.28f}, {0.10f, 0.08f}, {0.10f, -0.22f}};
  canvas.stroke(left, 0.11f, kBlack);
  canvas.stroke(right, 0.11f, kBlack);
}

void traffic_light(Canvas& canvas) {
  canvas.rectangle({-0.13f, -0.24f}, {0.13f, 0.48f}, kBlack, 0.05f);
  canvas.disc({0, -0.14f}, 0.115f, kRed);
  canvas.disc({0, 0.12f}, 0.115f, kAmber);
  canvas.disc({0, 0.38f}, 0.115f, kGreen);
}

void right_of_way(Canvas& canvas) {
  const Point up[2] = {{0, 0.52f}, {0, -0.36f}};
  draw_arrow(canvas, up, 0.18f, 0.30f, kBlack);
  const Point across[2] = {{-0.30f, 0.24f}, {0.30f, 0.24f}};
  canvas.stroke(across, 0.11f, kBlack);
}

void caution(Canvas& canvas) {
  const Point bar[4] = {{-0.10f, -0.30f}, {0.10f, -0.30f}, {0.06f, 0.22f}, {-0.06f, 0.22f}};
  canvas.polygon(bar, kBlack, 0.03f);
  canvas.disc({0, 0.43f}, 0.10f, kBlack);
}

void pedestrian(Canvas& canvas) {
  draw_person(canvas, {{0.04f, 0.06f}, 0.38f}, kBlack);
  for (const float x : {-0.44f, -0.26f, 0.28f, 0.46f}) {
    const Point stripe[2] = {{x * 0.85f, 0.40f}, {x, 0.54f}};
    canvas.stroke(stripe, 0.08f, kBlack);
  }
}

void children(Canvas& canvas) {
  draw_person(canvas, {{-0.14f, 0.16f}, 0.38f}, kBlack);
  draw_person(canvas, {{0.24f, 0.26f}, 0.28f}, kBlack);
}

void draw_warning(Canvas& canvas, int label) {
  warning(canvas);
  switch (label) {
    case 11:
      return right_of_way(canvas);
    case 18:
      return caution(canvas);
    case 19:
      return curve(canvas, true);
    case 20:
      return curve(canvas, false);
    case 21:
      return double_curve(canvas);
    case 22:
      return bumps(canvas);
    case 23:
      return draw_skidding_car(canvas, {{0.0f, 0.14f}, 0.42f}, kBlack);
    case 24:
      return narrows_right(canvas);
    case 25:
      return draw_worker(canvas, {{-0.02f, 0.16f}, 0.40f}, kBlack);
    case 26:
      return traffic_light(canvas);
    case 27:
      return pedestrian(canvas);
    case 28:
      return children(canvas);
    case 29:
      return draw_bicycle(canvas, {{0.0f, 0.26f}, 0.46f}, kBlack);
    case 30:
      return draw_snowflake(canvas, {{0.0f, 0.18f}, 0.38f}, {0.10f, 0.12f, 0.30f});
    default:
      return draw_deer(canvas, {{-0.02f, 0.20f}, 0.42f}, kBlack);
  }
}

void turn(Canvas& canvas, float side) {
  const Point line[3] = {{-0.32f * side, 0.56f}, {-0.32f * side, -0.12f}, {0.66f * side, -0.12f}};
  draw_arrow(canvas, line, 0.22f, 0.42f, kWhite);
}

void straight_or(Canvas& canvas, float side) {
  const Point up[2] = {{-0.20f * side, 0.62f}, {-0.20f * side, -0.72f}};
  const Point aside[3] = {{-0.20f * side, 0.40f}, {-0.20f * side, 0.10f}, {0.68f * side, 0.10f}};
  draw_arrow(canvas, up, 0.18f, 0.36f, kWhite);
  draw_arrow(canvas, aside, 0.18f, 0.34f, kWhite);
}

void roundabout(Canvas& canvas) {
  for (int i = 0; i < 3; ++i) {
    std::array<Point, 6> arc;
    for (size_t k = 0; k < arc.size(); ++k) {
      const float angle = (static_cast<float>(i) * 120 - 84 * static_cast<float>(k) / 5 + 30) *
                          std::numbers::pi_v<float> / 180;
      arc[k] = {0.52f * std::cos(angle), 0.52f * std::sin(angle)};
    }
    draw_arrow(canvas, arc, 0.17f, 0.30f, kWhite);
  }
}

void draw_mandatory(Canvas& canvas, int label) {
  mandatory(canvas);
  const Point up[2] = {{0, 0.66f}, {0, -0.72f}};
  const Point keep_right[2] = {{-0.46f, -0.46f}, {0.52f, 0.52f}};
  const Point keep_left[2] = {{0.46f, -0.46f}, {-0.52f, 0.52f}};
  switch (label) {
    case 33:
      return turn(canvas, 1);
    case 34:
      return turn(canvas, -1);
    case 35:
      return draw_arrow(canvas, up, 0.24f, 0.46f, kWhite);
    case 36:
      return straight_or(canvas, 1);
    case 37:
      return straight_or(canvas, -1);
    case 38:
      return draw_arrow(canvas, keep_right, 0.24f, 0.46f, kWhite);
    case 39:
      return draw_arrow(canvas, keep_left, 0.24f, 0.46f, kWhite);
    default:
      return roundabout(canvas);
  }
}

/// The signs that end a restriction: 6, 32, 41, 42.
void draw_end(Canvas& canvas, int label) {
  canvas.disc({}, kRadius, kWhite);
  if (label == 6) canvas.text("80", {0, 0}, 0.72f, 0.15f, kGrey, 0.86f);
  if (label == 41) no_passing(canvas, kGrey, kGrey, false);
  if (label == 42) no_passing(canvas, kGrey, kGrey, true);
  end_of(canvas);
}

void draw_prohibition(Canvas& canvas, int label) {
  static constexpr std::string_view kLimits[9] = {"20", "30", "50", "60", "70", "80", "", "100", "120"};
  if (label <= 8) return speed_limit(canvas, kLimits[label]);
  prohibition(canvas);
  if (label == 9) no_passing(canvas, kRed, kBlack, false);
  if (label == 10) no_passing(canvas, kRed, kBlack, true);
  if (label == 16) draw_truck_side(canvas, {{0.0f, 0.04f}, 0.50f}, kBlack);
}

}  // namespace

Canvas draw_sign(int label, int size) {
  if (label < 0 || label > 42) fail("traffic signs are numbered 0..42, not {}", label);
  Canvas canvas(size);
  if (label == 6 || label == 32 || label == 41 || label == 42) {
    draw_end(canvas, label);
  } else if (label <= 10 || label == 15 || label == 16) {
    draw_prohibition(canvas, label);
  } else if (label == 12) {
    priority_road(canvas);
  } else if (label == 13) {
    yield(canvas);
  } else if (label == 14) {
    stop(canvas);
  } else if (label == 17) {
    canvas.disc({}, kRadius, kWhite);
    canvas.disc({}, kRadius - 0.03f, kRed);
    canvas.rectangle({-0.62f, -0.15f}, {0.62f, 0.15f}, kWhite, 0.02f);
  } else if (label >= 33) {
    draw_mandatory(canvas, label);
  } else {
    draw_warning(canvas, label);
  }
  return canvas;
}

}  // namespace fixynn
