// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace fixynn {

struct Point {
  float x = 0, y = 0;
};

/// Linear-looking RGB in [0, 1]; no colour management: the pictures are synthetic.
struct Colour {
  float r = 0, g = 0, b = 0;
};

/// A square drawing of [size][size] premultiplied RGBA floats, empty at first. Coordinates run from -1 to 1,
/// x to the right and y down. Shapes are painted over what is there; their edges are antialiased from the
/// exact distance.
class Canvas {
 public:
  explicit Canvas(int size);

  int size() const { return size_; }
  /// [size][size][4], premultiplied.
  const std::vector<float>& rgba() const { return rgba_; }

  void disc(Point centre, float radius, Colour colour);
  void ring(Point centre, float inner, float outer, Colour colour);
  /// Any simple polygon, its corners rounded outwards by `grow`.
  void polygon(std::span<const Point> corners, Colour colour, float grow = 0);
  void rectangle(Point low, Point high, Colour colour, float grow = 0);
  /// A line through the points with round ends.
  void stroke(std::span<const Point> points, float width, Colour colour);
  /// Text of the stroke font in one line: capitals `height` tall around `centre`, pen `pen` wide.
  void text(std::string_view line, Point centre, float height, float pen, Colour colour, float squeeze = 1);
  /// Takes away everything outside the disc.
  void keep_disc(Point centre, float radius);

 private:
  template <typename Distance>
  void paint(Point low, Point high, Colour colour, const Distance& distance);

  int size_;
  std::vector<float> rgba_;
};

/// A smooth curve (Catmull-Rom) through the points.
std::vector<Point> smooth_curve(std::span<const Point> points, int steps = 6);

}  // namespace fixynn
