// SPDX-License-Identifier: Apache-2.0
#include "gui/model/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "gui/model/plot_models.h"
#include "gui/model/tables.h"

namespace fixynn::gui {
namespace {

using Commands = std::vector<Command>;
using Fault = std::function<std::string(const Session&)>;
using MakeActions = std::function<Actions(const Session&)>;
using Checked = std::function<bool(const Session&)>;

std::string never(const Session&) {
  return "";
}

/// A fault that is there while `condition` does not hold.
Fault unless(bool (*condition)(const Session&), std::string reason) {
  return [condition, reason = std::move(reason)](const Session& session) {
    return condition(session) ? std::string() : reason;
  };
}

MakeActions always(Action action) {
  return [action = std::move(action)](const Session&) { return Actions{action}; };
}

MakeActions open(OpenDialog::Kind kind) {
  return always(OpenDialog{kind});
}

/// Changes the settings.
MakeActions changed(void (*change)(Settings&)) {
  return [change](const Session& session) {
    Settings settings = session.settings();
    change(settings);
    return Actions{ChangeSettings{std::move(settings)}};
  };
}

std::vector<int> all_layers() {
  std::vector<int> layers;
  for (int layer = 0; layer < MobileNet::kLayers; ++layer) layers.push_back(layer);
  return layers;
}

bool has_active_run(const Session& session) {
  return session.active_run() != nullptr;
}
int active_id(const Session& session) {
  const OpenRun* active = session.active_run();
  return active != nullptr ? active->run->id : 0;
}

constexpr const char* kNoRun = "no run is open";

// File.

void add_file(Commands& list) {
  list.push_back({"file.open", "Open…", "File", "Ctrl+O",
                  "Open a run folder, a folder of runs or a configuration.", never,
                  open(OpenDialog::Kind::kOpen)});
  list.push_back({"file.report", "Make report", "File", "",
                  "Write the hardware report of the active run and its evaluations beside it.",
                  [](const Session& session) { return session.report_fault(); }, always(MakeReport{})});
  list.push_back({"file.export", "Export Verilog…", "File", "Ctrl+E",
                  "Write the design's Verilog with test bench, verify it, and write its report.",
                  [](const Session& session) { return session.export_fault(); }, always(Export{})});
  list.push_back({"file.save_plot", "Save plot as SVG", "File", "Ctrl+S",
                  "Save the plot as it is on the screen into the folder of exports.",
                  [](const Session& session) -> std::string {
                    return session.settings().tab == Tab::kCompare ? "Compare is a table: save it as CSV"
                                                                   : "";
                  },
                  [](const Session& session) -> Actions {
                    if (auto file = plot_svg_file(session, session.settings().tab)) return {*std::move(file)};
                    return {};
                  }});
  list.push_back(
      {"file.save_csv", "Save figures as CSV", "File", "Ctrl+Shift+S",
       "Save the figures of the plot or table into the folder of exports.", never,
       [](const Session& session) { return Actions{plot_csv_file(session, session.settings().tab)}; }});
  list.push_back({"file.quit", "Quit", "File", "Ctrl+Q", "Close the window; trainings ask first.", never,
                  always(Quit{})});
}

// Edit.

MakeActions selected_bits(ConvQuant quant) {
  return [quant](const Session& session) {
    const std::set<int>& layers = session.selected_layers();
    return Actions{SetBits{{layers.begin(), layers.end()}, quant.weight_bits, quant.activation_bits}};
  };
}

void add_bits(Commands& list) {
  for (const int width : {8, 6, 4}) {
    const std::string name = fmt::format("W{}A8", width);
    list.push_back({fmt::format("layers.w{}a8", width), "Selected layers " + name, "Edit", "",
                    fmt::format("Give the selected layers {} bits for weights and 8 for activations.", width),
                    unless([](const Session& session) { return !session.selected_layers().empty(); },
                           "no layer is selected: click rows of the table of layers"),
                    selected_bits({width, 8})});
  }
  list.push_back(
      {"layers.reset", "Bits as in the run", "Edit", "",
       "Give all layers the bits that the active run has, or 8 bits without a run.",
       [](const Session& session) -> std::string {
         const OpenRun* head = session.head_run();
         const bool known = head != nullptr && head->run->config;
         const auto bits = known ? run_bits(*head->run->config) : Design::uniform_bits({kMaxBits, kMaxBits});
         return session.design().bits == bits ? "the bits are those already" : "";
       },
       [](const Session&) { return Actions{ResetBits{}}; }});
}

void add_edit(Commands& list) {
  list.push_back({"design.undo", "Undo", "Edit", "Ctrl+Z", "Take back the last change of the design.",
                  unless([](const Session& session) { return session.history().can_undo(); },
                         "nothing has been changed yet"),
                  always(Undo{})});
  list.push_back({"design.redo", "Redo", "Edit", "Ctrl+Shift+Z Ctrl+Y", "Do again what was taken back.",
                  unless([](const Session& session) { return session.history().can_redo(); },
                         "nothing has been taken back"),
                  always(Redo{})});
  list.push_back({"layers.select_all", "Select all layers", "Edit", "Ctrl+A",
                  "Select all layers of the table, to change their bits together.", never,
                  always(SelectLayers{all_layers()})});
  list.push_back({"layers.select_none", "Select no layers", "Edit", "", "Let go of the selected layers.",
                  unless([](const Session& session) { return !session.selected_layers().empty(); },
                         "no layer is selected"),
                  always(SelectLayers{})});
  add_bits(list);
  list.push_back({"copy.layers", "Copy layer table", "Edit", "Ctrl+Shift+C",
                  "Copy the table of layers, tab-separated, for a spreadsheet.", never,
                  [](const Session& session) {
                    return Actions{Copy{as_tsv(layer_table(session)), "layer table"}};
                  }});
  list.push_back({"copy.figures", "Copy figures of the plot", "Edit", "",
                  "Copy the figures of the plot or table on the screen, as CSV.", never,
                  [](const Session& session) {
                    return Actions{Copy{plot_csv_file(session, session.settings().tab).contents, "figures"}};
                  }});
}

// View.

void add_tabs(Commands& list) {
  for (size_t i = 0; i < tab_names().size(); ++i) {
    const Tab tab = static_cast<Tab>(i);
    list.push_back({"tab." + plot_id(tab), tab_names()[i], "View", fmt::format("Ctrl+{}", i + 1),
                    fmt::format("Show the tab {}.", tab_names()[i]), never, always(SetTab{tab}),
                    [tab](const Session& session) { return session.settings().tab == tab; }});
  }
}

void add_toggle(Commands& list, const std::string& id, const std::string& title, const std::string& help,
                bool Settings::*setting) {
  list.push_back({id, title, "View", "", help, never,
                  [setting](const Session& session) {
                    Settings settings = session.settings();
                    settings.*setting = !(settings.*setting);
                    return Actions{ChangeSettings{std::move(settings)}};
                  },
                  [setting](const Session& session) { return session.settings().*setting; }});
}

constexpr double kScaleStep = 0.1, kLeastScale = 0.5, kMostScale = 3;

double scale_after(double scale, double step) {
  // From any scale to the next multiple of a step.
  return std::clamp(std::round((scale + step) / kScaleStep) * kScaleStep, kLeastScale, kMostScale);
}

void add_scale(Commands& list) {
  list.push_back(
      {"scale.larger", "Larger", "View", "Ctrl+= Ctrl+Plus Ctrl+KeypadAdd", "Draw everything a tenth larger.",
       unless([](const Session& session) { return session.settings().ui_scale < kMostScale - 1e-6; },
              "this is the largest scale"),
       changed([](Settings& settings) { settings.ui_scale = scale_after(settings.ui_scale, kScaleStep); })});
  list.push_back(
      {"scale.smaller", "Smaller", "View", "Ctrl+- Ctrl+KeypadSubtract", "Draw everything a tenth smaller.",
       unless([](const Session& session) { return session.settings().ui_scale > kLeastScale + 1e-6; },
              "this is the smallest scale"),
       changed([](Settings& settings) { settings.ui_scale = scale_after(settings.ui_scale, -kScaleStep); })});
  list.push_back({"scale.normal", "Normal size", "View", "Ctrl+0", "Draw everything at its normal size.",
                  never, changed([](Settings& settings) { settings.ui_scale = 1; })});
}

const PlotView* view_of(const Session& session) {
  const auto found = session.settings().views.find(plot_id(session.settings().tab));
  return found == session.settings().views.end() ? nullptr : &found->second;
}

void add_view(Commands& list) {
  add_tabs(list);
  add_toggle(list, "plot.published", "Published points",
             "Show the figures printed in the FixyNN paper, in grey.", &Settings::show_published);
  add_toggle(list, "plot.front", "Pareto front", "Show the line of points that no other one beats.",
             &Settings::show_front);
  add_toggle(list, "plot.loss_line", "1 pp line",
             "Show the line one percentage point below the accuracy without fixed layers.",
             &Settings::show_loss_line);
  list.push_back({"plot.fit", "Fit plot", "View", "Home", "Show all points of the plot again, of all series.",
                  unless(
                      [](const Session& session) {
                        const PlotView* view = view_of(session);
                        return view != nullptr && (view->zoomed() || !view->hidden.empty());
                      },
                      "all of the plot is seen"),
                  [](const Session& session) {
                    return Actions{SetView{plot_id(session.settings().tab), PlotView{}}};
                  }});
  add_toggle(list, "look.light", "Light theme", "Change between light and dark colours.", &Settings::light);
  list.back().keys = "Ctrl+T";
  add_scale(list);
  list.push_back({"show.palette", "Commands, runs, layers…", "View", "Ctrl+P Ctrl+Shift+P",
                  "Find a command, a run or a layer by some of its letters.", never,
                  open(OpenDialog::Kind::kPalette)});
  list.push_back({"show.messages", "Messages", "View", "", "Show all messages since the start.", never,
                  open(OpenDialog::Kind::kMessages)});
}

// Run.

/// Of the active run.
Fault run_fault(std::string (Session::*fault)(int) const) {
  return [fault](const Session& session) {
    return has_active_run(session) ? (session.*fault)(active_id(session)) : std::string(kNoRun);
  };
}

template <typename RunAction>
MakeActions on_active_run() {
  return [](const Session& session) { return Actions{RunAction{active_id(session)}}; };
}

void add_run(Commands& list) {
  list.push_back({"run.new", "New run…", "Run", "F5", "Train the sweep of a configuration.", never,
                  open(OpenDialog::Kind::kNewRun)});
  list.push_back({"run.resume", "Resume", "Run", "", "Go on with the active run from its last checkpoint.",
                  run_fault(&Session::resume_fault), on_active_run<ResumeRun>()});
  list.push_back({"run.stop", "Stop", "Run", "Ctrl+.",
                  "Stop the active run at the next batch, with a checkpoint to go on from.",
                  run_fault(&Session::stop_fault), on_active_run<StopRun>()});
  list.push_back({"run.evaluate", "Evaluate design", "Run", "Ctrl+R",
                  "Train and test the design on the screen shortly, with the active run's data and recipe.",
                  [](const Session& session) { return session.evaluate_fault(); }, always(Evaluate{})});
  list.push_back({"run.refresh", "Refresh runs", "Run", "Shift+F5", "Read all open runs anew now.",
                  unless([](const Session& session) { return !session.runs().empty(); }, kNoRun),
                  [](const Session& session) {
                    Actions actions;
                    for (const OpenRun& run : session.runs()) actions.push_back(RefreshRun{run.run->id});
                    return actions;
                  }});
  list.push_back({"run.details", "Run details", "Run", "Ctrl+I",
                  "Show configuration, machine, data and log of the active run.",
                  unless(has_active_run, kNoRun), [](const Session& session) {
                    return Actions{OpenDialog{OpenDialog::Kind::kRunDetails, active_id(session)}};
                  }});
  list.push_back({"run.close", "Close run", "Run", "Ctrl+W",
                  "Take the active run off the list; its folder and a training stay as they are.",
                  unless(has_active_run, kNoRun), on_active_run<CloseRun>()});
}

// Design.

/// The active run has a measured point with more (+1) or fewer (-1) fixed layers.
bool has_point_beyond(const Session& session, int direction) {
  const OpenRun* active = session.active_run();
  if (active == nullptr) return false;
  const int own = session.design().fixed_layers;
  return std::any_of(active->run->points.begin(), active->run->points.end(), [&](const Point& point) {
    return direction > 0 ? point.fixed_layers > own : point.fixed_layers < own;
  });
}

MakeActions layers_by(int step) {
  return [step](const Session& session) {
    return Actions{SetFixedLayers{session.design().fixed_layers + step}};
  };
}

void add_models(Commands& list) {
  for (const auto& [model, id, title, help] :
       {std::tuple{CostModelKind::kCalibrated, "model.calibrated", "Calibrated model",
                   "Count adders, registers and memories, with a technology's figures."},
        std::tuple{CostModelKind::kPaper, "model.paper", "Paper's model",
                   "Use the two fitted constants that reproduce the paper's Table 1."}}) {
    const CostModelKind kind = model;
    list.push_back({id, title, "Design", "", help, never, always(SetModel{kind}),
                    [kind](const Session& session) { return session.design().model == kind; }});
  }
}

void add_design(Commands& list) {
  list.push_back(
      {"design.more_layers", "One more fixed layer", "Design", "Ctrl+Up",
       "Fix one layer more of the network in silicon.",
       unless([](const Session& session) { return session.design().fixed_layers < MobileNet::kLayers; },
              "all 14 layers are fixed"),
       layers_by(1)});
  list.push_back(
      {"design.fewer_layers", "One fixed layer less", "Design", "Ctrl+Down",
       "Leave one layer more to the NVDLA.",
       unless([](const Session& session) { return session.design().fixed_layers > 0; }, "no layer is fixed"),
       layers_by(-1)});
  list.push_back({"design.next_point", "Next measured point", "Design", "Right",
                  "Go to the active run's next measured number of fixed layers.",
                  unless([](const Session& session) { return has_point_beyond(session, 1); },
                         "the active run has no point with more fixed layers"),
                  always(StepPoint{1})});
  list.push_back({"design.previous_point", "Previous measured point", "Design", "Left",
                  "Go to the active run's previous measured number of fixed layers.",
                  unless([](const Session& session) { return has_point_beyond(session, -1); },
                         "the active run has no point with fewer fixed layers"),
                  always(StepPoint{-1})});
  list.push_back({"design.pin", "Pin for Compare", "Design", "Ctrl+D",
                  "Keep the design beside others in Compare, four at most.",
                  unless([](const Session& session) { return session.pins().size() < kMostPins; },
                         "four designs are pinned already; unpin one in Compare"),
                  always(PinDesign{})});
  list.push_back({"design.clear_pins", "Clear pins", "Design", "", "Take all designs out of Compare.",
                  unless([](const Session& session) { return !session.pins().empty(); }, "none is pinned"),
                  always(ClearPins{})});
  add_models(list);
}

void add_help(Commands& list) {
  list.push_back({"help.keys", "Keys and mouse", "Help", "F1",
                  "Show all keys and what the mouse does in plots.", never, open(OpenDialog::Kind::kKeys)});
  list.push_back({"help.about", "About", "Help", "", "Show version, licence and where things are kept.",
                  never, open(OpenDialog::Kind::kAbout)});
}

}  // namespace

const Command* find_command(const std::vector<Command>& commands, std::string_view id) {
  const auto found = std::find_if(commands.begin(), commands.end(),
                                  [&](const Command& command) { return command.id == id; });
  return found == commands.end() ? nullptr : &*found;
}

std::vector<Command> make_commands() {
  Commands list;
  add_file(list);
  add_edit(list);
  add_view(list);
  add_run(list);
  add_design(list);
  add_help(list);
  return list;
}

}  // namespace fixynn::gui
