// SPDX-License-Identifier: Apache-2.0
#include "gui/app/input_queue.h"

#include <set>
#include <string_view>
#include <utility>

#include "gui/ui/keys.h"

namespace fixynn::gui {
namespace {

using Kind = InputEvent::Kind;

}  // namespace

bool is_modifier_key(int key) {
  return key >= kKeyLeftShift && key <= kKeyRightSuper;
}

int key_of_label(const char* label, int fallback) {
  if (!label || label[0] == '\0' || label[1] != '\0') return fallback;
  const char sign = label[0];
  if (sign >= 'a' && sign <= 'z') return sign - 'a' + 'A';
  if (sign >= 'A' && sign <= 'Z') return sign;
  // Digits stay where they are: on AZERTY their keys carry other labels, and Ctrl+1 is meant by position.
  // Where + has a key of its own, it is the one that enlarges (Ctrl+= elsewhere).
  if (sign == '+') return kKeyEqual;
  constexpr std::string_view kSigns = ",-./=;'[]\\`";
  return kSigns.find(sign) != std::string_view::npos ? sign : fallback;
}

void InputQueue::push(const InputEvent& event) {
  if (!events_.empty()) {
    InputEvent& last = events_.back();
    // A mouse moves more often than frames are drawn; only where it is now matters, but clicks in between
    // keep their places.
    if (event.kind == Kind::kMouseMove && last.kind == Kind::kMouseMove) {
      last = event;
      return;
    }
    // A key that repeats faster than we draw is not to be replayed for seconds afterwards.
    if (event.kind == Kind::kKey && event.repeat && last.kind == Kind::kKey && last.repeat &&
        last.code == event.code)
      return;
  }
  events_.push_back(event);
}

std::vector<InputEvent> InputQueue::take_frame() {
  std::vector<InputEvent> frame;
  std::set<std::pair<Kind, int>> changed;
  bool pressed = false, typed = false, button = false, moved = false;
  while (!events_.empty()) {
    const InputEvent& next = events_.front();
    const bool state = next.kind == Kind::kKey || next.kind == Kind::kMouseButton;
    // A press ends the frame, but for the text that it brings: both are one stroke.
    if (pressed && next.kind != Kind::kText) break;
    if (state && !next.repeat && changed.contains({next.kind, next.code})) break;
    // A key's press after text of another one: ImGui would see the key first (Return before the last letter).
    if (typed && next.kind == Kind::kKey && next.down && !is_modifier_key(next.code)) break;
    // A place belongs to what comes before it: the click was where the mouse was.
    if (button && next.kind == Kind::kMouseMove) break;
    // Widgets that lie upon another one take a click only when they were hovered a frame before; and what is
    // dragged is let go in the frame of the release, without a look at where the mouse went last.
    if (moved && next.kind == Kind::kMouseButton) break;
    if (state) changed.insert({next.kind, next.code});
    pressed = pressed || (next.kind == Kind::kKey && next.down && !is_modifier_key(next.code));
    typed = typed || next.kind == Kind::kText;
    moved = moved || next.kind == Kind::kMouseMove;
    button = button || next.kind == Kind::kMouseButton;
    frame.push_back(next);
    events_.pop_front();
  }
  return frame;
}

}  // namespace fixynn::gui
