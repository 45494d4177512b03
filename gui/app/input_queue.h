// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <vector>

namespace fixynn::gui {

/// What a window system tells of its user. Numbers of keys and buttons, and the bits of `mods`, are GLFW's.
struct InputEvent {
  enum class Kind { kKey, kText, kMouseButton, kMouseMove, kWheel, kFocus, kEnter };
  Kind kind = Kind::kKey;
  int code = 0;       ///< key or button; character for kText
  bool down = false;  ///< of a key or button; gained, entered
  bool repeat = false;
  int mods = 0;
  int scancode = 0;
  double x = 0, y = 0;  ///< place or steps of the wheel
};

/// Gives ImGui 1.86, which knows only the latest state of each key, no more in a frame than it can see:
/// events in their order, until one would change the state of something that has changed already, and no
/// further than the first press of a key that is no modifier. So a key that went down and up between two
/// frames is seen, and Ctrl that was let go with P is still held in the frame in which P goes down.
class InputQueue {
 public:
  void push(const InputEvent& event);
  /// The events of this frame. What is left wants another frame: pending().
  std::vector<InputEvent> take_frame();
  bool pending() const { return !events_.empty(); }

 private:
  std::deque<InputEvent> events_;
};

/// Whether a key is Shift, Ctrl, Alt or the logo key.
bool is_modifier_key(int key);

/// The key that carries this label ("z", "é"), as GLFW numbers the US layout's keys: letters and digits map
/// to their capitals. `fallback` for labels without a number.
int key_of_label(const char* label, int fallback);

}  // namespace fixynn::gui
