// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/load_config.h"
#include "gui/model/accuracy.h"
#include "gui/model/actions.h"
#include "gui/model/background.h"
#include "gui/model/cost_book.h"
#include "gui/model/history.h"
#include "gui/model/job_list.h"
#include "gui/model/run_store.h"
#include "gui/model/session_parts.h"
#include "gui/model/settings.h"

namespace fixynn::gui {

/// The workbench without its window: all state, and the only place that changes it. For one thread, except
/// that `wake` is called from others.
class Session {
 public:
  explicit Session(SessionOptions options);
  /// Running jobs go on (JobList::detach_all); see close() for the question that the user is asked.
  ~Session();

  void apply(const Action& action);
  void apply(const Actions& actions);
  /// Takes what other threads have found; to be called before each frame. True when something changed.
  bool poll();

  // State, read by panels.
  const Design& design() const { return history_.design(); }
  const History& history() const { return history_; }
  const Settings& settings() const { return settings_; }
  const std::vector<OpenRun>& runs() const { return runs_; }
  const OpenRun* run(int id) const;
  const OpenRun* active_run() const { return run(active_run_); }
  const std::set<int>& selected_layers() const { return selected_layers_; }
  const std::vector<Pin>& pins() const { return pins_; }
  const std::vector<JobPointer>& jobs() const { return job_snapshots_; }
  /// What an export's simulation came to; "" for other jobs and before.
  std::string job_result(int id) const;
  const std::vector<Message>& messages() const { return messages_; }
  int active_jobs() const { return jobs_->active(); }
  const OpenDialog& dialog() const { return dialog_; }
  /// Pieces of work in the background whose results have not arrived.
  int pending() const { return background_.pending(); }
  /// At the end: whether running jobs are to be stopped.
  bool stops_jobs() const { return stop_jobs_; }
  bool quit_requested() const { return quit_; }
  SteadyTime now() const { return now_; }

  /// Of the design on the screen, with the active run's weights.
  const DesignCosts& costs() const { return *costs_; }
  /// Of a run at its own bits, at the design's area and by its model; null without weights yet.
  const DesignCosts* run_costs(int id) const;
  const DesignCosts* pin_costs(size_t index) const;
  const DesignAccuracy& accuracy() const { return accuracy_; }
  DesignAccuracy pin_accuracy(const Pin& pin) const;
  /// Platforms at every sweep area, [area][fixed layers 0..14].
  const std::vector<std::vector<PlatformPoint>>& area_sweep() const;
  const CostBook& cost_book() const { return *book_; }
  /// Of the design; read once. Throws Error for a name that is none.
  const Technology& technology() const { return book_->technology(design().technology); }
  /// What the costs on the screen rest on: a word, and a sentence.
  std::pair<std::string, std::string> quality_text() const;
  /// The run whose evaluations count beside it: its own and those below it.
  std::vector<RunPointer> family(const OpenRun& run) const;

  /// The active run, or the one whose evaluation it is.
  const OpenRun* head_run() const;

  /// Why a command cannot be given now; "" when it can.
  std::string evaluate_fault() const;
  std::string export_fault() const;
  std::string report_fault() const;
  std::string resume_fault(int run) const;
  std::string stop_fault(int run) const;

  /// The configuration looked at in the "new run" dialog: null while it is being read.
  struct CheckedConfig {
    std::filesystem::path path;
    std::optional<LoadedConfig> loaded;
    std::string error;
  };
  const std::optional<CheckedConfig>& checked_config() const { return checked_config_; }
  /// Begins anew: checked_config() is empty until the result is there.
  void check_config(const std::filesystem::path& path, const std::vector<std::string>& overrides);

  /// Entries of a folder for the dialog that opens files: read off this thread.
  struct Listing {
    std::filesystem::path folder;
    struct Entry {
      std::string name;
      bool folder = false, run = false, config = false;
    };
    std::vector<Entry> entries;
    std::string error;
    bool reading = false;
  };
  const Listing& listing() const { return listing_; }
  void list_folder(const std::filesystem::path& folder);

  /// Text for the clipboard since the last call.
  std::optional<std::string> take_clipboard();

  /// Writes the session file when something has changed; at most once in two seconds, unless `now`.
  void save(bool at_once = false);
  bool unsaved() const { return unsaved_; }
  void stop_all_jobs(double grace_seconds) { jobs_->stop_all(grace_seconds); }

 private:
  // One overload an action; session_*.cpp.
  void on(const SetFixedLayers&);
  void on(const SetBits&);
  void on(const SetArea&);
  void on(const SetTap&);
  void on(const SetModel&);
  void on(const SetTechnology&);
  void on(const ResetBits&);
  void on(const AdoptPoint&);
  void on(const StepPoint&);
  void on(const EndMerge&);
  void on(const Undo&);
  void on(const Redo&);
  void on(const OpenPath&);
  void on(const CloseRun&);
  void on(const ActivateRun&);
  void on(const ShowRun&);
  void on(const RefreshRun&);
  void on(const SelectLayer&);
  void on(const SelectLayers&);
  void on(const PinDesign&);
  void on(const PinPoint&);
  void on(const Unpin&);
  void on(const ClearPins&);
  void on(const StartSweep&);
  void on(const CheckConfig&);
  void on(const ResumeRun&);
  void on(const StopRun&);
  void on(const StopJob&);
  void on(const DismissJob&);
  void on(const Evaluate&);
  void on(const Export&);
  void on(const MakeReport&);
  void on(const SetTab&);
  void on(const SetView&);
  void on(const ChangeSettings&);
  void on(const Copy&);
  void on(const SaveFile&);
  void on(const OpenDialog&);
  void on(const Notify&);
  void on(const Quit&);

  void edit(const Design& next, const std::string& merge);
  void say(const std::string& text, bool failure = false);
  void fail_with(const std::string& text) { say(text, true); }
  void refresh_runs();
  void load_bases();
  void adopt_first_bits();
  void refresh_figures();
  void pin(Pin pin);
  void follow_jobs();
  int open_folder(const std::filesystem::path& folder, int parent, bool activate);
  void take_found(const std::filesystem::path& path, const std::vector<std::filesystem::path>& runs,
                  const std::vector<std::vector<std::filesystem::path>>& evaluations, bool configuration,
                  const std::string& error);
  void remember(const std::filesystem::path& path);
  void start_job(const std::function<JobSpec()>& make);
  std::filesystem::path design_place(const char* below) const;
  bool job_runs_in(JobKind kind, const std::filesystem::path& place) const;
  void finish_job(const Job& job);
  std::filesystem::path job_log();
  void restore(const std::string& text);
  void open_evaluations(const std::filesystem::path& run_folder, int parent);
  BasisPointer active_basis() const;
  std::optional<MeasuredPoint> exported_point() const;
  void load_session();
  std::string session_text() const;

  SessionOptions options_;
  Background background_;
  std::unique_ptr<RunStore> store_;
  std::unique_ptr<JobList> jobs_;
  std::unique_ptr<CostBook> book_;
  History history_;
  Settings settings_;
  std::vector<OpenRun> runs_;
  int active_run_ = 0;
  std::set<int> selected_layers_;
  int last_selected_layer_ = 0;
  std::vector<Pin> pins_;
  std::vector<JobPointer> job_snapshots_;
  std::map<int, JobState> known_jobs_;
  std::set<std::filesystem::path> evaluations_starting_;  ///< until their job is in the list
  /// By export folder: what its package is made of, as JSON, and the configuration.
  std::map<std::filesystem::path, std::pair<std::string, std::string>> design_files_;
  std::map<std::filesystem::path, int>
      job_parents_;  ///< run directory of an evaluation: the run it belongs to
  std::map<int, std::string> job_results_;
  int job_logs_ = 0;
  std::filesystem::path log_folder_;   ///< made with the first job, removed at the end
  std::map<int, int> wanted_parents_;  ///< of runs that are evaluations: their parent
  int next_colour_ = 0;
  int adopted_run_ = 0;           ///< whose bits the design has taken when it was opened
  bool restored_design_ = false;  ///< the design comes from the session file
  std::vector<Message> messages_;
  OpenDialog dialog_{OpenDialog::Kind::kNone, 0, ""};
  bool quit_ = false, stop_jobs_ = false;
  SteadyTime now_;
  BasisPointer empty_basis_;
  std::shared_ptr<const DesignCosts> costs_;
  DesignAccuracy accuracy_;
  std::map<int, std::shared_ptr<const DesignCosts>> run_costs_;
  std::vector<std::shared_ptr<const DesignCosts>> pin_costs_;
  mutable std::vector<std::vector<PlatformPoint>> sweep_;  ///< made when asked for
  std::optional<CheckedConfig> checked_config_;
  int config_checks_ = 0;  ///< the newest one counts
  Listing listing_;
  std::optional<std::string> clipboard_;
  uint64_t store_generation_ = 0, jobs_generation_ = 0;
  bool figures_dirty_ = true, unsaved_ = false;
  struct SaveGate;
  std::function<std::string()> make_save();
  void take_saved(const std::string& problem);
  std::shared_ptr<SaveGate> save_gate_;  ///< shared with the threads that write
  uint64_t saves_ = 0;
  bool saving_ = false, save_failed_ = false;
  SteadyTime last_save_{};
};

}  // namespace fixynn::gui
