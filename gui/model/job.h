// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fixynn::gui {

enum class JobKind { kSweep, kEvaluate, kExport, kReport, kOther };

/// One program of a job.
struct JobStep {
  std::vector<std::string> words;  ///< program (a path, or a name looked for in PATH) and its arguments
  std::filesystem::path log;       ///< its output and errors; replaced. Its folder is created
};

/// What is to be run. An export, for example, is fixynn-rtl and then fixynn-report: two steps.
struct JobSpec {
  std::string title;  ///< "sweep signs.yaml"
  JobKind kind = JobKind::kOther;
  std::vector<JobStep> steps;    ///< one after the other; the first that fails ends the job
  std::filesystem::path folder;  ///< that they run in; empty: the current one
  std::optional<std::filesystem::path> run_directory;  ///< whose status.json tells the progress
  std::optional<std::filesystem::path> result;         ///< what to show when done: a folder, report.html
  double grace_seconds = 20;  ///< between SIGTERM (a clean stop, with a checkpoint) and SIGKILL
};

enum class JobState {
  kQueued,
  kRunning,
  kStopping,   ///< SIGTERM was sent
  kDone,       ///< every step ended with exit status 0
  kFailed,     ///< `message` says why
  kCancelled,  ///< stopped on request
  kLost,       ///< its process cannot be waited for any more: how it ended is not known
};

/// A job as it was last seen. Never changed once made.
struct Job {
  int id = 0;               ///< from 1; never used twice
  uint64_t generation = 0;  ///< grows by one with every change of this job
  JobSpec spec;
  JobState state = JobState::kQueued;
  size_t step = 0;      ///< index of the step that runs or ran last
  std::string message;  ///< one sentence; for kFailed the last "error: ..." of the log, or how it ended
  std::optional<int> exit_status;  ///< of the last step that ended by itself
  std::optional<int> signal;       ///< that ended the last step
  std::optional<double> progress;  ///< 0..1; none when nothing tells it
  std::optional<double> eta_seconds;
  std::string activity;          ///< "training", "evaluating", ...: of status.json; else ""
  std::vector<std::string> log;  ///< last lines of the current step's log, kJobLogLines at most
  int64_t pid = 0;               ///< of the running step; 0 otherwise
  std::optional<std::chrono::steady_clock::time_point> started, ended;

  bool is_active() const {
    return state == JobState::kQueued || state == JobState::kRunning || state == JobState::kStopping;
  }
};

using JobPointer = std::shared_ptr<const Job>;

constexpr size_t kJobLogLines = 200;

/// Wall seconds of the job so far, or of all of it when it has ended; 0 when queued.
double job_seconds(const Job& job, std::chrono::steady_clock::time_point now);

/// "queued", "running", ...: a word for a list.
const char* state_name(JobState state);

/// What a failed log says: its last line that begins with "error: ", without that word; else its last line
/// that is not empty; else "".
std::string failure_line(const std::vector<std::string>& log);

/// Path of one of our programs: beside the running executable, else in PATH. Throws Error with a remedy when
/// it is in neither.
std::string program_path(const std::string& name);

}  // namespace fixynn::gui
