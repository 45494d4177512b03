// SPDX-License-Identifier: Apache-2.0
// Choosing: segmented control, tabs, switch, check box, list.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gui/ui/imgui_compat.h"
#include "gui/ui/widgets.h"

namespace fixynn::gui {
namespace {

struct Spot {
  bool clicked, hovered;
  ImVec2 min, max;
};

/// An invisible item of this size with a mark.
Spot spot(Ui& ui, std::string_view mark, ImVec2 size, bool enabled = true) {
  ImGui::PushID(mark.data(), mark.data() + mark.size());
  ImGui::BeginDisabled(!enabled);
  const bool clicked =
      ImGui::InvisibleButton("###spot", ImVec2(std::max(1.0f, size.x), std::max(1.0f, size.y)));
  const Spot result = {clicked, ImGui::IsItemHovered(), ImGui::GetItemRectMin(), ImGui::GetItemRectMax()};
  ui.mark(mark, enabled);
  ImGui::EndDisabled();
  ImGui::PopID();
  return result;
}

void text_in_middle(const Spot& spot, ImU32 colour, const std::string& text) {
  const ImVec2 size = ImGui::CalcTextSize(text.data(), text.data() + text.size());
  const ImVec2 at(std::floor((spot.min.x + spot.max.x - size.x) / 2),
                  std::floor((spot.min.y + spot.max.y - size.y) / 2));
  ImGui::GetWindowDrawList()->AddText(at, colour, text.data(), text.data() + text.size());
}

float label_width(const std::string& text) {
  return std::ceil(ImGui::CalcTextSize(text.data(), text.data() + text.size()).x);
}

}  // namespace

bool segmented(Ui& ui, std::string_view mark, std::span<const std::string> labels, int& chosen) {
  bool changed = false;
  const float height = ImGui::GetFrameHeight(), inset = std::max(1.0f, std::floor(ui.px(2)));
  const float padding = ImGui::GetStyle().FramePadding.x + ui.px(3),
              rounding = ImGui::GetStyle().FrameRounding;
  float width = 0;
  for (const std::string& label : labels) width += label_width(display_text(ui, label)) + 2 * padding;
  const ImVec2 min = ImGui::GetCursorScreenPos(), max(min.x + width, min.y + height);
  ImDrawList& list = *ImGui::GetWindowDrawList();
  list.AddRectFilled(min, max, ui.theme.frame, rounding);
  if (ImGui::GetStyle().FrameBorderSize > 0)
    list.AddRect(min, max, ui.theme.panel_border, rounding, 0, ImGui::GetStyle().FrameBorderSize);
  ImGui::BeginGroup();
  for (int i = 0; i < static_cast<int>(labels.size()); ++i) {
    if (i > 0) ImGui::SameLine(0, 0);
    const std::string label = display_text(ui, labels[static_cast<size_t>(i)]);
    const Spot entry =
        spot(ui, fmt::format("{}.{}", mark, i), ImVec2(label_width(label) + 2 * padding, height));
    const ImVec2 inner_min(entry.min.x + inset, entry.min.y + inset),
        inner_max(entry.max.x - inset, entry.max.y - inset);
    if (i == chosen)
      list.AddRectFilled(inner_min, inner_max, ui.theme.selected_row, rounding - inset / 2);
    else if (entry.hovered)
      list.AddRectFilled(inner_min, inner_max, ui.theme.frame_hovered, rounding - inset / 2);
    text_in_middle(entry, i == chosen || entry.hovered ? ui.theme.text : ui.theme.text_dim, label);
    if (entry.clicked && i != chosen) {
      chosen = i;
      changed = true;
    }
  }
  ImGui::EndGroup();
  ui.mark(mark);
  return changed;
}

bool tabs(Ui& ui, std::string_view mark, std::span<const std::string> labels, int& chosen) {
  bool changed = false;
  const float height = ImGui::GetFrameHeight() + std::floor(ui.px(4)), padding = std::floor(ui.px(11));
  const float line = std::max(2.0f, std::round(ui.px(2)));
  const ImVec2 min = ImGui::GetCursorScreenPos();
  const float right = min.x + ImGui::GetContentRegionAvail().x;
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const float base = std::floor(min.y + height) - 1;
  list.AddRectFilled(ImVec2(min.x, base), ImVec2(right, base + 1), ui.theme.panel_border);
  ImGui::BeginGroup();
  for (int i = 0; i < static_cast<int>(labels.size()); ++i) {
    if (i > 0) ImGui::SameLine(0, 0);
    const std::string label = display_text(ui, labels[static_cast<size_t>(i)]);
    const Spot entry =
        spot(ui, fmt::format("{}.{}", mark, i), ImVec2(label_width(label) + 2 * padding, height));
    if (entry.hovered && i != chosen)
      list.AddRectFilled(ImVec2(entry.min.x + 2, entry.min.y), ImVec2(entry.max.x - 2, base - ui.px(3)),
                         ui.theme.hovered_row, ImGui::GetStyle().FrameRounding);
    text_in_middle(entry, i == chosen || entry.hovered ? ui.theme.text : ui.theme.text_dim, label);
    if (i == chosen)
      list.AddRectFilled(ImVec2(entry.min.x + padding / 2, base + 1 - line),
                         ImVec2(entry.max.x - padding / 2, base + 1), ui.theme.accent, 1);
    if (entry.clicked && i != chosen) {
      chosen = i;
      changed = true;
    }
  }
  ImGui::EndGroup();
  ui.mark(mark);
  return changed;
}

bool toggle(Ui& ui, std::string_view mark, std::string_view label, bool& on, bool enabled) {
  const std::string shown = display_text(ui, label);
  const float height = std::round(ui.px(17)), width = std::round(ui.px(31)), line = ImGui::GetFrameHeight();
  const float gap = shown.empty() ? 0 : ImGui::GetStyle().ItemInnerSpacing.x;
  const Spot whole = spot(ui, mark, ImVec2(width + gap + label_width(shown), line), enabled);
  if (whole.clicked) on = !on;
  const float opacity = enabled ? 1 : ImGui::GetStyle().DisabledAlpha;
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const ImVec2 min(whole.min.x, std::floor(whole.min.y + (line - height) / 2));
  const ImU32 track =
      on ? ui.theme.accent : mix(ui.theme.frame_active, ui.theme.axis, whole.hovered ? 0.5f : 0.25f);
  list.AddRectFilled(min, ImVec2(min.x + width, min.y + height), with_opacity(track, opacity), height / 2);
  const float x = on ? min.x + width - height / 2 : min.x + height / 2;
  list.AddCircleFilled(ImVec2(x, min.y + height / 2), height / 2 - ui.px(2.5f),
                       with_opacity(IM_COL32_WHITE, opacity));
  list.AddText(ImVec2(min.x + width + gap, std::floor(whole.min.y + (line - ImGui::GetFontSize()) / 2)),
               with_opacity(ui.theme.text, opacity), shown.data(), shown.data() + shown.size());
  return whole.clicked;
}

bool check_box(Ui& ui, std::string_view mark, std::string_view label, bool& on, ImU32 colour, bool enabled) {
  ImGui::PushStyleColor(ImGuiCol_CheckMark, colour ? colour : ui.theme.accent);
  ImGui::PushStyleVar(ImGuiStyleVar_FramePadding, ImVec2(ui.px(3), ui.px(2)));
  ImGui::PushID(mark.data(), mark.data() + mark.size());
  ImGui::BeginDisabled(!enabled);
  const bool changed = ImGui::Checkbox((display_text(ui, label) + "###check").c_str(), &on);
  ui.mark(mark, enabled);
  ImGui::EndDisabled();
  ImGui::PopID();
  ImGui::PopStyleVar();
  ImGui::PopStyleColor();
  return changed;
}

bool combo(Ui& ui, std::string_view mark, std::span<const std::string> choices, int& chosen, float width,
           bool enabled) {
  bool changed = false;
  const bool valid = chosen >= 0 && chosen < static_cast<int>(choices.size());
  const std::string preview = valid ? display_text(ui, choices[static_cast<size_t>(chosen)]) : "";
  if (width == 0) {
    for (const std::string& choice : choices) width = std::max(width, label_width(display_text(ui, choice)));
    width += 2 * ImGui::GetStyle().FramePadding.x + ImGui::GetFrameHeight();
  }
  ImGui::PushID(mark.data(), mark.data() + mark.size());
  ImGui::SetNextItemWidth(width);
  ImGui::BeginDisabled(!enabled);
  const bool open = ImGui::BeginCombo("###combo", preview.c_str());
  if (!open) ui.mark(mark, enabled);
  if (open) {
    for (int i = 0; i < static_cast<int>(choices.size()); ++i) {
      ImGui::PushID(i);
      const std::string label = display_text(ui, choices[static_cast<size_t>(i)]) + "###choice";
      if (ImGui::Selectable(label.c_str(), i == chosen)) {
        changed = i != chosen;
        chosen = i;
      }
      ui.mark(fmt::format("{}.{}", mark, i));
      ImGui::PopID();
    }
    ImGui::EndCombo();
  }
  ImGui::EndDisabled();
  ImGui::PopID();
  return changed;
}

}  // namespace fixynn::gui
