// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "gui/app/window.h"
#include "gui/model/session.h"

namespace fixynn::gui {

/// What the session holds, as a JSON object, for scripts that drive the window: messages, runs, jobs, the
/// design, the dialog and tab on the screen, theme and scale; and the frames drawn so far with their
/// milliseconds. Keys are only ever added.
std::string session_dump(const Session& session, const FrameTimes& frames);

}  // namespace fixynn::gui
