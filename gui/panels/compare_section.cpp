// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "gui/model/tables.h"
#include "gui/panels/panel_parts.h"
#include "gui/panels/panels.h"
#include "gui/panels/term_tooltip.h"
#include "gui/ui/widgets.h"

namespace fixynn::gui {
namespace {

constexpr float kNameUnits = 150, kColumnUnits = 150;

/// Columns of pins are the last ones; a column before them is the design on the screen.
std::optional<size_t> pin_of(const Session& session, const CompareTable& table, size_t column) {
  const size_t first = table.columns.size() - std::min(table.columns.size(), session.pins().size());
  if (column < first) return std::nullopt;
  return column - first;
}

void column_head(const PanelContext& context, const CompareTable& table, size_t column) {
  Ui& ui = context.ui;
  const std::optional<size_t> pin = pin_of(context.session, table, column);
  const float button = pin ? ImGui::GetFrameHeight() + ui.px(4) : 0;
  ImGui::AlignTextToFramePadding();
  ImGui::BeginGroup();
  ImGui::PushTextWrapPos(ImGui::GetCursorPosX() + std::max(1.0f, ImGui::GetContentRegionAvail().x - button));
  ImGui::PushFont(ui.fonts.bold);
  ImGui::TextUnformatted(display_text(ui, table.columns[column]).c_str());
  ImGui::PopFont();
  ImGui::PopTextWrapPos();
  ImGui::EndGroup();
  ui.mark(fmt::format("compare.column.{}", column));
  if (!pin) return;
  ImGui::SameLine();
  const float free = ImGui::GetContentRegionAvail().x - ImGui::GetFrameHeight();
  if (free > 0) ImGui::SetCursorPosX(ImGui::GetCursorPosX() + free);
  ButtonOptions options;
  options.style = ButtonStyle::kSubtle;
  if (icon_button(ui, fmt::format("compare.unpin.{}", *pin), Icon::kClose, "Unpin this design", options)) {
    context.emit(Unpin{*pin});
  }
}

void figure_cell(Ui& ui, const CompareCell& cell) {
  text_right(ui, cell.text.empty() ? "n/a" : cell.text, ui.fonts.mono);
  if (cell.delta.empty()) {
    ImGui::Dummy(ImVec2(0, 0));
    return;
  }
  const ImU32 colour = cell.better > 0 ? ui.theme.good : cell.better < 0 ? ui.theme.bad : ui.theme.text_dim;
  text_right(ui, cell.delta, ui.fonts.small, colour);
}

bool begin_columns(const PanelContext& context, const char* id, const CompareTable& table) {
  const ImGuiTableFlags flags =
      ImGuiTableFlags_SizingStretchProp | ImGuiTableFlags_BordersInnerH | ImGuiTableFlags_NoSavedSettings;
  if (!ImGui::BeginTable(id, static_cast<int>(table.columns.size()) + 1, flags)) return false;
  ImGui::TableSetupColumn("name", ImGuiTableColumnFlags_WidthFixed, context.ui.px(kNameUnits));
  for (const std::string& column : table.columns) {
    ImGui::TableSetupColumn(column.c_str(), ImGuiTableColumnFlags_WidthStretch, kColumnUnits);
  }
  return true;
}

void figures(const PanelContext& context, const CompareTable& table) {
  Ui& ui = context.ui;
  if (!begin_columns(context, "figures", table)) return;
  ImGui::TableNextRow();
  for (size_t i = 0; i < table.columns.size(); ++i) {
    if (ImGui::TableSetColumnIndex(static_cast<int>(i) + 1)) column_head(context, table, i);
  }
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(ui.px(6), 0));
  for (size_t row = 0; row < table.rows.size(); ++row) {
    ImGui::TableNextRow();
    ImGui::TableSetColumnIndex(0);
    text_dim(ui, table.rows[row].name);
    const std::string mark = fmt::format("compare.row.{}", row);
    ui.mark(mark);
    term_tooltip(ui, mark, table.rows[row].name);
    for (size_t i = 0; i < table.rows[row].cells.size(); ++i) {
      if (ImGui::TableSetColumnIndex(static_cast<int>(i) + 1)) figure_cell(ui, table.rows[row].cells[i]);
    }
  }
  ImGui::PopStyleVar();
  ImGui::EndTable();
}

void configuration(const PanelContext& context, const CompareTable& table) {
  Ui& ui = context.ui;
  if (table.configuration.empty()) return;
  ImGui::Dummy(ImVec2(0, ui.px(4)));
  text_small(ui, "Configuration keys that differ");
  if (!begin_columns(context, "configuration", table)) return;
  for (size_t row = 0; row < table.configuration.size(); ++row) {
    const CompareTable::Difference& difference = table.configuration[row];
    ImGui::TableNextRow();
    ImGui::TableSetColumnIndex(0);
    ImGui::PushFont(ui.fonts.small);
    text_clipped(ui, fmt::format("compare.key.{}", row), difference.key);
    ImGui::PopFont();
    ImGui::PushFont(ui.fonts.mono);
    for (size_t i = 0; i < difference.values.size(); ++i) {
      if (!ImGui::TableSetColumnIndex(static_cast<int>(i) + 1)) continue;
      const std::string& value = difference.values[i];
      text_clipped(ui, fmt::format("compare.key.{}.{}", row, i), value.empty() ? "–" : value);
    }
    ImGui::PopFont();
  }
  ImGui::EndTable();
}

}  // namespace

void compare_section(const PanelContext& context) {
  Ui& ui = context.ui;
  if (context.session.pins().empty()) {
    empty_note(ui, with_keys(context, "Nothing to compare yet: pin a design", "design.pin") +
                       ", or a measured point with Ctrl+click. Up to four stand here side by side.");
    return;
  }
  const CompareTable table = compare_table(context.session);
  ButtonOptions options;
  options.style = ButtonStyle::kSubtle;
  options.icon = Icon::kCopy;
  options.tooltip = "Copy the table, separated by tabs, for a spreadsheet";
  ImGui::AlignTextToFramePadding();
  text_dim(ui, "Differences to the first column");
  ImGui::SameLine();
  ImGui::SetCursorPosX(ImGui::GetWindowContentRegionMax().x - button_width(ui, "Copy", options));
  if (button(ui, "compare.copy", "Copy", options)) {
    context.emit(Copy{as_tsv(as_text(table)), "comparison"});
  }
  if (ImGui::BeginChild("compare.contents", ImGui::GetContentRegionAvail())) {
    figures(context, table);
    configuration(context, table);
  }
  ImGui::EndChild();
}

}  // namespace fixynn::gui
