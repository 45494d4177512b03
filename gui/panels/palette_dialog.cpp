// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <imgui.h>
#include <imgui_stdlib.h>

#include <algorithm>
#include <cmath>

#include "gui/panels/dialogs.h"

namespace fixynn::gui {
namespace {

/// Up and Down belong to the list while the field has the keyboard.
int move_chosen(ImGuiInputTextCallbackData* data) {
  auto& chosen = *static_cast<int*>(data->UserData);
  if (data->EventKey == ImGuiKey_UpArrow) --chosen;
  if (data->EventKey == ImGuiKey_DownArrow) ++chosen;
  return 0;
}

/// True when Return was pressed.
bool query_field(const PanelContext& context, bool& changed) {
  DialogState& state = context.dialog;
  if (state.just_opened) ImGui::SetKeyboardFocusHere();
  const std::string before = state.query;
  ImGui::SetNextItemWidth(-1);
  const bool entered = ImGui::InputTextWithHint(
      "###query", "Type some letters of a command, a run or a layer", &state.query,
      ImGuiInputTextFlags_EnterReturnsTrue | ImGuiInputTextFlags_CallbackHistory, move_chosen, &state.chosen);
  context.ui.mark("palette.query");
  changed = before != state.query;
  return entered;
}

void text_at(const Ui& ui, ImFont* font, ImVec2 at, ImU32 colour, const std::string& shown, float right) {
  ImGui::PushFont(font);
  ImDrawList& list = *ImGui::GetWindowDrawList();
  list.PushClipRect(ImVec2(at.x, at.y - ui.px(4)), ImVec2(right, at.y + ui.px(30)), true);
  list.AddText(at, colour, shown.data(), shown.data() + shown.size());
  list.PopClipRect();
  ImGui::PopFont();
}

bool entry_row(const PanelContext& context, const PaletteEntry& entry, int index, bool chosen) {
  Ui& ui = context.ui;
  const float height = ImGui::GetTextLineHeight() + ui.px(10), inset = ui.px(10);
  const bool enabled = entry.fault.empty();
  const bool clicked = ImGui::Selectable(fmt::format("###{}", index).c_str(), chosen, 0, ImVec2(0, height));
  const std::string mark = fmt::format("palette.{}", index);
  ui.mark_rectangle(mark, ImGui::GetItemRectMin(), ImGui::GetItemRectMax(), enabled);
  tooltip(ui, mark, entry.fault);
  const ImVec2 min = ImGui::GetItemRectMin(), max = ImGui::GetItemRectMax();
  const float y = std::floor((min.y + max.y - ImGui::GetTextLineHeight()) / 2);
  const std::string title = display_text(ui, entry.title), keys = display_text(ui, entry.keys);
  const float keys_width = keys.empty() ? 0 : ImGui::CalcTextSize(keys.c_str()).x + inset;
  const float right = max.x - keys_width - inset;
  text_at(ui, ui.fonts.body, ImVec2(min.x + inset, y), enabled ? ui.theme.text : ui.theme.text_disabled,
          title, right);
  const float detail_x = min.x + inset + ImGui::CalcTextSize(title.c_str()).x + ui.px(14);
  const float drop = std::floor((ui.fonts.body->Ascent - ui.fonts.small->Ascent));
  const std::string detail = display_text(ui, enabled ? entry.detail : entry.fault);
  if (detail_x < right - inset)
    text_at(ui, ui.fonts.small, ImVec2(detail_x, y + drop), enabled ? ui.theme.text_dim : ui.theme.warning,
            detail, right - inset);
  if (!keys.empty())
    text_at(ui, ui.fonts.body, ImVec2(max.x - keys_width, y), ui.theme.text_dim, keys, max.x);
  return clicked;
}

}  // namespace

void palette_dialog(const PanelContext& context) {
  Ui& ui = context.ui;
  DialogState& state = context.dialog;
  begin_card(context, "",
             {.width = 620, .height = 430, .top = 84, .title_row = false, .click_beside_closes = true});
  const int before = state.chosen;
  bool changed = false;
  const bool entered = query_field(context, changed);
  const std::vector<PaletteEntry> entries = palette_entries(context.session, context.commands, state.query);
  const int count = static_cast<int>(entries.size());
  if (changed) state.chosen = 0;
  state.chosen = count == 0 ? 0 : std::clamp(state.chosen, 0, count - 1);
  const PaletteEntry* given = entered && count > 0 ? &entries[static_cast<size_t>(state.chosen)] : nullptr;
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(ui.px(8), 0));
  ImGui::BeginChild("entries", ImVec2(0, 0), false, ImGuiWindowFlags_NoNavInputs);
  for (int i = 0; i < count; ++i) {
    const PaletteEntry& entry = entries[static_cast<size_t>(i)];
    if (entry_row(context, entry, i, i == state.chosen)) given = &entry;
    if (i == state.chosen && (state.chosen != before || changed)) ImGui::SetScrollHereY(0.5f);
  }
  if (count == 0) empty_note(ui, "Nothing has these letters in this order.");
  ImGui::EndChild();
  ImGui::PopStyleVar();
  if (given != nullptr && given->fault.empty()) {
    // First closed: what is given may open another dialog.
    close_dialog(context);
    for (const Action& action : given->actions(context.session)) context.emit(action);
  } else if (entered) {
    // Return has taken the keyboard from the field.
    state.just_opened = true;
  }
  end_card();
}

}  // namespace fixynn::gui
