// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "gui/model/design.h"
#include "gui/model/settings.h"

namespace fixynn::gui {

/// What the session file remembers.
struct SavedSession {
  struct Run {
    std::filesystem::path folder;
    bool shown = true;
  };
  struct SavedPin {
    std::string name;
    Design design;
    std::filesystem::path run;  ///< empty: none
  };
  Settings settings;
  Design design;
  std::vector<Run> runs;  ///< without evaluations: they are found below their runs
  std::filesystem::path active;
  std::vector<SavedPin> pins;
};

constexpr int kSessionVersion = 1;

std::string session_json(const SavedSession& session);
/// Throws Error (one sentence) for anything that is not a session of this version, and for values that cannot
/// be.
SavedSession parse_session(const std::string& text);

}  // namespace fixynn::gui
