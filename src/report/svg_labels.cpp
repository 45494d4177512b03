// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "report/html_text.h"
#include "report/svg_plot.h"

namespace fixynn {
namespace {

constexpr double kLetterWidth = 5.9;  // of 11 pixel text, about
constexpr double kAscent = 9, kDescent = 3;

struct Place {
  double dx, dy;
  const char* anchor;
};
/// In order of preference.
constexpr std::array<Place, 8> kPlaces = {{{8, 4, "start"},
                                           {8, -6, "start"},
                                           {-8, -6, "end"},
                                           {0, -9, "middle"},
                                           {0, 17, "middle"},
                                           {8, 14, "start"},
                                           {-8, 14, "end"},
                                           {-8, 4, "end"}}};

double width_of(std::string_view text) {
  const auto letters = std::count_if(text.begin(), text.end(),
                                     [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  return kLetterWidth * static_cast<double>(letters);
}

PlotBox box_at(const PlotLabel& label, const Place& place) {
  const double width = width_of(label.text), x = label.x + place.dx, y = label.y + place.dy;
  const double left = place.anchor[0] == 's' ? x : place.anchor[0] == 'e' ? x - width : x - width / 2;
  return {left, y - kAscent, left + width, y + kDescent};
}

double overlap(const PlotBox& a, const PlotBox& b) {
  const double width = std::min(a.right, b.right) - std::max(a.left, b.left);
  const double height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  return width > 0 && height > 0 ? width * height : 0;
}

double area(const PlotBox& box) {
  return (box.right - box.left) * (box.bottom - box.top);
}

}  // namespace

std::string draw_labels(const std::vector<PlotLabel>& labels, std::vector<PlotBox> taken,
                        const PlotBox& frame) {
  std::string svg;
  for (const PlotLabel& label : labels) {
    const Place* best = nullptr;
    double least = 0;
    for (const Place& place : kPlaces) {
      const PlotBox box = box_at(label, place);
      // Outside the frame counts as much as covering something.
      double covered = 3 * (area(box) - overlap(box, frame));
      for (const PlotBox& other : taken) covered += overlap(box, other);
      if (best == nullptr || covered < least - 1e-9) best = &place, least = covered;
    }
    taken.push_back(box_at(label, *best));
    svg += fmt::format("<text class='name' x='{:.1f}' y='{:.1f}' text-anchor='{}'>{}</text>",
                       label.x + best->dx, label.y + best->dy, best->anchor, escape_html(label.text));
  }
  return svg;
}

}  // namespace fixynn
