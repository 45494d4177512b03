// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "gui/model/design_basis.h"
#include "gui/model/run_snapshot.h"
#include "gui/model/run_store.h"

namespace fixynn::gui {

struct SessionOptions {
  std::function<void()> wake;           ///< from other threads: something has changed
  std::filesystem::path session_file;   ///< empty: nothing is remembered
  std::filesystem::path cache_folder;   ///< of adder graphs; empty: off
  std::filesystem::path export_folder;  ///< for saved plots and tables; empty: the current one
  bool exact_costs = true;              ///< see CostBook::set_exact
  bool open_last_runs = true;           ///< of the session file; off when runs are named on the command line
  RunStoreOptions run_store;            ///< wake is set by the session
};

/// A run with what the session knows beside its files.
struct OpenRun {
  RunPointer run;
  bool shown = true;
  int colour = 0;      ///< of its series, 0..7
  int parent = 0;      ///< id of the run whose evaluation this is; 0: none
  BasisPointer basis;  ///< null until loaded
  std::string basis_error;
  bool basis_loading = false;
  int basis_layers = -2;  ///< fixed layers of the deepest network when it was loaded; -1: none
};

/// A design kept for comparison.
struct Pin {
  std::string name;
  Design design;
  int run = 0;                     ///< whose weights and accuracy; 0: none, or not open now
  std::filesystem::path folder{};  ///< of that run: it may be opened later
};
constexpr size_t kMostPins = 4;

struct Message {
  std::string text;
  bool failure = false;
  SteadyTime at;
};

}  // namespace fixynn::gui
