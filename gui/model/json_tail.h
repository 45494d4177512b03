// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace fixynn::gui {

/// What a JsonTail calls while it reads. `restart` and `value` must be there.
struct TailCallbacks {
  std::function<void()> restart;  ///< the file begins anew: what was told before no longer counts
  /// A line. False or an exception of nlohmann::json: not a record of this file, counted as a bad line.
  std::function<bool(const nlohmann::json&)> value;
  std::function<void(double share)> progress = {};  ///< 0..1 of this poll's bytes, once a piece of them
  /// A short cut that is asked first, where there is one: true when it has taken the line as it stands.
  std::function<bool(std::string_view line)> text = {};
};

enum class TailResult {
  kUnchanged,
  kGrown,      ///< whole lines were added
  kRestarted,  ///< cut short, replaced or gone: what was told before no longer counts
  kMissing,    ///< there is no such file, as before
  kUnreadable  ///< `error()` says why; what was told stays valid
};

/// Follows a .jsonl file that another process appends to, perhaps over a network: every poll opens it anew
/// and reads from the end of the last whole line. Never throws for what stands in the file.
class JsonTail {
 public:
  explicit JsonTail(std::filesystem::path path) : path_(std::move(path)) {}

  /// Off for network file systems, some of which number the same file anew at each opening: a replaced file
  /// is then known by its size and contents alone.
  void trust_inodes(bool trust) { trust_inodes_ = trust; }

  /// Reads what has been added. A last line without its newline is left until the rest comes.
  TailResult poll(const TailCallbacks& callbacks);

  const std::filesystem::path& path() const { return path_; }
  int64_t lines() const { return lines_; }          ///< whole ones, bad ones included
  int64_t bad_lines() const { return bad_lines_; }  ///< that were skipped
  /// "metrics.jsonl:17: is not JSON and is left out"; "" when no line was bad.
  const std::string& first_bad() const { return first_bad_; }
  const std::string& error() const { return error_; }
  /// The last restart was because the same file had become shorter: not what our own programs do.
  bool was_cut_short() const { return was_cut_short_; }

 private:
  void start_afresh(bool cut_short);
  TailResult unreadable(int error);
  TailResult read_changed(int file, const struct stat& info, const TailCallbacks& callbacks);
  /// The file still is the one that was read, possibly longer.
  bool is_continued(int file, const struct stat& info) const;
  /// False when reading failed (errno).
  bool read_to(int file, int64_t end, const TailCallbacks& callbacks);
  /// Whole lines of `text`; what follows the last newline is left in it.
  void take_lines(std::string& text, const TailCallbacks& callbacks);
  void take_line(const char* begin, const char* end, const TailCallbacks& callbacks);

  std::filesystem::path path_;
  bool trust_inodes_ = true;
  bool known_ = false;  ///< a file was there at the last poll
  dev_t device_ = 0;
  ino_t inode_ = 0;
  int64_t size_ = 0;    ///< at the last poll
  int64_t offset_ = 0;  ///< end of the last whole line
  /// Bytes at the beginning of the file and before `offset_`: tell one that was written anew.
  std::string first_bytes_, last_bytes_;
  int64_t lines_ = 0, bad_lines_ = 0;
  bool was_cut_short_ = false;
  std::string first_bad_, error_;
};

}  // namespace fixynn::gui
