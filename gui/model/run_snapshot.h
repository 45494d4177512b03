// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/run_config.h"
#include "report/run_facts.h"
#include "run/run_directory.h"

namespace fixynn::gui {

using SteadyTime = std::chrono::steady_clock::time_point;

enum class RunState {
  kReading,      ///< opened, not read through for the first time yet: see read_progress
  kEmpty,        ///< a folder without status.json
  kLive,         ///< starting, training or evaluating
  kFinished,     ///< the whole sweep
  kStopped,      ///< on request; --resume goes on
  kFailed,       ///< `message` says why
  kLost,         ///< it says that it runs, but its heartbeat stands still or its process is gone
  kUnreachable,  ///< the folder is gone, may not be read, or does not answer: `message` says which
};

/// One run directory as it was read last. Never changed once made: share it, compare generations.
struct RunSnapshot {
  int id = 0;                  ///< of RunStore, from 1; never used twice
  uint64_t generation = 0;     ///< grows by one with every change of this run
  std::filesystem::path root;  ///< canonical
  std::string title;  ///< the configuration's name, with the folder's where they differ: "signs (run_2)"

  RunState state = RunState::kReading;
  std::string message;  ///< one sentence for kFailed, kLost, kUnreachable and, where there is one, others
  double read_progress = 0;  ///< 0..1 of the first reading; 1 from then on

  std::optional<RunConfig> config;  ///< of config.yaml; none when it is missing or broken
  std::string config_text;          ///< as it stands there
  std::string config_error;         ///< why there is no config; "" when there is one or no file
  RunFacts facts;                   ///< of config.yaml and run.yaml
  std::optional<RunStatus> status;  ///< of status.json, the last one that could be read
  std::vector<EpochMetrics> metrics;
  std::vector<Point> points;
  std::vector<LiveLoss> losses;  ///< about one a second of training, outdated ones dropped
  std::vector<std::string> log;  ///< last lines of log.txt, kLogLines at most

  /// Sentences about what could not be read: bad lines, files cut short, unreadable files.
  std::vector<std::string> problems;
  bool writable = false;             ///< control/ may be written: the run can be asked to stop
  bool network_file_system = false;  ///< NFS, SMB, FUSE (sshfs) and the like: polled more slowly

  SteadyTime changed;   ///< when something new was last seen, by this machine's clock
  SteadyTime answered;  ///< kUnreachable: when the folder last answered
};

using RunPointer = std::shared_ptr<const RunSnapshot>;

constexpr size_t kLogLines = 200;

/// Seconds since something new was last seen. The writer's clock does not enter.
double age_seconds(const RunSnapshot& run, SteadyTime now);

/// Seconds for which the folder has not answered; 0 unless the run is unreachable.
double unreachable_seconds(const RunSnapshot& run, SteadyTime now);

/// "live", "finished", "lost", ...: a word for a list.
const char* state_name(RunState state);

/// True for kLive.
inline bool is_live(const RunSnapshot& run) {
  return run.state == RunState::kLive;
}

}  // namespace fixynn::gui
