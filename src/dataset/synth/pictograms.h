// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "dataset/synth/canvas.h"

// The small pictures on traffic signs, placed by a centre and a size.
namespace fixynn {

/// Maps picture coordinates (about -1..1) to the sign.
struct Placement {
  Point centre;
  float scale = 1;
  bool mirrored = false;

  Point at(float x, float y) const { return {centre.x + (mirrored ? -x : x) * scale, centre.y + y * scale}; }
};

void draw_car_rear(Canvas& canvas, const Placement& place, Colour body, Colour window);
void draw_truck_rear(Canvas& canvas, const Placement& place, Colour body, Colour window);
void draw_truck_side(Canvas& canvas, const Placement& place, Colour colour);
void draw_person(Canvas& canvas, const Placement& place, Colour colour);
void draw_worker(Canvas& canvas, const Placement& place, Colour colour);
void draw_bicycle(Canvas& canvas, const Placement& place, Colour colour);
void draw_snowflake(Canvas& canvas, const Placement& place, Colour colour);
void draw_deer(Canvas& canvas, const Placement& place, Colour colour);
void draw_skidding_car(Canvas& canvas, const Placement& place, Colour colour);

/// A line with an arrow head at its last point. `head` is the length of the head.
void draw_arrow(Canvas& canvas, std::span<const Point> line, float width, float head, Colour colour);

}  // namespace fixynn
