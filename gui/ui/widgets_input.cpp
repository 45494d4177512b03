// SPDX-License-Identifier: Apache-2.0
// Typing and turning: text fields, sliders, numbers in cells.
#include <imgui.h>
#include <imgui_stdlib.h>

#include <algorithm>
#include <cmath>

#include "gui/ui/imgui_compat.h"
#include "gui/ui/widgets.h"

namespace fixynn::gui {
namespace {

constexpr float kFieldWidth = 200;
constexpr float kSliderWidth = 180;

Edit last_item_edit(bool changed) {
  return {changed, ImGui::IsItemDeactivatedAfterEdit()};
}

/// ImGui's slider does the work, unseen; a thin track, a knob and the value right of it are drawn instead.
/// While a number is typed (Ctrl+click), ImGui's field is what is seen.
template <typename T>
Edit draw_slider(Ui& ui, std::string_view mark, ImGuiDataType type, T& value, T low, T high,
                 const char* format, float width, bool enabled) {
  char shown[64] = "";
  ImFormatString(shown, sizeof(shown), format, value);
  char widest[64] = "";
  ImFormatString(widest, sizeof(widest), format, high);
  ImGui::PushFont(ui.fonts.mono);
  const float digits = std::ceil(std::max(ImGui::CalcTextSize(shown).x, ImGui::CalcTextSize(widest).x));
  ImGui::PopFont();
  if (width == 0) width = ui.px(kSliderWidth);
  if (width < 0) width = ImGui::GetContentRegionAvail().x + width;
  const float gap = ImGui::GetStyle().ItemInnerSpacing.x;
  const float track_width = std::max(ui.px(30), width - digits - gap);
  ImGui::PushID(mark.data(), mark.data() + mark.size());
  ImGui::BeginDisabled(!enabled);
  const bool typed = ImGui::TempInputIsActive(ImGui::GetID("###slider"));
  const ImU32 unseen = IM_COL32(0, 0, 0, 0);
  if (!typed) {
    for (const ImGuiCol colour :
         {ImGuiCol_FrameBg, ImGuiCol_FrameBgHovered, ImGuiCol_FrameBgActive, ImGuiCol_SliderGrab,
          ImGuiCol_SliderGrabActive, ImGuiCol_Text, ImGuiCol_Border})
      ImGui::PushStyleColor(colour, unseen);
  }
  ImGui::SetNextItemWidth(typed ? width : track_width);
  const bool changed =
      ImGui::SliderScalar("###slider", type, &value, &low, &high, format, ImGuiSliderFlags_AlwaysClamp);
  if (!typed) ImGui::PopStyleColor(7);
  const Edit edit = last_item_edit(changed);
  const bool lively = ImGui::IsItemHovered() || ImGui::IsItemActive();
  const ImVec2 min = ImGui::GetItemRectMin(), max = ImGui::GetItemRectMax();
  ui.mark(mark, enabled);
  if (!typed) {
    ImFormatString(shown, sizeof(shown), format, value);
    const float opacity = enabled ? 1 : ImGui::GetStyle().DisabledAlpha;
    const float share =
        high > low ? static_cast<float>(static_cast<double>(value - low) / static_cast<double>(high - low))
                   : 0;
    // Where ImGui's own knob would be.
    float knob = ImGui::GetStyle().GrabMinSize;
    if (type == ImGuiDataType_S32)
      knob = std::max(knob, (max.x - min.x - 4) / static_cast<float>(static_cast<double>(high - low) + 1));
    const float left = min.x + 2 + knob / 2, right = max.x - 2 - knob / 2;
    const float x = left + (right - left) * std::clamp(share, 0.0f, 1.0f),
                y = std::floor((min.y + max.y) / 2);
    const float half = std::max(1.0f, std::round(ui.px(2)));
    ImDrawList& list = *ImGui::GetWindowDrawList();
    list.AddRectFilled(ImVec2(min.x, y - half), ImVec2(max.x, y + half),
                       with_opacity(ui.theme.frame_active, opacity), half);
    list.AddRectFilled(ImVec2(min.x, y - half), ImVec2(x, y + half), with_opacity(ui.theme.accent, opacity),
                       half);
    list.AddCircleFilled(ImVec2(x, y), ui.px(lively ? 7.5f : 6.5f), ui.theme.panel);
    list.AddCircleFilled(ImVec2(x, y), ui.px(lively ? 6.5f : 5.5f), with_opacity(ui.theme.accent, opacity));
    ImGui::SameLine(0, gap);
    ImGui::AlignTextToFramePadding();
    ImGui::PushFont(ui.fonts.mono);
    ImGui::SetCursorPosX(ImGui::GetCursorPosX() + std::floor(digits - ImGui::CalcTextSize(shown).x));
    ImGui::TextUnformatted(shown);
    ImGui::PopFont();
  }
  ImGui::EndDisabled();
  ImGui::PopID();
  return edit;
}

}  // namespace

bool input_text(Ui& ui, std::string_view mark, std::string& text, std::string_view hint, float width,
                bool enabled) {
  ImGui::PushID(mark.data(), mark.data() + mark.size());
  ImGui::SetNextItemWidth(width == 0 ? ui.px(kFieldWidth) : width);
  ImGui::BeginDisabled(!enabled);
  const bool changed = ImGui::InputTextWithHint("###text", display_text(ui, hint).c_str(), &text);
  ui.mark(mark, enabled);
  ImGui::EndDisabled();
  ImGui::PopID();
  return changed;
}

bool search_field(Ui& ui, std::string_view mark, std::string& text, std::string_view hint, float width) {
  if (width == 0) width = ui.px(kFieldWidth);
  if (width < 0) width = ImGui::GetContentRegionAvail().x + width;
  const float height = ImGui::GetFrameHeight();
  const std::string icon = icon_text(ui.fonts, Icon::kSearch);
  const float icon_room = icon.empty() ? 0 : height, clear_room = text.empty() ? 0 : height;
  const ImVec2 min = ImGui::GetCursorScreenPos(), max(min.x + width, min.y + height);
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const float rounding = ImGui::GetStyle().FrameRounding, border = ImGui::GetStyle().FrameBorderSize;
  list.AddRectFilled(min, max, ui.theme.frame, rounding);
  if (border > 0) list.AddRect(min, max, ui.theme.panel_border, rounding, 0, border);
  if (!icon.empty()) {
    const ImVec2 size = ImGui::CalcTextSize(icon.c_str());
    list.AddText(ImVec2(std::floor(min.x + (height - size.x) / 2 + ui.px(2)),
                        std::floor(min.y + (height - size.y) / 2)),
                 ui.theme.text_dim, icon.c_str());
  }
  for (const ImGuiCol colour : {ImGuiCol_FrameBg, ImGuiCol_FrameBgHovered, ImGuiCol_FrameBgActive})
    ImGui::PushStyleColor(colour, IM_COL32(0, 0, 0, 0));
  ImGui::PushStyleVar(ImGuiStyleVar_FrameBorderSize, 0);
  ImGui::BeginGroup();
  ImGui::SetCursorScreenPos(ImVec2(min.x + icon_room, min.y));
  bool changed = input_text(ui, mark, text, hint, std::max(ui.px(20), width - icon_room - clear_room));
  if (clear_room > 0) {
    ImGui::SameLine(0, 0);
    const std::string clear = std::string(mark) + ".clear";
    if (icon_button(ui, clear, Icon::kClose, "Empty the field", {.style = ButtonStyle::kSubtle})) {
      text.clear();
      changed = true;
    }
  }
  ImGui::EndGroup();
  ImGui::PopStyleVar();
  ImGui::PopStyleColor(3);
  return changed;
}

Edit slider(Ui& ui, std::string_view mark, int& value, int low, int high, const char* format, float width,
            bool enabled) {
  return draw_slider<int>(ui, mark, ImGuiDataType_S32, value, low, high, format, width, enabled);
}

Edit slider(Ui& ui, std::string_view mark, double& value, double low, double high, const char* format,
            float width, bool enabled) {
  return draw_slider<double>(ui, mark, ImGuiDataType_Double, value, low, high, format, width, enabled);
}

Edit drag_number(Ui& ui, std::string_view mark, int& value, int low, int high, float width, bool enabled,
                 const char* format) {
  // A hand's breadth of mouse passes through the whole range, but no faster than a step in 3 pixels.
  const float per_pixel = std::clamp(static_cast<float>(high - low) / ui.px(160), 0.02f, 0.33f);
  ImGui::PushID(mark.data(), mark.data() + mark.size());
  ImGui::PushFont(ui.fonts.mono);
  ImGui::SetNextItemWidth(width == 0 ? ui.px(56) : width);
  ImGui::BeginDisabled(!enabled);
  const bool changed =
      ImGui::DragInt("###drag", &value, per_pixel, low, high, format, ImGuiSliderFlags_AlwaysClamp);
  const Edit edit = last_item_edit(changed);
  ui.mark(mark, enabled);
  ImGui::EndDisabled();
  ImGui::PopFont();
  ImGui::PopID();
  return edit;
}

}  // namespace fixynn::gui
