// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gui/panels/plot_png.h"
#include "gui/panels/plot_tabs.h"
#include "gui/plot/plot_widget.h"
#include "gui/ui/imgui_compat.h"
#include "gui/ui/widgets.h"

namespace fixynn::gui {
namespace {

constexpr float kLeastPlotHeight = 120;
constexpr size_t kMostNoteLines = 2;  ///< more would leave no room for the plot

PlotView view_of(const Session& session, const std::string& id, const PlotModel& model) {
  const auto& views = session.settings().views;
  const auto found = views.find(id);
  PlotView view = found == views.end() ? PlotView{} : found->second;
  view.selected = model.selected;
  view.cursor = model.cursor;
  return view;
}

/// What of a view is worth remembering: selection and mouse belong to the moment.
PlotView kept_view(PlotView view) {
  view.selected.clear();
  view.highlighted.clear();
  view.crosshair.reset();
  view.cursor.reset();
  return view;
}

std::optional<PlotTarget> target_of(const PlotModel& model, const PlotPointRef& ref) {
  if (ref.series >= model.targets.size() || ref.point >= model.targets[ref.series].size())
    return std::nullopt;
  return model.targets[ref.series][ref.point];
}

/// A click makes the point's design the one on the screen; with Ctrl or Shift it is kept for comparison.
void follow_click(const PanelContext& context, const PlotModel& model, const PlotEvents& events) {
  if (!events.clicked) return;
  const std::optional<PlotTarget> target = target_of(model, *events.clicked);
  if (!target) return;
  if (events.clicked_add && target->run != 0) {
    context.emit(PinPoint{target->run, target->fixed_layers});
  } else if (!events.clicked_add) {
    for (const Action& action : actions_of(*target)) context.emit(action);
  }
}

float notes_height(const Ui& ui, size_t notes) {
  if (notes == 0) return 0;
  const float line = compat::font_pixels(*ui.fonts.small) + ui.px(2);
  return line * static_cast<float>(std::min(notes, kMostNoteLines)) + ImGui::GetStyle().ItemSpacing.y;
}

/// A line each, cut where there is no room for it; tooltips have the rest.
void draw_notes(Ui& ui, const std::string& mark, std::span<const std::string> notes) {
  if (notes.empty()) return;
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(ui.px(4), ui.px(2)));
  ImGui::PushFont(ui.fonts.small);
  ImGui::PushStyleColor(ImGuiCol_Text, ui.theme.text_dim);
  const size_t shown = notes.size() <= kMostNoteLines ? notes.size() : kMostNoteLines - 1;
  for (size_t i = 0; i < shown; ++i) text_clipped(ui, fmt::format("{}.{}", mark, i), notes[i]);
  std::string rest;
  for (size_t i = shown; i < notes.size(); ++i) rest += (rest.empty() ? "" : "\n") + notes[i];
  if (!rest.empty()) ImGui::TextUnformatted(fmt::format("and {} more", notes.size() - shown).c_str());
  ImGui::PopStyleColor();
  ImGui::PopFont();
  ImGui::PopStyleVar();
  if (rest.empty()) return;
  ui.mark(mark + ".more");
  tooltip(ui, mark, rest);
}

}  // namespace

void draw_plot_model(const PanelContext& context, Tab tab, const PlotModel& model) {
  Ui& ui = context.ui;
  const std::string id = plot_id(tab);
  text_clipped(ui, id + ".title", model.spec.title);
  const ImVec2 room = ImGui::GetContentRegionAvail();
  const ImVec2 size(room.x, std::max(ui.px(kLeastPlotHeight), room.y - notes_height(ui, model.notes.size())));
  const PlotView view = view_of(context.session, id, model);
  const PlotEvents events = plot_widget(ui, id.c_str(), model.spec, view, size);
  draw_notes(ui, id + ".notes", model.notes);

  follow_click(context, model, events);
  if (events.view_changed) context.emit(SetView{id, kept_view(events.view)});
  if (events.copy_csv) copy_csv(context, tab);
  if (events.save_svg) save_svg(context, tab);
  if (events.save_png) {
    const auto draw = [&](Canvas& canvas, const PlotBox& box) { draw_plot(model.spec, view, canvas, box); };
    context.emit(SaveFile{id + ".png", chart_png(ui, model.spec.title, size, draw)});
  }
}

void copy_csv(const PanelContext& context, Tab tab) {
  context.emit(Copy{plot_csv_file(context.session, tab).contents, "the figures as CSV"});
}

void save_csv(const PanelContext& context, Tab tab) {
  context.emit(plot_csv_file(context.session, tab));
}

void save_svg(const PanelContext& context, Tab tab) {
  if (std::optional<SaveFile> file = plot_svg_file(context.session, tab)) context.emit(std::move(*file));
}

void OptionRow::place(float width) {
  if (!first_) {
    const float gap = context_.ui.px(12);
    const float right = ImGui::GetWindowPos().x + ImGui::GetWindowContentRegionMax().x;
    if (ImGui::GetItemRectMax().x + gap + width <= right) ImGui::SameLine(0, gap);
  }
  first_ = false;
}

bool OptionRow::combo_index(const char* mark, const char* caption, std::span<const std::string> choices,
                            int& chosen) {
  Ui& ui = context_.ui;
  float widest = 0;
  for (const std::string& choice : choices) {
    widest = std::max(widest, ImGui::CalcTextSize(display_text(ui, choice).c_str()).x);
  }
  const ImGuiStyle& style = ImGui::GetStyle();
  const float width = std::ceil(widest + 2 * style.FramePadding.x + ImGui::GetFrameHeight());
  place(ImGui::CalcTextSize(caption).x + style.ItemInnerSpacing.x + width);
  ImGui::AlignTextToFramePadding();
  text_dim(ui, caption);
  ImGui::SameLine(0, style.ItemInnerSpacing.x);
  return gui::combo(ui, mark, choices, chosen, width);
}

bool OptionRow::toggle(const char* mark, const char* label, bool& on, bool enabled) {
  const float track = ImGui::GetFrameHeight() * 1.6f;
  place(track + ImGui::GetStyle().ItemInnerSpacing.x + ImGui::CalcTextSize(label).x);
  return gui::toggle(context_.ui, mark, label, on, enabled);
}

bool OptionRow::slider(const char* mark, const char* caption, double& value, double low, double high) {
  Ui& ui = context_.ui;
  const float width = ui.px(88), inner = ImGui::GetStyle().ItemInnerSpacing.x;
  place(ImGui::CalcTextSize(caption).x + inner + width);
  ImGui::AlignTextToFramePadding();
  text_dim(ui, caption);
  ImGui::SameLine(0, inner);
  return gui::slider(ui, mark, value, low, high, "%.2f", width).changed;
}

}  // namespace fixynn::gui
