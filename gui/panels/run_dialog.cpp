// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>

#include "core/text.h"
#include "gui/panels/dialogs.h"

namespace fixynn::gui {
namespace {

void status_rows(const PanelContext& context, const RunSnapshot& run) {
  if (!run.status) return;
  const RunStatus& status = *run.status;
  fact_row(context, "run.host", "Host", status.host);
  fact_row(context, "run.heartbeat", "Heartbeat", status.heartbeat);
  fact_row(
      context, "run.position", "Position",
      fmt::format("{} fixed layers, seed {}, epoch {} of {}, step {} of {}", status.fixed_layers, status.seed,
                  status.epoch, status.epochs, format_count(status.step), format_count(status.steps)));
}

void pairs(const PanelContext& context, std::string_view mark, std::string_view title, const Facts& facts) {
  if (facts.empty()) return;
  ImGui::Dummy(ImVec2(1, context.ui.px(4)));
  heading(context.ui, title);
  for (size_t i = 0; i < facts.size(); ++i)
    fact_row(context, fmt::format("{}.{}", mark, i), facts[i].first, facts[i].second);
}

void facts_tab(const PanelContext& context, const OpenRun& open) {
  Ui& ui = context.ui;
  const RunSnapshot& run = *open.run;
  text_dim(ui, "Folder");
  ImGui::SameLine(ImGui::GetCursorStartPos().x + ui.px(150));
  copyable_text(ui, "run.root", run.root.string());
  fact_row(context, "run.state", "State", state_name(run.state));
  fact_row(context, "run.message", "Message", run.message);
  fact_row(context, "run.points", "Points", run_points_text(run));
  fact_row(context, "run.control", "Can be stopped here",
           run.writable ? "yes" : "no: its folder is read-only");
  if (run.network_file_system)
    fact_row(context, "run.mount", "Folder is on", "a network file system, read every 2 s");
  status_rows(context, run);
  if (!open.basis_error.empty()) note_wrapped(ui, ui.theme.warning, open.basis_error);
  for (const std::string& problem : run.problems) note_wrapped(ui, ui.theme.warning, problem);
  pairs(context, "run.data", "Data", run.facts.data);
  if (run.facts.skipped_images > 0)
    note_wrapped(ui, ui.theme.warning,
                 format_plural(run.facts.skipped_images, "image") + " could not be read and were left out");
  if (!run.facts.sessions.empty()) pairs(context, "run.session", "Last start", run.facts.sessions.back());
}

void text_tab(const PanelContext& context, const RunSnapshot& run) {
  Ui& ui = context.ui;
  if (!run.config_error.empty()) note_wrapped(ui, ui.theme.bad, run.config_error);
  if (run.config_text.empty()) return text_dim(ui, "This run has no config.yaml.");
  ImGui::PushFont(ui.fonts.mono);
  ImGui::TextUnformatted(run.config_text.data(), run.config_text.data() + run.config_text.size());
  ImGui::PopFont();
}

}  // namespace

void run_details_dialog(const PanelContext& context) {
  Ui& ui = context.ui;
  const int id = context.session.dialog().id;
  const OpenRun* open = id != 0 ? context.session.run(id) : context.session.active_run();
  begin_card(context, open != nullptr ? open->run->title : std::string("Run"),
             {.width = 760, .height = 600, .click_beside_closes = true});
  if (open == nullptr) {
    text_dim(ui, "No run is open.");
    return end_card();
  }
  const std::array<std::string, 2> names = {"Facts", "Configuration"};
  tabs(ui, "run.tabs", names, context.dialog.chosen);
  const float bottom = ImGui::GetFrameHeight() + ui.px(12);
  ImGui::BeginChild("details", ImVec2(0, ImGui::GetContentRegionAvail().y - bottom), false,
                    ImGuiWindowFlags_HorizontalScrollbar);
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(ui.px(8), ui.px(4)));
  if (context.dialog.chosen == 1)
    text_tab(context, *open->run);
  else
    facts_tab(context, *open);
  ImGui::PopStyleVar();
  ImGui::EndChild();
  to_card_bottom(ImGui::GetFrameHeight());
  ButtonOptions options;
  options.icon = Icon::kCopy;
  if (button(ui, "run.copy_config", "Copy configuration", options))
    context.emit(Copy{open->run->config_text, "configuration"});
  ImGui::SameLine();
  if (button(ui, "run.copy_path", "Copy path", options)) context.emit(Copy{open->run->root.string(), "path"});
  ImGui::SameLine();
  options.icon = Icon::kLog;
  if (button(ui, "run.log", "Log", options))
    context.emit(OpenDialog{OpenDialog::Kind::kLog, -open->run->id, ""});
  end_card();
}

}  // namespace fixynn::gui
