// SPDX-License-Identifier: Apache-2.0
#include "run/json_lines.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/error.h"
#include "core/files.h"

namespace fixynn {
namespace {

struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

std::string reason(int error) {
  if (error == ENOSPC || error == EDQUOT)
    return "the disk is full: free some space there and run again with --resume";
  return std::strerror(error);
}

/// Length of the file without an unfinished last line.
off_t finished_length(int descriptor, off_t length) {
  char buffer[4096];
  while (length > 0) {
    const off_t begin =
        length > static_cast<off_t>(sizeof buffer) ? length - static_cast<off_t>(sizeof buffer) : 0;
    const ssize_t count = ::pread(descriptor, buffer, static_cast<size_t>(length - begin), begin);
    if (count <= 0) return length;
    for (ssize_t i = count; i > 0; --i) {
      if (buffer[i - 1] == '\n') return begin + i;
    }
    length = begin;
  }
  return 0;
}

}  // namespace

std::string json_text(const nlohmann::json& value, int indent) {
  return value.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<JsonLine> read_json_lines(const std::filesystem::path& path) {
  std::vector<JsonLine> lines;
  if (!std::filesystem::exists(path)) return lines;
  const std::string text = read_text_file(path);
  size_t begin = 0;
  for (int number = 1;; ++number) {
    const size_t end = text.find('\n', begin);
    if (end == std::string::npos) return lines;
    nlohmann::json value =
        nlohmann::json::parse(text.begin() + static_cast<std::ptrdiff_t>(begin),
                              text.begin() + static_cast<std::ptrdiff_t>(end), nullptr, false);
    if (value.is_discarded())
      fail("{}:{}: is not JSON; delete the line to go on without it", path.string(), number);
    lines.push_back({number, std::move(value)});
    begin = end + 1;
  }
}

void append_json_line(const std::filesystem::path& path, const nlohmann::json& value, bool durable) {
  const std::string line = json_text(value) + "\n";
  const Descriptor file{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)};
  struct stat info {};
  if (file.number < 0 || ::fstat(file.number, &info) != 0) {
    fail("{}: cannot be written: {}", path.string(), reason(errno));
  }
  const off_t length = finished_length(file.number, info.st_size);
  if (length != info.st_size && ::ftruncate(file.number, length) != 0) {
    fail("{}: its unfinished last line cannot be removed: {}", path.string(), reason(errno));
  }
  const ssize_t written = ::pwrite(file.number, line.data(), line.size(), length);
  const int error = written < 0 ? errno : ENOSPC;
  if (written != static_cast<ssize_t>(line.size())) {
    if (::ftruncate(file.number, length) != 0) fail("{}: cannot be written or repaired", path.string());
    fail("{}: cannot be written: {}", path.string(), reason(error));
  }
  if (durable && ::fsync(file.number) != 0) fail("{}: cannot be written: {}", path.string(), reason(errno));
}

}  // namespace fixynn
