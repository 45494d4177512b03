// SPDX-License-Identifier: Apache-2.0
#include "core/log.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "core/error.h"

namespace fixynn {

std::string utc_timestamp() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

Log::Log(std::FILE* console)
    : console_(console), terminal_(console != nullptr && ::isatty(::fileno(console)) == 1) {}

Log::~Log() {
  if (terminal_ && live_shown_) std::fputc('\n', console_);
  if (file_ != nullptr) std::fclose(file_);
}

void Log::open_file(const std::filesystem::path& path) {
  const std::lock_guard lock(mutex_);
  std::FILE* file = std::fopen(path.c_str(), "ae");
  if (file == nullptr) fail("{}: cannot write the log: {}", path.string(), std::strerror(errno));
  if (file_ != nullptr) std::fclose(file_);
  file_ = file;
}

void Log::write(const std::string& line) {
  const std::lock_guard lock(mutex_);
  write_console(line);
  write_file(line);
}

void Log::progress(const std::string& line) {
  const std::lock_guard lock(mutex_);
  if (!terminal_) write_console(line);
  write_file(line);
}

void Log::fail_line(const std::string& message) {
  const std::lock_guard lock(mutex_);
  clear_live();
  write_file("error: " + message);
}

void Log::live(const std::string& line) {
  if (!terminal_) return;
  const std::lock_guard lock(mutex_);
  winsize window{};
  size_t columns = 80;
  if (::ioctl(::fileno(console_), TIOCGWINSZ, &window) == 0 && window.ws_col > 1) columns = window.ws_col;
  // A line that wraps cannot be replaced by \r.
  const std::string shown = line.size() < columns ? line : line.substr(0, columns - 1);
  std::fprintf(console_, "\r\x1b[K%s", shown.c_str());
  std::fflush(console_);
  live_shown_ = true;
}

void Log::clear_live() {
  if (live_shown_) std::fputs("\r\x1b[K", console_);
  live_shown_ = false;
}

void Log::write_console(const std::string& line) {
  if (console_ == nullptr) return;
  clear_live();
  std::fprintf(console_, "%s\n", line.c_str());
  std::fflush(console_);
}

void Log::write_file(const std::string& line) {
  if (file_ == nullptr) return;
  std::fprintf(file_, "%s %s\n", utc_timestamp().c_str(), line.c_str());
  std::fflush(file_);
}

}  // namespace fixynn
