// SPDX-License-Identifier: Apache-2.0
#include "gui/app/app_session.h"

#include <cstdlib>
#include <system_error>

#include "core/error.h"
#include "core/text.h"
#include "hardware/adder_graph_cache.h"

namespace fixynn::gui {

std::filesystem::path default_session_file() {
  const char* configuration = std::getenv("XDG_CONFIG_HOME");
  if (configuration != nullptr && *configuration != '\0') {
    return std::filesystem::path(configuration) / "fixynn" / "session.json";
  }
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') return {};
  return std::filesystem::path(home) / ".config" / "fixynn" / "session.json";
}

SessionOptions session_options(const AppOptions& options) {
  SessionOptions session;
  if (options.session != "none") {
    session.session_file =
        options.session.empty() ? default_session_file() : std::filesystem::path(options.session);
  }
  session.cache_folder = AdderGraphCache::default_folder();
  session.export_folder = options.export_folder;
  session.exact_costs = !options.estimates;
  session.open_last_runs = options.paths.empty();
  return session;
}

FontSearch font_search(const AppOptions& options) {
  FontSearch search;
  if (options.font == "none") {
    search.folders.clear();
  } else if (!options.font.empty()) {
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(options.font, ignored)) {
      fail_usage("--font {}: there is no such file; give a .ttf or .otf file, or none",
                 printable(options.font));
    }
    search.only_face = options.font;
  }
  return search;
}

void open_paths(Session& session, const AppOptions& options) {
  for (const std::string& path : options.paths) {
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) {
      fail_usage(
          "{}: there is no such file or folder; give run directories of fixynn-train or a configuration",
          printable(path));
    }
    session.apply(OpenPath{path});
  }
  Settings settings = session.settings();
  if (options.theme) settings.light = *options.theme == ThemeName::kLight;
  if (options.scale) settings.ui_scale = *options.scale;
  session.apply(ChangeSettings{settings});
}

void apply_selections(WorkbenchApp& app, const AppOptions& options) {
  for (const std::string& selection : options.selections) {
    app.session.apply(parse_selection(app.session, app.commands, selection));
  }
}

}  // namespace fixynn::gui
