// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "gui/headless/null_platform.h"
#include "gui/ui/keys.h"

namespace fixynn::gui {

/// Works the real interface without a window: aims at widgets by their marks and changes one input a frame,
/// as ImGui 1.86 needs. Every function returns after the frames that its input took, and one more in which
/// its effect is drawn. A mark that is not there, or is clipped away, throws Error with the nearest names.
class Driver {
 public:
  using Frame = std::function<void(Ui&)>;

  /// Draws two frames, so that marks and sizes have settled.
  explicit Driver(Frame frame, const NullPlatformOptions& options = {});

  Ui& ui() { return platform_.ui(); }
  const Ui& ui() const { return platform_.ui(); }
  NullPlatform& platform() { return platform_; }

  void step(int frames = 1);

  void click(std::string_view mark);
  void double_click(std::string_view mark);
  void right_click(std::string_view mark);
  void ctrl_click(std::string_view mark);
  void shift_click(std::string_view mark);
  /// Clicks at a place within the mark, 0..1 from its left and its top.
  void click_at(std::string_view mark, float across, float down);
  /// Moves the mouse onto it; `seconds` of frames are then drawn (0.5 brings the tooltip).
  void hover(std::string_view mark, double seconds = 0);
  /// Presses in the middle, moves by (dx, dy) pixels in 4 steps, lets go. `mods` such as "Shift".
  void drag(std::string_view mark, float dx, float dy, std::string_view mods = {}, int mouse_button = 0);
  void drag_to(std::string_view from, std::string_view to);
  /// Turns the wheel over the mark; dy > 0 is away from the user.
  void wheel(std::string_view mark, float dy, std::string_view mods = {});
  void move_away();

  /// UTF-8, a character a frame, into the field that has the keyboard.
  void type(std::string_view text);
  /// "Ctrl+Z", "Return", "F5": see parse_chord.
  void key(std::string_view chord);

  /// Draws frames, about 60 a second, until the predicate holds. False after `timeout_s`.
  bool until(const std::function<bool()>& predicate, double timeout_s = 5);

  bool has(std::string_view mark) const;
  /// Throws when it is not there.
  const Mark& find(std::string_view mark) const;

  Picture screenshot() const { return platform_.picture(); }
  void screenshot(const std::filesystem::path& path) const { write_png(screenshot(), path); }

 private:
  ImVec2 spot(std::string_view mark, float across = 0.5f, float down = 0.5f) const;
  void move(ImVec2 to);
  void press(int mouse_button);
  void release(int mouse_button);
  void hold(std::string_view mods, bool down);
  void set_key(int key, bool down);

  NullPlatform platform_;
  Frame frame_;
};

}  // namespace fixynn::gui
