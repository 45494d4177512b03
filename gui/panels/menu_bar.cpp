// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gui/panels/panel_parts.h"

namespace fixynn::gui {
namespace {

/// "Undo: W6 on block 3": what the command would do, where the session knows it.
std::string title_of(const PanelContext& context, const Command& command, bool enabled) {
  const History& history = context.session.history();
  if (enabled && command.id == "design.undo") return command.title + ": " + history.undo_title();
  if (enabled && command.id == "design.redo") return command.title + ": " + history.redo_title();
  return command.title;
}

std::string_view group(const Command& command) {
  return std::string_view(command.id).substr(0, command.id.find('.'));
}

void menu_entry(const PanelContext& context, const Command& command) {
  const std::string fault = command.fault ? command.fault(context.session) : "";
  const bool enabled = fault.empty(), checked = command.checked && command.checked(context.session);
  const std::string shown =
      display_text(context.ui, title_of(context, command, enabled)) + "###" + command.id;
  const std::string keys = command.keys.substr(0, command.keys.find(' '));
  if (ImGui::MenuItem(shown.c_str(), keys.empty() ? nullptr : keys.c_str(), checked, enabled))
    context.give(command.id);
  const std::string mark = "menu." + command.id;
  context.ui.mark(mark, enabled);
  tooltip(context.ui, mark, enabled ? command.help : fault);
}

void menu(const PanelContext& context, const std::string& name) {
  Ui& ui = context.ui;
  // Room on both sides, as other menus of the desktop have it.
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(ui.px(8), ui.px(8)));
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(ui.px(14), ui.px(7)));
  const bool open = ImGui::BeginMenu(name.c_str());
  // In an open menu the last item is the popup's, not the word in the bar.
  if (!open) ui.mark("menu." + name);
  if (open) {
    std::string_view before;
    for (const Command& command : context.commands) {
      if (command.menu != name) continue;
      if (!before.empty() && before != group(command)) ImGui::Separator();
      before = group(command);
      menu_entry(context, command);
    }
    ImGui::EndMenu();
  }
  ImGui::PopStyleVar(2);
}

/// What the screen shows, at the right end: the active run and the design's state.
void document(const PanelContext& context, float left) {
  Ui& ui = context.ui;
  const OpenRun* active = context.session.active_run();
  const std::string name = active != nullptr ? active->run->title : "no run: assumed weights";
  const float width = std::ceil(ImGui::CalcTextSize(display_text(ui, name).c_str()).x) + 1;
  const float x = std::max(left, ImGui::GetWindowWidth() - width - ui.px(14));
  if (ImGui::GetWindowWidth() - left < ui.px(80)) return;
  ImGui::SetCursorPosX(x);
  ImGui::PushStyleColor(ImGuiCol_Text, ui.theme.text_dim);
  text_clipped(ui, "menu.document", name, ImGui::GetWindowWidth() - x - ui.px(14));
  ImGui::PopStyleColor();
}

}  // namespace

void menu_bar(const PanelContext& context) {
  if (!ImGui::BeginMainMenuBar()) return;
  std::vector<std::string> names;
  for (const Command& command : context.commands)
    if (!command.menu.empty() && std::find(names.begin(), names.end(), command.menu) == names.end())
      names.push_back(command.menu);
  for (const std::string& name : names) menu(context, name);
  document(context, ImGui::GetCursorPosX() + context.ui.px(20));
  ImGui::EndMainMenuBar();
}

}  // namespace fixynn::gui
