// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <imgui.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "gui/ui/fonts.h"
#include "gui/ui/theme.h"

namespace fixynn::gui {

/// Where a widget is on the screen, in pixels, by its name: what tests and --dump aim at.
struct Mark {
  float left = 0, top = 0, right = 0, bottom = 0;
  bool enabled = true;
  bool visible = true;  ///< not clipped away by its window
};

/// What panels draw with: colours, faces, scale, and the map of widgets of this frame.
struct Ui {
  Theme theme;
  Fonts fonts;
  float scale = 1;
  bool frozen = false;  ///< nothing that differs from run to run is shown (ages, times): golden images
  bool fades = true;    ///< off with --low-bandwidth
  std::map<std::string, Mark, std::less<>> marks;
  std::optional<double> redraw_s;  ///< seconds until the next frame that is wanted without input
  /// The item that the mouse rests on, by the key of its tooltip.
  struct Hover {
    std::string key;
    double since_s = 0;  ///< ImGui::GetTime()
    int frame = -1;      ///< last frame in which it was hovered
  } hover;

  /// Pixels of `units` at scale 1.
  float px(float units) const { return units * scale; }
  /// Names the last ImGui item.
  void mark(std::string_view name, bool enabled = true);
  /// Names a rectangle that was drawn without an item, or a spot within a larger one.
  void mark_rectangle(std::string_view name, ImVec2 min, ImVec2 max, bool enabled = true);
  /// A frame is wanted in so many seconds though nothing happens: a tooltip, a caret, a fade.
  void request_redraw(double seconds);
  /// To be called at the beginning of a frame.
  void begin_frame() {
    marks.clear();
    redraw_s.reset();
  }
};

}  // namespace fixynn::gui
