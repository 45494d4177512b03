// SPDX-License-Identifier: Apache-2.0
#include "gui/ui/ui.h"

#include <algorithm>

#include "gui/ui/imgui_compat.h"

namespace fixynn::gui {

void Ui::mark(std::string_view name, bool enabled) {
  const ImVec2 min = ImGui::GetItemRectMin(), max = ImGui::GetItemRectMax();
  mark_rectangle(name, min, max, enabled && !compat::last_item_disabled());
}

void Ui::mark_rectangle(std::string_view name, ImVec2 min, ImVec2 max, bool enabled) {
  const ImRect& clip = ImGui::GetCurrentWindowRead()->ClipRect;
  // The middle is what is clicked, so it decides.
  const ImVec2 middle((min.x + max.x) / 2, (min.y + max.y) / 2);
  const bool visible = max.x > min.x && max.y > min.y && clip.Contains(middle);
  marks.insert_or_assign(std::string(name), Mark{min.x, min.y, max.x, max.y, enabled, visible});
}

void Ui::request_redraw(double seconds) {
  redraw_s = redraw_s ? std::min(*redraw_s, seconds) : seconds;
}

}  // namespace fixynn::gui
