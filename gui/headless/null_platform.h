// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <imgui.h>

#include <string>

#include "gui/headless/rasteriser.h"
#include "gui/ui/ui.h"

namespace fixynn::gui {

struct NullPlatformOptions {
  int width = 1600, height = 1000;  ///< pixels
  float scale = 1;
  ThemeName theme = ThemeName::kDark;
  FontSearch fonts;
  bool frozen = true;  ///< nothing that differs from run to run is shown
};

/// An ImGui context without window, files or time of its own: every frame lasts 1/60 s. One at a time per
/// thread is current; the destructor makes the former one current again.
class NullPlatform {
 public:
  explicit NullPlatform(const NullPlatformOptions& options);
  ~NullPlatform();
  NullPlatform(const NullPlatform&) = delete;
  NullPlatform& operator=(const NullPlatform&) = delete;

  Ui& ui() { return ui_; }
  const Ui& ui() const { return ui_; }
  /// Between these two the interface is drawn.
  void begin_frame();
  void end_frame();
  /// The last finished frame as pixels.
  Picture picture() const;

  void set_size(int width, int height);
  /// Loads the faces anew and sets the style; not between begin_frame and end_frame.
  void set_scale(float scale);
  void set_theme(ThemeName theme);

  const std::string& clipboard() const { return clipboard_; }
  void set_clipboard(std::string text) { clipboard_ = std::move(text); }

 private:
  void rebuild();

  ImGuiContext* context_ = nullptr;
  ImGuiContext* former_ = nullptr;
  FontSearch search_;
  Ui ui_;
  std::string clipboard_;
};

}  // namespace fixynn::gui
