// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gui/ui/ui.h"

namespace fixynn::gui {

struct WindowOptions {
  std::string title = "FixyNN workbench";
  int width = 1440, height = 900;  ///< screen units, as the window manager counts them
  std::optional<int> x, y;         ///< place of the contents; one that would be off every screen is ignored
  bool maximised = false;
  double user_scale = 1;  ///< times the display's own scale, 0.5 to 4
  ThemeName theme = ThemeName::kDark;
  FontSearch fonts;
  bool low_bandwidth = false;  ///< at most 15 frames a second and no fades: remote desktops
  bool frozen = false;         ///< see Ui::frozen
  int max_frames = 0;          ///< > 0: the window closes after so many frames and does not wait for input
};

struct WindowPlace {
  int x = 0, y = 0, width = 0, height = 0;  ///< screen units; of the unmaximised window
  bool maximised = false;
};

/// Milliseconds of the frames drawn so far.
struct FrameTimes {
  int frames = 0;                             ///< computed
  int presented = 0;                          ///< rendered: those that looked different from the one before
  double build_p50_ms = 0, build_p99_ms = 0;  ///< the frame callback: what we compute
  double frame_p50_ms = 0, frame_p99_ms = 0;  ///< with rendering and buffer swap
};

/// The window: GLFW and OpenGL 3, input, scale, clipboard, dropped files. It draws only when something
/// happened: input, wake(), a resize, or the time that the last frame asked for. One per process; all
/// functions but wake() belong to the thread that made it, which is the main thread.
class Window {
 public:
  /// Draws a frame; returns the seconds after which it is to be drawn again without any input, or nullopt.
  /// What widgets asked for by Ui::request_redraw counts as well.
  using Frame = std::function<std::optional<double>(Ui&)>;

  /// Throws Error (one sentence with a remedy) without display or OpenGL 3.2.
  explicit Window(const WindowOptions& options);
  ~Window();
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  Ui& ui();

  /// Until the user closes the window, close() is called, or SIGINT or SIGTERM arrives: returns 0 or the
  /// signal's number.
  int run(const Frame& frame);
  /// Asks for a frame soon. From any thread.
  void wake();
  /// Ends run() after this frame.
  void close();
  /// Asked when the user closes the window; false keeps it open (a question about unsaved edits).
  void on_close(std::function<bool()> may_close);

  double user_scale() const;
  /// Both take effect before the next frame, and do nothing where nothing changes.
  void set_user_scale(double scale);
  void set_theme(ThemeName theme);
  void set_title(const std::string& title);

  WindowPlace place() const;
  /// Files dropped on the window since the last call.
  std::vector<std::filesystem::path> take_dropped_files();
  FrameTimes frame_times() const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace fixynn::gui
