// SPDX-License-Identifier: Apache-2.0
#include "gui/plot/plot_menu.h"

#include <algorithm>

namespace fixynn::gui {
namespace {

constexpr const char* kMenu = "menu";

bool item(Ui& ui, const std::string& mark, const char* text, bool enabled = true) {
  const bool chosen = ImGui::MenuItem(text, nullptr, false, enabled);
  ui.mark(mark, enabled);
  return chosen;
}

}  // namespace

void open_plot_menu() {
  ImGui::OpenPopup(kMenu);
}

PlotMenuChoice plot_menu(Ui& ui, const std::string& id, const bool* can_fit, const char* help) {
  PlotMenuChoice choice;
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, {ui.px(8), ui.px(8)});
  if (ImGui::BeginPopup(kMenu)) {
    if (can_fit != nullptr) choice.fit = item(ui, id + ".menu.fit", "Fit to the data", *can_fit);
    choice.copy_csv = item(ui, id + ".menu.csv", "Copy as CSV");
    choice.save_svg = item(ui, id + ".menu.svg", "Save as SVG");
    choice.save_png = item(ui, id + ".menu.png", "Save as PNG");
    ImGui::Separator();
    ImGui::PushFont(ui.fonts.small);
    ImGui::PushStyleColor(ImGuiCol_Text, ui.theme.text_dim);
    ImGui::TextUnformatted(help);
    ImGui::PopStyleColor();
    ImGui::PopFont();
    ImGui::EndPopup();
  }
  ImGui::PopStyleVar();
  return choice;
}

ImVec2 chart_size(ImVec2 size) {
  const ImVec2 left = ImGui::GetContentRegionAvail();
  if (size.x <= 0) size.x += left.x;
  if (size.y <= 0) size.y += left.y;
  return {std::max(size.x, 1.0f), std::max(size.y, 1.0f)};
}

}  // namespace fixynn::gui
