// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "gui/model/session.h"

namespace fixynn::gui {

/// A command as menus, keys, the palette, buttons and tests see it: one table for all of them.
struct Command {
  std::string id;     ///< "design.undo"
  std::string title;  ///< "Undo"
  std::string menu;   ///< "Edit"; "": not in a menu
  std::string keys;   ///< "Ctrl+Z", several separated by blanks; "" for none
  std::string help;   ///< one sentence
  /// "" when it can be given, else why not.
  std::function<std::string(const Session&)> fault;
  std::function<Actions(const Session&)> actions;
  std::function<bool(const Session&)> checked{};  ///< of toggles
};

const Command* find_command(const std::vector<Command>& commands, std::string_view id);

/// All commands, in the order of menus.
std::vector<Command> make_commands();

/// What the palette offers beside commands: runs and layers.
struct PaletteEntry {
  std::string title, detail, keys;
  std::string fault;
  /// Of the chosen entry alone: some of them draw a plot for a file.
  std::function<Actions(const Session&)> actions;
};
/// Entries that match `query`, best first: letters in their order, beginnings of words before others. All
/// for an empty query.
std::vector<PaletteEntry> palette_entries(const Session& session, const std::vector<Command>& commands,
                                          std::string_view query);
/// 0 when `query`'s letters do not all occur in order; more is better.
double fuzzy_score(std::string_view query, std::string_view text);

}  // namespace fixynn::gui
