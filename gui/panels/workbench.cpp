// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "gui/panels/panel_parts.h"
#include "gui/ui/imgui_compat.h"
#include "gui/ui/keys.h"

namespace fixynn::gui {
namespace {

constexpr const char* kHost = "##workbench";
// Units at scale 1.
constexpr float kGap = 8, kToolbarHeight = 42, kStatusHeight = 24, kTabsHeight = 32;
constexpr int kKeyF6 = kKeyF1 + 5;
constexpr float kLeastPlots = 240, kLeastLayers = 180;
constexpr float kPlotsShare = 0.58f;

bool is_arrow(int key) {
  return key == kKeyLeft || key == kKeyRight || key == kKeyUp || key == kKeyDown;
}

/// Keys that edit text in a field: they never give a command while someone is typing.
bool edits_text(const Chord& chord) {
  if (chord.alt || !chord.ctrl) return false;
  if (chord.key == kKeyLeft || chord.key == kKeyRight) return true;
  return chord.key < 128 &&
         std::string_view("ACVXYZ").find(static_cast<char>(chord.key)) != std::string_view::npos;
}

bool belongs_elsewhere(const Chord& chord) {
  const bool function_key = chord.key >= kKeyF1 && chord.key <= kKeyF12;
  if (typing_text()) return edits_text(chord) || !(chord.ctrl || chord.alt || function_key);
  // With the focus shown, plain keys move it and press what it is on.
  const bool plain = !chord.ctrl && !chord.alt && !function_key;
  return plain && (ImGui::GetIO().NavVisible || ImGui::IsAnyItemActive());
}

bool pressed(const Command& command) {
  std::string_view rest = command.keys;
  while (!rest.empty()) {
    const size_t blank = rest.find(' ');
    const std::string_view word = rest.substr(0, blank);
    rest = blank == std::string_view::npos ? std::string_view{} : rest.substr(blank + 1);
    if (word.empty()) continue;
    const Chord chord = parse_chord(word);
    if (chord_pressed(chord, is_arrow(chord.key)) && !belongs_elsewhere(chord)) return true;
  }
  return false;
}

void shortcuts(const PanelContext& context) {
  const bool dialog = context.session.dialog().kind != OpenDialog::Kind::kNone;
  for (const Command& command : context.commands) {
    if (!pressed(command)) continue;
    // Behind a dialog only the look may change (scale, theme), and another dialog take its place.
    if (dialog) {
      if (command.fault && !command.fault(context.session).empty()) continue;
      for (const Action& action : command.actions(context.session))
        if (std::holds_alternative<ChangeSettings>(action) || std::holds_alternative<OpenDialog>(action))
          context.emit(action);
      return;
    }
    const std::string fault = command.fault ? command.fault(context.session) : "";
    if (fault.empty())
      context.give(command.id);
    else
      context.emit(Notify{command.title + ": " + fault, false});
    return;
  }
}

/// The window's parts in pixels, made anew in each frame.
struct Layout {
  Area toolbar, body, status;
  bool folded = false;
};

Layout make_layout(const Ui& ui, ImVec2 display) {
  const float menu = ImGui::GetFrameHeight(), gap = ui.px(kGap);
  const float toolbar_height = std::floor(ui.px(kToolbarHeight)),
              status_height = std::floor(ui.px(kStatusHeight));
  const float width = std::max(ui.px(120), display.x - 2 * gap);
  const float top = std::floor(menu + ui.px(2) + toolbar_height), bottom = display.y - status_height;
  Layout layout;
  layout.toolbar = {{gap, std::floor(menu + ui.px(2))}, {width, toolbar_height}};
  layout.body = {{gap, top}, {width, std::max(ui.px(60), bottom - top - ui.px(2))}};
  layout.status = {{gap, bottom}, {width, status_height}};
  layout.folded = display.x / ui.scale < kLeastWidth || display.y / ui.scale < kLeastHeight;
  return layout;
}

void three_columns(const PanelContext& context, Area body) {
  const Ui& ui = context.ui;
  const float gap = std::floor(ui.px(kGap));
  const float side = std::floor(std::clamp(0.19f * body.size.x, ui.px(250), ui.px(310)));
  const float cost = std::floor(std::clamp(0.22f * body.size.x, ui.px(292), ui.px(350)));
  const float centre = body.size.x - side - cost - 2 * gap, x = body.min.x + side + gap;
  const float height = body.size.y - gap;
  float plots = std::floor(std::max(kPlotsShare * height, ui.px(kLeastPlots)));
  plots = std::min(plots, std::floor(std::max(height - ui.px(kLeastLayers), 0.5f * height)));
  side_panel(context, {body.min, {side, body.size.y}});
  plots_panel(context, {{x, body.min.y}, {centre, plots}});
  layers_panel(context, {{x, body.min.y + plots + gap}, {centre, height - plots}});
  inspector_panel(context, {{x + centre + gap, body.min.y}, {cost, body.size.y}});
}

void folded_tabs(const PanelContext& context, Area body, int& tab) {
  Ui& ui = context.ui;
  const std::array<std::string, 4> names = {"Plots", "Layers", "Cost", "Runs"};
  const float height = std::floor(ui.px(kTabsHeight));
  ImGui::SetCursorScreenPos(body.min);
  ImGui::PushStyleColor(ImGuiCol_ChildBg, IM_COL32(0, 0, 0, 0));
  if (ImGui::BeginChild("folded", ImVec2(body.size.x, height), false, ImGuiWindowFlags_NoScrollbar))
    tabs(ui, "folded", names, tab);
  ImGui::EndChild();
  ImGui::PopStyleColor();
  const float top = height + ui.px(4);
  const Area rest = {{body.min.x, body.min.y + top}, {body.size.x, std::max(ui.px(40), body.size.y - top)}};
  switch (tab) {
    case 1:
      return layers_panel(context, rest);
    case 2:
      return inspector_panel(context, rest);
    case 3:
      return side_panel(context, rest);
    default:
      return plots_panel(context, rest);
  }
}

void begin_host(const Ui& ui, ImVec2 display) {
  ImGui::SetNextWindowPos(ImVec2(0, 0));
  ImGui::SetNextWindowSize(display);
  ImGui::PushStyleColor(ImGuiCol_WindowBg, ui.theme.window);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(0, 0));
  ImGui::PushStyleVar(ImGuiStyleVar_WindowRounding, 0);
  ImGui::Begin(kHost, nullptr,
               ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoSavedSettings |
                   ImGuiWindowFlags_NoBringToFrontOnFocus | ImGuiWindowFlags_NoNavFocus |
                   ImGuiWindowFlags_NoScrollWithMouse);
  ImGui::PopStyleVar(2);
  ImGui::PopStyleColor();
}

void follow_dialog(const Session& session, WorkbenchState& state) {
  const OpenDialog& dialog = session.dialog();
  if (dialog.kind == state.last_dialog) return;
  state.last_dialog = dialog.kind;
  state.dialog = DialogState{};
  state.dialog.just_opened = true;
}

}  // namespace

Actions draw_workbench(Ui& ui, const Session& session, const std::vector<Command>& commands,
                       WorkbenchState& state) {
  Actions actions;
  compat::forget_left_text_field();
  ImGuiIO& io = ImGui::GetIO();
  io.ConfigFlags |= ImGuiConfigFlags_NavEnableKeyboard;
  follow_dialog(session, state);
  const PanelContext context{ui, session, commands, actions, state.dialog};
  const bool dialog = session.dialog().kind != OpenDialog::Kind::kNone;
  shortcuts(context);
  // Before the cards are drawn: the one that gets the keyboard looks for its first widget in this frame.
  if (!dialog && chord_pressed({.key = kKeyF6})) focus_next_card(kHost, 1);
  if (!dialog && chord_pressed({.key = kKeyF6, .shift = true})) focus_next_card(kHost, -1);
  menu_bar(context);
  const Layout layout = make_layout(ui, io.DisplaySize);
  begin_host(ui, io.DisplaySize);
  toolbar(context, layout.toolbar);
  if (layout.folded)
    folded_tabs(context, layout.body, state.folded_tab);
  else
    three_columns(context, layout.body);
  status_bar(context, layout.status);
  ImGui::End();
  dialogs(context);
  // Behind what the dialog asked for: Escape also takes back what was typed in it.
  if (dialog && chord_pressed({.key = kKeyEscape})) context.emit(OpenDialog{OpenDialog::Kind::kNone, 0, ""});
  // What was asked for is seen in the next frame.
  if (!actions.empty()) ui.request_redraw(0);
  return actions;
}

}  // namespace fixynn::gui
