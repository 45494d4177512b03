// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fixynn {

/// Whole contents of a file. Throws one sentence naming the path and the system's reason; also for a
/// directory.
std::vector<uint8_t> read_file(const std::filesystem::path& path);
std::string read_text_file(const std::filesystem::path& path);

/// Replaces a file so that a reader, or the next start after a power cut, sees the old or the new contents
/// and nothing between: temporary file in the same folder, fsync, rename, fsync of the folder. On failure
/// (full disk, unwritable folder) the old file is untouched, the temporary is removed, and the error names
/// path, reason and remedy. `durable = false` leaves out both fsyncs: for files that are rewritten every
/// second, such as status.json. A symbolic link is followed; devices and pipes are written into.
void write_file_atomic(const std::filesystem::path& path, std::span<const uint8_t> contents,
                       bool durable = true);
void write_file_atomic(const std::filesystem::path& path, std::string_view contents, bool durable = true);

/// Creates a folder and its parents. Throws a sentence naming the path and the reason.
void create_folders(const std::filesystem::path& path);

/// Lower-case hexadecimal SHA-256.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void update(std::span<const uint8_t> bytes);
  void update(std::string_view text);
  /// Ends the computation; the object takes no more updates.
  std::string finish();

 private:
  void* context_;
};
std::string sha256(std::span<const uint8_t> bytes);

}  // namespace fixynn
