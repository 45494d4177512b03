// SPDX-License-Identifier: Apache-2.0
#include "dataset/csv.h"

#include <algorithm>
#include <charconv>

#include "core/error.h"
#include "core/files.h"

namespace fixynn {
namespace {

std::vector<std::string> split_line(const std::string& line, char separator) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quoted && c == '"' && i + 1 < line.size() && line[i + 1] == '"') {
      fields.back() += '"';
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == separator && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  return fields;
}

}  // namespace

std::optional<size_t> CsvTable::find(const std::string& name) const {
  const auto place = std::find(header.begin(), header.end(), name);
  if (place == header.end()) return std::nullopt;
  return static_cast<size_t>(place - header.begin());
}

size_t CsvTable::require(const std::string& name) const {
  if (const auto column = find(name)) return *column;
  std::string present;
  for (const std::string& column : header) present += (present.empty() ? "" : ", ") + column;
  fail("{}: has no column '{}' (its columns are {})", file, name, present);
}

int CsvTable::integer(size_t row, size_t column) const {
  const std::string& field = rows[row][column];
  int value = 0;
  const auto [end, problem] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (problem != std::errc() || end != field.data() + field.size()) {
    fail("{}:{}: {} is '{}', a whole number was expected", file, lines[row], header[column], field);
  }
  return value;
}

CsvTable read_csv(const std::filesystem::path& path, char separator) {
  const std::string text = read_text_file(path);
  CsvTable table;
  table.file = path.string();
  int line_number = 0;
  for (size_t at = text.starts_with("\xEF\xBB\xBF") ? 3 : 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    at = end + 1;
    ++line_number;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty()) continue;
    std::vector<std::string> fields = split_line(line, separator);
    if (table.header.empty()) {
      table.header = std::move(fields);
      continue;
    }
    if (fields.size() != table.header.size()) {
      fail("{}:{}: has {} fields, the header has {}; the file is damaged or truncated", table.file,
           line_number, fields.size(), table.header.size());
    }
    table.rows.push_back(std::move(fields));
    table.lines.push_back(line_number);
  }
  if (table.header.empty()) fail("{}: is empty, a header line and rows were expected", table.file);
  return table;
}

}  // namespace fixynn
