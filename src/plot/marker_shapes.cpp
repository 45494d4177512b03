// SPDX-License-Identifier: Apache-2.0
#include "plot/marker_shapes.h"

#include <array>

namespace fixynn {

PlotMarker marker_of(size_t index) {
  constexpr std::array<PlotMarker, 6> kOrder = {PlotMarker::kCircle,       PlotMarker::kSquare,
                                                PlotMarker::kTriangle,     PlotMarker::kDiamond,
                                                PlotMarker::kDownTriangle, PlotMarker::kCross};
  return kOrder[index % kOrder.size()];
}

std::vector<PlotPixel> marker_corners(PlotMarker shape, PlotPixel at, double size, bool hollow) {
  const auto around = [&](std::initializer_list<PlotPixel> corners, double r) {
    std::vector<PlotPixel> placed;
    for (const PlotPixel& corner : corners) placed.push_back({at.x + r * corner.x, at.y + r * corner.y});
    return placed;
  };
  switch (shape) {
    case PlotMarker::kCircle:
      break;
    case PlotMarker::kDiamond:
      return around({{0, -1}, {1, 0}, {0, 1}, {-1, 0}}, size * (hollow ? 2.0 : 1.4));
    case PlotMarker::kSquare:
      return around({{-1, -1}, {1, -1}, {1, 1}, {-1, 1}}, size * 0.95);
    case PlotMarker::kTriangle:
      return around({{0, -1.15}, {1.1, 0.85}, {-1.1, 0.85}}, size * 1.1);
    case PlotMarker::kDownTriangle:
      return around({{0, 1.15}, {-1.1, -0.85}, {1.1, -0.85}}, size * 1.1);
    case PlotMarker::kCross: {
      const double t = 0.52;  // half the width of an arm, along its slant
      return around({{0, -t},
                     {1 - t, -1},
                     {1, t - 1},
                     {t, 0},
                     {1, 1 - t},
                     {1 - t, 1},
                     {0, t},
                     {t - 1, 1},
                     {-1, 1 - t},
                     {-t, 0},
                     {-1, t - 1},
                     {t - 1, -1}},
                    size * 1.15);
    }
  }
  return {};
}

}  // namespace fixynn
