// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "gui/ui/ui.h"
#include "plot/canvas.h"

namespace fixynn::gui {

/// A chart as the bytes of a PNG, in the theme and the faces of the screen, with its title above it. `draw`
/// draws into the box that it is given. Some ten milliseconds.
std::string chart_png(const Ui& ui, const std::string& title, ImVec2 size,
                      const std::function<void(Canvas&, const PlotBox&)>& draw);

}  // namespace fixynn::gui
