// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <imgui.h>

#include <array>

namespace fixynn::gui {

enum class ThemeName { kDark, kLight };

/// Every colour that is drawn. Series colours are Okabe and Ito's (safe for colour-blind readers); panels
/// never name a colour of their own.
struct Theme {
  ThemeName name = ThemeName::kDark;
  ImU32 window, panel, panel_border, header;  ///< backgrounds from back to front, and lines between them
  ImU32 text, text_dim, text_disabled;
  ImU32 accent, accent_text;  ///< the primary button, focus, selection
  ImU32 selected_row, frozen_row, hovered_row;
  ImU32 frame, frame_hovered, frame_active;       ///< of inputs and buttons
  ImU32 good, warning, bad;                       ///< text and icons: gains, stale values, failures
  ImU32 grid, minor_grid, axis, mark, crosshair;  ///< plots
  std::array<ImU32, 8> series;                    ///< by PlotSeries::colour; -1 is text_dim
};

Theme make_theme(ThemeName name);

/// Sets ImGui's style from scratch: colours, rounding, spacing, all sizes times `scale`.
void apply_theme(const Theme& theme, float scale);

}  // namespace fixynn::gui
