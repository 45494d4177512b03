// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "gui/model/design.h"
#include "gui/model/settings.h"

namespace fixynn::gui {

// What panels, menus, keys, the palette and tests may ask for. Session::apply alone changes anything.

// Design edits: undone and redone.
struct SetFixedLayers {
  int layers;
  bool merge = false;
};
struct SetBits {
  std::vector<int> layers;
  std::optional<int> weight_bits, activation_bits;
  bool merge = false;
};
struct SetArea {
  double area_mm2;
  bool merge = false;
};
struct SetTap {
  std::optional<int> layer;
  bool merge = false;
};
struct SetModel {
  CostModelKind model;
};
struct SetTechnology {
  std::string name;
};
/// All layers get the bits of the active run, or 8 without one.
struct ResetBits {};
/// The design becomes that of a run's measured point: its bits and N; the run becomes the active one.
struct AdoptPoint {
  int run = 0;
  int fixed_layers = 0;
};
/// To the next point with more (+1) or fewer (-1) fixed layers of the active run.
struct StepPoint {
  int direction;
};
struct EndMerge {};
struct Undo {};
struct Redo {};

// Runs and selection.
struct OpenPath {
  std::filesystem::path path;
};  ///< run, folder of runs, configuration
struct CloseRun {
  int run;
};
struct ActivateRun {
  int run;
};
struct ShowRun {
  int run;
  bool shown;
};
struct RefreshRun {
  int run;
};
enum class SelectMode { kOnly, kToggle, kRange };
struct SelectLayer {
  int layer;
  SelectMode mode = SelectMode::kOnly;
};
struct SelectLayers {
  std::vector<int> layers;
};
struct PinDesign {};  ///< into Compare, at most four
struct PinPoint {
  int run = 0;
  int fixed_layers = 0;
};
struct Unpin {
  size_t index;
};
struct ClearPins {};

// Jobs.
struct StartSweep {
  std::filesystem::path config, run_directory;
  std::vector<std::string> overrides;  ///< KEY=VALUE
};
/// Reads a configuration for the dialog that starts runs: Session::checked_config().
struct CheckConfig {
  std::filesystem::path config;
  std::vector<std::string> overrides;
};
struct ResumeRun {
  int run;
};
struct StopRun {
  int run;
};  ///< cleanly, with a checkpoint, whoever started it
struct StopJob {
  int job;
};
struct DismissJob {
  int job;
};
struct Evaluate {};
struct Export {};
struct MakeReport {};

// View.
struct SetTab {
  Tab tab;
};
struct SetView {
  std::string plot;
  PlotView view;
};
struct ChangeSettings {
  Settings settings;
};
struct Copy {
  std::string text, what;
};  ///< to the clipboard: "layer table"
struct SaveFile {
  std::string name, contents;
};  ///< into the export folder: a plot or a table
struct OpenDialog {
  enum class Kind {
    kNone,
    kPalette,
    kOpen,
    kNewRun,
    kKeys,
    kAbout,
    kMessages,
    kLog,
    kRunDetails,
    kQuit
  } kind;
  int id = 0;
  std::string text{};
};
struct Notify {
  std::string text;
  bool failure = false;
};
/// `stop_jobs`: running jobs are stopped cleanly, with a checkpoint; else they go on without the window.
struct Quit {
  bool stop_jobs = false;
  bool asked = false;  ///< false: while jobs run, a dialog asks first
};

using Action =
    std::variant<SetFixedLayers, SetBits, SetArea, SetTap, SetModel, SetTechnology, ResetBits, AdoptPoint,
                 StepPoint, EndMerge, Undo, Redo, OpenPath, CloseRun, ActivateRun, ShowRun, RefreshRun,
                 SelectLayer, SelectLayers, PinDesign, PinPoint, Unpin, ClearPins, StartSweep, CheckConfig,
                 ResumeRun, StopRun, StopJob, DismissJob, Evaluate, Export, MakeReport, SetTab, SetView,
                 ChangeSettings, Copy, SaveFile, OpenDialog, Notify, Quit>;
using Actions = std::vector<Action>;

}  // namespace fixynn::gui
