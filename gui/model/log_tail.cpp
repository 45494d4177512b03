// SPDX-License-Identifier: Apache-2.0
#include "gui/model/log_tail.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "core/text.h"

namespace fixynn::gui {
namespace {

constexpr int64_t kBytes = 1 << 16;  ///< enough for the lines that are shown
constexpr size_t kLongestLine = 2000;

struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

std::string shown(std::string line) {
  if (!line.empty() && line.back() == '\r') line.pop_back();
  if (const size_t back = line.rfind('\r'); back != std::string::npos) line.erase(0, back + 1);
  std::replace(line.begin(), line.end(), '\t', ' ');
  return printable(line, kLongestLine);
}

/// `begins_inside`: the first line has lost its beginning and is left out.
std::vector<std::string> lines_of(const std::string& text, bool begins_inside, size_t most) {
  std::vector<std::string> lines;
  size_t begin = begins_inside ? text.find('\n') + 1 : 0;
  for (size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
    lines.push_back(shown(text.substr(begin, end - begin)));
  if (begin < text.size()) lines.push_back(shown(text.substr(begin)));
  if (lines.size() > most) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(most));
  return lines;
}

}  // namespace

std::optional<std::vector<std::string>> LogTail::poll() {
  const Descriptor file{::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  struct stat info {};
  if (file.number < 0 || ::fstat(file.number, &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  if (info.st_size == size_ && info.st_ino == inode_) return std::nullopt;
  const int64_t begin = std::max<int64_t>(0, info.st_size - kBytes);
  std::string text(static_cast<size_t>(info.st_size - begin), '\0');
  const ssize_t count = ::pread(file.number, text.data(), text.size(), begin);
  if (count < 0) return std::nullopt;
  text.resize(static_cast<size_t>(count));
  size_ = info.st_size;
  inode_ = info.st_ino;
  return lines_of(text, begin > 0, most_);
}

}  // namespace fixynn::gui
