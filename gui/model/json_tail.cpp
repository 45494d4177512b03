// SPDX-License-Identifier: Apache-2.0
#include "gui/model/json_tail.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/text.h"

namespace fixynn::gui {
namespace {

constexpr size_t kPieceBytes = 1 << 20;
/// A line longer than any record of ours: not kept in memory while its end does not come.
constexpr size_t kLongestLine = 1 << 24;
/// Enough to hold what differs between two records: they end with a time.
constexpr int64_t kCheckedBytes = 256;

struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

/// Up to `bytes` bytes from `offset`; fewer at the end of the file.
std::string read_bytes(int file, int64_t offset, int64_t bytes) {
  std::string text(static_cast<size_t>(bytes), '\0');
  const ssize_t count = ::pread(file, text.data(), text.size(), offset);
  text.resize(count > 0 ? static_cast<size_t>(count) : 0);
  return text;
}

}  // namespace

void JsonTail::start_afresh(bool cut_short) {
  known_ = false;
  size_ = offset_ = 0;
  first_bytes_.clear();
  last_bytes_.clear();
  lines_ = bad_lines_ = 0;
  first_bad_.clear();
  was_cut_short_ = cut_short;
}

TailResult JsonTail::unreadable(int error) {
  error_ = fmt::format("{}: cannot be read: {}", printable(path_.filename().string()), std::strerror(error));
  return TailResult::kUnreadable;
}

TailResult JsonTail::poll(const TailCallbacks& callbacks) {
  error_.clear();
  // O_NONBLOCK: a pipe of this name must not hold up the caller.
  const Descriptor file{::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.number < 0) {
    if (errno != ENOENT) return unreadable(errno);
    if (!known_) return TailResult::kMissing;
    start_afresh(false);
    callbacks.restart();
    return TailResult::kRestarted;
  }
  struct stat info {};
  if (::fstat(file.number, &info) != 0) return unreadable(errno);
  if (!S_ISREG(info.st_mode)) return unreadable(S_ISDIR(info.st_mode) ? EISDIR : EINVAL);
  const bool same_number = info.st_ino == inode_ && info.st_dev == device_;
  if (known_ && same_number && info.st_size == size_) return TailResult::kUnchanged;
  return read_changed(file.number, info, callbacks);
}

bool JsonTail::is_continued(int file, const struct stat& info) const {
  if (info.st_size < offset_) return false;
  if (trust_inodes_ && (info.st_ino != inode_ || info.st_dev != device_)) return false;
  const auto is_there = [&](const std::string& bytes, int64_t offset) {
    return read_bytes(file, offset, static_cast<int64_t>(bytes.size())) == bytes;
  };
  return is_there(first_bytes_, 0) &&
         is_there(last_bytes_, offset_ - static_cast<int64_t>(last_bytes_.size()));
}

TailResult JsonTail::read_changed(int file, const struct stat& info, const TailCallbacks& callbacks) {
  bool restarted = false;
  if (known_ && !is_continued(file, info)) {
    start_afresh(info.st_ino == inode_ && info.st_dev == device_ && info.st_size < offset_);
    callbacks.restart();
    restarted = true;
  }
  known_ = true;
  device_ = info.st_dev;
  inode_ = info.st_ino;
  size_ = info.st_size;
  const int64_t lines_before = lines_;
  if (!read_to(file, info.st_size, callbacks)) {
    size_ = -1;  // the next poll goes on from offset_
    return unreadable(errno);
  }
  first_bytes_ = read_bytes(file, 0, std::min(kCheckedBytes, offset_));
  const int64_t last = std::min(kCheckedBytes, offset_);
  last_bytes_ = read_bytes(file, offset_ - last, last);
  if (restarted) return TailResult::kRestarted;
  return lines_ > lines_before ? TailResult::kGrown : TailResult::kUnchanged;
}

bool JsonTail::read_to(int file, int64_t end, const TailCallbacks& callbacks) {
  const int64_t begin = offset_;
  std::string text;
  for (int64_t at = begin; at < end;) {
    const size_t kept = text.size();
    text.resize(kept + std::min(kPieceBytes, static_cast<size_t>(end - at)));
    const ssize_t count = ::pread(file, text.data() + kept, text.size() - kept, at);
    text.resize(kept + static_cast<size_t>(std::max<ssize_t>(count, 0)));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    if (count == 0) return true;  // cut short since fstat: the next poll sees it
    at += count;
    take_lines(text, callbacks);
    offset_ = at - static_cast<int64_t>(text.size());
    // Cut rather than dropped: it stays a bad line when its end comes.
    if (text.size() > kLongestLine) text.resize(kLongestLine);
    if (callbacks.progress)
      callbacks.progress(static_cast<double>(at - begin) / static_cast<double>(end - begin));
  }
  return true;
}

void JsonTail::take_lines(std::string& text, const TailCallbacks& callbacks) {
  size_t begin = 0;
  for (size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
    take_line(text.data() + begin, text.data() + end, callbacks);
  text.erase(0, begin);
}

void JsonTail::take_line(const char* begin, const char* end, const TailCallbacks& callbacks) {
  ++lines_;
  if (callbacks.text && callbacks.text(std::string_view(begin, static_cast<size_t>(end - begin)))) return;
  const char* problem = "is not JSON";
  try {
    const nlohmann::json value = nlohmann::json::parse(begin, end, nullptr, /*allow_exceptions=*/false);
    if (!value.is_discarded()) {
      if (callbacks.value(value)) return;
      problem = "is not a record of this file";
    }
  } catch (const nlohmann::json::exception&) {
    problem = "is not a record of this file (a key is missing or of the wrong type)";
  }
  ++bad_lines_;
  if (first_bad_.empty()) {
    first_bad_ =
        fmt::format("{}:{}: {} and is left out", printable(path_.filename().string()), lines_, problem);
  }
}

}  // namespace fixynn::gui
