// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "gui/panels/panel_parts.h"
#include "gui/ui/imgui_compat.h"

namespace fixynn::gui {
namespace {

std::string mark_of(const OpenRun& open, std::string_view part = {}) {
  return part.empty() ? fmt::format("runs.{}", open.run->id) : fmt::format("runs.{}.{}", open.run->id, part);
}

void title_line(const PanelContext& context, const OpenRun& open, bool active) {
  Ui& ui = context.ui;
  const RunSnapshot& run = *open.run;
  bool shown = open.shown;
  const auto colour = ui.theme.series[static_cast<size_t>(std::clamp(open.colour, 0, 7))];
  if (check_box(ui, mark_of(open, "shown"), "", shown, colour)) context.emit(ShowRun{run.id, shown});
  tooltip(ui, mark_of(open, "shown"), "Show this run in the plots");
  ImGui::SameLine();
  const ImVec2 start = ImGui::GetCursorScreenPos();
  const float width = ImGui::GetContentRegionAvail().x;
  // The card behind the row shows which one is active.
  ImGui::PushStyleColor(ImGuiCol_Header, IM_COL32(0, 0, 0, 0));
  const float drop = std::floor((ImGui::GetTextLineHeight() + 2 * ui.px(2) - ImGui::GetTextLineHeight()) / 2);
  ImGui::SetCursorScreenPos(ImVec2(start.x, start.y + drop));
  if (ImGui::Selectable(("###" + mark_of(open)).c_str(), active, 0,
                        ImVec2(width, ImGui::GetTextLineHeight())))
    context.emit(ActivateRun{run.id});
  ui.mark(mark_of(open));
  ImGui::PopStyleColor();
  ImGui::SetCursorScreenPos(ImVec2(start.x, start.y + drop));
  if (active) ImGui::PushFont(ui.fonts.bold);
  text_clipped(ui, mark_of(open, "title"), run.title, width);
  if (active) ImGui::PopFont();
}

/// "5 points · 2 seeds · 20 s ago"; what else is known while there are no points.
std::string facts_text(const PanelContext& context, const OpenRun& open) {
  const RunSnapshot& run = *open.run;
  if (run.state == RunState::kReading) return "reading";
  std::string text = run_points_text(run);
  const bool ages = is_live(run) || run.state == RunState::kLost;
  if (ages && !context.ui.frozen) {
    const double age = age_seconds(run, context.session.now());
    text += " \xc2\xb7 " + age_text(age);
    context.ui.request_redraw(age_changes_in(age));
  }
  if (run.state == RunState::kUnreachable && !context.ui.frozen) {
    const double since = unreachable_seconds(run, context.session.now());
    text = fmt::format("no answer for {}", format_duration(since));
    context.ui.request_redraw(age_changes_in(since));
  }
  return text;
}

void facts_line(const PanelContext& context, const OpenRun& open) {
  Ui& ui = context.ui;
  const RunSnapshot& run = *open.run;
  badge(ui, run.state == RunState::kReading ? "reading" : state_name(run.state), badge_kind(run.state));
  if (!run.message.empty()) tooltip(ui, mark_of(open, "badge"), run.message);
  ImGui::SameLine();
  const bool warn = !run.problems.empty();
  const std::string icon = warn ? icon_text(ui.fonts, Icon::kWarning) : "";
  const float icon_width = warn ? ImGui::CalcTextSize(icon.c_str()).x + ImGui::GetStyle().ItemSpacing.x : 0;
  ImGui::PushFont(ui.fonts.small);
  ImGui::PushStyleColor(ImGuiCol_Text, ui.theme.text_dim);
  text_clipped(ui, mark_of(open, "facts"), facts_text(context, open),
               ImGui::GetContentRegionAvail().x - icon_width);
  ImGui::PopStyleColor();
  ImGui::PopFont();
  if (!warn) return;
  ImGui::SameLine();
  text_coloured(ui, ui.theme.warning, icon);
  ui.mark(mark_of(open, "problems"));
  std::string all;
  for (const std::string& problem : run.problems) all += (all.empty() ? "" : "\n") + problem;
  tooltip(ui, mark_of(open, "problems"), all);
}

void progress_line(const PanelContext& context, const OpenRun& open) {
  Ui& ui = context.ui;
  const RunSnapshot& run = *open.run;
  const float width = ImGui::GetContentRegionAvail().x;
  if (run.state == RunState::kReading) {
    progress_bar(ui, mark_of(open, "progress"), run.read_progress, width,
                 fmt::format("{:.0f} % read", 100 * run.read_progress));
    return;
  }
  if (!is_live(run)) return;
  const std::optional<RunStatus>& status = run.status;
  const std::optional<double> done = status ? std::optional(status->progress) : std::nullopt;
  progress_bar(ui, mark_of(open, "progress"), done, width,
               progress_text(done, status ? status->eta_seconds : std::nullopt),
               ui.theme.series[static_cast<size_t>(std::clamp(open.colour, 0, 7))]);
  if (!status) return;
  tooltip(ui, mark_of(open, "progress"),
          fmt::format("{}: {} fixed layers, seed {}, epoch {} of {}, {:.0f} images/s", status->state,
                      status->fixed_layers, status->seed, status->epoch, status->epochs,
                      status->images_per_second));
}

/// What the active run can be asked for.
void button_line(const PanelContext& context, const OpenRun& open) {
  Ui& ui = context.ui;
  const int id = open.run->id;
  const std::string no_stop = context.session.stop_fault(id), no_resume = context.session.resume_fault(id);
  const bool resume = !is_live(*open.run) && no_resume.empty();
  ButtonOptions options;
  options.icon = resume ? Icon::kPlay : Icon::kStop;
  options.enabled = resume || no_stop.empty();
  options.tooltip =
      resume ? "Go on from the last checkpoint" : "Stop cleanly, with a checkpoint to resume from";
  const std::string reason = "Stop: " + no_stop;
  options.disabled_reason = reason;
  if (resume) {
    if (button(ui, mark_of(open, "resume"), "Resume", options)) context.emit(ResumeRun{id});
  } else if (button(ui, mark_of(open, "stop"), "Stop", options)) {
    context.emit(StopRun{id});
  }
  const auto icon = [&](const char* part, Icon shape, const char* tip) {
    ImGui::SameLine(0, ui.px(4));
    return icon_button(ui, mark_of(open, part), shape, tip, {.style = ButtonStyle::kSubtle});
  };
  if (icon("log", Icon::kLog, "Log: the last lines"))
    context.emit(OpenDialog{OpenDialog::Kind::kLog, -id, ""});
  if (icon("details", Icon::kList, "Details: facts and configuration"))
    context.emit(OpenDialog{OpenDialog::Kind::kRunDetails, id, ""});
  if (icon("refresh", Icon::kRefresh, "Read: look at the files now")) context.emit(RefreshRun{id});
  if (icon("close", Icon::kClose, "Close: no longer watched; its files stay")) context.emit(CloseRun{id});
}

ImU32 message_colour(const Ui& ui, RunState state) {
  if (state == RunState::kFailed) return ui.theme.bad;
  return state == RunState::kLost || state == RunState::kUnreachable ? ui.theme.warning : ui.theme.text_dim;
}

void run_row(const PanelContext& context, const OpenRun& open, float indent) {
  Ui& ui = context.ui;
  const OpenRun* front = context.session.active_run();
  const bool active = front != nullptr && front->run->id == open.run->id;
  const float inset = ui.px(6);
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const ImVec2 start = ImGui::GetCursorScreenPos();
  const float width = ImGui::GetContentRegionAvail().x;
  // The background is drawn when the row's height is known, behind what stands on it.
  ImDrawListSplitter splitter;
  splitter.Split(&list, 2);
  splitter.SetCurrentChannel(&list, 1);
  ImGui::SetCursorScreenPos(ImVec2(start.x + indent, start.y + inset / 2));
  ImGui::BeginGroup();
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(ui.px(7), ui.px(4)));
  ImGui::PushItemWidth(width);
  title_line(context, open, active);
  facts_line(context, open);
  progress_line(context, open);
  const RunSnapshot& run = *open.run;
  if (!run.message.empty() && (active || run.state == RunState::kFailed))
    note_wrapped(ui, message_colour(ui, run.state), run.message);
  if (!open.basis_error.empty() && active) note_wrapped(ui, ui.theme.warning, open.basis_error);
  if (active) button_line(context, open);
  ImGui::PopItemWidth();
  ImGui::PopStyleVar();
  ImGui::EndGroup();
  const ImVec2 end(start.x + width, ImGui::GetItemRectMax().y + inset / 2);
  splitter.SetCurrentChannel(&list, 0);
  if (active)
    list.AddRectFilled(ImVec2(start.x - inset, start.y), ImVec2(end.x + inset, end.y),
                       with_opacity(ui.theme.selected_row, 0.55f), ui.px(5));
  splitter.Merge(&list);
  ui.mark_rectangle(mark_of(open, "row"), start, end);
  ImGui::SetCursorScreenPos(ImVec2(start.x, end.y + ui.px(3)));
}

}  // namespace

void runs_section(const PanelContext& context) {
  Ui& ui = context.ui;
  const std::vector<OpenRun>& runs = context.session.runs();
  heading_with_icons(ui, "Runs", runs.empty() ? "" : fmt::format("{}", runs.size()), 2, [&] {
    const std::string open = with_keys(context, "Open a run folder or a configuration", "file.open");
    if (icon_button(ui, "runs.open", Icon::kFolder, open, {.style = ButtonStyle::kSubtle}))
      context.emit(OpenDialog{OpenDialog::Kind::kOpen, 0, ""});
    ImGui::SameLine(0, ui.px(4));
    const std::string start = with_keys(context, "New run", "run.new");
    if (icon_button(ui, "runs.new", Icon::kPlus, start, {.style = ButtonStyle::kSubtle}))
      context.emit(OpenDialog{OpenDialog::Kind::kNewRun, 0, ""});
  });
  if (runs.empty()) {
    text_small_wrapped(ui, "Drop a run folder or a configuration here, or press Ctrl+O.");
    text_small_wrapped(ui, "Until then, costs are those of assumed weights.");
    return;
  }
  for (const OpenRun& open : runs) {
    // An evaluation stands below the run that it belongs to.
    if (open.parent != 0 && context.session.run(open.parent) != nullptr) continue;
    run_row(context, open, 0);
    for (const OpenRun& child : runs)
      if (child.parent == open.run->id) run_row(context, child, ui.px(16));
  }
}

}  // namespace fixynn::gui
