// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>

#include "core/text.h"
#include "gui/app/app_session.h"
#include "gui/app/session_dump.h"
#include "gui/app/window.h"
#include "gui/ui/mark_map.h"

namespace fixynn::gui {
namespace {

ThemeName theme_of(const Session& session) {
  return session.settings().light ? ThemeName::kLight : ThemeName::kDark;
}

std::string title_of(const Session& session) {
  const OpenRun* active = session.active_run();
  return active == nullptr ? "FixyNN workbench" : active->run->title + " - FixyNN workbench";
}

/// The window follows the settings.
void follow_settings(Window& window, const Session& session) {
  window.set_user_scale(session.settings().ui_scale);
  window.set_theme(theme_of(session));
  window.set_title(title_of(session));
}

/// Other threads wake the window through this; one that hangs in a read may outlive it.
struct WakeTarget {
  std::mutex mutex;
  Window* window = nullptr;
  void wake() {
    const std::lock_guard lock(mutex);
    if (window != nullptr) window->wake();
  }
};

}  // namespace

int run_window(const AppOptions& options) {
  // The window first: without display or OpenGL nothing else is begun. Other threads wake it through
  // `target`.
  WindowOptions window_options;
  window_options.fonts = font_search(options);
  window_options.low_bandwidth = options.low_bandwidth;
  if (options.size_given) window_options.width = options.width, window_options.height = options.height;
  if (options.scale) window_options.user_scale = *options.scale;
  if (options.theme) window_options.theme = *options.theme;
  std::optional<Window> window;
  window.emplace(window_options);
  SessionOptions session_setup = session_options(options);
  const auto target = std::make_shared<WakeTarget>();
  target->window = &*window;
  session_setup.wake = [target] { target->wake(); };
  WorkbenchApp app(session_setup);
  open_paths(app.session, options);
  if (!options.selections.empty()) {
    wait_until_settled(app.session, 10);
    apply_selections(app, options);
  }
  follow_settings(*window, app.session);
  window->on_close([&app] {
    if (app.session.active_jobs() == 0) return true;
    app.session.apply(OpenDialog{OpenDialog::Kind::kQuit, 0, ""});
    return false;
  });
  const int code = window->run([&](Ui& ui) {
    for (const std::filesystem::path& path : window->take_dropped_files()) app.session.apply(OpenPath{path});
    const std::optional<double> next = app.frame(ui);
    follow_settings(*window, app.session);
    if (!options.dump.empty())
      write_mark_map(ui, options.dump, session_dump(app.session, window->frame_times()));
    if (app.session.quit_requested()) window->close();
    return next;
  });
  {
    const std::lock_guard lock(target->mutex);
    target->window = nullptr;
  }
  // A window that does not answer any more is not left standing while jobs come to their end.
  window.reset();
  if (app.session.stops_jobs()) {
    app.session.save(true);
    constexpr double kGraceSeconds = 20;
    fmt::print("stopping {}, with a checkpoint ...\n", format_plural(app.session.active_jobs(), "job"));
    std::fflush(stdout);
    app.session.stop_all_jobs(kGraceSeconds);
  }
  return code == 0 ? 0 : 128 + code;
}

}  // namespace fixynn::gui
