// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "gui/ui/ui.h"

namespace fixynn::gui {

/// Replaces `path` by the marks of the last frame, for scripts that aim at widgets by name: a JSON object
/// NAME -> [left, top, right, bottom, enabled, visible], in pixels of the window, the last two 0 or 1.
/// `state`, unless it is empty, is a JSON value that follows under the name "state". Throws Error naming the
/// path.
void write_mark_map(const Ui& ui, const std::filesystem::path& path, const std::string& state = "");

}  // namespace fixynn::gui
