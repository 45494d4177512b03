// SPDX-License-Identifier: Apache-2.0
#include "gui/model/job.h"

#include <unistd.h>

#include <cstdlib>

#include "core/child_process.h"
#include "core/error.h"

namespace fixynn::gui {

double job_seconds(const Job& job, std::chrono::steady_clock::time_point now) {
  if (!job.started) return 0;
  return std::chrono::duration<double>(job.ended.value_or(now) - *job.started).count();
}

const char* state_name(JobState state) {
  switch (state) {
    case JobState::kQueued:
      return "queued";
    case JobState::kRunning:
      return "running";
    case JobState::kStopping:
      return "stopping";
    case JobState::kDone:
      return "done";
    case JobState::kFailed:
      return "failed";
    case JobState::kCancelled:
      return "cancelled";
    case JobState::kLost:
      return "lost";
  }
  return "";
}

std::string failure_line(const std::vector<std::string>& log) {
  constexpr std::string_view kError = "error: ";
  for (auto line = log.rbegin(); line != log.rend(); ++line) {
    if (line->starts_with(kError)) return line->substr(kError.size());
  }
  for (auto line = log.rbegin(); line != log.rend(); ++line) {
    if (line->find_first_not_of(' ') != std::string::npos) return *line;
  }
  return {};
}

std::string program_path(const std::string& name) {
  std::error_code code;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", code);
  if (!code) {
    const std::filesystem::path beside = self.parent_path() / name;
    if (std::filesystem::is_regular_file(beside, code) && ::access(beside.c_str(), X_OK) == 0)
      return beside.string();
  }
  const char* search_path = std::getenv("PATH");
  const std::string found = find_program(name, search_path == nullptr ? "" : search_path);
  if (found.empty()) {
    fail("{}: there is no such program beside {} or in PATH; build or install all programs of the workbench",
         name, self.empty() ? std::string("this one") : self.string());
  }
  return found;
}

}  // namespace fixynn::gui
