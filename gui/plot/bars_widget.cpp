// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "gui/plot/draw_list_canvas.h"
#include "gui/plot/plot_menu.h"
#include "gui/plot/plot_widget.h"
#include "gui/ui/widgets.h"

namespace fixynn::gui {
namespace {

ImVec2 vec(double x, double y) {
  return {static_cast<float>(x), static_cast<float>(y)};
}

void show_tooltip(Ui& ui, const BarSpec& spec, const BarLayout& layout, size_t bar, float mouse_y) {
  const Bar& hovered = spec.bars[bar];
  const std::optional<size_t> part = bar_part_at(spec, layout, bar, mouse_y);
  const bool own = part && !hovered.parts[*part].tooltip.empty();
  const std::string& tooltip = own ? hovered.parts[*part].tooltip : hovered.tooltip;
  begin_tooltip(ui);
  text(ui, hovered.label);
  if (!tooltip.empty()) text(ui, tooltip);
  end_tooltip(ui);
}

}  // namespace

BarEvents bars_widget(Ui& ui, const char* id, const BarSpec& spec, ImVec2 size, const BarView& view) {
  BarEvents events;
  const ImVec2 full = chart_size(size), at = ImGui::GetCursorScreenPos(), mouse = ImGui::GetMousePos();
  ImGui::PushID(id);
  ImGui::InvisibleButton("bars", full, ImGuiButtonFlags_MouseButtonLeft | ImGuiButtonFlags_MouseButtonRight);
  ui.mark(id);
  const bool hovered = ImGui::IsItemHovered(), released = ImGui::IsItemDeactivated();
  ImDrawList& list = *ImGui::GetWindowDrawList();
  list.PushClipRect(at, {at.x + full.x, at.y + full.y}, true);
  DrawListCanvas canvas(ui, list);
  const BarLayout layout =
      draw_bars(spec, view, canvas, {at.x, at.y, double(at.x) + full.x, double(at.y) + full.y});
  if (hovered) events.hovered = bar_at(layout, mouse.x, mouse.y);
  if (events.hovered) canvas.outline(layout.bars[*events.hovered], ui.px(2));
  list.PopClipRect();
  for (size_t i = 0; i < layout.columns.size(); ++i) {
    const PlotBox& box = layout.columns[i];
    ui.mark_rectangle(std::string(id) + ".bar." + spec.bars[i].label, vec(box.left, box.top),
                      vec(box.right, box.bottom));
  }
  if (released && events.hovered && ImGui::IsMouseReleased(0)) {
    events.clicked = events.hovered;
    events.clicked_add = ImGui::GetIO().KeyCtrl || ImGui::GetIO().KeyShift;
  }
  if (released && hovered && ImGui::IsMouseReleased(1)) open_plot_menu();
  if (events.hovered && !ImGui::IsMouseDown(1)) show_tooltip(ui, spec, layout, *events.hovered, mouse.y);
  const PlotMenuChoice choice = plot_menu(ui, id, nullptr, "Click: select (Ctrl or Shift: add)");
  events.copy_csv = choice.copy_csv;
  events.save_svg = choice.save_svg;
  events.save_png = choice.save_png;
  ImGui::PopID();
  return events;
}

}  // namespace fixynn::gui
