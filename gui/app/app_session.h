// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/app/options.h"
#include "gui/panels/workbench_app.h"

namespace fixynn::gui {

/// What window, screenshot and benchmark do alike with the command line.
SessionOptions session_options(const AppOptions& options);
FontSearch font_search(const AppOptions& options);
/// Opens the command line's paths and sets its theme and scale. Throws Error(kUsage) for a path that is not
/// there.
void open_paths(Session& session, const AppOptions& options);
void apply_selections(WorkbenchApp& app, const AppOptions& options);

}  // namespace fixynn::gui
