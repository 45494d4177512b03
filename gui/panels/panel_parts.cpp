// SPDX-License-Identifier: Apache-2.0
#include "gui/panels/panel_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>

#include "core/text.h"
#include "gui/model/terms.h"
#include "gui/ui/imgui_compat.h"

namespace fixynn::gui {

void caption(const PanelContext& context, std::string_view mark, std::string_view shown,
             std::string_view term, std::string_view otherwise) {
  text_small(context.ui, shown);
  context.ui.mark(mark);
  const std::string_view definition = term_definition(term);
  const std::string_view shown_tip = definition.empty() ? otherwise : definition;
  if (!shown_tip.empty()) tooltip(context.ui, mark, shown_tip);
}

void heading_with_icons(Ui& ui, std::string_view title, std::string_view detail, int icons,
                        const std::function<void()>& draw) {
  const ImGuiStyle& style = ImGui::GetStyle();
  const ImVec2 start = ImGui::GetCursorScreenPos();
  const float right = start.x + ImGui::GetContentRegionAvail().x;
  const float needed = static_cast<float>(icons) * ImGui::GetFrameHeight() +
                       static_cast<float>(icons - 1) * style.ItemSpacing.x;
  heading(ui, title, detail);
  if (!ui.fonts.icons) return draw();
  const ImVec2 after = ImGui::GetCursorScreenPos();
  // The buttons are higher than the text: they begin above it and end on its line.
  ImGui::SetCursorScreenPos(ImVec2(right - needed, start.y - ui.px(5)));
  draw();
  ImGui::SetCursorScreenPos(after);
}

void text_small_coloured(Ui& ui, ImU32 colour, std::string_view text) {
  const std::string shown = display_text(ui, text);
  ImGui::PushFont(ui.fonts.small);
  ImGui::PushStyleColor(ImGuiCol_Text, colour);
  ImGui::TextUnformatted(shown.data(), shown.data() + shown.size());
  ImGui::PopStyleColor();
  ImGui::PopFont();
}

void note_wrapped(Ui& ui, ImU32 colour, std::string_view text) {
  ImGui::PushTextWrapPos(0);
  text_small_coloured(ui, colour, text);
  ImGui::PopTextWrapPos();
}

std::string with_keys(const PanelContext& context, std::string_view text, std::string_view command) {
  const Command* found = find_command(context.commands, command);
  if (found == nullptr || found->keys.empty()) return std::string(text);
  return fmt::format("{} ({})", text, found->keys.substr(0, found->keys.find(' ')));
}

std::string command_fault(const PanelContext& context, std::string_view command) {
  const Command* found = find_command(context.commands, command);
  return found != nullptr && found->fault ? found->fault(context.session) : "";
}

std::string age_text(double seconds) {
  if (seconds < 10) return "just now";
  if (seconds < 60) return fmt::format("{} s ago", static_cast<int>(seconds / 10) * 10);
  if (seconds < 3600) return fmt::format("{} min ago", static_cast<int>(seconds / 60));
  if (seconds < 48 * 3600.0) return fmt::format("{} h ago", static_cast<int>(seconds / 3600));
  return fmt::format("{} days ago", static_cast<int>(seconds / 86400));
}

double age_changes_in(double seconds) {
  const double step = seconds < 60 ? 10 : seconds < 3600 ? 60 : 3600;
  return step - std::fmod(std::max(0.0, seconds), step) + 0.02;
}

std::string progress_text(std::optional<double> progress, std::optional<double> eta_seconds) {
  std::string text;
  if (progress) text = fmt::format("{:.0f} %", 100 * std::clamp(*progress, 0.0, 1.0));
  if (eta_seconds && *eta_seconds >= 0 && std::isfinite(*eta_seconds))
    text += fmt::format("{}{} left", text.empty() ? "" : ", ", format_duration(*eta_seconds));
  return text;
}

BadgeKind badge_kind(RunState state) {
  switch (state) {
    case RunState::kLive:
      return BadgeKind::kAccent;
    case RunState::kFinished:
      return BadgeKind::kGood;
    case RunState::kFailed:
      return BadgeKind::kBad;
    case RunState::kLost:
    case RunState::kUnreachable:
      return BadgeKind::kWarning;
    case RunState::kReading:
    case RunState::kEmpty:
    case RunState::kStopped:
      break;
  }
  return BadgeKind::kNeutral;
}

BadgeKind badge_kind(JobState state) {
  switch (state) {
    case JobState::kRunning:
      return BadgeKind::kAccent;
    case JobState::kDone:
      return BadgeKind::kGood;
    case JobState::kFailed:
      return BadgeKind::kBad;
    case JobState::kStopping:
    case JobState::kLost:
      return BadgeKind::kWarning;
    case JobState::kQueued:
    case JobState::kCancelled:
      break;
  }
  return BadgeKind::kNeutral;
}

std::string run_points_text(const RunSnapshot& run) {
  std::set<uint64_t> seeds;
  std::set<std::pair<int, uint64_t>> distinct;
  for (const Point& point : run.points) {
    seeds.insert(point.seed);
    distinct.emplace(point.fixed_layers, point.seed);
  }
  const auto count = static_cast<int64_t>(distinct.size());
  const size_t planned = run.config ? run.config->fixed_layers.size() * run.config->seeds.size() : 0;
  std::string text =
      planned > distinct.size() && run.state != RunState::kFinished
          ? fmt::format("{} of {}", count, format_plural(static_cast<int64_t>(planned), "point"))
          : format_plural(count, "point");
  if (seeds.size() > 1) text += " \xc2\xb7 " + format_plural(static_cast<int64_t>(seeds.size()), "seed");
  return text;
}

std::string expand_home(std::string_view path) {
  const bool home = path == "~" || path.substr(0, 2) == "~/";
  const char* folder = home ? std::getenv("HOME") : nullptr;
  return folder != nullptr ? folder + std::string(path.substr(1)) : std::string(path);
}

std::string last_part(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  const size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos || path.size() == 1 ? path : path.substr(slash + 1));
}

void focus_next_card(const char* host, int direction) {
  const ImGuiWindow* parent = ImGui::FindWindowByName(host);
  ImGuiContext& context = *GImGui;
  if (parent == nullptr || parent->DC.ChildWindows.empty()) return;
  const ImVector<ImGuiWindow*>& cards = parent->DC.ChildWindows;
  const int count = cards.Size;
  int present = direction > 0 ? -1 : count;
  for (const ImGuiWindow* window = context.NavWindow; window != nullptr; window = window->ParentWindow)
    for (int i = 0; i < count; ++i)
      if (cards[i] == window) present = i;
  ImGuiWindow* next = cards[((present + direction) % count + count) % count];
  ImGui::FocusWindow(next);
  ImGui::NavInitWindow(next, true);
  // Else the focus would move, but not be seen until the next arrow key.
  compat::show_keyboard_focus();
}

}  // namespace fixynn::gui
