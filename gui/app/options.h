// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "gui/ui/theme.h"

namespace fixynn::gui {

/// What the command line asks for.
struct AppOptions {
  std::vector<std::string> paths;       ///< runs, folders of runs, a configuration
  std::vector<std::string> selections;  ///< see parse_selection
  std::string screenshot, dump;
  std::string font;     ///< one face for everything; "none": ImGui's own
  std::string session;  ///< file; "none": nothing is remembered
  std::string export_folder;
  std::optional<ThemeName> theme;
  std::optional<double> scale;
  int width = 1600, height = 1000;
  bool size_given = false;
  double wait_s = 120;
  bool bench = false, low_bandwidth = false, estimates = false;
};

/// Renders without window or display into a PNG, with the software rasteriser.
int take_screenshot(const AppOptions& options);
/// Opens the window; returns the exit code.
int run_window(const AppOptions& options);
/// Measures what the interface costs and prints a table.
int run_bench(const AppOptions& options);

/// $XDG_CONFIG_HOME/fixynn/session.json, or in ~/.config; empty where neither is known.
std::filesystem::path default_session_file();

}  // namespace fixynn::gui
