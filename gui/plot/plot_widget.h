// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <imgui.h>

#include <optional>
#include <string>

#include "gui/ui/ui.h"
#include "plot/draw_plot.h"
#include "plot/plot_spec.h"
#include "plot/plot_view.h"

namespace fixynn::gui {

/// What the user did in a plot in this frame. The caller stores `view` when view_changed and passes it back
/// in the next frame.
struct PlotEvents {
  std::optional<PlotPointRef> clicked, hovered;
  bool clicked_add = false;                   ///< Ctrl or Shift was held: add to the selection
  bool clicked_empty = false;                 ///< a click into the frame that met no point
  std::optional<std::string> hovered_series;  ///< by its legend entry
  std::optional<double> cursor_moved;  ///< new data x of view.cursor, within the axis, while it is dragged
  bool cursor_released = false;        ///< the drag ended in this frame: one undo step
  bool view_changed = false;
  PlotView view;                                              ///< new zoom and hidden series
  bool copy_csv = false, save_svg = false, save_png = false;  ///< from the context menu
};

/// A plot of this size, in pixels; 0 or negative = what is left of the window, less that. Wheel: zoom at the
/// mouse (Ctrl: x only, Shift: y only); drag: pan; right drag: zoom into a box; double click: fit. A click on
/// the legend hides or shows a series, with Shift it solos it. Right click: menu. Marks: "<id>",
/// "<id>.legend.<name>",
/// "<id>.fit" (only while zoomed), "<id>.point.<series>.<index>" for up to 200 drawn points.
PlotEvents plot_widget(Ui& ui, const char* id, const PlotSpec& spec, const PlotView& view, ImVec2 size);

struct BarEvents {
  std::optional<size_t> clicked, hovered;
  bool clicked_add = false;  ///< Ctrl or Shift was held
  bool copy_csv = false, save_svg = false, save_png = false;
};

/// Bars of this size. Marks: "<id>", "<id>.bar.<label>".
BarEvents bars_widget(Ui& ui, const char* id, const BarSpec& spec, ImVec2 size, const BarView& view = {});

}  // namespace fixynn::gui
