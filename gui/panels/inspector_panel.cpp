// SPDX-License-Identifier: Apache-2.0
#include "gui/panels/inspector_panel.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "gui/model/advice.h"
#include "gui/panels/figure_text.h"
#include "gui/panels/panel_parts.h"
#include "gui/ui/widgets.h"
#include "plot/plot_text.h"

namespace fixynn::gui {
namespace {

void head(const PanelContext& context) {
  Ui& ui = context.ui;
  const Session& session = context.session;
  const Design& design = session.design();
  heading(ui, format_plural(design.fixed_layers, "fixed layer"),
          "· " + format_fixed(design.area_mm2, 2) + " mm²");
  const DesignCosts& costs = session.costs();
  std::string label = bits_label(design.bits, design.fixed_layers);
  if (label.empty()) label = "NVDLA alone";
  if (design.tap_layer) label += fmt::format(" · tap at {}", *design.tap_layer);
  text_dim(ui, label);
  ui.mark("inspector.bits");
  if (!costs.known()) return;
  ImGui::SameLine();
  const auto [word, meaning] = session.quality_text();
  ImGui::BeginGroup();
  badge(ui, word, costs.quality == CostQuality::kExact ? BadgeKind::kGood : BadgeKind::kNeutral);
  if (costs.assumed_weights) {
    ImGui::SameLine();
    badge(ui, "assumed weights", BadgeKind::kWarning);
  }
  ImGui::EndGroup();
  ui.mark("inspector.quality");
  tooltip(ui, "inspector.quality", meaning);
}

void evaluate_button(const PanelContext& context, float width) {
  const std::string fault = context.session.evaluate_fault();
  ButtonOptions options;
  options.width = width;
  options.enabled = fault.empty();
  const DesignAccuracy& accuracy = context.session.accuracy();
  const bool wanted = accuracy.stale || !accuracy.point;
  options.style = wanted && fault.empty() ? ButtonStyle::kPrimary : ButtonStyle::kNormal;
  options.icon = Icon::kPlay;
  options.tooltip = "Train and test this design, so that its accuracy is its own";
  options.disabled_reason = fault;
  if (button(context.ui, "inspector.evaluate", "Evaluate", options)) context.emit(Evaluate{});
}

/// How long Evaluate trains: short by default, the run's own length for a fair comparison.
void evaluation_epochs(const PanelContext& context, float width) {
  Settings settings = context.session.settings();
  const OpenRun* head = context.session.head_run();
  const int most = head != nullptr && head->run->config ? head->run->config->train.epochs : 1;
  int epochs = std::min(settings.evaluate_epochs, most);
  const Edit edit = drag_number(context.ui, "inspector.epochs", epochs, 1, std::max(1, most), width, most > 1,
                                epochs == 1 ? "%d epoch" : "%d epochs");
  tooltip(
      context.ui, "inspector.epochs",
      fmt::format("How long Evaluate trains, 1 to {}; {} is the run's own length, whose accuracies compare",
                  most, format_plural(most, "epoch")));
  if (!edit.changed) return;
  settings.evaluate_epochs = epochs;
  context.emit(ChangeSettings{settings});
}

void pin_button(const PanelContext& context, float width) {
  const bool full = context.session.pins().size() >= kMostPins;
  const std::string reason = fmt::format("{} designs are pinned already: unpin one in Compare", kMostPins);
  ButtonOptions options;
  options.width = width;
  options.enabled = !full;
  options.icon = Icon::kPlus;
  options.tooltip = "Keep this design for comparison";
  options.disabled_reason = reason;
  if (button(context.ui, "inspector.pin", "Pin", options)) context.emit(PinDesign{});
}

void export_button(const PanelContext& context, float width) {
  const std::string fault = context.session.export_fault();
  ButtonOptions options;
  options.width = width;
  options.enabled = fault.empty();
  options.icon = Icon::kChip;
  const std::string tip = fmt::format(
      "Write the FFE's Verilog, its test bench and a report; simulate it on {} of the data set and compare "
      "every code",
      format_plural(context.session.settings().verify_images, "image"));
  options.tooltip = tip;
  options.disabled_reason = fault;
  if (button(context.ui, "inspector.export", "Export Verilog + report", options)) context.emit(Export{});
}

void buttons(const PanelContext& context) {
  const float gap = ImGui::GetStyle().ItemSpacing.x, room = ImGui::GetContentRegionAvail().x;
  const float epochs = context.ui.px(82), pin = std::floor(0.24f * room);
  evaluate_button(context, room - epochs - pin - 2 * gap);
  ImGui::SameLine();
  evaluation_epochs(context, epochs);
  ImGui::SameLine();
  pin_button(context, pin);
  export_button(context, room);
}

}  // namespace

void inspector_caption(const PanelContext& context, const char* mark, const char* name) {
  ImGui::Dummy(ImVec2(0, context.ui.px(1)));
  caption(context, mark, name, name);
}

void inspector_advice(const PanelContext& context) {
  Ui& ui = context.ui;
  const std::vector<Advice> all = advice_for(context.session);
  if (all.empty()) return;
  inspector_caption(context, "inspector.advice", "Advice");
  for (size_t i = 0; i < all.size(); ++i) {
    const Advice& advice = all[i];
    const float left = ImGui::GetCursorPosX();
    text_coloured(
        ui, advice.warning ? ui.theme.warning : ui.theme.text_dim,
        ui.fonts.icons ? icon_text(ui.fonts, advice.warning ? Icon::kWarning : Icon::kQuestion) : "-");
    ImGui::SameLine();
    const float indent = ui.px(24);
    ImGui::SetCursorPosX(left + indent);
    ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(ui.px(8), ui.px(3)));
    ImGui::BeginGroup();
    note_wrapped(ui, ui.theme.text, sentence(advice.text));
    if (!advice.remedy.empty()) text_small_wrapped(ui, sentence(advice.remedy));
    if (!advice.actions.empty()) {
      ButtonOptions options;
      options.tooltip = advice.remedy;
      if (button(ui, fmt::format("inspector.advice.{}", i), "Apply", options)) {
        for (const Action& action : advice.actions) context.emit(action);
      }
    }
    ImGui::EndGroup();
    ImGui::PopStyleVar();
  }
}

void inspector_panel(const PanelContext& context, Area area) {
  Ui& ui = context.ui;
  if (begin_panel(ui, "inspector", area.min, area.size, false)) {
    head(context);
    const float spacing = ImGui::GetStyle().ItemSpacing.y;
    const float footer = 2 * (ImGui::GetFrameHeight() + spacing) + ui.px(2);
    const ImVec2 room = ImGui::GetContentRegionAvail();
    // The buttons stay where they are while the rest scrolls.
    ImGui::BeginChild("contents", ImVec2(room.x, std::max(ui.px(40), room.y - footer)));
    inspector_figures(context);
    inspector_splits(context);
    inspector_advice(context);
    inspector_details(context);
    ImGui::EndChild();
    buttons(context);
  }
  end_panel(ui);
}

}  // namespace fixynn::gui
