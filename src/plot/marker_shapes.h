// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "plot/canvas.h"

namespace fixynn {

/// Corners of a marker around `at`; empty for circles, which have none. `size` is the radius of the circle
/// that looks as large.
std::vector<PlotPixel> marker_corners(PlotMarker shape, PlotPixel at, double size, bool hollow);

}  // namespace fixynn
