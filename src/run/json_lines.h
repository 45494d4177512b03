// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace fixynn {

struct JsonLine {
  int number;  ///< from 1
  nlohmann::json value;
};

/// Text of a JSON value; bytes that are not UTF-8 (file names, say) are replaced rather than refused.
std::string json_text(const nlohmann::json& value, int indent = -1);

/// Lines of a .jsonl file; none when the file is missing. A last line without its newline (the writer was
/// killed in the middle) is skipped; any other line that is not JSON throws a sentence naming file and line.
std::vector<JsonLine> read_json_lines(const std::filesystem::path& path);

/// Appends one line with one write and an fsync, after dropping an unfinished last line. When the write fails
/// (full disk) the file is cut back to what it was, and the error names path and reason. `durable = false`
/// leaves out the fsync: for lines that nobody misses after a power cut.
void append_json_line(const std::filesystem::path& path, const nlohmann::json& value, bool durable = true);

}  // namespace fixynn
