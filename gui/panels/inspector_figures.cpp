// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>

#include "gui/model/terms.h"
#include "gui/panels/figure_text.h"
#include "gui/panels/inspector_panel.h"
#include "gui/panels/panel_parts.h"
#include "gui/ui/imgui_compat.h"
#include "gui/ui/widgets.h"
#include "plot/plot_text.h"

namespace fixynn::gui {
namespace {

struct BigFigure {
  const char* name;  ///< also the key of its definition
  std::string value, unit, note;
  ImU32 note_colour = 0;
};

constexpr double kSame = 0.005;      ///< ratios nearer to 1 are written 1.00 and are neither good nor bad
constexpr double kAcceptedDrop = 1;  ///< percentage points: the loss that the paper accepts

/// "1.93× of N = 0", green where more (or, for energies, less) is better.
void add_ratio(const Ui& ui, BigFigure& figure, std::optional<double> ratio, bool more_is_better) {
  if (!ratio || !std::isfinite(*ratio)) return;
  figure.note = ratio_text(ratio) + " of none fixed";
  if (std::fabs(*ratio - 1) < kSame) return;
  figure.note_colour = (*ratio > 1) == more_is_better ? ui.theme.good : ui.theme.bad;
}

std::optional<double> quotient(std::optional<double> value, std::optional<double> of) {
  if (!value || !of || *of == 0) return std::nullopt;
  return *value / *of;
}

BigFigure accuracy_figure(const PanelContext& context) {
  const Ui& ui = context.ui;
  const DesignAccuracy& accuracy = context.session.accuracy();
  BigFigure shown{"Accuracy", "n/a", "", "", 0};
  if (!accuracy.point) return shown;
  const ResultRow& row = accuracy.point->row;
  shown.value = format_fixed(row.top1_mean, 1);
  shown.unit = "%";
  if (accuracy.stale) {
    shown.note = "stale";
    shown.note_colour = ui.theme.warning;
  } else if (accuracy.drop) {
    // A drop of -0.2 is a gain.
    shown.note = pp_text(-*accuracy.drop) + " to N = 0";
    if (*accuracy.drop >= kAcceptedDrop) shown.note_colour = ui.theme.bad;
  }
  return shown;
}

void grid_cell(const PanelContext& context, const BigFigure& shown) {
  ImGui::TableNextColumn();
  big_figure(context.ui, shown.name, shown.value, shown.unit, shown.note.empty() ? " " : shown.note,
             shown.note_colour);
  const std::string mark = std::string("inspector.figure.") + shown.name;
  context.ui.mark(mark);
  tooltip(context.ui, mark, term_definition(shown.name));
}

void grid(const PanelContext& context, std::span<const BigFigure> figures) {
  ImGui::PushStyleVar(ImGuiStyleVar_CellPadding, ImVec2(0, context.ui.px(3)));
  if (ImGui::BeginTable("figures", 2, ImGuiTableFlags_SizingStretchSame | ImGuiTableFlags_NoSavedSettings)) {
    for (const BigFigure& figure : figures) grid_cell(context, figure);
    ImGui::EndTable();
  }
  ImGui::PopStyleVar();
}

std::vector<BigFigure> chip_figures(const Ui& ui, const PlatformPoint& point, const PlatformPoint& none) {
  BigFigure efficiency{"Efficiency", figure(point.energy_efficiency_tops_per_w), "TOPS/W", "", 0};
  add_ratio(ui, efficiency, quotient(point.energy_efficiency_tops_per_w, none.energy_efficiency_tops_per_w),
            true);
  BigFigure throughput{"Throughput", figure(point.throughput_tops), "TOPS", "", 0};
  add_ratio(ui, throughput, quotient(point.throughput_tops, none.throughput_tops), true);
  return {efficiency, throughput};
}

BigFigure energy_figure(const Ui& ui, const PlatformPoint& point, const PlatformPoint& none) {
  BigFigure energy{"Energy per inference", figure(point.energy_per_inference_uj), "µJ", "", 0};
  add_ratio(ui, energy, quotient(point.energy_per_inference_uj, none.energy_per_inference_uj), false);
  return energy;
}

/// A tinted box with a sentence instead of figures.
void reason_box(const PanelContext& context, const std::string& reason) {
  Ui& ui = context.ui;
  const std::string shown = display_text(ui, sentence(reason));
  const float padding = ui.px(9), width = ImGui::GetContentRegionAvail().x;
  const ImFont& font = *ui.fonts.body;
  const ImVec2 size =
      font.CalcTextSizeA(compat::font_pixels(font), FLT_MAX, width - 2 * padding, shown.c_str());
  const ImVec2 min = ImGui::GetCursorScreenPos(), max(min.x + width, min.y + std::ceil(size.y) + 2 * padding);
  ImDrawList& list = *ImGui::GetWindowDrawList();
  list.AddRectFilled(min, max, with_opacity(ui.theme.bad, 0.12f), ui.px(5));
  list.AddRect(min, max, with_opacity(ui.theme.bad, 0.5f), ui.px(5));
  list.AddText(&font, compat::font_pixels(font), ImVec2(min.x + padding, min.y + padding), ui.theme.text,
               shown.c_str(), nullptr, width - 2 * padding);
  ImGui::Dummy(ImVec2(width, max.y - min.y));
  ui.mark("inspector.reason");
}

void accuracy_note(const PanelContext& context) {
  const DesignAccuracy& accuracy = context.session.accuracy();
  if (accuracy.note.empty()) return;
  Ui& ui = context.ui;
  if (accuracy.stale) {
    badge(ui, "stale", BadgeKind::kWarning);
    ImGui::SameLine();
    note_wrapped(ui, ui.theme.warning, sentence(accuracy.note));
  } else {
    note_wrapped(ui, ui.theme.text_dim, "Accuracy: " + accuracy.note);
  }
}

}  // namespace

void inspector_figures(const PanelContext& context) {
  const Ui& ui = context.ui;
  const DesignCosts& costs = context.session.costs();
  if (!costs.known()) {
    reason_box(context, costs.error.empty() ? "The costs of this design are not known yet." : costs.error);
    grid(context, std::vector<BigFigure>{accuracy_figure(context)});
    accuracy_note(context);
    return;
  }
  const PlatformPoint &point = costs.platform(), &none = costs.baseline();
  std::vector<BigFigure> figures;
  if (point.feasible) {
    figures = chip_figures(ui, point, none);
  } else {
    reason_box(context, point.reason);
  }
  figures.push_back(accuracy_figure(context));
  if (point.feasible) figures.push_back(energy_figure(ui, point, none));
  figures.push_back({"Fixed ops", format_fixed(point.fixed_ops_percent, 1), "%", "", 0});
  figures.push_back({"FFE area", figure(costs.ffe().area_mm2), "mm²", "", 0});
  if (point.ffe_copies > 1) {
    figures.back().value = figure(point.ffe_area_mm2);
    figures.back().note = fmt::format("{} copies", point.ffe_copies);
  }
  grid(context, figures);
  accuracy_note(context);
}

}  // namespace fixynn::gui
