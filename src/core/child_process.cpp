// SPDX-License-Identifier: Apache-2.0
#include "core/child_process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <sstream>
#include <thread>

#include "core/error.h"

namespace fixynn {
namespace {

constexpr int kNotFound = 127;  // as a shell says it
constexpr std::chrono::milliseconds kPollInterval{20};

/// Between fork and exec; only calls that are safe there.
[[noreturn]] void become(char* const* arguments, const char* folder, int log, bool own_session) {
  if (own_session) {
    setsid();
  } else {
    setpgid(0, 0);
  }
  // A mask is inherited: one that a thread of ours happens to have must not make the program deaf.
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const int nothing = open("/dev/null", O_RDONLY);
  dup2(nothing, STDIN_FILENO);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  if (chdir(folder) == 0) execvp(arguments[0], arguments);
  _exit(kNotFound);
}

}  // namespace

StartedChild::StartedChild(const ChildProcess& child) : start_(std::chrono::steady_clock::now()) {
  std::vector<std::string> words = child.words;
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const int log = open(child.log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (log < 0) fail("{}: cannot be written ({})", child.log.string(), std::strerror(errno));
  const pid_t process = fork();
  if (process == 0) become(arguments.data(), child.folder.c_str(), log, child.own_session);
  const int problem = errno;
  close(log);
  if (process < 0)
    fail("{} cannot be started ({}); try again when the machine has memory", words.front(),
         std::strerror(problem));
  // Whoever of the two comes first. A leader of a group could not begin a session.
  if (!child.own_session) setpgid(process, process);
  process_ = process;
}

StartedChild::~StartedChild() {
  if (process_ != 0) kill_all(ChildResult::End::kStopped);
}

double StartedChild::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

std::optional<ChildResult> StartedChild::poll() {
  if (process_ == 0) return std::nullopt;
  int status = 0;
  const pid_t ended = waitpid(process_, &status, WNOHANG);
  if (ended == 0 || (ended < 0 && errno == EINTR)) return std::nullopt;
  ChildResult result;
  result.seconds = seconds();
  lost_ = ended < 0;
  if (lost_) {
    process_ = 0;  // its number may be another's by now
    result.end = ChildResult::End::kKilled;
    return result;
  }
  result.end = WIFEXITED(status) ? ChildResult::End::kExited : ChildResult::End::kKilled;
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
  kill(-process_, SIGKILL);  // what it has left behind
  process_ = 0;
  return result;
}

void StartedChild::send(int signal) {
  if (process_ == 0) return;
  // Before its group is there, it alone.
  if (kill(-process_, signal) != 0 && errno == ESRCH) kill(process_, signal);
}

ChildResult StartedChild::kill_all(ChildResult::End end) {
  ChildResult result;
  result.end = end;
  send(SIGKILL);
  int status = 0;
  while (process_ != 0 && waitpid(process_, &status, 0) < 0 && errno == EINTR) {
  }
  process_ = 0;
  result.seconds = seconds();
  return result;
}

ChildResult run_child(const ChildProcess& child) {
  StartedChild process(child);
  std::optional<double> killed_at;  // seconds since the start
  for (;;) {
    if (std::optional<ChildResult> result = process.poll()) {
      if (killed_at) result->end = ChildResult::End::kStopped;
      return *result;
    }
    const double seconds = process.seconds();
    if (!killed_at && child.stop && child.stop()) {
      killed_at = seconds + (child.stop_signal != 0 ? child.grace_s : 0);
      if (child.stop_signal != 0) process.send(child.stop_signal);
    }
    if (killed_at && seconds >= *killed_at) return process.kill_all(ChildResult::End::kStopped);
    if (seconds > child.limit_s) return process.kill_all(ChildResult::End::kTimedOut);
    std::this_thread::sleep_for(kPollInterval);
  }
}

std::string find_program(const std::string& name, const std::string& search_path) {
  std::istringstream folders(search_path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (folder.empty()) continue;
    const std::filesystem::path path = std::filesystem::path(folder) / name;
    std::error_code ignored;
    if (std::filesystem::is_regular_file(path, ignored) && access(path.c_str(), X_OK) == 0)
      return path.string();
  }
  return {};
}

}  // namespace fixynn
