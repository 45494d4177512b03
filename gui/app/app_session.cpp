// SPDX-License-Identifier: Apache-2.0
#include "gui/app/app_session.h"

#include <chrono>
#include <cstdlib>
#include <future>
#include <system_error>
#include <thread>

#include "core/error.h"
#include "core/text.h"
#include "hardware/adder_graph_cache.h"

namespace fixynn::gui {

namespace {

/// Whether there is nothing at this path. One that does not answer counts as there: its run says so then, and
/// the window stays usable.
bool is_missing(const std::filesystem::path& path) {
  constexpr std::chrono::seconds kPatience{2};
  std::packaged_task<bool()> look([path] {
    std::error_code ignored;
    return !std::filesystem::exists(path, ignored);
  });
  std::future<bool> missing = look.get_future();
  std::thread(std::move(look)).detach();
  return missing.wait_for(kPatience) == std::future_status::ready && missing.get();
}

}  // namespace

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
    if (is_missing(path)) {
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
