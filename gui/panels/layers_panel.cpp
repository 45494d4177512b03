// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "gui/model/tables.h"
#include "gui/panels/figure_text.h"
#include "gui/panels/panel_parts.h"
#include "gui/panels/panels.h"
#include "gui/panels/term_tooltip.h"
#include "gui/ui/imgui_compat.h"
#include "gui/ui/widgets.h"
#include "quant/quant_spec.h"

namespace fixynn::gui {
namespace {

struct Column {
  const char* name;
  float units;  ///< at scale 1: what the widest entry needs
  bool figures;
};

constexpr std::array<Column, 11> kColumns = {{{"Layer", 58, false},
                                              {"Kind", 116, false},
                                              {"MACs", 60, true},
                                              {"Weights", 54, true},
                                              {"W bits", 42, true},
                                              {"A bits", 42, true},
                                              {"Zeros %", 50, true},
                                              {"CSD digits", 64, true},
                                              {"Adders", 50, true},
                                              {"Area mm²", 62, true},
                                              {"Energy µJ", 66, true}}};
constexpr size_t kKindColumn = 1, kDigitsColumn = 7;
/// What goes first where there is little room: the kind is in the name's tooltip, digits are in the Layers
/// tab.
constexpr std::array<size_t, 2> kSpareColumns = {kKindColumn, kDigitsColumn};
constexpr size_t kEnergyColumn = 10;

/// A figure of the table: its text, and why it is dim.
struct Cell {
  std::string text;
  bool would_be = false;
};

std::string kind_text(std::string kind) {
  constexpr std::string_view kLong = "depthwise", kStride = "stride ";
  if (const size_t at = kind.find(kLong); at != std::string::npos) kind.replace(at, kLong.size(), "dw");
  if (const size_t at = kind.find(kStride); at != std::string::npos) kind.replace(at, kStride.size(), "s");
  return kind;
}

std::string kind_tooltip(const LayerRow& row) {
  return fmt::format("{}: {}\nShift+click selects a range, Ctrl+click one more", row.name, row.kind);
}

std::vector<int> edited_layers(const Session& session, int layer) {
  const std::set<int>& selected = session.selected_layers();
  if (!selected.contains(layer)) return {layer};
  return {selected.begin(), selected.end()};
}

void preset_button(const PanelContext& context, const char* mark, const char* label, ConvQuant quant) {
  const std::set<int>& selected = context.session.selected_layers();
  ButtonOptions options;
  options.enabled = !selected.empty();
  options.tooltip = "Give the selected layers these bits";
  options.disabled_reason = "Select layers first: click a row, Shift or Ctrl for several";
  if (button(context.ui, mark, label, options)) {
    context.emit(SetBits{{selected.begin(), selected.end()}, quant.weight_bits, quant.activation_bits});
  }
  ImGui::SameLine(0, context.ui.px(4));
}

void reset_button(const PanelContext& context) {
  const std::string fault = command_fault(context, "layers.reset");
  ButtonOptions options;
  options.enabled = fault.empty();
  options.tooltip = "All layers back to the bits of the run";
  options.disabled_reason = fault;
  if (button(context.ui, "layers.reset", "Reset", options)) context.give("layers.reset");
  ImGui::SameLine(0, context.ui.px(4));
}

void copy_button(const PanelContext& context) {
  ButtonOptions options;
  options.icon = Icon::kCopy;
  options.tooltip = "Copy the table, separated by tabs, for a spreadsheet";
  if (button(context.ui, "layers.copy", "Copy", options)) {
    context.emit(Copy{as_tsv(layer_table(context.session)), "layer table"});
  }
}

void head_line(const PanelContext& context) {
  Ui& ui = context.ui;
  const Session& session = context.session;
  ImGui::AlignTextToFramePadding();
  ImGui::PushFont(ui.fonts.bold);
  ImGui::TextUnformatted("Layers");
  ImGui::PopFont();
  ImGui::SameLine();
  std::string detail = fmt::format("{} fixed", session.design().fixed_layers);
  if (!session.selected_layers().empty()) {
    detail += fmt::format(", {} selected", session.selected_layers().size());
  }
  text_dim(ui, detail);
  ImGui::SameLine();

  ButtonOptions copy;
  copy.icon = Icon::kCopy;
  float width = button_width(ui, "Reset") + button_width(ui, "Copy", copy) + 4 * ui.px(4);
  for (const char* preset : {"W8A8", "W6A8", "W4A8"}) width += button_width(ui, preset);
  const float right = ImGui::GetWindowContentRegionMax().x - width;
  ImGui::SetCursorPosX(std::max(ImGui::GetCursorPosX(), right));
  preset_button(context, "layers.preset.w8a8", "W8A8", {8, 8});
  preset_button(context, "layers.preset.w6a8", "W6A8", {6, 8});
  preset_button(context, "layers.preset.w4a8", "W4A8", {4, 8});
  reset_button(context);
  copy_button(context);
}

void header_row(Ui& ui) {
  ImGui::TableNextRow(ImGuiTableRowFlags_Headers);
  for (size_t i = 0; i < kColumns.size(); ++i) {
    if (!ImGui::TableSetColumnIndex(static_cast<int>(i))) continue;
    const Column& column = kColumns[i];
    const std::string shown = display_text(ui, column.name);
    ImGui::PushFont(ui.fonts.small);
    ImGui::PushStyleColor(ImGuiCol_Text, ui.theme.text_dim);
    // Headings stand over their figures' last digits.
    const float free = ImGui::GetContentRegionAvail().x - ImGui::CalcTextSize(shown.c_str()).x;
    if (column.figures && free > 0) ImGui::SetCursorPosX(ImGui::GetCursorPosX() + free);
    ImGui::TableHeader(shown.c_str());
    ImGui::PopStyleColor();
    ImGui::PopFont();
    const std::string mark = fmt::format("layers.heading.{}", i);
    ui.mark(mark);
    term_tooltip(ui, mark, column.name);
  }
}

/// The row's own widget lies under all cells and selects it.
void name_cell(const PanelContext& context, const LayerRow& row, bool selected) {
  Ui& ui = context.ui;
  const ImVec2 start = ImGui::GetCursorScreenPos();
  const float width = ImGui::GetContentRegionAvail().x;
  ImGui::PushStyleColor(ImGuiCol_Header, ui.theme.selected_row);
  ImGui::PushStyleColor(ImGuiCol_HeaderHovered, selected ? ui.theme.selected_row : ui.theme.hovered_row);
  ImGui::PushStyleColor(ImGuiCol_Text, row.fixed ? ui.theme.text : ui.theme.text_dim);
  const ImGuiSelectableFlags flags = ImGuiSelectableFlags_SpanAllColumns | compat::kSelectableAllowsOverlap;
  const bool clicked =
      ImGui::Selectable(row.name.c_str(), selected, flags, ImVec2(0, ImGui::GetFrameHeight()));
  ImGui::PopStyleColor(3);
  const ImVec2 end(start.x + width, start.y + ImGui::GetFrameHeight());
  const std::string mark = fmt::format("layers.{}.name", row.layer);
  ui.mark_rectangle(mark, start, end);
  if (ImGui::IsMouseHoveringRect(start, end)) tooltip(ui, mark, kind_tooltip(row));
  if (!clicked) return;
  const ImGuiIO& io = ImGui::GetIO();
  const SelectMode mode = io.KeyCtrl    ? SelectMode::kToggle
                          : io.KeyShift ? SelectMode::kRange
                                        : SelectMode::kOnly;
  context.emit(SelectLayer{row.layer, mode});
}

void bits_cell(const PanelContext& context, const LayerRow& row, bool weights) {
  Ui& ui = context.ui;
  int value = weights ? row.bits.weight_bits : row.bits.activation_bits;
  const std::string mark =
      fmt::format("layers.{}.{}", row.layer, weights ? "weight_bits" : "activation_bits");
  ImGui::PushStyleColor(ImGuiCol_Text, row.fixed ? ui.theme.text : ui.theme.text_dim);
  const Edit edit =
      drag_number(ui, mark, value, kMinBits, kMaxBits, std::floor(ImGui::GetContentRegionAvail().x));
  ImGui::PopStyleColor();
  if (edit.changed) {
    SetBits action{edited_layers(context.session, row.layer), {}, {}, true};
    (weights ? action.weight_bits : action.activation_bits) = value;
    context.emit(std::move(action));
  }
  if (edit.ended) context.emit(EndMerge{});
}

void figure_cell(Ui& ui, const LayerRow& row, const Cell& cell, const char* name) {
  const bool unknown = cell.text == figure(std::nullopt);
  ImGui::AlignTextToFramePadding();
  const ImU32 colour = unknown         ? ui.theme.text_disabled
                       : cell.would_be ? ui.theme.text_dim
                       : row.fixed     ? ui.theme.text
                                       : ui.theme.text_dim;
  text_right(ui, cell.text, ui.fonts.mono, colour);
  if (cell.would_be && !unknown) {
    tooltip(ui, fmt::format("layers.{}.{}", row.layer, name),
            "This layer is not fixed: what freezing it would cost");
  }
}

/// The layer's share of the largest energy, behind the figure.
void energy_bar(const Ui& ui, const LayerRow& row, double most) {
  if (!row.energy_uj || most <= 0) return;
  const ImVec2 start = ImGui::GetCursorScreenPos();
  const float width = ImGui::GetContentRegionAvail().x * static_cast<float>(*row.energy_uj / most);
  const float height = ImGui::GetFrameHeight();
  const ImU32 colour = with_opacity(ui.theme.series[row.fixed ? 0 : 1], 0.32f);
  ImGui::GetWindowDrawList()->AddRectFilled(
      ImVec2(start.x, start.y + ui.px(2)),
      ImVec2(start.x + std::max(width, ui.px(1)), start.y + height - ui.px(2)), colour, ui.px(2));
}

Cell figure_of(const LayerRow& row, size_t column) {
  const bool would_be = !row.fixed;
  switch (column) {
    case 2:
      return {count_text(row.macs)};
    case 3:
      return {count_text(row.weights)};
    case 6:
      return {row.zeros_percent ? fmt::format("{:.1f}", *row.zeros_percent) : "n/a", would_be};
    case 7:
      return {count_text(row.csd_digits), would_be};
    case 8:
      return {count_text(row.adders), would_be};
    case 9:
      return {figure(row.area_mm2), would_be};
    default:
      return {figure(row.energy_uj)};
  }
}

void layer_row(const PanelContext& context, const LayerRow& row, double most_energy) {
  Ui& ui = context.ui;
  const bool selected = context.session.selected_layers().contains(row.layer);
  ImGui::TableNextRow();
  if (row.fixed) ImGui::TableSetBgColor(ImGuiTableBgTarget_RowBg0, ui.theme.frozen_row);
  if (selected) ImGui::TableSetBgColor(ImGuiTableBgTarget_RowBg1, ui.theme.selected_row);
  for (size_t i = 0; i < kColumns.size(); ++i) {
    if (!ImGui::TableSetColumnIndex(static_cast<int>(i))) continue;
    ImGui::PushID(static_cast<int>(i));
    if (i == 0) {
      name_cell(context, row, selected);
    } else if (i == kKindColumn) {
      ImGui::AlignTextToFramePadding();
      ImGui::PushStyleColor(ImGuiCol_Text, ui.theme.text_dim);
      text_clipped(ui, fmt::format("layers.{}.kind", row.layer), kind_text(row.kind));
      ImGui::PopStyleColor();
    } else if (i == 4 || i == 5) {
      bits_cell(context, row, i == 4);
    } else {
      if (i == kEnergyColumn) energy_bar(ui, row, most_energy);
      figure_cell(ui, row, figure_of(row, i), kColumns[i].name);
    }
    ImGui::PopID();
  }
}

/// Where the fixed layers end: a thin row of its own.
void boundary(const Ui& ui) {
  ImGui::TableNextRow(ImGuiTableRowFlags_None, std::max(1.0f, ui.px(2)));
  ImGui::TableSetBgColor(ImGuiTableBgTarget_RowBg0, ui.theme.accent);
}

void rows(const PanelContext& context) {
  const std::vector<LayerRow>& layers = context.session.costs().layers;
  double most = 0;
  for (const LayerRow& row : layers) most = std::max(most, row.energy_uj.value_or(0));
  for (size_t i = 0; i < layers.size(); ++i) {
    if (i > 0 && layers[i - 1].fixed && !layers[i].fixed) boundary(context.ui);
    ImGui::PushID(static_cast<int>(i));
    layer_row(context, layers[i], most);
    ImGui::PopID();
  }
}

bool spared(size_t column, size_t spare) {
  return std::find(kSpareColumns.begin(), kSpareColumns.begin() + static_cast<ptrdiff_t>(spare), column) !=
         kSpareColumns.begin() + static_cast<ptrdiff_t>(spare);
}

/// Without the first `spare` of kSpareColumns.
float natural_width(const Ui& ui, size_t spare) {
  const float padding = ImGui::GetStyle().CellPadding.x;
  float width = ImGui::GetStyle().ScrollbarSize + 2 * padding;
  for (size_t i = 0; i < kColumns.size(); ++i) {
    if (!spared(i, spare)) width += ui.px(kColumns[i].units) + 2 * padding;
  }
  return width;
}

void table(const PanelContext& context) {
  const Ui& ui = context.ui;
  const ImVec2 room = ImGui::GetContentRegionAvail();
  size_t spare = 0;
  while (spare < kSpareColumns.size() && room.x < natural_width(ui, spare)) ++spare;
  const bool wide = room.x >= natural_width(ui, spare);
  const ImGuiTableFlags flags = ImGuiTableFlags_ScrollY | ImGuiTableFlags_Resizable |
                                ImGuiTableFlags_Hideable | ImGuiTableFlags_BordersInnerV |
                                ImGuiTableFlags_NoBordersInBody | ImGuiTableFlags_PadOuterX |
                                ImGuiTableFlags_NoSavedSettings;
  const ImGuiTableFlags sizing =
      wide ? ImGuiTableFlags_SizingStretchProp : ImGuiTableFlags_SizingFixedFit | ImGuiTableFlags_ScrollX;
  // Tables apart, so that ImGui does not mix the widths of one with those of another.
  const std::string id = fmt::format("{}{}", wide ? "wide" : "narrow", spare);
  if (!ImGui::BeginTable(id.c_str(), static_cast<int>(kColumns.size()), flags | sizing, room)) return;
  ImGui::TableSetupScrollFreeze(wide ? 0 : 1, 1);
  for (size_t i = 0; i < kColumns.size(); ++i) {
    const bool hidden = spared(i, spare);
    ImGui::TableSetupColumn(kColumns[i].name,
                            hidden ? ImGuiTableColumnFlags_Disabled : ImGuiTableColumnFlags_None,
                            wide ? kColumns[i].units : ui.px(kColumns[i].units));
  }
  header_row(context.ui);
  rows(context);
  ImGui::EndTable();
}

}  // namespace

void layers_panel(const PanelContext& context, Area area) {
  Ui& ui = context.ui;
  if (begin_panel(ui, "layers", area.min, area.size, false)) {
    head_line(context);
    ImGui::PushStyleVar(ImGuiStyleVar_CellPadding, ImVec2(ui.px(3), ui.px(1)));
    ImGui::PushStyleVar(ImGuiStyleVar_FramePadding, ImVec2(ui.px(5), ui.px(2)));
    table(context);
    ImGui::PopStyleVar(2);
  }
  end_panel(ui);
}

}  // namespace fixynn::gui
