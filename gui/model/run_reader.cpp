// SPDX-License-Identifier: Apache-2.0
#include "gui/model/run_reader.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "config/load_config.h"
#include "core/text.h"
#include "gui/model/loss_line.h"
#include "model/mobilenet.h"
#include "run/run_json.h"

namespace fixynn::gui {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kLargestSmall = 16 << 20;  ///< a configuration or status beyond it is none
/// A heartbeat beats every second. One that was seen moving outweighs a process number that is not found:
/// another machine may have the same name.
constexpr double kGoneSeconds = 3;

struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

double seconds_between(SteadyTime from, SteadyTime to) {
  return std::chrono::duration<double>(to - from).count();
}

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "";
}

bool is_network(const fs::path& folder) {
  struct statfs info {};
  if (::statfs(folder.c_str(), &info) != 0) return false;
  constexpr std::array<uint32_t, 8> kTypes = {NFS_SUPER_MAGIC,  SMB_SUPER_MAGIC,  SMB2_SUPER_MAGIC,
                                              CIFS_SUPER_MAGIC, FUSE_SUPER_MAGIC, CEPH_SUPER_MAGIC,
                                              V9FS_MAGIC,       AFS_SUPER_MAGIC};
  return std::find(kTypes.begin(), kTypes.end(), static_cast<uint32_t>(info.f_type)) != kTypes.end();
}

std::string read_from(int file, int64_t offset, int64_t bytes) {
  std::string text(static_cast<size_t>(bytes), '\0');
  const ssize_t count = ::pread(file, text.data(), text.size(), offset);
  text.resize(count > 0 ? static_cast<size_t>(count) : 0);
  return text;
}

bool process_is_gone(int64_t pid) {
  return pid > 0 && ::kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH;
}

bool is_over(const std::string& state) {
  return state == "finished" || state == "stopped" || state == "failed";
}

}  // namespace

RunReader::RunReader(const fs::path& folder, RunReaderOptions options)
    : given_(folder),
      options_(std::move(options)),
      metrics_(folder / "metrics.jsonl"),
      points_(folder / "points.jsonl"),
      losses_(folder / "losses.jsonl"),
      log_(folder / "log.txt", kLogLines),
      host_(host_name()) {
  run_.root = folder;
  run_.title = folder.filename().string();
}

void RunReader::access(const fs::path& path) const {
  if (options_.before_read) options_.before_read(path);
}

bool RunReader::poll(SteadyTime now) {
  changed_ = false;
  const RunState state_before = run_.state;
  const std::string message_before = run_.message;
  const std::vector<std::string> problems_before = run_.problems;
  try {
    if (!look_at_folder()) {
      const int error = errno;
      return set_unreachable(error == ENOENT ? "there is no such folder"
                             : error == ENOTDIR
                                 ? "it is not a folder; open the folder that fixynn-train wrote"
                                 : fmt::format("the folder cannot be read: {}", std::strerror(error)),
                             now);
    }
    read_settings();
    read_status(now);
    if (read_tails()) changed_ = true;
    read_log();
    derive_state(now);
    collect_problems();
  } catch (const std::exception& error) {
    return set_unreachable(fmt::format("the folder cannot be read: {}", error.what()), now);
  }
  const bool is_new = changed_ || first_;
  if (is_new) run_.changed = now;
  first_ = false;
  run_.read_progress = 1;
  run_.answered = now;
  return is_new || run_.state != state_before || run_.message != message_before ||
         run_.problems != problems_before;
}

bool RunReader::set_unreachable(const std::string& message, SteadyTime now) {
  const std::string text = fmt::format("{}: {}", run_.root.string(), message);
  if (run_.state == RunState::kUnreachable && run_.message == text) return false;
  if (run_.changed == SteadyTime()) run_.changed = now;
  if (run_.answered == SteadyTime()) run_.answered = now;
  run_.state = RunState::kUnreachable;
  run_.message = text;
  return true;
}

/// False with errno when it is not there or may not be read.
bool RunReader::look_at_folder() {
  access(given_);
  const Descriptor folder{::open(given_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (folder.number < 0) return false;
  if (::access(given_.c_str(), X_OK) != 0) return false;  // its files could not be opened
  std::error_code code;
  if (first_) {
    const fs::path canonical = fs::canonical(given_, code);
    if (!code) run_.root = canonical;
    run_.network_file_system = is_network(given_);
    for (JsonTail* tail : {&metrics_, &points_, &losses_}) {
      tail->trust_inodes(!run_.network_file_system);
      const auto size = fs::file_size(tail->path(), code);
      if (!code) bytes_total_ += static_cast<double>(size);
    }
  }
  const fs::path control = given_ / "control";
  const bool writable =
      ::access(control.c_str(), W_OK) == 0 || (errno == ENOENT && ::access(given_.c_str(), W_OK) == 0);
  if (writable != run_.writable) changed_ = true;
  run_.writable = writable;
  return true;
}

std::optional<std::string> RunReader::read_changed(const std::string& name) {
  const fs::path path = given_ / name;
  access(path);
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  const int error = errno;
  struct stat info {};
  Stamp stamp;
  Stamp& known = stamps_[name];
  if (file.number >= 0 && ::fstat(file.number, &info) == 0) {
    stamp = {true, info.st_dev, info.st_ino, info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec};
    if (!S_ISREG(info.st_mode) || info.st_size > kLargestSmall) {
      file_problems_[name] = fmt::format("{}: is not a file of this program and is left out", name);
      known = {};
      return std::nullopt;
    }
  } else if (error != ENOENT) {
    file_problems_[name] = fmt::format("{}: cannot be read: {}", name, std::strerror(error));
    known = {};
    return std::nullopt;
  }
  if (!stamp.there) file_problems_.erase(name);
  if (stamp == known) return std::nullopt;
  file_problems_.erase(name);
  std::string text = stamp.there ? read_from(file.number, 0, stamp.size) : "";
  known = stamp;
  changed_ = true;
  return text;
}

void RunReader::read_settings() {
  const std::optional<std::string> text = read_changed("config.yaml");
  const bool new_record = read_changed("run.yaml").has_value();
  if (!text && !new_record) return;
  run_.facts = read_run_facts(RunDirectory(given_));
  if (text) {
    run_.config_text = *text;
    run_.config.reset();
    run_.config_error.clear();
    try {
      if (stamps_["config.yaml"].there) run_.config = load_config(given_ / "config.yaml").config;
    } catch (const std::exception& error) {
      run_.config_error = error.what();
    }
  }
  const std::string leaf = run_.root.filename().string();
  const std::string& name = run_.facts.name;
  // The name of an evaluation says all that its folder does.
  const bool evaluation = run_.root.parent_path().filename() == "designs";
  run_.title = name.empty() || name == leaf ? leaf : evaluation ? name : fmt::format("{} ({})", name, leaf);
}

void RunReader::read_status(SteadyTime now) {
  const std::optional<std::string> text = read_changed("status.json");
  if (!text) return;
  if (text->empty() && !stamps_["status.json"].there) {
    run_.status.reset();
    return;
  }
  try {
    const auto value = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
    RunStatus status = value.get<RunStatus>();
    if (!run_.status || status.heartbeat != run_.status->heartbeat) {
      heartbeat_seen_moving_ = run_.status.has_value();
      heartbeat_changed_ = now;
    }
    run_.status = std::move(status);
  } catch (const nlohmann::json::exception&) {
    file_problems_["status.json"] = "status.json: is damaged; what it said before is shown";
  }
}

void RunReader::read_log() {
  access(given_ / "log.txt");
  if (std::optional<std::vector<std::string>> lines = log_.poll()) {
    run_.log = std::move(*lines);
    changed_ = true;
  }
}

template <typename Visit>
bool RunReader::read_lines(JsonTail& tail, Visit visit, const std::function<void()>& restart,
                           const std::function<bool(std::string_view)>& short_cut) {
  const std::string name = tail.path().filename().string();
  access(tail.path());
  const int64_t bad_before = tail.bad_lines();
  TailCallbacks callbacks{restart, [&visit](const nlohmann::json& value) {
                            if (!value.is_object()) return false;
                            if constexpr (std::is_same_v<decltype(visit(value)), bool>)
                              return visit(value);
                            else
                              visit(value);
                            return true;
                          }};
  callbacks.text = short_cut;
  std::error_code code;
  const double bytes = first_ ? static_cast<double>(fs::file_size(tail.path(), code)) : 0;
  if (first_ && options_.progress && bytes_total_ > 0 && !code) {
    callbacks.progress = [&](double share) {
      access(tail.path());
      options_.progress(std::min(1.0, (bytes_done_ + share * bytes) / bytes_total_));
    };
  }
  const TailResult result = tail.poll(callbacks);
  if (!code) bytes_done_ += bytes;
  file_problems_.erase(name);
  if (result == TailResult::kUnreadable) file_problems_[name] = tail.error();
  return result == TailResult::kGrown || result == TailResult::kRestarted || tail.bad_lines() != bad_before;
}

bool RunReader::read_tails() {
  bool grown = read_lines(
      metrics_, [this](const nlohmann::json& value) { run_.metrics.push_back(value.get<EpochMetrics>()); },
      [this] { run_.metrics.clear(); });
  grown |= read_lines(
      points_,
      [this](const nlohmann::json& value) {
        Point point = value.get<Point>();
        if (point.fixed_layers < 0 || point.fixed_layers > MobileNet::kLayers) return false;
        run_.points.push_back(std::move(point));
        return true;
      },
      [this] { run_.points.clear(); });
  grown |= read_lines(
      losses_, [this](const nlohmann::json& value) { add_loss(run_.losses, value.get<LiveLoss>()); },
      [this] { run_.losses.clear(); },
      [this](std::string_view line) {
        const std::optional<LiveLoss> loss = read_loss_line(line);
        if (loss) add_loss(run_.losses, *loss);
        return loss.has_value();
      });
  return grown;
}

void RunReader::collect_problems() {
  run_.problems.clear();
  for (const auto& [file, sentence] : file_problems_) run_.problems.push_back(sentence);
  for (const JsonTail* tail : {&metrics_, &points_, &losses_}) {
    const std::string name = tail->path().filename().string();
    if (tail->bad_lines() == 1) run_.problems.push_back(tail->first_bad());
    if (tail->bad_lines() > 1) {
      run_.problems.push_back(
          fmt::format("{} (the first of {} bad lines)", tail->first_bad(), format_count(tail->bad_lines())));
    }
    if (tail->was_cut_short())
      run_.problems.push_back(fmt::format("{}: was cut short while it was read; read anew", name));
  }
  if (!run_.config_error.empty()) run_.problems.push_back(run_.config_error);
}

void RunReader::derive_state(SteadyTime now) {
  run_.message = run_.status ? run_.status->message : "";
  if (!run_.status) {
    run_.state = run_.points.empty() ? RunState::kEmpty : RunState::kStopped;
    if (!run_.points.empty())
      run_.message = "there is no status.json: whether the run has finished is not known";
    return;
  }
  const RunStatus& status = *run_.status;
  if (is_over(status.state)) {
    run_.state = status.state == "finished"  ? RunState::kFinished
                 : status.state == "stopped" ? RunState::kStopped
                                             : RunState::kFailed;
    return;
  }
  run_.state = RunState::kLive;
  const double still = seconds_between(heartbeat_changed_, now);
  const bool is_gone = status.host == host_ && process_is_gone(status.pid);
  if (is_gone && (!heartbeat_seen_moving_ || still > kGoneSeconds)) {
    run_.state = RunState::kLost;
    run_.message =
        fmt::format("its process {} is gone; go on from the last checkpoint with --resume", status.pid);
  } else if (still > options_.lost_seconds) {
    run_.state = RunState::kLost;
    run_.message = fmt::format(
        "its heartbeat stands still; see whether process {} on {} still runs, and go on with --resume if not",
        status.pid, status.host);
  }
}

}  // namespace fixynn::gui
