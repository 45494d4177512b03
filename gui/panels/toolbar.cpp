// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gui/panels/panel_parts.h"
#include "gui/ui/imgui_compat.h"

namespace fixynn::gui {
namespace {

/// What is going on: the active run, else another live one, else a job.
struct Going {
  std::string title;
  std::optional<double> progress, eta_seconds;
};

std::optional<Going> of_run(const OpenRun& open) {
  if (!is_live(*open.run)) return std::nullopt;
  const std::optional<RunStatus>& status = open.run->status;
  if (!status) return Going{open.run->title, std::nullopt, std::nullopt};
  return Going{open.run->title, status->progress, status->eta_seconds};
}

std::optional<Going> going_on(const Session& session) {
  if (const OpenRun* active = session.active_run())
    if (auto going = of_run(*active)) return going;
  for (const OpenRun& open : session.runs())
    if (auto going = of_run(open)) return going;
  for (const JobPointer& job : session.jobs())
    if (job->is_active()) return Going{job->spec.title, job->progress, job->eta_seconds};
  return std::nullopt;
}

/// "New run", or "Resume" where the active run can go on.
void start_button(const PanelContext& context) {
  const OpenRun* active = context.session.active_run();
  ButtonOptions options;
  options.style = ButtonStyle::kPrimary;
  options.icon = Icon::kPlay;
  if (active != nullptr && !is_live(*active->run) && context.session.resume_fault(active->run->id).empty()) {
    const std::string tip = with_keys(context, "Go on with " + active->run->title, "run.resume");
    options.tooltip = tip;
    if (button(context.ui, "toolbar.resume", "Resume", options)) context.emit(ResumeRun{active->run->id});
    return;
  }
  const std::string tip = with_keys(context, "Train the sweep of a configuration", "run.new");
  options.tooltip = tip;
  if (button(context.ui, "toolbar.new_run", "New run", options))
    context.emit(OpenDialog{OpenDialog::Kind::kNewRun, 0, ""});
}

void stop_button(const PanelContext& context) {
  const OpenRun* active = context.session.active_run();
  const std::string fault =
      active != nullptr ? context.session.stop_fault(active->run->id) : "no run is open";
  const std::string tip = with_keys(context, "Stop cleanly, with a checkpoint to resume from", "run.stop");
  ButtonOptions options;
  options.icon = Icon::kStop;
  options.enabled = fault.empty();
  options.tooltip = tip;
  const std::string reason = "Stop: " + fault;
  options.disabled_reason = reason;
  if (button(context.ui, "toolbar.stop", "Stop", options)) context.emit(StopRun{active->run->id});
}

void undo_buttons(const PanelContext& context) {
  const History& history = context.session.history();
  ButtonOptions options;
  options.enabled = history.can_undo();
  options.disabled_reason = "Nothing to undo";
  // Narrower than beside words, so that the icons stay in the middle of their squares.
  ImGui::PushStyleVar(ImGuiStyleVar_FramePadding, ImVec2(context.ui.px(6), context.ui.px(6)));
  const std::string undo = with_keys(context, "Undo " + history.undo_title(), "design.undo");
  if (icon_button(context.ui, "toolbar.undo", Icon::kUndo, undo, options)) context.emit(Undo{});
  ImGui::SameLine();
  options.enabled = history.can_redo();
  options.disabled_reason = "Nothing to redo";
  const std::string redo = with_keys(context, "Redo " + history.redo_title(), "design.redo");
  if (icon_button(context.ui, "toolbar.redo", Icon::kRedo, redo, options)) context.emit(Redo{});
  ImGui::PopStyleVar();
}

/// Looks like a field and opens the palette, where the typing is done.
void palette_field(const PanelContext& context, float width) {
  Ui& ui = context.ui;
  ImGui::PushStyleColor(ImGuiCol_Button, ui.theme.frame);
  ImGui::PushStyleColor(ImGuiCol_ButtonHovered, ui.theme.frame_hovered);
  const bool clicked = ImGui::Button("###palette", ImVec2(width, ImGui::GetFrameHeight()));
  ui.mark("toolbar.palette");
  ImGui::PopStyleColor(2);
  if (clicked) context.emit(OpenDialog{OpenDialog::Kind::kPalette, 0, ""});
  tooltip(ui, "toolbar.palette", "Find a command, a run or a layer by some of its letters");
  const ImVec2 min = ImGui::GetItemRectMin(), max = ImGui::GetItemRectMax();
  const float y = std::floor((min.y + max.y - ImGui::GetFontSize()) / 2);
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const std::string icon = icon_text(ui.fonts, Icon::kSearch);
  const float icon_width = icon.empty() ? 0 : ImGui::CalcTextSize(icon.c_str()).x + ui.px(10);
  list.PushClipRect(min, max, true);
  list.AddText(ImVec2(min.x + ui.px(10), y), ui.theme.text_dim, icon.c_str());
  const char* hint = "Commands, runs, layers";
  const char* keys = "Ctrl+P";
  const float keys_width = ImGui::CalcTextSize(keys).x, hint_x = min.x + ui.px(10) + icon_width;
  list.AddText(ImVec2(hint_x, y), ui.theme.text_dim, hint);
  const float keys_x = max.x - keys_width - ui.px(10);
  if (keys_x > hint_x + ImGui::CalcTextSize(hint).x + ui.px(10))
    list.AddText(ImVec2(keys_x, y), ui.theme.text_disabled, keys);
  list.PopClipRect();
}

void progress(const PanelContext& context, const Going& going, float width) {
  Ui& ui = context.ui;
  const std::string shown = progress_text(going.progress, going.eta_seconds);
  const float name_width =
      std::min(std::max(0.0f, width - ui.px(190)), ImGui::CalcTextSize(going.title.c_str()).x);
  ImGui::AlignTextToFramePadding();
  if (name_width > ui.px(50)) {
    ImGui::PushStyleColor(ImGuiCol_Text, ui.theme.text_dim);
    text_clipped(ui, "toolbar.progress.title", going.title, name_width);
    ImGui::PopStyleColor();
    ImGui::SameLine();
    width -= name_width + ImGui::GetStyle().ItemSpacing.x;
  }
  const float drop = (ImGui::GetFrameHeight() - ImGui::GetTextLineHeight()) / 2;
  ImGui::SetCursorPosY(ImGui::GetCursorPosY() + std::floor(drop));
  progress_bar(ui, "toolbar.progress", going.progress, width, shown);
  tooltip(ui, "toolbar.progress", going.title + ": " + (shown.empty() ? "running" : shown));
}

void theme_button(const PanelContext& context) {
  Settings settings = context.session.settings();
  const bool light = settings.light;
  const std::string tip = light ? "Dark theme" : "Light theme";
  if (!icon_button(context.ui, "toolbar.theme", light ? Icon::kMoon : Icon::kSun, tip,
                   {.style = ButtonStyle::kSubtle}))
    return;
  settings.light = !light;
  context.emit(ChangeSettings{std::move(settings)});
}

}  // namespace

void toolbar(const PanelContext& context, Area area) {
  Ui& ui = context.ui;
  ImGui::SetCursorScreenPos(area.min);
  ImGui::PushStyleColor(ImGuiCol_ChildBg, IM_COL32(0, 0, 0, 0));
  ImGui::PushStyleVar(ImGuiStyleVar_FramePadding, ImVec2(ui.px(11), ui.px(6)));
  if (ImGui::BeginChild("toolbar", area.size, false, ImGuiWindowFlags_NoScrollbar)) {
    const float gap = ImGui::GetStyle().ItemSpacing.x,
                top = std::floor((area.size.y - ImGui::GetFrameHeight()) / 2);
    ImGui::SetCursorPosY(top);
    start_button(context);
    ImGui::SameLine();
    stop_button(context);
    ImGui::SameLine();
    undo_buttons(context);
    ImGui::SameLine(0, 2 * gap);
    const std::optional<Going> going = going_on(context.session);
    const float square = std::max(ImGui::GetFrameHeight(), button_width(ui, "", {.icon = Icon::kMoon}));
    const float room = ImGui::GetContentRegionAvail().x - square - gap;
    const float wanted = going ? std::clamp(0.45f * room, ui.px(130), ui.px(400)) : 0;
    const float field = std::clamp(room - wanted - (going ? 2 * gap : 0), ui.px(60), ui.px(460));
    palette_field(context, field);
    const float right = area.size.x - square;
    if (going && room - field > ui.px(100)) {
      ImGui::SameLine(right - 2 * gap - wanted);
      progress(context, *going, wanted);
    }
    ImGui::SameLine(right);
    ImGui::SetCursorPosY(top);
    theme_button(context);
  }
  ImGui::EndChild();
  ImGui::PopStyleVar();
  ImGui::PopStyleColor();
}

}  // namespace fixynn::gui
