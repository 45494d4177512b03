// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <system_error>

#include "core/files.h"
#include "gui/model/session.h"
#include "gui/model/session_json.h"

namespace fixynn::gui {
namespace {

constexpr std::chrono::seconds kBetweenSaves{2};

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
    int of = 0;
    for (const OpenRun& open : runs_) {
      if (open.run->root == pin.run) of = open.run->id;
    }
    pins_.push_back({pin.name, pin.design, of});
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
    const OpenRun* of = run(pin.run);
    saved.pins.push_back({pin.name, pin.design, of != nullptr ? of->run->root : ""});
  }
  return session_json(saved);
}

void Session::save(bool at_once) {
  if (options_.session_file.empty() || !unsaved_) return;
  const SteadyTime now = std::chrono::steady_clock::now();
  if (!at_once && now - last_save_ < kBetweenSaves) return;
  last_save_ = now;
  unsaved_ = false;
  try {
    create_folders(options_.session_file.parent_path());
    write_file_atomic(options_.session_file, std::string_view(session_text()), false);
    save_failed_ = false;
  } catch (const std::exception& problem) {
    // Said once: it would come every two seconds on a full disk.
    if (!save_failed_) fail_with(std::string("the session cannot be saved: ") + problem.what());
    save_failed_ = true;
  }
}

}  // namespace fixynn::gui
