// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "gui/model/session.h"

namespace fixynn::gui {

/// A table of texts: what the screen shows and what is copied.
struct TextTable {
  std::vector<std::string> headings;
  std::vector<std::vector<std::string>> rows;
};
/// Tab-separated, for spreadsheets.
std::string as_tsv(const TextTable& table);
std::string as_csv(const TextTable& table);

/// Numbers without thousands separators and units, for spreadsheets; empty where unknown.
TextTable layer_table(const Session& session);

/// Two to four designs side by side: a row a figure, with differences to the first.
struct CompareCell {
  std::string text;
  std::string delta;  ///< "-12 %", "+0.4 pp"; "" in the first column and where unknown
  int better = 0;     ///< 1 good, -1 bad, 0 neither
};
struct CompareTable {
  std::vector<std::string> columns;
  struct Row {
    std::string name;
    std::vector<CompareCell> cells;
  };
  std::vector<Row> rows;
  /// Configuration keys that differ, with their value in each column.
  struct Difference {
    std::string key;
    std::vector<std::string> values;
  };
  std::vector<Difference> configuration;
};
/// A column a pin, in their order; with one pin alone a second one, "design", for what is on the screen. A
/// stale accuracy says so and has no difference. No columns without pins.
CompareTable compare_table(const Session& session);
TextTable as_text(const CompareTable& table);

/// "key.path" -> value, lists as "[0, 4, 7]", in the text's order. Empty for what is not YAML.
std::vector<std::pair<std::string, std::string>> flatten_yaml(const std::string& text);

}  // namespace fixynn::gui
