// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "gui/panels/dialogs.h"

namespace fixynn::gui {
namespace {

struct Log {
  std::string title, path;
  const std::vector<std::string>* lines = nullptr;
};

/// Of a job for an id above 0, else of the run with the id -id.
Log find_log(const Session& session, int id) {
  if (id > 0) {
    for (const JobPointer& job : session.jobs()) {
      if (job->id != id) continue;
      const bool known = job->step < job->spec.steps.size();
      return {job->spec.title, known ? job->spec.steps[job->step].log.string() : "", &job->log};
    }
    return {};
  }
  const OpenRun* open = session.run(-id);
  if (open == nullptr) return {};
  return {open->run->title, (open->run->root / "log.txt").string(), &open->run->log};
}

ImU32 line_colour(const Theme& theme, std::string_view line) {
  if (line.find("error") != std::string_view::npos) return theme.bad;
  if (line.find("warning") != std::string_view::npos) return theme.warning;
  return theme.text;
}

void lines_box(const PanelContext& context, const std::vector<std::string>& lines, float height) {
  Ui& ui = context.ui;
  ImGui::PushStyleColor(ImGuiCol_ChildBg, ui.theme.window);
  ImGui::BeginChild("lines", ImVec2(0, height), true, ImGuiWindowFlags_HorizontalScrollbar);
  // New lines are followed while the end is what is looked at.
  const bool at_end = context.dialog.just_opened || ImGui::GetScrollY() >= ImGui::GetScrollMaxY() - 1;
  ImGui::PushFont(ui.fonts.mono);
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(0, ui.px(1)));
  ImGuiListClipper clipper;
  clipper.Begin(static_cast<int>(lines.size()));
  while (clipper.Step())
    for (int i = clipper.DisplayStart; i < clipper.DisplayEnd; ++i) {
      const std::string& line = lines[static_cast<size_t>(i)];
      ImGui::PushStyleColor(ImGuiCol_Text, line_colour(ui.theme, line));
      ImGui::TextUnformatted(line.data(), line.data() + line.size());
      ImGui::PopStyleColor();
    }
  ImGui::PopStyleVar();
  ImGui::PopFont();
  if (at_end) ImGui::SetScrollHereY(1);
  ImGui::EndChild();
  ui.mark("log.lines");
  ImGui::PopStyleColor();
}

}  // namespace

void log_dialog(const PanelContext& context) {
  Ui& ui = context.ui;
  const Log log = find_log(context.session, context.session.dialog().id);
  const bool there = log.lines != nullptr && !log.lines->empty();
  begin_card(context, there ? "Log of " + log.title : std::string("Log"),
             {.width = 940, .height = 600, .click_beside_closes = true});
  const float bottom = ImGui::GetFrameHeight() + ui.px(12);
  if (there)
    lines_box(context, *log.lines, ImGui::GetContentRegionAvail().y - bottom);
  else
    text_dim(ui, log.lines == nullptr ? "It is no longer on the list." : "It has written nothing yet.");
  to_card_bottom(ImGui::GetFrameHeight());
  ButtonOptions options;
  options.icon = Icon::kCopy;
  options.enabled = there;
  if (button(ui, "log.copy", "Copy", options))
    context.emit(Copy{fmt::format("{}\n", fmt::join(*log.lines, "\n")), "log"});
  if (!log.path.empty()) {
    ImGui::SameLine();
    ImGui::AlignTextToFramePadding();
    ImGui::PushStyleColor(ImGuiCol_Text, ui.theme.text_dim);
    text_clipped(ui, "log.path",
                 fmt::format("the last {} lines of {}", there ? log.lines->size() : 0, log.path));
    ImGui::PopStyleColor();
  }
  end_card();
}

}  // namespace fixynn::gui
