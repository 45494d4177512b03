// SPDX-License-Identifier: Apache-2.0
#include "gui/ui/widgets.h"

#include <algorithm>
#include <cmath>

#include "gui/ui/imgui_compat.h"

namespace fixynn::gui {
namespace {

constexpr double kTooltipDelay_s = 0.4;
constexpr float kTooltipWidth = 380;

ImFont* figures_face(const Ui& ui, ImFont* font) {
  return font ? font : ui.fonts.mono;
}

void draw_text(ImFont* font, ImU32 colour, const std::string& text) {
  ImGui::PushFont(font);
  ImGui::PushStyleColor(ImGuiCol_Text, colour);
  ImGui::TextUnformatted(text.data(), text.data() + text.size());
  ImGui::PopStyleColor();
  ImGui::PopFont();
}

void draw_wrapped(ImFont* font, ImU32 colour, const std::string& text) {
  ImGui::PushTextWrapPos(0);
  draw_text(font, colour, text);
  ImGui::PopTextWrapPos();
}

struct ButtonColours {
  ImU32 rest, hovered, active, text;
  bool border;
};

ButtonColours button_colours(const Theme& theme, ButtonStyle style) {
  switch (style) {
    case ButtonStyle::kPrimary:
      return {theme.accent, mix(theme.accent, theme.mark, 0.12f), mix(theme.accent, theme.window, 0.2f),
              theme.accent_text, false};
    case ButtonStyle::kSubtle:
      return {IM_COL32(0, 0, 0, 0), theme.frame_hovered, theme.frame_active, theme.text, false};
    case ButtonStyle::kDanger:
      return {theme.frame, mix(theme.frame, theme.bad, 0.2f), mix(theme.frame, theme.bad, 0.35f), theme.bad,
              true};
    case ButtonStyle::kNormal:
      break;
  }
  return {theme.frame, theme.frame_hovered, theme.frame_active, theme.text, true};
}

std::string button_text(const Ui& ui, std::string_view label, const ButtonOptions& options) {
  const std::string icon = options.icon ? icon_text(ui.fonts, *options.icon) : "";
  const std::string shown = display_text(ui, label);
  // A word that stands for an icon would say it twice beside a label.
  if (icon.empty() || (!ui.fonts.icons && !shown.empty())) return shown;
  return shown.empty() ? icon : icon + "  " + shown;
}

bool draw_button(Ui& ui, std::string_view mark, const std::string& text, ImVec2 size,
                 const ButtonOptions& options) {
  const ButtonColours colours = button_colours(ui.theme, options.style);
  ImGui::PushStyleColor(ImGuiCol_Button, colours.rest);
  ImGui::PushStyleColor(ImGuiCol_ButtonHovered, colours.hovered);
  ImGui::PushStyleColor(ImGuiCol_ButtonActive, colours.active);
  ImGui::PushStyleColor(ImGuiCol_Text, colours.text);
  if (!colours.border) ImGui::PushStyleVar(ImGuiStyleVar_FrameBorderSize, 0);
  ImGui::PushID(mark.data(), mark.data() + mark.size());
  ImGui::BeginDisabled(!options.enabled);
  const bool clicked = ImGui::Button((text + "###button").c_str(), size);
  ui.mark(mark, options.enabled);
  ImGui::EndDisabled();
  ImGui::PopID();
  if (!colours.border) ImGui::PopStyleVar();
  ImGui::PopStyleColor(4);
  const bool reason = !options.enabled && !options.disabled_reason.empty();
  tooltip(ui, mark, reason ? options.disabled_reason : options.tooltip);
  return clicked;
}

}  // namespace

ImU32 with_opacity(ImU32 colour, float opacity) {
  const float alpha =
      static_cast<float>((colour >> IM_COL32_A_SHIFT) & 255) * std::clamp(opacity, 0.0f, 1.0f);
  return (colour & ~IM_COL32_A_MASK) | (static_cast<ImU32>(alpha + 0.5f) << IM_COL32_A_SHIFT);
}

ImU32 mix(ImU32 a, ImU32 b, float amount) {
  ImU32 mixed = 0;
  for (int shift = 0; shift < 32; shift += 8) {
    const float from = static_cast<float>((a >> shift) & 255), to = static_cast<float>((b >> shift) & 255);
    mixed |= static_cast<ImU32>(from + (to - from) * amount + 0.5f) << shift;
  }
  return mixed;
}

float button_width(const Ui& ui, std::string_view label, const ButtonOptions& options) {
  if (options.width > 0) return options.width;
  const std::string text = button_text(ui, label, options);
  return std::ceil(ImGui::CalcTextSize(text.data(), text.data() + text.size()).x) +
         2 * ImGui::GetStyle().FramePadding.x;
}

bool button(Ui& ui, std::string_view mark, std::string_view label, const ButtonOptions& options) {
  const float width = options.width == 0 ? button_width(ui, label, options) : options.width;
  return draw_button(ui, mark, button_text(ui, label, options), ImVec2(width, 0), options);
}

bool icon_button(Ui& ui, std::string_view mark, Icon icon, std::string_view tooltip_text,
                 const ButtonOptions& options) {
  ButtonOptions with_icon = options;
  with_icon.icon = icon;
  with_icon.tooltip = tooltip_text;
  std::string text = icon_text(ui.fonts, icon);
  // Without icons and without a stand-in, the first word of what it does.
  if (text.empty()) text = display_text(ui, tooltip_text.substr(0, tooltip_text.find(' ')));
  const float height = ImGui::GetFrameHeight();
  const ImVec2 padding = ImGui::GetStyle().FramePadding;
  // A word wants air within its frame.
  const bool framed_word = !ui.fonts.icons && options.style != ButtonStyle::kSubtle;
  const float sides = (framed_word ? 2.0f : 1.0f) * padding.x;
  const float wanted = std::ceil(ImGui::CalcTextSize(text.c_str()).x) + sides;
  return draw_button(ui, mark, text, ImVec2(std::max({height, wanted, options.width}), height), with_icon);
}

void text(Ui& ui, std::string_view shown) {
  draw_text(ui.fonts.body, ui.theme.text, display_text(ui, shown));
}

void text_dim(Ui& ui, std::string_view shown) {
  draw_text(ui.fonts.body, ui.theme.text_dim, display_text(ui, shown));
}

void text_small(Ui& ui, std::string_view shown) {
  draw_text(ui.fonts.small, ui.theme.text_dim, display_text(ui, shown));
}

void text_coloured(Ui& ui, ImU32 colour, std::string_view shown) {
  draw_text(ui.fonts.body, colour, display_text(ui, shown));
}

void text_wrapped(Ui& ui, std::string_view shown) {
  draw_wrapped(ui.fonts.body, ui.theme.text, display_text(ui, shown));
}

void text_small_wrapped(Ui& ui, std::string_view shown) {
  draw_wrapped(ui.fonts.small, ui.theme.text_dim, display_text(ui, shown));
}

void text_right(Ui& ui, std::string_view shown, ImFont* font, ImU32 colour) {
  const std::string text = display_text(ui, shown);
  ImFont* face = figures_face(ui, font);
  const float width =
      face->CalcTextSizeA(compat::font_pixels(*face), FLT_MAX, 0, text.data(), text.data() + text.size()).x;
  const float free = std::floor(ImGui::GetContentRegionAvail().x - width);
  if (free > 0) ImGui::SetCursorPosX(ImGui::GetCursorPosX() + free);
  draw_text(face, colour ? colour : ui.theme.text, text);
}

void text_clipped(Ui& ui, std::string_view mark, std::string_view shown, float width) {
  std::string text = display_text(ui, shown);
  if (width <= 0) width = ImGui::GetContentRegionAvail().x + width;
  bool cut = false;
  if (ImGui::CalcTextSize(text.data(), text.data() + text.size()).x > width) {
    const std::string dots = ui.fonts.bitmap ? "..." : "…";
    const float room = std::max(0.0f, width - ImGui::CalcTextSize(dots.c_str()).x);
    const char* end = nullptr;
    ImFont* font = ImGui::GetFont();
    font->CalcTextSizeA(ImGui::GetFontSize(), room, 0, text.data(), text.data() + text.size(), &end);
    text = text.substr(0, static_cast<size_t>(end - text.data())) + dots;
    cut = true;
  }
  ImGui::TextUnformatted(text.data(), text.data() + text.size());
  ui.mark(mark);
  if (cut) tooltip(ui, mark, shown);
}

void heading(Ui& ui, std::string_view title, std::string_view detail) {
  draw_text(ui.fonts.bold, ui.theme.text, display_text(ui, title));
  if (!detail.empty()) {
    ImGui::SameLine();
    text_dim(ui, detail);
  }
  // ImGui's separator runs past the contents, to the panel's border.
  const ImVec2 min = ImGui::GetCursorScreenPos();
  const float line = ImGui::GetStyle().ChildBorderSize;
  ImGui::GetWindowDrawList()->AddRectFilled(
      min, ImVec2(min.x + ImGui::GetContentRegionAvail().x, min.y + line), ui.theme.panel_border);
  ImGui::Dummy(ImVec2(1, line));
}

void big_figure(Ui& ui, std::string_view caption, std::string_view value, std::string_view unit,
                std::string_view note, ImU32 note_colour) {
  ImGui::BeginGroup();
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(ui.px(4), ui.px(1)));
  text_small(ui, caption);
  draw_text(ui.fonts.big, ui.theme.text, display_text(ui, value));
  if (!unit.empty()) {
    // Both on one base line.
    ImGui::SameLine();
    const std::string shown = display_text(ui, unit);
    ImFont& font = *ui.fonts.small;
    const float pixels = compat::font_pixels(font);
    const ImVec2 min = ImGui::GetCursorScreenPos();
    ImGui::Dummy(font.CalcTextSizeA(pixels, FLT_MAX, 0, shown.c_str()));
    ImGui::GetWindowDrawList()->AddText(&font, pixels,
                                        ImVec2(min.x, min.y + std::floor(ui.fonts.big->Ascent - font.Ascent)),
                                        ui.theme.text_dim, shown.c_str());
  }
  if (!note.empty())
    draw_text(ui.fonts.small, note_colour ? note_colour : ui.theme.text_dim, display_text(ui, note));
  ImGui::PopStyleVar();
  ImGui::EndGroup();
}

bool tooltip_due(Ui& ui, std::string_view key) {
  if (!ImGui::IsItemHovered(ImGuiHoveredFlags_AllowWhenDisabled)) return false;
  const int frame = ImGui::GetFrameCount();
  const double now = ImGui::GetTime();
  const bool stays = ui.hover.key == key && ui.hover.frame >= frame - 1;
  // A click means that the user has found what to do: the tooltip would only be in the way.
  if (!stays || ImGui::IsAnyMouseDown()) {
    ui.hover.key = key;
    ui.hover.since_s = now;
  }
  ui.hover.frame = frame;
  const double left = ui.hover.since_s + kTooltipDelay_s - now;
  if (left <= 0) return true;
  ui.request_redraw(left);
  return false;
}

void begin_tooltip(Ui& ui) {
  ImGui::PushFont(ui.fonts.body);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(ui.px(10), ui.px(7)));
  ImGui::BeginTooltip();
  // ImGui measures a new tooltip in a frame that does not show it; a window at rest would draw no other.
  if (ImGui::IsWindowAppearing()) ui.request_redraw(0);
  ImGui::PushTextWrapPos(ui.px(kTooltipWidth));
}

void end_tooltip(Ui&) {
  ImGui::PopTextWrapPos();
  ImGui::EndTooltip();
  ImGui::PopStyleVar();
  ImGui::PopFont();
}

void tooltip(Ui& ui, std::string_view key, std::string_view shown) {
  if (shown.empty() || !tooltip_due(ui, key)) return;
  begin_tooltip(ui);
  text(ui, shown);
  end_tooltip(ui);
}

bool begin_panel(Ui& ui, std::string_view mark, ImVec2 min, ImVec2 size, bool scroll) {
  ui.mark_rectangle(mark, min, ImVec2(min.x + size.x, min.y + size.y));
  ImGui::SetCursorScreenPos(min);
  ImGui::PushStyleColor(ImGuiCol_ChildBg, ui.theme.panel);
  const ImGuiWindowFlags still = ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse;
  const std::string id(mark);
  const bool shown = ImGui::BeginChild(id.c_str(), size, true, scroll ? ImGuiWindowFlags_None : still);
  ImGui::PopStyleColor();
  return shown;
}

void end_panel(Ui&) {
  ImGui::EndChild();
}

}  // namespace fixynn::gui
