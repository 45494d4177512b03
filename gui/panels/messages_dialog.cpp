// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "gui/panels/dialogs.h"

namespace fixynn::gui {
namespace {

std::string when(const PanelContext& context, const Message& message) {
  if (context.ui.frozen) return "";
  const double age = std::chrono::duration<double>(context.session.now() - message.at).count();
  context.ui.request_redraw(age_changes_in(age));
  return age_text(age);
}

std::string as_text(const std::vector<Message>& messages) {
  std::string all;
  for (const Message& message : messages) all += (message.failure ? "error: " : "") + message.text + "\n";
  return all;
}

void message_row(const PanelContext& context, const Message& message, size_t index) {
  Ui& ui = context.ui;
  ImGui::TableNextRow();
  ImGui::TableNextColumn();
  text_small(ui, when(context, message));
  ImGui::TableNextColumn();
  const char* icon = icon_text(ui.fonts, message.failure ? Icon::kError : Icon::kCheck);
  text_coloured(ui, message.failure ? ui.theme.bad : ui.theme.good, icon);
  ImGui::TableNextColumn();
  ImGui::PushStyleColor(ImGuiCol_Text, message.failure ? ui.theme.bad : ui.theme.text);
  ImGui::PushTextWrapPos(0);
  ImGui::TextUnformatted(display_text(ui, message.text).c_str());
  ImGui::PopTextWrapPos();
  ImGui::PopStyleColor();
  ui.mark(fmt::format("messages.{}", index));
}

}  // namespace

void messages_dialog(const PanelContext& context) {
  Ui& ui = context.ui;
  const std::vector<Message>& messages = context.session.messages();
  begin_card(context, "Messages", {.width = 720, .height = 460, .click_beside_closes = true});
  const float bottom = ImGui::GetFrameHeight() + ui.px(12);
  if (messages.empty()) {
    text_dim(ui, "Nothing has been said yet.");
  } else if (ImGui::BeginTable("messages", 3, ImGuiTableFlags_ScrollY | ImGuiTableFlags_BordersInnerH,
                               ImVec2(0, ImGui::GetContentRegionAvail().y - bottom))) {
    ImGui::TableSetupColumn("when", ImGuiTableColumnFlags_WidthFixed, ui.px(ui.frozen ? 1 : 80));
    ImGui::TableSetupColumn("kind", ImGuiTableColumnFlags_WidthFixed, ui.px(20));
    ImGui::TableSetupColumn("text", ImGuiTableColumnFlags_WidthStretch);
    // The newest on top.
    for (size_t i = messages.size(); i-- > 0;) message_row(context, messages[i], i);
    ImGui::EndTable();
  }
  to_card_bottom(ImGui::GetFrameHeight());
  ButtonOptions options;
  options.icon = Icon::kCopy;
  options.enabled = !messages.empty();
  if (button(ui, "messages.copy", "Copy all", options)) context.emit(Copy{as_text(messages), "messages"});
  end_card();
}

}  // namespace fixynn::gui
