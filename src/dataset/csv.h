// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace fixynn {

/// A small text table with a header line. Fields may be quoted ("a, ""b"""); lines may end in CR LF; a
/// byte-order mark and empty lines are passed over.
struct CsvTable {
  std::string file;  ///< for error sentences
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;  ///< each with header.size() fields
  std::vector<int> lines;                      ///< line number of each row

  /// Column with this header, or nullopt.
  std::optional<size_t> find(const std::string& name) const;
  /// Column with this header; throws naming the columns that are there.
  size_t require(const std::string& name) const;
  /// The field as a whole number within int32; throws naming file, line and column.
  int integer(size_t row, size_t column) const;
};

/// Throws one sentence for an unreadable file, a missing header or a row with another number of fields.
CsvTable read_csv(const std::filesystem::path& path, char separator);

}  // namespace fixynn
