// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gui/panels/panels.h"

namespace fixynn::gui {

/// Session, commands and panels together: one frame at a time, in whatever window or none.
class WorkbenchApp {
 public:
  explicit WorkbenchApp(SessionOptions options) : session(std::move(options)), commands(make_commands()) {}

  /// Takes what has arrived, draws, applies what the user asked for, and fills the clipboard. Returns the
  /// seconds after which it wants to be drawn again without input: 0 when something was applied.
  std::optional<double> frame(Ui& ui);

  Session session;
  std::vector<Command> commands;
  WorkbenchState state;
};

/// Asks a session for what "--select KEY=VALUE" names: run=TITLE, n=N, area=MM2, tap=K|none,
/// bits=LAYERS:W[/A], layers=LAYERS, tab=NAME, command=ID; LAYERS being 4, 4..6 or all. Throws Error(kUsage)
/// with the accepted form.
Actions parse_selection(const Session& session, const std::vector<Command>& commands,
                        const std::string& text);

/// Polls until all runs are read, weights loaded and costs exact, or `seconds` are over. False for the
/// latter.
bool wait_until_settled(Session& session, double seconds);

}  // namespace fixynn::gui
