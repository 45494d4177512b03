// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "gui/ui/ui.h"

namespace fixynn::gui {

/// What was chosen in the context menu of a chart.
struct PlotMenuChoice {
  bool fit = false, copy_csv = false, save_svg = false, save_png = false;
};

/// Opens the menu of the chart with this id.
void open_plot_menu();
/// Shows it while it is open; to be called in every frame within the same PushID. `help`: how the mouse works
/// here; `can_fit`: nullptr = the chart has no zoom. Marks: "<id>.menu.fit", ".csv", ".svg", ".png".
PlotMenuChoice plot_menu(Ui& ui, const std::string& id, const bool* can_fit, const char* help);

/// Resolves a size like ImGui's: 0 or less = what is left of the window, less that.
ImVec2 chart_size(ImVec2 size);

}  // namespace fixynn::gui
