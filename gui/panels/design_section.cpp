// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/text.h"
#include "gui/panels/panel_parts.h"
#include "hardware/technology.h"

namespace fixynn::gui {
namespace {

void fixed_layers(const PanelContext& context) {
  Ui& ui = context.ui;
  caption(context, "design.fixed_layers.caption", "Fixed layers", "Fixed layers",
          "Layers 1 to N of MobileNet that are built with constant weights: conv1, then blocks.");
  int layers = context.session.design().fixed_layers;
  const Edit edit = slider(ui, "design.fixed_layers", layers, 0, MobileNet::kLayers, "%d", -1);
  if (edit.changed) context.emit(SetFixedLayers{layers, true});
  if (edit.ended) context.emit(EndMerge{});
}

void area(const PanelContext& context) {
  Ui& ui = context.ui;
  caption(context, "design.area.caption", "Area budget (mm²)", "Area budget",
          "Chip area for the fixed extractor and the programmable NVDLA together; what the extractor leaves "
          "free goes to NVDLA's multipliers.");
  double value = context.session.design().area_mm2;
  const Edit edit = slider(ui, "design.area", value, kLeastAreaMm2, kMostDesignAreaMm2, "%.2f", -1);
  if (edit.changed) context.emit(SetArea{value, true});
  if (edit.ended) context.emit(EndMerge{});
}

void early_tap(const PanelContext& context, float width) {
  const Design& design = context.session.design();
  caption(context, "design.tap.caption", "Early tap", "Early tap",
          "The extractor's output is taken after fewer layers than are built, for data sets that lose "
          "accuracy with all of them.");
  std::vector<std::string> choices = {"none"};
  for (int layer = 1; layer < design.fixed_layers; ++layer) choices.push_back(format_plural(layer, "layer"));
  int chosen = std::min(design.tap_layer.value_or(0), static_cast<int>(choices.size()) - 1);
  if (combo(context.ui, "design.tap", choices, chosen, width, choices.size() > 1))
    context.emit(SetTap{chosen > 0 ? std::optional(chosen) : std::nullopt, false});
}

void cost_model(const PanelContext& context, float width) {
  caption(context, "design.model.caption", "Cost model", "Cost model",
          "calibrated: from adder graphs and the technology's cells. paper: the FixyNN paper's figures.");
  const std::array<std::string, 2> names = {"calibrated", "paper"};
  int chosen = context.session.design().model == CostModelKind::kPaper ? 1 : 0;
  if (combo(context.ui, "design.model", names, chosen, width))
    context.emit(SetModel{chosen == 1 ? CostModelKind::kPaper : CostModelKind::kCalibrated});
}

void technology(const PanelContext& context, float width) {
  const Design& design = context.session.design();
  caption(context, "design.technology.caption", "Technology", "Technology",
          "The process and cell library whose areas and energies the calibrated model takes.");
  const std::vector<std::string> names = technology_names();
  int chosen = static_cast<int>(std::find(names.begin(), names.end(), design.technology) - names.begin());
  const bool used = design.model != CostModelKind::kPaper;
  if (combo(context.ui, "design.technology", names, chosen, width, used))
    context.emit(SetTechnology{names[static_cast<size_t>(chosen)]});
}

void pin_button(const PanelContext& context, float width) {
  const size_t pins = context.session.pins().size();
  ButtonOptions options;
  options.icon = Icon::kPlus;
  options.width = width;
  options.enabled = pins < kMostPins;
  const std::string tip = with_keys(
      context, fmt::format("Keep this design in Compare ({} of {})", pins, kMostPins), "design.pin");
  options.tooltip = tip;
  options.disabled_reason = "Compare is full: remove a design there first.";
  if (button(context.ui, "design.pin", "Pin", options)) context.emit(PinDesign{});
}

}  // namespace

void design_section(const PanelContext& context) {
  Ui& ui = context.ui;
  const Design& design = context.session.design();
  heading(ui, "Design", bits_label(design.bits, design.fixed_layers));
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(ui.px(10), ui.px(4)));
  fixed_layers(context);
  area(context);
  const float gap = ImGui::GetStyle().ItemSpacing.x;
  const float half = std::floor((ImGui::GetContentRegionAvail().x - gap) / 2);
  const ImVec2 top = ImGui::GetCursorPos();
  ImGui::BeginGroup();
  early_tap(context, half);
  technology(context, half);
  ImGui::EndGroup();
  // Not SameLine: it would lower the captions to the lists' base line.
  ImGui::SetCursorPos(ImVec2(top.x + half + gap, top.y));
  ImGui::BeginGroup();
  cost_model(context, half);
  caption(context, "design.pin.caption", "Compare", "Compare", "Two to four designs side by side.");
  pin_button(context, half);
  ImGui::EndGroup();
  ImGui::PopStyleVar();
}

}  // namespace fixynn::gui
