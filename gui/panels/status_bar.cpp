// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gui/panels/panel_parts.h"

namespace fixynn::gui {
namespace {

/// A text at the right end; with an action it is a button.
struct Part {
  std::string mark, text, tip;
  ImU32 colour;
  std::optional<Action> action;
};

constexpr float kBetween = 18;  ///< units between two parts

float part_width(const Ui& ui, const Part& part) {
  ImGui::PushFont(ui.fonts.small);
  const float width = ImGui::CalcTextSize(display_text(ui, part.text).c_str()).x;
  ImGui::PopFont();
  return std::ceil(width);
}

Part cost_quality(const PanelContext& context) {
  const Session& session = context.session;
  const Theme& theme = context.ui.theme;
  const DesignCosts& costs = session.costs();
  if (!costs.known()) return {"status.costs", "no costs", costs.error, theme.bad, std::nullopt};
  const auto [word, meaning] = session.quality_text();
  std::string shown = "costs: " + word;
  const bool waits = costs.quality == CostQuality::kEstimate && session.cost_book().busy();
  if (waits) {
    const auto [done, total] = session.cost_book().progress();
    shown += fmt::format(", exact {} of {}", done, total);
  }
  return {"status.costs", shown, meaning, waits ? theme.warning : theme.text_dim, std::nullopt};
}

std::optional<Part> data_age(const PanelContext& context) {
  const OpenRun* active = context.session.active_run();
  if (active == nullptr || context.ui.frozen || !is_live(*active->run)) return std::nullopt;
  const double age = age_seconds(*active->run, context.session.now());
  context.ui.request_redraw(age_changes_in(age));
  return Part{"status.age", "data " + age_text(age), "When something new of the active run was last seen",
              context.ui.theme.text_dim, std::nullopt};
}

std::vector<Part> right_parts(const PanelContext& context) {
  const Theme& theme = context.ui.theme;
  std::vector<Part> parts;
  if (const std::string edit = context.session.history().undo_title(); !edit.empty())
    parts.push_back({"status.edit", "last edit: " + edit, with_keys(context, "Undo it", "design.undo"),
                     theme.text_dim, Undo{}});
  parts.push_back(cost_quality(context));
  if (auto age = data_age(context)) parts.push_back(std::move(*age));
  if (!context.ui.fonts.missing.empty()) {
    std::string all;
    for (const std::string& sentence : context.ui.fonts.missing) all += (all.empty() ? "" : "\n") + sentence;
    parts.push_back(
        {"status.fonts", "fonts missing", all, theme.warning, OpenDialog{OpenDialog::Kind::kAbout, 0, ""}});
  }
  parts.push_back({"status.keys", "F1 keys", "All keys and commands", theme.text_dim,
                   OpenDialog{OpenDialog::Kind::kKeys, 0, ""}});
  return parts;
}

void draw_part(const PanelContext& context, const Part& part) {
  Ui& ui = context.ui;
  if (!part.action) {
    text_small_coloured(ui, part.colour, part.text);
    ui.mark(part.mark);
    tooltip(ui, part.mark, part.tip);
    return;
  }
  ImGui::PushFont(ui.fonts.small);
  ImGui::PushStyleVar(ImGuiStyleVar_FramePadding, ImVec2(0, 0));
  for (const ImGuiCol colour : {ImGuiCol_Button, ImGuiCol_ButtonActive, ImGuiCol_Border})
    ImGui::PushStyleColor(colour, IM_COL32(0, 0, 0, 0));
  ImGui::PushStyleColor(ImGuiCol_ButtonHovered, ui.theme.frame_hovered);
  ImGui::PushStyleColor(ImGuiCol_Text, part.colour);
  if (ImGui::Button((display_text(ui, part.text) + "###" + part.mark).c_str())) context.emit(*part.action);
  ui.mark(part.mark);
  ImGui::PopStyleColor(5);
  ImGui::PopStyleVar();
  ImGui::PopFont();
  tooltip(ui, part.mark, part.tip);
}

void message(const PanelContext& context, float width) {
  Ui& ui = context.ui;
  const std::vector<Message>& messages = context.session.messages();
  const bool failure = !messages.empty() && messages.back().failure;
  const std::string said = messages.empty() ? "Ready" : messages.back().text;
  const ImVec2 start = ImGui::GetCursorPos();
  ImGui::PushFont(ui.fonts.small);
  ImGui::PushStyleColor(ImGuiCol_Header, IM_COL32(0, 0, 0, 0));
  const float line = ImGui::GetTextLineHeight();
  if (ImGui::Selectable("###status.message", false, 0, ImVec2(width, line)))
    context.emit(OpenDialog{OpenDialog::Kind::kMessages, 0, ""});
  ImGui::PopStyleColor();
  ui.mark("status.message");
  tooltip(ui, "status.message", said + "\nClick for all messages");
  ImGui::SetCursorPos(start);
  const std::string icon = failure ? std::string(icon_text(ui.fonts, Icon::kError)) : "";
  ImGui::PushStyleColor(ImGuiCol_Text, failure ? ui.theme.bad : ui.theme.text_dim);
  text_clipped(ui, "status.message.text", icon.empty() ? said : icon + "  " + said, width);
  ImGui::PopStyleColor();
  ImGui::PopFont();
}

}  // namespace

void status_bar(const PanelContext& context, Area area) {
  Ui& ui = context.ui;
  std::vector<Part> parts = right_parts(context);
  const auto total = [&] {
    float sum = 0;
    for (const Part& part : parts) sum += part_width(ui, part) + ui.px(kBetween);
    return sum;
  };
  // What was done last is in the menu, too: it goes first where there is little room.
  const float inset = ui.px(4);
  if (parts.size() > 2 && total() > 0.62f * area.size.x && parts.front().mark == "status.edit")
    parts.erase(parts.begin());
  ImGui::SetCursorScreenPos(area.min);
  ImGui::PushStyleColor(ImGuiCol_ChildBg, IM_COL32(0, 0, 0, 0));
  if (ImGui::BeginChild("status", area.size, false, ImGuiWindowFlags_NoScrollbar)) {
    ImGui::PushFont(ui.fonts.small);
    const float y = std::floor((area.size.y - ImGui::GetTextLineHeight()) / 2);
    ImGui::PopFont();
    const float right = total();
    ImGui::SetCursorPos(ImVec2(inset, y));
    message(context, std::max(ui.px(60), area.size.x - right - inset));
    float x = area.size.x - right + ui.px(kBetween) - inset;
    for (const Part& part : parts) {
      ImGui::SetCursorPos(ImVec2(std::floor(x), y));
      draw_part(context, part);
      x += part_width(ui, part) + ui.px(kBetween);
    }
  }
  ImGui::EndChild();
  ImGui::PopStyleColor();
}

}  // namespace fixynn::gui
