// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "gui/panels/figure_text.h"
#include "gui/panels/inspector_panel.h"
#include "gui/panels/panel_parts.h"
#include "gui/ui/widgets.h"

namespace fixynn::gui {
namespace {

BarPart part(const Ui& ui, std::string label, double value, std::string text, size_t colour) {
  return {std::move(label), value, std::move(text), ui.theme.series[colour]};
}

/// A caption and its value at the right.
void line(const PanelContext& context, const char* term, std::string_view shown, const std::string& value) {
  caption(context, std::string("inspector.line.") + term, shown, term);
  ImGui::SameLine();
  text_right(context.ui, value, context.ui.fonts.small);
}

void area_split(const PanelContext& context, const PlatformPoint& point) {
  if (!point.programmable_area_mm2) return;
  Ui& ui = context.ui;
  inspector_caption(context, "inspector.area.caption", "Area");
  std::vector<BarPart> parts;
  if (point.fixed_layers > 0) {
    const std::string copies = point.ffe_copies > 1 ? fmt::format("FFE, {} copies", point.ffe_copies) : "FFE";
    parts.push_back(part(ui, copies, point.ffe_area_mm2, area_text(point.ffe_area_mm2), 0));
  }
  parts.push_back(part(ui, "NVDLA", *point.programmable_area_mm2, area_text(point.programmable_area_mm2), 1));
  split_bar(ui, "inspector.area", parts);
}

void energy_split(const PanelContext& context, const PlatformPoint& point) {
  Ui& ui = context.ui;
  std::vector<BarPart> parts;
  const auto add = [&](const char* label, std::optional<double> uj, size_t colour) {
    if (uj) parts.push_back(part(ui, label, *uj, energy_text(uj), colour));
  };
  if (point.fixed_layers > 0) add("FFE", point.ffe_energy_uj, 0);
  add("NVDLA", point.back_end_energy_uj, 1);
  if (parts.empty()) return;
  inspector_caption(context, "inspector.energy.caption", "Energy per inference");
  split_bar(ui, "inspector.energy", parts);
  // Many times the rest: in the bar it would hide what the design changes.
  if (point.dram_energy_uj)
    line(context, "DRAM energy", "DRAM beside it, not in the efficiency", energy_text(point.dram_energy_uj));
}

CostParts summed_parts(const FfeCost& ffe, bool& known) {
  CostParts sum;
  for (const LayerCost& layer : ffe.layers) {
    if (!layer.area_parts_um2) continue;
    known = true;
    sum += *layer.area_parts_um2;
  }
  return sum;
}

void ffe_split(const PanelContext& context, const FfeCost& ffe) {
  if (ffe.fixed_layers == 0) return;
  Ui& ui = context.ui;
  bool known = false;
  const CostParts sum = summed_parts(ffe, known);
  if (!known) return;  // The paper's model knows only the whole.
  inspector_caption(context, "inspector.ffe.caption", "FFE area, one copy");
  const auto of = [&](const char* label, double um2, size_t colour) {
    return part(ui, label, um2, area_text(um2 * 1e-6), colour);
  };
  const std::vector<BarPart> parts = {
      of("Adders", sum.adders, 0), of("Registers", sum.pipeline + sum.windows + sum.clocks, 2),
      of("Requantisers", sum.requantisers + sum.parameters, 4), of("Memories", sum.memories, 5)};
  split_bar(ui, "inspector.ffe", parts);
}

void lines(const PanelContext& context, const PlatformPoint& point) {
  ImGui::Dummy(ImVec2(0, context.ui.px(1)));
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(context.ui.px(8), context.ui.px(3)));
  if (point.latency_us) line(context, "Latency", "Latency", time_text(point.latency_us));
  if (point.inferences_per_second) {
    line(context, "Inferences a second", "Inferences a second", figure(point.inferences_per_second));
  }
  ImGui::PopStyleVar();
  if (point.extrapolated) {
    note_wrapped(context.ui, context.ui.theme.warning,
                 "The NVDLA is larger than any published one: its figures are extrapolated.");
  }
}

}  // namespace

void inspector_splits(const PanelContext& context) {
  const DesignCosts& costs = context.session.costs();
  if (!costs.known()) return;
  const PlatformPoint& point = costs.platform();
  if (point.feasible) {
    area_split(context, point);
    energy_split(context, point);
  }
}

void inspector_details(const PanelContext& context) {
  const DesignCosts& costs = context.session.costs();
  if (!costs.known()) return;
  const PlatformPoint& point = costs.platform();
  ffe_split(context, costs.ffe());
  if (point.feasible) lines(context, point);
}

}  // namespace fixynn::gui
