// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "plot/draw_plot.h"

namespace fixynn::gui {

// What wheel, drags and legend clicks do to a view. No ImGui: functions of the layout that the user saw.

enum class ZoomAxes { kBoth, kX, kY };

/// `factor` < 1 comes closer. The data under the pixel stay there. Beyond what doubles can tell apart the
/// view stays.
void zoom_at(PlotView& view, const PlotLayout& layout, PlotPixel at, double factor, ZoomAxes axes);
/// The data follow the mouse by so many pixels.
void pan(PlotView& view, const PlotLayout& layout, double dx, double dy);
/// To the data between two pixels; a side shorter than `least` pixels leaves its axis as it is.
void zoom_to_box(PlotView& view, const PlotLayout& layout, PlotPixel from, PlotPixel to, double least);

/// Hides the series or shows it again.
void toggle_series(PlotView& view, const std::string& name);
/// Hides all other named series; when they are hidden already, shows all.
void solo_series(PlotView& view, const PlotSpec& spec, const std::string& name);

}  // namespace fixynn::gui
