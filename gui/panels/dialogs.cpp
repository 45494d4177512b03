// SPDX-License-Identifier: Apache-2.0
#include "gui/panels/dialogs.h"

#include <algorithm>
#include <cmath>

namespace fixynn::gui {

void close_dialog(const PanelContext& context) {
  context.emit(OpenDialog{OpenDialog::Kind::kNone, 0, ""});
}

void begin_card(const PanelContext& context, std::string_view title, const CardOptions& options) {
  Ui& ui = context.ui;
  const ImVec2 display = ImGui::GetIO().DisplaySize;
  const float margin = ui.px(16);
  const ImVec2 size(std::floor(std::min(ui.px(options.width), display.x - 2 * margin)),
                    std::floor(std::min(ui.px(options.height), display.y - 2 * margin)));
  const float middle = std::floor((display.y - size.y) / 2);
  const float wanted = options.top < 0 ? middle : std::floor(ui.px(options.top));
  const ImVec2 min(std::floor((display.x - size.x) / 2), std::min(wanted, display.y - margin - size.y));
  const ImVec2 max(min.x + size.x, min.y + size.y);
  ui.mark_rectangle("dialog", min, max);
  if (options.click_beside_closes && !context.dialog.just_opened && ImGui::IsMouseClicked(0) &&
      ImGui::IsWindowHovered(ImGuiHoveredFlags_RootAndChildWindows) &&
      !ImGui::IsMouseHoveringRect(min, max, false))
    close_dialog(context);
  // A soft edge: on a dimmed window the border alone is hardly seen.
  ImDrawList& list = *ImGui::GetWindowDrawList();
  for (int ring = 4; ring > 0; --ring) {
    const float grow = ui.px(2.5f * static_cast<float>(ring));
    list.AddRectFilled(ImVec2(min.x - grow, min.y - grow), ImVec2(max.x + grow, max.y + grow),
                       IM_COL32(0, 0, 0, 16), ui.px(8) + grow);
  }
  ImGui::SetCursorScreenPos(min);
  ImGui::PushStyleColor(ImGuiCol_ChildBg, ui.theme.panel);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(ui.px(18), ui.px(14)));
  ImGui::BeginChild("card", size, true, ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse);
  ImGui::PopStyleVar();
  ImGui::PopStyleColor();
  // Nothing behind the dialog gets the keyboard while it is open; lists that fold out of it may.
  const bool popup = ImGui::IsPopupOpen(nullptr, ImGuiPopupFlags_AnyPopupId | ImGuiPopupFlags_AnyPopupLevel);
  if (context.dialog.just_opened ||
      (!popup && !ImGui::IsWindowFocused(ImGuiFocusedFlags_RootAndChildWindows)))
    ImGui::SetWindowFocus();
  if (!options.title_row) return;
  ImGui::AlignTextToFramePadding();
  ImGui::PushFont(ui.fonts.bold);
  const float close = ImGui::GetFrameHeight();
  text_clipped(ui, "dialog.title", title, ImGui::GetContentRegionAvail().x - close - ui.px(8));
  ImGui::PopFont();
  ImGui::SameLine(ImGui::GetWindowContentRegionMax().x - close);
  if (icon_button(ui, "dialog.close", Icon::kClose, "Close (Escape)", {.style = ButtonStyle::kSubtle}))
    close_dialog(context);
  ImGui::Separator();
  ImGui::Dummy(ImVec2(1, ui.px(2)));
}

void end_card() {
  ImGui::EndChild();
}

void to_card_bottom(float height) {
  const float y = ImGui::GetWindowContentRegionMax().y - height;
  ImGui::SetCursorPosY(std::max(ImGui::GetCursorPosY(), std::floor(y)));
}

void fact_row(const PanelContext& context, std::string_view mark, std::string_view name,
              std::string_view value) {
  if (value.empty()) return;
  Ui& ui = context.ui;
  const float left = ImGui::GetCursorPosX();
  text_dim(ui, name);
  ImGui::SameLine(left + ui.px(150));
  text_clipped(ui, mark, value);
}

void dialogs(const PanelContext& context) {
  const OpenDialog::Kind kind = context.session.dialog().kind;
  if (kind == OpenDialog::Kind::kNone) return;
  // Window and card take the keyboard in the first frame; the field in it a frame later.
  const bool opened = context.dialog.just_opened;
  if (opened) context.ui.request_redraw(0);
  ImGui::SetNextWindowPos(ImVec2(0, 0));
  ImGui::SetNextWindowSize(ImGui::GetIO().DisplaySize);
  if (opened) ImGui::SetNextWindowFocus();
  ImGui::PushStyleColor(ImGuiCol_WindowBg, ImGui::GetStyle().Colors[ImGuiCol_ModalWindowDimBg]);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowRounding, 0);
  ImGui::Begin("##dialog", nullptr,
               ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoSavedSettings |
                   ImGuiWindowFlags_NoScrollWithMouse);
  ImGui::PopStyleVar();
  ImGui::PopStyleColor();
  switch (kind) {
    case OpenDialog::Kind::kPalette:
      palette_dialog(context);
      break;
    case OpenDialog::Kind::kOpen:
      open_dialog(context);
      break;
    case OpenDialog::Kind::kNewRun:
      new_run_dialog(context);
      break;
    case OpenDialog::Kind::kKeys:
      keys_dialog(context);
      break;
    case OpenDialog::Kind::kAbout:
      about_dialog(context);
      break;
    case OpenDialog::Kind::kMessages:
      messages_dialog(context);
      break;
    case OpenDialog::Kind::kLog:
      log_dialog(context);
      break;
    case OpenDialog::Kind::kRunDetails:
      run_details_dialog(context);
      break;
    case OpenDialog::Kind::kQuit:
      quit_dialog(context);
      break;
    case OpenDialog::Kind::kNone:
      break;
  }
  ImGui::End();
  // A dialog may ask for the keyboard again by setting it.
  if (opened)
    context.dialog.just_opened = false;
  else if (context.dialog.just_opened)
    context.ui.request_redraw(0);
}

}  // namespace fixynn::gui
