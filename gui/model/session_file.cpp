// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <future>
#include <mutex>
#include <system_error>
#include <thread>

#include "core/files.h"
#include "gui/model/session.h"
#include "gui/model/session_json.h"

namespace fixynn::gui {
namespace {

constexpr std::chrono::seconds kBetweenSaves{2};
constexpr std::chrono::seconds kPatience{4};  ///< with a folder that may not answer

}  // namespace

void Session::load_session() {
  std::error_code ignored;
  if (options_.session_file.empty() || !std::filesystem::exists(options_.session_file, ignored)) return;
  try {
    restore(read_text_file(options_.session_file));
  } catch (const std::exception& problem) {
    fail_with(fmt::format("the last session could not be restored from {}: {}; starting afresh",
                          options_.session_file.string(), problem.what()));
  }
}

void Session::restore(const std::string& text) {
  const SavedSession saved = parse_session(text);
  settings_ = saved.settings;
  history_.reset(saved.design);
  restored_design_ = true;
  for (const SavedSession::Run& run : saved.runs) {
    const int id = options_.open_last_runs ? open_folder(run.folder, 0, run.folder == saved.active) : 0;
    for (OpenRun& open : runs_) {
      if (open.run->id == id) open.shown = run.shown;
    }
    if (id != 0) open_evaluations(run.folder, id);
  }
  for (const SavedSession::SavedPin& pin : saved.pins) {
    pins_.push_back({pin.name, pin.design, 0, pin.run});
  }
  if (pins_.size() > kMostPins) pins_.resize(kMostPins);
}

/// Evaluations of a run are found below it, away from this thread.
void Session::open_evaluations(const std::filesystem::path& run_folder, int parent) {
  background_.run([this, run_folder, parent]() -> Background::Delivery {
    const std::vector<std::filesystem::path> found = find_runs(run_folder / "designs");
    return [this, found, parent] {
      for (const std::filesystem::path& folder : found) open_folder(folder, parent, false);
    };
  });
}

std::string Session::session_text() const {
  SavedSession saved;
  saved.settings = settings_;
  saved.design = design();
  for (const OpenRun& open : runs_) {
    if (open.parent == 0) saved.runs.push_back({open.run->root, open.shown});
  }
  if (const OpenRun* head = head_run()) saved.active = head->run->root;
  for (const Pin& pin : pins_) {
    saved.pins.push_back({pin.name, pin.design, pin.folder});
  }
  return session_json(saved);
}

/// One at a time, and never an older one over a newer one.
struct Session::SaveGate {
  std::mutex mutex;
  uint64_t newest = 0;
};

/// What writes the session file, on whatever thread; returns the problem, "" without.
std::function<std::string()> Session::make_save() {
  if (!save_gate_) save_gate_ = std::make_shared<SaveGate>();
  return [gate = save_gate_, file = options_.session_file, text = session_text(), number = ++saves_] {
    const std::lock_guard lock(gate->mutex);
    if (number < gate->newest) return std::string();
    gate->newest = number;
    try {
      create_folders(file.parent_path());
      write_file_atomic(file, std::string_view(text), false);
      return std::string();
    } catch (const std::exception& problem) {
      return std::string(problem.what());
    }
  };
}

void Session::take_saved(const std::string& problem) {
  // Said once: it would come every two seconds on a full disk.
  if (!problem.empty() && !save_failed_) fail_with("the session cannot be saved: " + problem);
  save_failed_ = !problem.empty();
  unsaved_ = unsaved_ || save_failed_;
}

void Session::save(bool at_once) {
  // At the end also while a save is on its way: the program must not go before it.
  if (options_.session_file.empty() || !(unsaved_ || (at_once && saving_))) return;
  const std::string silence = options_.session_file.string() + ": its folder does not answer";
  const SteadyTime now = std::chrono::steady_clock::now();
  if (!at_once && now - last_save_ < kBetweenSaves) return;
  if (!at_once && saving_) {
    if (now - last_save_ > kPatience) take_saved(silence);
    return;
  }
  last_save_ = now;
  unsaved_ = false;
  // Always on another thread: a home folder on a network may hang.
  if (!at_once) {
    saving_ = true;
    background_.run([this, write = make_save()]() -> Background::Delivery {
      return [this, problem = write()] {
        saving_ = false;
        take_saved(problem);
      };
    });
    return;
  }
  std::packaged_task<std::string()> task(make_save());
  std::future<std::string> result = task.get_future();
  std::thread(std::move(task)).detach();
  take_saved(result.wait_for(kPatience) == std::future_status::ready ? result.get() : silence);
}

}  // namespace fixynn::gui
