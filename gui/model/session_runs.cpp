// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <system_error>

#include "core/files.h"
#include "gui/model/session.h"

namespace fixynn::gui {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostRecent = 12;

bool is_configuration(const fs::path& path) {
  return path.extension() == ".yaml" || path.extension() == ".yml";
}

/// What a path is, found out away from the UI thread.
struct Found {
  std::vector<fs::path> runs;
  std::vector<std::vector<fs::path>> evaluations;  ///< of each run
  bool configuration = false;
  std::string error;
};

Found look_at(const fs::path& path) {
  Found found;
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) {
    found.error =
        path.string() + ": there is no such file or folder" +
        (error && error != std::errc::no_such_file_or_directory ? " (" + error.message() + ")" : "");
  } else if (fs::is_directory(status)) {
    found.runs = find_runs(path);
    for (const fs::path& run : found.runs) found.evaluations.push_back(find_runs(run / "designs"));
    if (found.runs.empty()) {
      found.error =
          path.string() + ": holds no run of fixynn-train; open a run directory or the folder above some";
    }
  } else if (is_configuration(path)) {
    found.configuration = true;
  } else {
    found.error = path.string() + ": only run directories and configurations (.yaml) can be opened";
  }
  return found;
}

Session::Listing read_listing(const fs::path& folder) {
  Session::Listing listing;
  listing.folder = folder;
  std::error_code error;
  fs::directory_iterator it(folder, error);
  if (error) {
    listing.error = folder.string() + ": " + error.message();
    return listing;
  }
  for (; it != fs::directory_iterator(); it.increment(error)) {
    if (error) break;
    Session::Listing::Entry entry;
    entry.name = it->path().filename().string();
    if (entry.name.starts_with(".")) continue;
    std::error_code ignored;
    entry.folder = it->is_directory(ignored);
    entry.run = entry.folder && looks_like_run(it->path());
    entry.config = !entry.folder && is_configuration(it->path());
    if (entry.folder || entry.config) listing.entries.push_back(entry);
  }
  std::sort(listing.entries.begin(), listing.entries.end(), [](const auto& a, const auto& b) {
    return std::pair(!a.folder, a.name) < std::pair(!b.folder, b.name);
  });
  return listing;
}

}  // namespace

void Session::remember(const fs::path& path) {
  std::vector<std::string>& recent = settings_.recent;
  std::erase(recent, path.string());
  recent.insert(recent.begin(), path.string());
  if (recent.size() > kMostRecent) recent.resize(kMostRecent);
  unsaved_ = true;
}

int Session::open_folder(const fs::path& folder, int parent, bool activate) {
  const OpenResult result = store_->open(folder);
  if (result.id == 0) {
    fail_with(result.message);
    return 0;
  }
  if (result.opened) wanted_parents_[result.id] = parent;
  if (activate) active_run_ = result.id;
  refresh_runs();
  unsaved_ = true;
  return result.id;
}

void Session::on(const OpenPath& action) {
  std::error_code ignored;
  const fs::path path = fs::absolute(action.path, ignored).lexically_normal();
  background_.run([this, path]() -> Background::Delivery {
    Found found = look_at(path);
    return [this, path, found = std::move(found)] {
      take_found(path, found.runs, found.evaluations, found.configuration, found.error);
    };
  });
}

void Session::take_found(const fs::path& path, const std::vector<fs::path>& runs,
                         const std::vector<std::vector<fs::path>>& evaluations, bool configuration,
                         const std::string& error) {
  if (!error.empty()) {
    fail_with(error);
    return;
  }
  remember(path);
  if (configuration) {
    dialog_ = {OpenDialog::Kind::kNewRun, 0, path.string()};
    check_config(path, {});
    return;
  }
  for (size_t i = 0; i < runs.size(); ++i) {
    const int id = open_folder(runs[i], 0, i == 0);
    for (const fs::path& evaluation : evaluations[i]) {
      if (id != 0) open_folder(evaluation, id, false);
    }
  }
}

void Session::on(const CloseRun& action) {
  const OpenRun* open = run(action.run);
  if (open == nullptr) return;
  std::vector<int> closing = {action.run};
  for (const OpenRun& other : runs_) {
    if (other.parent == action.run) closing.push_back(other.run->id);
  }
  for (const int id : closing) store_->close(id);
  refresh_runs();
  unsaved_ = true;
}

void Session::on(const ActivateRun& action) {
  const OpenRun* open = run(action.run);
  if (open == nullptr || active_run_ == action.run) return;
  active_run_ = action.run;
  // The screen shows the run's own bits until somebody edits.
  if (open->run->config && !history_.can_undo() && !restored_design_) {
    Design next = design();
    next.bits = run_bits(*open->run->config);
    history_.reset(next);
  }
  figures_dirty_ = unsaved_ = true;
}

void Session::on(const ShowRun& action) {
  for (OpenRun& open : runs_) {
    if (open.run->id == action.run) open.shown = action.shown;
  }
  unsaved_ = true;
}

void Session::on(const RefreshRun& action) {
  if (action.run == 0) {
    store_->refresh_all();
  } else {
    store_->refresh(action.run);
  }
}

void Session::check_config(const fs::path& path, const std::vector<std::string>& overrides) {
  checked_config_.reset();
  background_.run([this, path, overrides, number = ++config_checks_]() -> Background::Delivery {
    CheckedConfig checked;
    checked.path = path;
    try {
      checked.loaded = load_config(path, overrides);
    } catch (const std::exception& problem) {
      checked.error = problem.what();
    }
    return [this, checked, number] {
      if (number == config_checks_) checked_config_ = checked;
    };
  });
}

void Session::list_folder(const fs::path& folder) {
  if (listing_.reading && listing_.folder == folder) return;
  listing_.reading = true;
  listing_.folder = folder;
  background_.run([this, folder]() -> Background::Delivery {
    Listing listing = read_listing(folder);
    return [this, listing = std::move(listing)] {
      if (listing.folder == listing_.folder) listing_ = listing;
    };
  });
}

}  // namespace fixynn::gui
