// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "plot/canvas.h"

namespace fixynn {

// Lines in pixels, between data and canvas.

/// A drawable point of a series and its number in it.
struct PixelPoint {
  double x = 0, y = 0;
  size_t index = 0;
};

/// Of each run of neighbours in one pixel column the first, the lowest, the highest and the last, in their
/// order. All columns to the left of `left` count as one, and so do those to the right of `right`.
std::vector<PixelPoint> thin_columns(const std::vector<PixelPoint>& points, double left, double right);

/// The first point in each square of `cell` pixels: for clouds of markers.
std::vector<PixelPoint> thin_cells(const std::vector<PixelPoint>& points, double cell);

/// The points and, between each two of them, the corner of the stair.
std::vector<PlotPixel> stairs(const std::vector<PixelPoint>& points, StepDirection direction);

/// The parts of a line that lie within the box.
std::vector<std::vector<PlotPixel>> clip_line(const std::vector<PlotPixel>& line, const PlotBox& box);

}  // namespace fixynn
