// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "gui/model/commands.h"
#include "gui/model/session.h"
#include "gui/ui/ui.h"

namespace fixynn::gui {

/// What is being typed into dialogs and the palette: neither design nor setting, gone when the dialog closes.
struct DialogState {
  std::string query;  ///< palette, open dialog's path
  int chosen = 0;     ///< highlighted entry
  bool just_opened = false;
  std::string config, run_directory, overrides;  ///< of "new run"; overrides: KEY=VALUE, one a line
  std::string checked_for;                       ///< text for which the configuration was checked
};

/// What every panel gets: the state to read, and where its actions go. Panels change nothing themselves, read
/// no files and start no threads.
struct PanelContext {
  Ui& ui;
  const Session& session;
  const std::vector<Command>& commands;
  Actions& actions;
  DialogState& dialog;

  void emit(Action action) const { actions.push_back(std::move(action)); }
  /// Gives the command with this id when nothing stands against it.
  void give(std::string_view id) const;
};

/// A rectangle in pixels that a panel fills.
struct Area {
  ImVec2 min, size;
};

// Each draws its own card (begin_panel) in `area`, one file a panel.
void menu_bar(const PanelContext& context);               ///< ImGui's main menu bar, from the table
void toolbar(const PanelContext& context, Area area);     ///< run, stop, undo, redo, palette, progress
void side_panel(const PanelContext& context, Area area);  ///< runs, design, jobs, stacked
void runs_section(const PanelContext& context);           ///< within the current card
void design_section(const PanelContext& context);
void jobs_section(const PanelContext& context);
void plots_panel(const PanelContext& context, Area area);  ///< tabs with the plots, Compare
void compare_section(const PanelContext& context);
void layers_panel(const PanelContext& context, Area area);     ///< the table with editable bits
void inspector_panel(const PanelContext& context, Area area);  ///< figures, splits, advice, export
void status_bar(const PanelContext& context, Area area);
void dialogs(const PanelContext& context);  ///< whichever Session::dialog() names

/// The whole window: layout, panels, shortcuts. `folded`: which tab of the folded layout is open (0 plots, 1
/// layers, 2 cost, 3 runs), used below kLeastWidth x kLeastHeight units.
struct WorkbenchState {
  DialogState dialog;
  int folded_tab = 0;
  OpenDialog::Kind last_dialog = OpenDialog::Kind::kNone;
};
constexpr float kLeastWidth = 1180, kLeastHeight = 560;
/// Draws a frame and returns what the user asked for; the caller applies it.
Actions draw_workbench(Ui& ui, const Session& session, const std::vector<Command>& commands,
                       WorkbenchState& state);

}  // namespace fixynn::gui
