// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "gui/panels/panel_parts.h"

namespace fixynn::gui {
namespace {

constexpr size_t kFailureLines = 4;

std::string mark_of(const Job& job, std::string_view part) {
  return fmt::format("jobs.{}.{}", job.id, part);
}

void title_line(const PanelContext& context, const Job& job) {
  Ui& ui = context.ui;
  const float square = ImGui::GetFrameHeight(), gap = ui.px(2);
  const float start = ImGui::GetCursorPosX(), right = start + ImGui::GetContentRegionAvail().x;
  ImGui::AlignTextToFramePadding();
  text_clipped(ui, mark_of(job, "title"), job.spec.title, right - start - 2 * square - 2 * gap - ui.px(4));
  ImGui::SameLine(right - 2 * square - gap);
  if (icon_button(ui, mark_of(job, "log"), Icon::kLog, "Log: the last lines",
                  {.style = ButtonStyle::kSubtle}))
    context.emit(OpenDialog{OpenDialog::Kind::kLog, job.id, ""});
  ImGui::SameLine(0, gap);
  if (job.is_active()) {
    ButtonOptions options;
    options.style = ButtonStyle::kSubtle;
    options.enabled = job.state != JobState::kStopping;
    options.disabled_reason = "It has been asked to stop";
    if (icon_button(ui, mark_of(job, "stop"), Icon::kStop, "Stop this job", options))
      context.emit(StopJob{job.id});
  } else if (icon_button(ui, mark_of(job, "dismiss"), Icon::kClose, "Dismiss: take it off the list",
                         {.style = ButtonStyle::kSubtle})) {
    context.emit(DismissJob{job.id});
  }
}

/// "training", "step 1 of 2", "took 12s".
std::string state_text(const PanelContext& context, const Job& job) {
  std::string text = job.activity;
  if (job.is_active() && job.spec.steps.size() > 1)
    text += fmt::format("{}step {} of {}", text.empty() ? "" : ", ", job.step + 1, job.spec.steps.size());
  if (!job.is_active() && job.started && !context.ui.frozen)
    text = "took " + format_duration(job_seconds(job, context.session.now()));
  return text;
}

/// The message is the log's "error: ..." line.
bool said_already(const Job& job, const std::string& line) {
  const std::string failure = failure_line(job.log);
  return !failure.empty() && line.find(failure) != std::string::npos;
}

/// The end of the log in a box, where the job failed: the reason is seen without opening anything.
void failure_box(const PanelContext& context, const Job& job) {
  Ui& ui = context.ui;
  const float inset = ui.px(7);
  const ImVec2 start = ImGui::GetCursorScreenPos();
  const float width = ImGui::GetContentRegionAvail().x;
  ImDrawList& list = *ImGui::GetWindowDrawList();
  ImDrawListSplitter splitter;
  splitter.Split(&list, 2);
  splitter.SetCurrentChannel(&list, 1);
  ImGui::SetCursorScreenPos(ImVec2(start.x + inset, start.y + inset));
  ImGui::BeginGroup();
  ImGui::PushTextWrapPos(ImGui::GetCursorPosX() + width - 2 * inset);
  text_small_coloured(ui, ui.theme.bad, job.message.empty() ? "It failed." : job.message);
  const size_t first = job.log.size() - std::min(job.log.size(), kFailureLines);
  for (size_t i = first; i < job.log.size(); ++i)
    if (!job.log[i].empty() && !said_already(job, job.log[i]))
      text_small_coloured(ui, ui.theme.text_dim, job.log[i]);
  ImGui::PopTextWrapPos();
  ImGui::EndGroup();
  const ImVec2 end(start.x + width, ImGui::GetItemRectMax().y + inset);
  splitter.SetCurrentChannel(&list, 0);
  list.AddRectFilled(start, end, with_opacity(ui.theme.bad, 0.1f), ui.px(5));
  list.AddRectFilled(start, ImVec2(start.x + ui.px(3), end.y), ui.theme.bad, ui.px(2));
  splitter.Merge(&list);
  ui.mark_rectangle(mark_of(job, "failure"), start, end);
  ImGui::SetCursorScreenPos(ImVec2(start.x, end.y));
  ImGui::Dummy(ImVec2(1, 1));
}

void result_line(const PanelContext& context, const Job& job) {
  Ui& ui = context.ui;
  const std::string result = context.session.job_result(job.id);
  if (!result.empty()) {
    note_wrapped(ui, ui.theme.good, result);
    ui.mark(mark_of(job, "verified"));
  }
  if (!job.spec.result) return;
  const std::string path = job.spec.result->string();
  ButtonOptions options;
  options.icon = Icon::kCopy;
  options.style = ButtonStyle::kSubtle;
  const std::string tip = "Copy the path: " + path;
  options.tooltip = tip;
  if (icon_button(ui, mark_of(job, "copy"), Icon::kCopy, tip, options)) context.emit(Copy{path, "path"});
  ImGui::SameLine(0, ui.px(4));
  ImGui::AlignTextToFramePadding();
  ImGui::PushFont(ui.fonts.small);
  ImGui::PushStyleColor(ImGuiCol_Text, ui.theme.text_dim);
  text_clipped(ui, mark_of(job, "result"), last_part(path));
  ImGui::PopStyleColor();
  ImGui::PopFont();
}

void job_row(const PanelContext& context, const Job& job) {
  Ui& ui = context.ui;
  title_line(context, job);
  badge(ui, state_name(job.state), badge_kind(job.state));
  if (const std::string shown = state_text(context, job); !shown.empty()) {
    ImGui::SameLine();
    ImGui::PushFont(ui.fonts.small);
    ImGui::PushStyleColor(ImGuiCol_Text, ui.theme.text_dim);
    text_clipped(ui, mark_of(job, "state"), shown);
    ImGui::PopStyleColor();
    ImGui::PopFont();
  }
  if (job.state == JobState::kRunning || job.state == JobState::kStopping)
    progress_bar(ui, mark_of(job, "progress"), job.progress, ImGui::GetContentRegionAvail().x,
                 progress_text(job.progress, job.eta_seconds));
  if (job.state == JobState::kFailed) failure_box(context, job);
  if (job.state == JobState::kDone) result_line(context, job);
  if ((job.state == JobState::kLost || job.state == JobState::kCancelled) && !job.message.empty())
    text_small_wrapped(ui, job.message);
}

}  // namespace

void jobs_section(const PanelContext& context) {
  Ui& ui = context.ui;
  const std::vector<JobPointer>& jobs = context.session.jobs();
  const auto active =
      std::count_if(jobs.begin(), jobs.end(), [](const JobPointer& job) { return job->is_active(); });
  heading(ui, "Jobs", active > 0 ? fmt::format("{} active", active) : "");
  if (jobs.empty()) {
    text_small_wrapped(ui, "None. Sweeps, evaluations and exports that run beside this window appear here.");
    return;
  }
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(ui.px(7), ui.px(4)));
  // The newest on top: it is the one that is waited for.
  for (auto job = jobs.rbegin(); job != jobs.rend(); ++job) {
    job_row(context, **job);
    ImGui::Dummy(ImVec2(1, ui.px(4)));
  }
  ImGui::PopStyleVar();
}

}  // namespace fixynn::gui
