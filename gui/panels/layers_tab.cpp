// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "gui/panels/plot_png.h"
#include "gui/panels/plot_tabs.h"
#include "gui/plot/plot_widget.h"
#include "gui/ui/widgets.h"

namespace fixynn::gui {
namespace {

constexpr float kLeastPlotHeight = 120;

BarView bar_view(const Session& session, const BarSpec& spec) {
  BarView view;
  for (const int layer : session.selected_layers()) {
    if (layer >= 0 && static_cast<size_t>(layer) < spec.bars.size()) {
      view.selected.push_back(static_cast<size_t>(layer));
    }
  }
  return view;
}

}  // namespace

void layers_tab(const PanelContext& context) {
  Ui& ui = context.ui;
  const std::array<std::string, 4> choices = {"Area", "Energy", "Zeros", "CSD digits"};
  Settings settings = context.session.settings();
  int shown = static_cast<int>(settings.layers_y);
  if (segmented(ui, "layers_chart.show", choices, shown)) {
    settings.layers_y = static_cast<LayersY>(shown);
    context.emit(ChangeSettings{settings});
  }

  const BarSpec spec = layers_bars(context.session);
  text_clipped(ui, "layers_chart.title", spec.title);
  const ImVec2 room = ImGui::GetContentRegionAvail();
  const ImVec2 size(room.x, std::max(ui.px(kLeastPlotHeight), room.y));
  const BarEvents events = bars_widget(ui, "layers_chart", spec, size, bar_view(context.session, spec));

  // A bar a layer, from conv1 on.
  if (events.clicked) {
    const SelectMode mode = events.clicked_add ? SelectMode::kToggle : SelectMode::kOnly;
    context.emit(SelectLayer{static_cast<int>(*events.clicked), mode});
  }
  if (events.copy_csv) copy_csv(context, Tab::kLayers);
  if (events.save_svg) save_svg(context, Tab::kLayers);
  if (events.save_png) {
    const auto draw = [&](Canvas& canvas, const PlotBox& box) { draw_bars(spec, {}, canvas, box); };
    context.emit(SaveFile{plot_id(Tab::kLayers) + ".png", chart_png(ui, spec.title, size, draw)});
  }
}

}  // namespace fixynn::gui
