// SPDX-License-Identifier: Apache-2.0
#include "plot/plot_labels.h"

#include <algorithm>
#include <array>

namespace fixynn {
namespace {

constexpr double kAscent = 9, kDescent = 3;  // of the text, in units

struct Place {
  double dx, dy;
  PlotAnchor anchor;
};
/// In order of preference.
constexpr std::array<Place, 8> kPlaces = {{{8, 4, PlotAnchor::kStart},
                                           {8, -6, PlotAnchor::kStart},
                                           {-8, -6, PlotAnchor::kEnd},
                                           {0, -9, PlotAnchor::kMiddle},
                                           {0, 17, PlotAnchor::kMiddle},
                                           {8, 14, PlotAnchor::kStart},
                                           {-8, 14, PlotAnchor::kEnd},
                                           {-8, 4, PlotAnchor::kEnd}}};

PlotBox box_at(const PlotLabel& label, const Place& place, double width, double unit) {
  const double x = label.x + unit * place.dx, y = label.y + unit * place.dy;
  const double left = place.anchor == PlotAnchor::kStart ? x
                      : place.anchor == PlotAnchor::kEnd ? x - width
                                                         : x - width / 2;
  return {left, y - unit * kAscent, left + width, y + unit * kDescent};
}

double overlap(const PlotBox& a, const PlotBox& b) {
  const double width = std::min(a.right, b.right) - std::max(a.left, b.left);
  const double height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  return width > 0 && height > 0 ? width * height : 0;
}

double area(const PlotBox& box) {
  return box.width() * box.height();
}

}  // namespace

void draw_labels(const std::vector<PlotLabel>& labels, std::vector<PlotBox> taken, const PlotBox& frame,
                 Canvas& canvas) {
  const double unit = canvas.unit();
  for (const PlotLabel& label : labels) {
    const double width = canvas.text_width(PlotFont::kName, label.text);
    const Place* best = nullptr;
    double least = 0;
    for (const Place& place : kPlaces) {
      const PlotBox box = box_at(label, place, width, unit);
      // Outside the frame counts as much as covering something.
      double covered = 3 * (area(box) - overlap(box, frame));
      for (const PlotBox& other : taken) covered += overlap(box, other);
      if (best == nullptr || covered < least - 1e-9) best = &place, least = covered;
    }
    taken.push_back(box_at(label, *best, width, unit));
    canvas.text(PlotFont::kName, {label.x + unit * best->dx, label.y + unit * best->dy}, best->anchor,
                label.text);
  }
}

}  // namespace fixynn
