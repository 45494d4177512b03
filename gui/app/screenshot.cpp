// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "core/error.h"
#include "gui/app/app_session.h"
#include "gui/app/session_dump.h"
#include "gui/headless/null_platform.h"
#include "gui/ui/mark_map.h"

namespace fixynn::gui {
namespace {

constexpr int kSettlingFrames = 4;  // sizes of one frame are known in the next

}  // namespace

int take_screenshot(const AppOptions& options) {
  SessionOptions session = session_options(options);
  // A picture shows what the command line names, and leaves the user's session alone.
  session.session_file = options.session.empty() ? "" : session.session_file;
  WorkbenchApp app(session);
  open_paths(app.session, options);
  constexpr double kShort = 2;
  if (!wait_until_settled(app.session, std::min(kShort, options.wait_s)) && app.session.cost_book().busy()) {
    fmt::print(stderr, "counting adders: up to a minute for new weights; --estimates is at once\n");
  }
  if (!wait_until_settled(app.session, options.wait_s)) {
    fmt::print(stderr, "warning: not everything was there after {:g} s; --wait gives it longer\n",
               options.wait_s);
  }
  apply_selections(app, options);
  wait_until_settled(app.session, options.wait_s);

  NullPlatformOptions platform_options;
  platform_options.width = options.width;
  platform_options.height = options.height;
  platform_options.scale = static_cast<float>(app.session.settings().ui_scale);
  platform_options.theme = app.session.settings().light ? ThemeName::kLight : ThemeName::kDark;
  platform_options.fonts = font_search(options);
  NullPlatform platform(platform_options);
  for (int frame = 0; frame < kSettlingFrames; ++frame) {
    platform.begin_frame();
    app.frame(platform.ui());
    platform.end_frame();
  }
  write_png(platform.picture(), options.screenshot);
  if (!options.dump.empty()) write_mark_map(platform.ui(), options.dump, session_dump(app.session, {}));
  fmt::print("{}: {} x {} pixels\n", options.screenshot, options.width, options.height);
  for (const Message& message : app.session.messages()) {
    if (message.failure) fmt::print(stderr, "warning: {}\n", message.text);
  }
  return 0;
}

}  // namespace fixynn::gui
