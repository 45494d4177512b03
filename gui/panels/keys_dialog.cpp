// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "gui/panels/dialogs.h"

namespace fixynn::gui {
namespace {

struct KeyRow {
  std::string keys, title, help, command;
};

// What belongs to no command of the table.
constexpr std::array<std::array<const char*, 3>, 14> kOthers = {{
    {"Escape", "Close", "A dialog, a menu, a list that has folded out."},
    {"F6 Shift+F6", "Next card, previous card", "Runs, design, jobs, plots, layers, cost."},
    {"Tab Shift+Tab", "Next widget, previous widget", "Within a card; arrow keys, too."},
    {"Space Return", "Press what has the focus",
     "Space presses a button; Return types into a field or slider."},
    {"Alt", "Menu", "Then the arrow keys."},
    {"Ctrl+click", "Type a slider's number", "Return takes it."},
    {"Wheel", "Zoom a plot at the mouse", "Ctrl: across only. Shift: up and down only."},
    {"Drag", "Move a plot", "With the left button."},
    {"Right drag", "Zoom a plot to a box", "With the right button."},
    {"Double click", "Fit a plot", "All of its points are seen again."},
    {"Click", "Select a point's design", "Table, cost and all plots show it."},
    {"Click", "A name of a legend: hide or show it", "Shift+click: this one only."},
    {"Ctrl+click", "Add a layer to the selection", "In the table of layers."},
    {"Shift+click", "Select layers up to this one", "In the table of layers."},
}};

std::vector<KeyRow> rows_for(const PanelContext& context, const std::string& query) {
  std::vector<KeyRow> rows;
  const auto add = [&](KeyRow row) {
    if (query.empty() || fuzzy_score(query, row.title + " " + row.keys + " " + row.help) > 0)
      rows.push_back(std::move(row));
  };
  for (const Command& command : context.commands)
    if (!command.keys.empty()) add({command.keys, command.title, command.help, command.id});
  for (const auto& [keys, title, help] : kOthers) add({keys, title, help, ""});
  for (const Command& command : context.commands)
    if (command.keys.empty()) add({"", command.title, command.help, command.id});
  return rows;
}

/// Chords as key caps, two at most: what there is no room for is in the manual.
void keys_cell(Ui& ui, const std::string& keys, bool chords) {
  size_t from = 0;
  for (int shown = 0; shown < 2 && from < keys.size(); ++shown) {
    const size_t blank = chords ? keys.find(' ', from) : std::string::npos;
    const std::string word = keys.substr(from, blank == std::string::npos ? blank : blank - from);
    if (from > 0) ImGui::SameLine(0, ui.px(4));
    badge(ui, word);
    from = blank == std::string::npos ? keys.size() : blank + 1;
  }
}

}  // namespace

void keys_dialog(const PanelContext& context) {
  Ui& ui = context.ui;
  DialogState& state = context.dialog;
  begin_card(context, "Keys and commands", {.width = 780, .height = 620, .click_beside_closes = true});
  if (state.just_opened) ImGui::SetKeyboardFocusHere();
  search_field(ui, "keys.query", state.query, "Find a key or a command", -1);
  const ImGuiTableFlags flags =
      ImGuiTableFlags_ScrollY | ImGuiTableFlags_BordersInnerH | ImGuiTableFlags_SizingStretchProp;
  if (ImGui::BeginTable("keys", 3, flags)) {
    ImGui::TableSetupColumn("Keys", ImGuiTableColumnFlags_WidthFixed, ui.px(196));
    ImGui::TableSetupColumn("Command", ImGuiTableColumnFlags_WidthFixed, ui.px(210));
    ImGui::TableSetupColumn("What it does", ImGuiTableColumnFlags_WidthStretch);
    ImGui::TableSetupScrollFreeze(0, 1);
    ImGui::TableHeadersRow();
    int index = 0;
    for (const KeyRow& row : rows_for(context, state.query)) {
      ImGui::TableNextRow();
      ImGui::TableNextColumn();
      // Of the mouse's rows, words belong together: "Right drag".
      keys_cell(
          ui, row.keys,
          !row.command.empty() || row.keys.find('+') != std::string::npos || row.keys == "Space Return");
      ImGui::TableNextColumn();
      text_clipped(ui, "keys.title." + std::to_string(index++), row.title);
      ImGui::TableNextColumn();
      text_small_wrapped(ui, row.help);
    }
    ImGui::EndTable();
  }
  end_card();
}

}  // namespace fixynn::gui
