// SPDX-License-Identifier: Apache-2.0
#include "gui/model/tables.h"

#include <fmt/format.h>

#include "config/yaml_tree.h"
#include "core/error.h"

namespace fixynn::gui {
namespace {

std::string joined_fields(const std::vector<std::string>& fields, char separator,
                          std::string (*escape)(const std::string&)) {
  std::string line;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) line += separator;
    line += escape(fields[i]);
  }
  return line + "\n";
}

std::string joined_table(const TextTable& table, char separator, std::string (*escape)(const std::string&)) {
  std::string text = joined_fields(table.headings, separator, escape);
  for (const std::vector<std::string>& row : table.rows) text += joined_fields(row, separator, escape);
  return text;
}

/// A tab or a line end within a field would be taken for a border.
std::string tsv_field(const std::string& field) {
  std::string text = field;
  for (char& c : text) {
    if (c == '\t' || c == '\n' || c == '\r') c = ' ';
  }
  return text;
}

/// As RFC 4180 has it.
std::string csv_field(const std::string& field) {
  if (field.find_first_of(",\"\n\r") == std::string::npos) return field;
  std::string text = "\"";
  for (const char c : field) {
    if (c == '"') text += '"';
    text += c;
  }
  return text + "\"";
}

template <typename Number>
std::string number(const std::optional<Number>& value) {
  return value ? fmt::format("{:.6g}", static_cast<double>(*value)) : "";
}

std::string count(const std::optional<int64_t>& value) {
  return value ? fmt::format("{}", *value) : "";
}

std::string scalar_text(const YamlNode& node) {
  if (node.kind != YamlNode::Kind::kList) return node.text;
  std::string text = "[";
  for (size_t i = 0; i < node.items.size(); ++i) text += (i == 0 ? "" : ", ") + scalar_text(node.items[i]);
  return text + "]";
}

void flatten(const YamlNode& node, const std::string& path,
             std::vector<std::pair<std::string, std::string>>& entries) {
  if (node.kind != YamlNode::Kind::kMap || node.items.empty()) {
    if (!path.empty()) entries.emplace_back(path, scalar_text(node));
    return;
  }
  for (size_t i = 0; i < node.items.size(); ++i)
    flatten(node.items[i], path.empty() ? node.keys[i].text : path + "." + node.keys[i].text, entries);
}

}  // namespace

std::string as_tsv(const TextTable& table) {
  return joined_table(table, '\t', tsv_field);
}

std::string as_csv(const TextTable& table) {
  return joined_table(table, ',', csv_field);
}

TextTable layer_table(const Session& session) {
  TextTable table;
  table.headings = {"Layer",      "Kind",          "Fixed",       "MACs",       "Weights",
                    "W bits",     "A bits",        "Zeros %",     "CSD digits", "Adders",
                    "Adder bits", "Register bits", "Memory bits", "Area mm²",   "Energy µJ"};
  for (const LayerRow& row : session.costs().layers) {
    table.rows.push_back({row.name, row.kind, row.fixed ? "yes" : "no", fmt::format("{}", row.macs),
                          fmt::format("{}", row.weights), fmt::format("{}", row.bits.weight_bits),
                          fmt::format("{}", row.bits.activation_bits), number(row.zeros_percent),
                          count(row.csd_digits), count(row.adders), count(row.adder_bits),
                          count(row.register_bits), count(row.memory_bits), number(row.area_mm2),
                          number(row.energy_uj)});
  }
  return table;
}

std::vector<std::pair<std::string, std::string>> flatten_yaml(const std::string& text) {
  std::vector<std::pair<std::string, std::string>> entries;
  try {
    flatten(parse_yaml(text, "config.yaml"), "", entries);
  } catch (const Error&) {
    entries.clear();
  }
  return entries;
}

}  // namespace fixynn::gui
