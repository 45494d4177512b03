// SPDX-License-Identifier: Apache-2.0
#include "gui/ui/theme.h"

namespace fixynn::gui {
namespace {

constexpr ImU32 rgb(unsigned value, unsigned alpha = 255) {
  return IM_COL32((value >> 16) & 255, (value >> 8) & 255, value & 255, alpha);
}

ImVec4 vec(ImU32 colour) {
  return ImGui::ColorConvertU32ToFloat4(colour);
}

// Okabe and Ito, "Color Universal Design" (2008). Their black becomes a grey that is seen on both
// backgrounds, and on white their yellow and sky blue are darker.
constexpr std::array<ImU32, 8> kSeriesDark = {rgb(0x3d9be0), rgb(0xe69f00), rgb(0x1fb487), rgb(0xe8743b),
                                              rgb(0xd58fb8), rgb(0x73c5f0), rgb(0xf0e442), rgb(0xb4bcc8)};
constexpr std::array<ImU32, 8> kSeriesLight = {rgb(0x0072b2), rgb(0xd98e00), rgb(0x009e73), rgb(0xd55e00),
                                               rgb(0xb9628f), rgb(0x3a9bd0), rgb(0xb5a800), rgb(0x4a5260)};

Theme dark() {
  Theme theme{};
  theme.name = ThemeName::kDark;
  theme.window = rgb(0x101418);
  theme.panel = rgb(0x191e25);
  theme.panel_border = rgb(0x2b323c);
  theme.header = rgb(0x20262f);
  theme.text = rgb(0xe2e7ed);
  theme.text_dim = rgb(0x9aa4b2);
  theme.text_disabled = rgb(0x646e7b);
  theme.accent = rgb(0x2d70da);
  theme.accent_text = rgb(0xffffff);
  theme.selected_row = rgb(0x24446e);
  theme.frozen_row = rgb(0x1b2a3a);
  theme.hovered_row = rgb(0x252c36);
  theme.frame = rgb(0x262d37);
  theme.frame_hovered = rgb(0x303947);
  theme.frame_active = rgb(0x3a4555);
  theme.good = rgb(0x4cc38a);
  theme.warning = rgb(0xe3b341);
  theme.bad = rgb(0xf47067);
  theme.grid = rgb(0x2a313b);
  theme.minor_grid = rgb(0x20262e);
  theme.axis = rgb(0x5d6775);
  theme.mark = rgb(0xffffff);
  theme.crosshair = rgb(0x8a94a2);
  theme.series = kSeriesDark;
  return theme;
}

Theme light() {
  Theme theme{};
  theme.name = ThemeName::kLight;
  theme.window = rgb(0xeef1f4);
  theme.panel = rgb(0xffffff);
  theme.panel_border = rgb(0xd3d9e0);
  theme.header = rgb(0xf3f5f8);
  theme.text = rgb(0x1b222b);
  theme.text_dim = rgb(0x5b6572);
  theme.text_disabled = rgb(0x9ba4af);
  theme.accent = rgb(0x1f66d1);
  theme.accent_text = rgb(0xffffff);
  theme.selected_row = rgb(0xcfe0f8);
  theme.frozen_row = rgb(0xeaf2fb);
  theme.hovered_row = rgb(0xeef2f6);
  theme.frame = rgb(0xf0f3f6);
  theme.frame_hovered = rgb(0xe5e9ee);
  theme.frame_active = rgb(0xd8dee5);
  theme.good = rgb(0x147a48);
  theme.warning = rgb(0x8a5c00);
  theme.bad = rgb(0xc0342b);
  theme.grid = rgb(0xe1e5ea);
  theme.minor_grid = rgb(0xf0f2f5);
  theme.axis = rgb(0x7b8592);
  theme.mark = rgb(0x10151b);
  theme.crosshair = rgb(0x7b8592);
  theme.series = kSeriesLight;
  return theme;
}

void set_colours(const Theme& theme, ImGuiStyle& style) {
  ImVec4* colours = style.Colors;
  const ImVec4 clear(0, 0, 0, 0);
  const ImVec4 accent = vec(theme.accent);
  const auto faint_accent = [&](float opacity) { return ImVec4(accent.x, accent.y, accent.z, opacity); };
  colours[ImGuiCol_Text] = vec(theme.text);
  colours[ImGuiCol_TextDisabled] = vec(theme.text_dim);
  colours[ImGuiCol_WindowBg] = vec(theme.window);
  colours[ImGuiCol_ChildBg] = clear;
  colours[ImGuiCol_PopupBg] = vec(theme.panel);
  colours[ImGuiCol_Border] = vec(theme.panel_border);
  colours[ImGuiCol_BorderShadow] = clear;
  colours[ImGuiCol_FrameBg] = vec(theme.frame);
  colours[ImGuiCol_FrameBgHovered] = vec(theme.frame_hovered);
  colours[ImGuiCol_FrameBgActive] = vec(theme.frame_active);
  colours[ImGuiCol_TitleBg] = colours[ImGuiCol_TitleBgActive] = vec(theme.header);
  colours[ImGuiCol_TitleBgCollapsed] = vec(theme.header);
  colours[ImGuiCol_MenuBarBg] = vec(theme.panel);
  colours[ImGuiCol_ScrollbarBg] = clear;
  colours[ImGuiCol_ScrollbarGrab] = vec(theme.frame_active);
  colours[ImGuiCol_ScrollbarGrabHovered] = vec(theme.axis);
  colours[ImGuiCol_ScrollbarGrabActive] = vec(theme.axis);
  colours[ImGuiCol_CheckMark] = colours[ImGuiCol_SliderGrab] = accent;
  colours[ImGuiCol_SliderGrabActive] = accent;
  colours[ImGuiCol_Button] = vec(theme.frame);
  colours[ImGuiCol_ButtonHovered] = vec(theme.frame_hovered);
  colours[ImGuiCol_ButtonActive] = vec(theme.frame_active);
  colours[ImGuiCol_Header] = vec(theme.selected_row);
  colours[ImGuiCol_HeaderHovered] = vec(theme.hovered_row);
  colours[ImGuiCol_HeaderActive] = vec(theme.selected_row);
  colours[ImGuiCol_Separator] = vec(theme.panel_border);
  colours[ImGuiCol_SeparatorHovered] = colours[ImGuiCol_SeparatorActive] = accent;
  colours[ImGuiCol_ResizeGrip] = clear;
  colours[ImGuiCol_ResizeGripHovered] = colours[ImGuiCol_ResizeGripActive] = accent;
  colours[ImGuiCol_Tab] = colours[ImGuiCol_TabUnfocused] = clear;
  colours[ImGuiCol_TabHovered] = vec(theme.frame_hovered);
  colours[ImGuiCol_TabActive] = colours[ImGuiCol_TabUnfocusedActive] = vec(theme.selected_row);
  colours[ImGuiCol_TableHeaderBg] = vec(theme.header);
  colours[ImGuiCol_TableBorderStrong] = vec(theme.panel_border);
  colours[ImGuiCol_TableBorderLight] = vec(theme.grid);
  colours[ImGuiCol_TableRowBg] = colours[ImGuiCol_TableRowBgAlt] = clear;
  colours[ImGuiCol_TextSelectedBg] = faint_accent(0.35f);
  colours[ImGuiCol_DragDropTarget] = colours[ImGuiCol_NavHighlight] = accent;
  colours[ImGuiCol_ModalWindowDimBg] = vec(rgb(0x000000, theme.name == ThemeName::kDark ? 140 : 70));
}

}  // namespace

Theme make_theme(ThemeName name) {
  return name == ThemeName::kDark ? dark() : light();
}

void apply_theme(const Theme& theme, float scale) {
  // ScaleAllSizes multiplies what it finds, so it needs a style that has not been scaled before.
  ImGuiStyle style;
  style.WindowPadding = ImVec2(12, 10);
  style.FramePadding = ImVec2(9, 4);
  style.CellPadding = ImVec2(8, 3);
  style.ItemSpacing = ImVec2(8, 7);
  style.ItemInnerSpacing = ImVec2(7, 5);
  style.IndentSpacing = 18;
  style.ScrollbarSize = 11;
  style.GrabMinSize = 12;
  style.WindowRounding = 7;
  style.ChildRounding = 7;
  style.PopupRounding = 7;
  style.FrameRounding = 5;
  style.GrabRounding = 4;
  style.TabRounding = 5;
  style.ScrollbarRounding = 6;
  style.WindowTitleAlign = ImVec2(0, 0.5f);
  style.SelectableTextAlign = ImVec2(0, 0.5f);
  style.ScaleAllSizes(scale);
  // Lines stay a pixel thin until the scale makes room for two.
  const float line = scale >= 2 ? 2.0f : 1.0f;
  style.WindowBorderSize = 0;
  style.ChildBorderSize = line;
  style.PopupBorderSize = line;
  style.FrameBorderSize = theme.name == ThemeName::kLight ? line : 0;
  style.DisabledAlpha = 0.45f;
  style.AntiAliasedLinesUseTex = false;  // Crisp at any thickness, and the same in every rasteriser.
  set_colours(theme, style);
  ImGui::GetStyle() = style;
}

}  // namespace fixynn::gui
