// SPDX-License-Identifier: Apache-2.0
#include "gui/headless/driver.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>
#include <vector>

#include "core/error.h"
#include "core/text.h"
#include "gui/ui/imgui_compat.h"

namespace fixynn::gui {
namespace {

constexpr float kAway = -1000;
constexpr double kFramesPerSecond = 60;

/// Names that begin like `wanted`, or are spelt nearly so.
std::string near_names(const Ui& ui, std::string_view wanted) {
  std::vector<std::string> names, near;
  for (const auto& [name, mark] : ui.marks) names.push_back(name);
  if (names.empty()) return "no widget is marked in this frame";
  if (const std::string nearest = nearest_name(wanted, names); !nearest.empty()) near.push_back(nearest);
  for (std::string_view stem = wanted; near.size() < 6 && !stem.empty();) {
    for (const std::string& name : names)
      if (near.size() < 6 && name.starts_with(stem) &&
          std::find(near.begin(), near.end(), name) == near.end())
        near.push_back(name);
    const size_t dot = stem.rfind('.');
    stem = dot == std::string_view::npos ? std::string_view() : stem.substr(0, dot);
  }
  for (size_t i = 0; i < names.size() && near.size() < 6; ++i)
    if (std::find(near.begin(), near.end(), names[i]) == near.end()) near.push_back(names[i]);
  std::string list;
  for (const std::string& name : near) list += (list.empty() ? "" : ", ") + name;
  return fmt::format("among the {} marks of this frame are {}", names.size(), list);
}

/// The characters of UTF-8 text.
std::vector<unsigned> characters(std::string_view text) {
  std::vector<unsigned> codes;
  const std::string whole(text);
  for (const char* at = whole.c_str(); *at;) {
    unsigned code = 0;
    at += ImTextCharFromUtf8(&code, at, nullptr);
    codes.push_back(code);
  }
  return codes;
}

}  // namespace

Driver::Driver(Frame frame, const NullPlatformOptions& options)
    : platform_(options), frame_(std::move(frame)) {
  compat::set_mouse_position(ImGui::GetIO(), ImVec2(kAway, kAway));
  step(2);
}

void Driver::step(int frames) {
  for (int i = 0; i < frames; ++i) {
    platform_.begin_frame();
    frame_(platform_.ui());
    platform_.end_frame();
  }
}

bool Driver::has(std::string_view mark) const {
  return ui().marks.find(mark) != ui().marks.end();
}

const Mark& Driver::find(std::string_view mark) const {
  const auto entry = ui().marks.find(mark);
  if (entry == ui().marks.end())
    fail("there is no widget with the mark \"{}\": {}", mark, near_names(ui(), mark));
  return entry->second;
}

ImVec2 Driver::spot(std::string_view mark, float across, float down) const {
  const Mark& found = find(mark);
  if (!found.visible)
    fail(
        "the widget \"{}\" cannot be reached: its middle ({:.0f}, {:.0f}) is outside of its window; scroll, "
        "or make "
        "the window larger",
        mark, (found.left + found.right) / 2, (found.top + found.bottom) / 2);
  return ImVec2(std::floor(found.left + (found.right - found.left) * across),
                std::floor(found.top + (found.bottom - found.top) * down));
}

void Driver::move(ImVec2 to) {
  compat::set_mouse_position(ImGui::GetIO(), to);
  step();
}

void Driver::press(int mouse_button) {
  compat::set_mouse_button(ImGui::GetIO(), mouse_button, true);
  step();
}

void Driver::release(int mouse_button) {
  compat::set_mouse_button(ImGui::GetIO(), mouse_button, false);
  step();
}

void Driver::set_key(int key, bool down) {
  ImGuiIO& io = ImGui::GetIO();
  compat::set_key(io, key, down);
  compat::set_modifiers(io, compat::key_down(io, kKeyLeftControl), compat::key_down(io, kKeyLeftShift),
                        compat::key_down(io, kKeyLeftAlt));
  step();
}

void Driver::hold(std::string_view mods, bool down) {
  if (mods.empty()) return;
  // "Ctrl+Shift" as the modifiers of some key.
  const Chord chord = parse_chord(std::string(mods) + "+A");
  if (chord.ctrl) set_key(kKeyLeftControl, down);
  if (chord.shift) set_key(kKeyLeftShift, down);
  if (chord.alt) set_key(kKeyLeftAlt, down);
}

void Driver::click_at(std::string_view mark, float across, float down) {
  move(spot(mark, across, down));
  press(0);
  release(0);
  step();
  // Two clicks of a test are not to be taken for a double click.
  step(static_cast<int>(ImGui::GetIO().MouseDoubleClickTime * kFramesPerSecond) + 1);
}

void Driver::click(std::string_view mark) {
  click_at(mark, 0.5f, 0.5f);
}

void Driver::double_click(std::string_view mark) {
  move(spot(mark));
  for (int i = 0; i < 2; ++i) {
    press(0);
    release(0);
  }
  step(2);
}

void Driver::right_click(std::string_view mark) {
  move(spot(mark));
  press(1);
  release(1);
  step();
}

void Driver::ctrl_click(std::string_view mark) {
  move(spot(mark));
  hold("Ctrl", true);
  click(mark);
  hold("Ctrl", false);
}

void Driver::shift_click(std::string_view mark) {
  move(spot(mark));
  hold("Shift", true);
  click(mark);
  hold("Shift", false);
}

void Driver::hover(std::string_view mark, double seconds) {
  move(spot(mark));
  step(1 + static_cast<int>(std::ceil(seconds * kFramesPerSecond)));
}

void Driver::drag(std::string_view mark, float dx, float dy, std::string_view mods, int mouse_button) {
  constexpr int kSteps = 4;
  const ImVec2 from = spot(mark);
  move(from);
  hold(mods, true);
  press(mouse_button);
  for (int i = 1; i <= kSteps; ++i) {
    const float share = static_cast<float>(i) / kSteps;
    move(ImVec2(from.x + dx * share, from.y + dy * share));
  }
  release(mouse_button);
  hold(mods, false);
  step();
}

void Driver::drag_to(std::string_view from, std::string_view to) {
  const ImVec2 a = spot(from), b = spot(to);
  drag(from, b.x - a.x, b.y - a.y);
}

void Driver::wheel(std::string_view mark, float dy, std::string_view mods) {
  move(spot(mark));
  hold(mods, true);
  compat::add_wheel(ImGui::GetIO(), dy);
  step();
  hold(mods, false);
  step();
}

void Driver::move_away() {
  move(ImVec2(kAway, kAway));
  step();
}

void Driver::type(std::string_view text) {
  for (const unsigned code : characters(text)) {
    ImGui::GetIO().AddInputCharacter(code);
    step();
  }
  step();
}

void Driver::key(std::string_view chord_name) {
  const Chord chord = parse_chord(chord_name);
  if (chord.ctrl) set_key(kKeyLeftControl, true);
  if (chord.shift) set_key(kKeyLeftShift, true);
  if (chord.alt) set_key(kKeyLeftAlt, true);
  set_key(chord.key, true);
  set_key(chord.key, false);
  if (chord.alt) set_key(kKeyLeftAlt, false);
  if (chord.shift) set_key(kKeyLeftShift, false);
  if (chord.ctrl) set_key(kKeyLeftControl, false);
  step();
}

bool Driver::until(const std::function<bool()>& predicate, double timeout_s) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::duration<double>(timeout_s);
  for (;;) {
    step();
    if (predicate()) return true;
    if (Clock::now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(16));
  }
}

}  // namespace fixynn::gui
