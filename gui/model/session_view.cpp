// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <system_error>

#include "core/files.h"
#include "gui/model/session.h"

namespace fixynn::gui {

void Session::on(const SetTab& action) {
  settings_.tab = action.tab;
  unsaved_ = true;
}

void Session::on(const SetView& action) {
  settings_.views[action.plot] = action.view;
  unsaved_ = true;
}

void Session::on(const ChangeSettings& action) {
  settings_ = action.settings;
  settings_.ui_scale = std::clamp(settings_.ui_scale, 0.5, 3.0);
  settings_.smoothing = std::clamp(settings_.smoothing, 0.0, 0.99);
  unsaved_ = true;
}

void Session::on(const Copy& action) {
  clipboard_ = action.text;
  say("copied: " + action.what);
}

void Session::on(const SaveFile& action) {
  std::filesystem::path folder = options_.export_folder;
  if (folder.empty()) {
    std::error_code ignored;
    folder = std::filesystem::current_path(ignored);
  }
  background_.run([this, path = folder / action.name, contents = action.contents]() -> Background::Delivery {
    try {
      if (path.has_parent_path()) create_folders(path.parent_path());
      write_file_atomic(path, std::string_view(contents));
      return [this, path] { say("saved: " + path.string()); };
    } catch (const std::exception& problem) {
      return [this, text = std::string(problem.what())] { fail_with(text); };
    }
  });
}

void Session::on(const OpenDialog& action) {
  dialog_ = action;
  if (action.kind == OpenDialog::Kind::kOpen) {
    std::error_code ignored;
    const std::filesystem::path wanted =
        action.text.empty() ? std::filesystem::current_path(ignored) : std::filesystem::path(action.text);
    list_folder(std::filesystem::absolute(wanted, ignored));
  }
}

void Session::on(const CheckConfig& action) {
  check_config(action.config, action.overrides);
}

void Session::on(const Notify& action) {
  say(action.text, action.failure);
}

void Session::on(const Quit& action) {
  if (!action.asked && jobs_->active() > 0) {
    dialog_ = {OpenDialog::Kind::kQuit, 0, ""};
    return;
  }
  stop_jobs_ = action.stop_jobs;
  quit_ = true;
}

}  // namespace fixynn::gui
