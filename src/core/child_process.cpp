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
[[noreturn]] void become(char* const* arguments, const char* folder, int log) {
  setpgid(0, 0);
  const int nothing = open("/dev/null", O_RDONLY);
  dup2(nothing, STDIN_FILENO);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  if (chdir(folder) == 0) execvp(arguments[0], arguments);
  _exit(kNotFound);
}

}  // namespace

ChildResult run_child(const ChildProcess& child) {
  using Clock = std::chrono::steady_clock;
  std::vector<std::string> words = child.words;
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const int log = open(child.log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (log < 0) fail("{}: cannot be written ({})", child.log.string(), std::strerror(errno));
  const Clock::time_point start = Clock::now();
  const pid_t process = fork();
  if (process == 0) become(arguments.data(), child.folder.c_str(), log);
  const int problem = errno;
  close(log);
  if (process < 0)
    fail("{} cannot be started ({}); try again when the machine has memory", words.front(),
         std::strerror(problem));
  setpgid(process, process);  // whoever of the two comes first

  ChildResult result;
  int status = 0;
  for (;;) {
    const pid_t ended = waitpid(process, &status, WNOHANG);
    result.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    if (ended == process) {
      result.end = WIFEXITED(status) ? ChildResult::End::kExited : ChildResult::End::kKilled;
      result.status = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
      break;
    }
    const bool stopped = child.stop && child.stop();
    if (stopped || result.seconds > child.limit_s) {
      result.end = stopped ? ChildResult::End::kStopped : ChildResult::End::kTimedOut;
      break;
    }
    std::this_thread::sleep_for(kPollInterval);
  }
  kill(-process, SIGKILL);  // what it has left behind, or all of it
  if (result.end == ChildResult::End::kTimedOut || result.end == ChildResult::End::kStopped) {
    while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
    }
  }
  return result;
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
