// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "gui/headless/driver.h"
#include "gui/panels/workbench_app.h"

namespace fixynn::gui {

/// The one face that pictures are compared with: other machines have others.
constexpr const char* kPlainFace = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";

inline NullPlatformOptions rig_platform(int width = 1280, int height = 800) {
  NullPlatformOptions options;
  options.width = width;
  options.height = height;
  return options;
}

/// The whole program without a window: session, commands, panels and a driver that works them.
class AppRig {
 public:
  explicit AppRig(const SessionOptions& options, const NullPlatformOptions& platform = rig_platform())
      : app(options),
        driver(
            [this](Ui& ui) {
              app.frame(ui);
              if (after_frame) after_frame();
            },
            platform) {}

  Session& session() { return app.session; }
  const Design& design() const { return app.session.design(); }

  /// Scale and theme as the settings have them: what a window does after each frame.
  void follow_settings() {
    const Settings& settings = app.session.settings();
    const auto scale = static_cast<float>(settings.ui_scale);
    if (driver.ui().scale != scale) driver.platform().set_scale(scale);
    if (settings.light != light_) driver.platform().set_theme(theme_of(light_ = settings.light));
  }

  /// Runs read, weights loaded, nothing under way; then two frames of it.
  bool settles(double seconds = 20) {
    const bool settled = wait_until_settled(app.session, seconds);
    follow_settings();
    driver.step(3);
    return settled;
  }

  std::function<void()> after_frame;
  WorkbenchApp app;
  Driver driver;

 private:
  static ThemeName theme_of(bool light) { return light ? ThemeName::kLight : ThemeName::kDark; }
  bool light_ = false;
};

}  // namespace fixynn::gui
