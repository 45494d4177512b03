// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "plot/canvas.h"

namespace fixynn {

/// A text beside the point (x, y), in pixels.
struct PlotLabel {
  double x = 0, y = 0;
  std::string text;
};

/// Texts beside their points where they cover neither each other nor `taken`, as far as there is room in
/// `frame`.
void draw_labels(const std::vector<PlotLabel>& labels, std::vector<PlotBox> taken, const PlotBox& frame,
                 Canvas& canvas);

}  // namespace fixynn
