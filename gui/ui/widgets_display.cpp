// SPDX-License-Identifier: Apache-2.0
// Showing: bars, badges, spots of a colour, text that can be copied.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gui/ui/imgui_compat.h"
#include "gui/ui/widgets.h"

namespace fixynn::gui {
namespace {

float resolve_width(float width) {
  return std::max(1.0f, width > 0 ? width : std::floor(ImGui::GetContentRegionAvail().x + width));
}

ImVec2 text_size(const ImFont& font, const std::string& text) {
  return font.CalcTextSizeA(compat::font_pixels(font), FLT_MAX, 0, text.data(), text.data() + text.size());
}

void part_tooltip(Ui& ui, const std::string& key, const BarPart& part, double share) {
  if (!tooltip_due(ui, key)) return;
  begin_tooltip(ui);
  text(ui, fmt::format("{}: {}", part.label, part.text));
  text_small(ui, fmt::format("{:.1f} % of the whole", 100 * share));
  end_tooltip(ui);
}

void bar_legend(Ui& ui, std::span<const BarPart> parts, float width, std::optional<int> hovered) {
  const ImFont& font = *ui.fonts.small;
  const float line = std::ceil(compat::font_pixels(font) + ui.px(4)), spot = std::round(ui.px(8));
  for (size_t i = 0; i < parts.size(); ++i) {
    const ImVec2 min = ImGui::GetCursorScreenPos();
    ImGui::Dummy(ImVec2(width, line));
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const float top = std::floor(min.y + (line - compat::font_pixels(font)) / 2);
    const float spot_top = std::floor(min.y + (line - spot) / 2);
    list.AddRectFilled(ImVec2(min.x, spot_top), ImVec2(min.x + spot, spot_top + spot), parts[i].colour,
                       ui.px(2));
    const bool lit = hovered == static_cast<int>(i);
    const std::string label = display_text(ui, parts[i].label), value = display_text(ui, parts[i].text);
    list.AddText(&font, compat::font_pixels(font), ImVec2(std::floor(min.x + spot + ui.px(7)), top),
                 lit ? ui.theme.text : ui.theme.text_dim, label.c_str());
    const float value_width = text_size(font, value).x;
    list.AddText(&font, compat::font_pixels(font), ImVec2(std::floor(min.x + width - value_width), top),
                 ui.theme.text, value.c_str());
  }
}

}  // namespace

std::optional<int> split_bar(Ui& ui, std::string_view mark, std::span<const BarPart> parts, float width,
                             bool legend) {
  width = resolve_width(width);
  const float height = std::round(ui.px(16)), rounding = ui.px(5),
              gap = std::max(1.0f, std::round(ui.px(1.5f)));
  double sum = 0;
  for (const BarPart& part : parts) sum += std::max(0.0, part.value);
  ImGui::BeginGroup();
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(0, ui.px(2)));
  const ImVec2 min = ImGui::GetCursorScreenPos(), max(min.x + width, min.y + height);
  ImDrawList& list = *ImGui::GetWindowDrawList();
  ImGui::PushID(mark.data(), mark.data() + mark.size());
  ImGui::InvisibleButton("###bar", ImVec2(width, height));
  ImGui::PopID();
  ui.mark(mark);
  const bool over = ImGui::IsItemHovered();
  const float mouse = ImGui::GetIO().MousePos.x;
  std::optional<int> hovered;
  if (!(sum > 0)) list.AddRectFilled(min, max, ui.theme.frame, rounding);
  double before = 0;
  for (size_t i = 0; i < parts.size() && sum > 0; ++i) {
    const double value = std::max(0.0, parts[i].value);
    const float left = std::round(min.x + width * static_cast<float>(before / sum));
    before += value;
    const float right = std::round(min.x + width * static_cast<float>(before / sum));
    if (right <= left) continue;
    // The whole rounded bar, cut to this part: thin parts at the ends follow the rounding, too.
    const bool last = right >= max.x - 0.5f;
    const float end = last || right - left <= 2 * gap ? right : right - gap;
    list.PushClipRect(ImVec2(left, min.y), ImVec2(end, max.y), true);
    list.AddRectFilled(min, max, parts[i].colour, rounding);
    list.PopClipRect();
    const std::string name = fmt::format("{}.{}", mark, i);
    ui.mark_rectangle(name, ImVec2(left, min.y), ImVec2(right, max.y));
    if (over && mouse >= left && mouse < right) {
      hovered = static_cast<int>(i);
      part_tooltip(ui, name, parts[i], value / sum);
    }
  }
  if (legend) {
    ImGui::Dummy(ImVec2(width, std::round(ui.px(1))));
    bar_legend(ui, parts, width, hovered);
  }
  ImGui::PopStyleVar();
  ImGui::EndGroup();
  return hovered;
}

void progress_bar(Ui& ui, std::string_view mark, std::optional<double> fraction, float width,
                  std::string_view shown, ImU32 colour) {
  width = resolve_width(width);
  const std::string text = display_text(ui, shown);
  const float line = ImGui::GetTextLineHeight(), thick = std::round(ui.px(6));
  const float text_width = text.empty() ? 0 : std::ceil(text_size(*ui.fonts.small, text).x);
  const float bar = std::max(ui.px(20), width - (text.empty() ? 0 : text_width + ui.px(8)));
  ImVec2 min = ImGui::GetCursorScreenPos();
  // On a line of framed widgets it stands where their text stands.
  const float offset = ImGui::GetCurrentWindowRead()->DC.CurrLineTextBaseOffset;
  ImGui::Dummy(ImVec2(width, line + offset));
  ui.mark(mark);
  min.y += offset;
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const float top = std::floor(min.y + (line - thick) / 2);
  const ImVec2 from(min.x, top), to(min.x + bar, top + thick);
  const ImU32 full = colour ? colour : ui.theme.accent;
  // Unknown progress is a pale full bar: a moving one would redraw the window all the time.
  list.AddRectFilled(from, to, fraction ? ui.theme.frame_active : with_opacity(full, 0.4f), thick / 2);
  if (fraction) {
    const float share = static_cast<float>(std::clamp(*fraction, 0.0, 1.0));
    list.PushClipRect(from, ImVec2(std::round(from.x + bar * share), to.y), true);
    list.AddRectFilled(from, to, full, thick / 2);
    list.PopClipRect();
  }
  if (!text.empty())
    list.AddText(ui.fonts.small, compat::font_pixels(*ui.fonts.small),
                 ImVec2(std::floor(min.x + width - text_width),
                        std::floor(min.y + (line - compat::font_pixels(*ui.fonts.small)) / 2)),
                 ui.theme.text_dim, text.c_str());
}

void badge(Ui& ui, std::string_view shown, BadgeKind kind) {
  ImU32 colour = ui.theme.text_dim;
  if (kind == BadgeKind::kAccent) colour = mix(ui.theme.accent, ui.theme.text, 0.35f);
  if (kind == BadgeKind::kGood) colour = ui.theme.good;
  if (kind == BadgeKind::kWarning) colour = ui.theme.warning;
  if (kind == BadgeKind::kBad) colour = ui.theme.bad;
  const std::string text = display_text(ui, shown);
  const ImFont& font = *ui.fonts.small;
  const float pixels = compat::font_pixels(font), line = ImGui::GetTextLineHeight();
  const ImVec2 min = ImGui::GetCursorScreenPos();
  const float width = std::ceil(text_size(font, text).x + ui.px(12)),
              height = std::min(line + ui.px(1), std::ceil(pixels + ui.px(3)));
  // On a line of framed widgets the badge stands where their text stands.
  const float offset = ImGui::GetCurrentWindowRead()->DC.CurrLineTextBaseOffset;
  ImGui::Dummy(ImVec2(width, line + offset));
  const float top = std::floor(min.y + offset + (line - height) / 2);
  ImDrawList& list = *ImGui::GetWindowDrawList();
  list.AddRectFilled(ImVec2(min.x, top), ImVec2(min.x + width, top + height), with_opacity(colour, 0.16f),
                     ui.px(4));
  list.AddText(&font, pixels, ImVec2(std::floor(min.x + ui.px(6)), std::floor(top + (height - pixels) / 2)),
               colour, text.c_str());
}

bool copyable_text(Ui& ui, std::string_view mark, std::string_view shown) {
  const std::string text = display_text(ui, shown);
  const ImFont& font = *ui.fonts.mono;
  const ImVec2 whole = text_size(font, text), min = ImGui::GetCursorScreenPos();
  // Cut where there is no room for it: what is copied is the whole.
  const ImVec2 size(std::min(whole.x, std::max(ui.px(40), ImGui::GetContentRegionAvail().x)), whole.y);
  ImGui::PushID(mark.data(), mark.data() + mark.size());
  const bool clicked =
      ImGui::InvisibleButton("###copy", ImVec2(std::max(1.0f, size.x), std::max(1.0f, size.y)));
  ImGui::PopID();
  ui.mark(mark);
  const bool hovered = ImGui::IsItemHovered();
  ImDrawList& list = *ImGui::GetWindowDrawList();
  list.PushClipRect(min, ImVec2(min.x + size.x, min.y + size.y), true);
  list.AddText(&font, compat::font_pixels(font), min, ui.theme.text, text.data(), text.data() + text.size());
  list.PopClipRect();
  if (hovered) {
    ImGui::SetMouseCursor(ImGuiMouseCursor_Hand);
    const float y = std::floor(min.y + size.y) - 1;
    list.AddRectFilled(ImVec2(min.x, y), ImVec2(min.x + size.x, y + 1), ui.theme.text_dim);
  }
  if (clicked) ImGui::SetClipboardText(std::string(shown).c_str());
  tooltip(ui, mark, size.x < whole.x ? std::string(shown) + "\nClick to copy" : "Click to copy");
  return clicked;
}

void colour_spot(Ui& ui, ImU32 colour) {
  const float side = std::round(ui.px(9)), line = ImGui::GetTextLineHeight();
  const float offset = ImGui::GetCurrentWindowRead()->DC.CurrLineTextBaseOffset;
  const ImVec2 min = ImGui::GetCursorScreenPos();
  ImGui::Dummy(ImVec2(side, line + offset));
  const float top = std::floor(min.y + offset + (line - side) / 2);
  ImGui::GetWindowDrawList()->AddRectFilled(ImVec2(min.x, top), ImVec2(min.x + side, top + side), colour,
                                            ui.px(2));
}

void empty_note(Ui& ui, std::string_view shown) {
  const std::string text = display_text(ui, shown);
  const ImVec2 room = ImGui::GetContentRegionAvail();
  const float wrap = std::max(ui.px(80), std::min(room.x, ui.px(420)));
  ImFont& font = *ImGui::GetFont();
  const float pixels = ImGui::GetFontSize();
  const ImVec2 size = font.CalcTextSizeA(pixels, FLT_MAX, wrap, text.data(), text.data() + text.size());
  const ImVec2 min = ImGui::GetCursorScreenPos();
  ImGui::Dummy(ImVec2(std::max(1.0f, room.x), std::max(size.y, room.y)));
  float y = std::floor(min.y + std::max(0.0f, (room.y - size.y) / 2));
  const char* const end = text.data() + text.size();
  for (const char* line = text.data(); line < end;) {
    const char* stop = std::max(font.CalcWordWrapPositionA(1, line, end, wrap), line + 1);
    const float width = font.CalcTextSizeA(pixels, FLT_MAX, 0, line, stop).x;
    const ImVec2 at(std::floor(min.x + std::max(0.0f, (room.x - width) / 2)), y);
    ImGui::GetWindowDrawList()->AddText(&font, pixels, at, ui.theme.text_dim, line, stop);
    y += pixels;
    for (line = stop; line < end && (*line == ' ' || *line == '\n');) ++line;
  }
}

}  // namespace fixynn::gui
