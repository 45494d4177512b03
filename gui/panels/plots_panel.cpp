// SPDX-License-Identifier: Apache-2.0
#include "gui/panels/plot_tabs.h"
#include "gui/ui/widgets.h"

namespace fixynn::gui {
namespace {

constexpr const char* kExportMenu = "plot.export.menu";

void draw_tab(const PanelContext& context, Tab tab) {
  switch (tab) {
    case Tab::kTradeOff:
      return trade_off_tab(context);
    case Tab::kAreaSweep:
      return area_sweep_tab(context);
    case Tab::kTraining:
      return training_tab(context);
    case Tab::kLayers:
      return layers_tab(context);
    case Tab::kCompare:
      return compare_section(context);
  }
}

bool menu_entry(Ui& ui, const char* mark, Icon icon, const char* label) {
  const bool chosen = ImGui::Selectable((std::string(icon_text(ui.fonts, icon)) + "  " + label).c_str());
  ui.mark(mark);
  return chosen;
}

void export_menu(const PanelContext& context, Tab tab) {
  Ui& ui = context.ui;
  ButtonOptions options;
  options.icon = Icon::kDownload;
  options.style = ButtonStyle::kSubtle;
  options.tooltip = "Copy the figures, or save them as a picture or a table";
  const float width = button_width(ui, "Export", options);
  ImGui::SetCursorPosX(ImGui::GetWindowContentRegionMax().x - width);
  if (button(ui, "plot.export", "Export", options)) ImGui::OpenPopup(kExportMenu);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(ui.px(10), ui.px(8)));
  if (ImGui::BeginPopup(kExportMenu)) {
    if (menu_entry(ui, "plot.export.copy_csv", Icon::kCopy, "Copy CSV")) copy_csv(context, tab);
    if (tab != Tab::kCompare && menu_entry(ui, "plot.export.save_svg", Icon::kFile, "Save SVG")) {
      save_svg(context, tab);
    }
    if (menu_entry(ui, "plot.export.save_csv", Icon::kFile, "Save CSV")) save_csv(context, tab);
    ImGui::EndPopup();
  }
  ImGui::PopStyleVar();
}

}  // namespace

void plots_panel(const PanelContext& context, Area area) {
  Ui& ui = context.ui;
  if (begin_panel(ui, "plots", area.min, area.size, false)) {
    const ImVec2 start = ImGui::GetCursorPos();
    const Tab shown = context.session.settings().tab;
    int tab = static_cast<int>(shown);
    if (tabs(ui, "tabs", tab_names(), tab)) context.emit(SetTab{static_cast<Tab>(tab)});
    const ImVec2 below = ImGui::GetCursorPos();
    ImGui::SetCursorPosY(start.y);
    export_menu(context, shown);
    ImGui::SetCursorPos(below);
    draw_tab(context, shown);
  }
  end_panel(ui);
}

}  // namespace fixynn::gui
