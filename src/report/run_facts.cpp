// SPDX-License-Identifier: Apache-2.0
#include "report/run_facts.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/files.h"

namespace fixynn {
namespace {

struct YamlLine {
  size_t indent = 0;  ///< of the key; that of the text after "- " for the first key of a list entry
  bool starts_entry = false;
  std::string key;  ///< empty for a plain list entry
  std::string value;
};

std::string unquoted(std::string_view value) {
  if (value.size() >= 2 && value.front() == '"') {
    const nlohmann::json parsed = nlohmann::json::parse(value, nullptr, false);
    if (parsed.is_string()) return parsed.get<std::string>();
  }
  if (value.size() >= 2 && value.front() == '\'' && value.back() == '\'')
    value = value.substr(1, value.size() - 2);
  return std::string(value);
}

YamlLine parse_line(std::string_view text) {
  YamlLine line;
  line.indent = std::min(text.find_first_not_of(' '), text.size());
  text.remove_prefix(line.indent);
  if (text.starts_with("- ")) {
    line.starts_entry = true;
    line.indent += 2;
    text.remove_prefix(2);
  }
  if (text.empty() || text.front() == '#') return line;
  const size_t colon = text.front() == '"' ? std::string_view::npos : text.find(':');
  if (colon == std::string_view::npos || (colon + 1 < text.size() && text[colon + 1] != ' ')) {
    line.value = unquoted(text);
    return line;
  }
  line.key = text.substr(0, colon);
  text.remove_prefix(std::min(colon + 2, text.size()));
  line.value = unquoted(text);
  return line;
}

std::vector<YamlLine> parse_lines(std::string_view text) {
  std::vector<YamlLine> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(parse_line(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string read_if_there(const std::filesystem::path& path) {
  try {
    return std::filesystem::exists(path) ? read_text_file(path) : "";
  } catch (const std::exception&) {
    return "";
  }
}

template <typename T>
void set_number(T& target, const std::string& text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size()) target = value;
}

void read_record(std::string_view text, RunFacts& facts) {
  std::string section, inner;
  for (const YamlLine& line : parse_lines(text)) {
    if (line.indent == 0 && !line.starts_entry) {
      if (!line.key.empty()) section = line.key;
      inner.clear();
      continue;
    }
    if (section == "data") {
      if (line.starts_entry) {
        if (inner == "skipped") facts.skipped.push_back(line.value);
      } else if (line.value.empty()) {
        inner = line.key;
      } else {
        facts.data.emplace_back(line.key, line.value);
      }
      continue;
    }
    if (section != "sessions" && section != "trainings") continue;
    std::vector<Facts>& entries = section == "sessions" ? facts.sessions : facts.trainings;
    if (line.starts_entry) entries.emplace_back();
    if (!entries.empty() && !line.key.empty()) entries.back().emplace_back(line.key, line.value);
  }
}

}  // namespace

std::string yaml_scalar(std::string_view text, const std::vector<std::string>& path) {
  size_t depth = 0;
  for (const YamlLine& line : parse_lines(text)) {
    if (line.key.empty() || line.starts_entry) continue;
    if (line.indent < 2 * depth) depth = line.indent / 2;
    if (line.indent != 2 * depth || line.key != path[depth]) continue;
    if (depth + 1 == path.size()) return line.value;
    ++depth;
  }
  return "";
}

std::string fact(const Facts& facts, std::string_view key) {
  for (const auto& [name, value] : facts) {
    if (name == key) return value;
  }
  return "";
}

RunFacts read_run_facts(const RunDirectory& directory) {
  RunFacts facts;
  facts.config_text = read_if_there(directory.file("config.yaml"));
  facts.name = yaml_scalar(facts.config_text, {"name"});
  set_number(facts.alpha, yaml_scalar(facts.config_text, {"model", "alpha"}));
  set_number(facts.input_size, yaml_scalar(facts.config_text, {"data", "size"}));
  read_record(read_if_there(directory.file("run.yaml")), facts);
  set_number(facts.skipped_images, fact(facts.data, "skipped_images"));
  return facts;
}

}  // namespace fixynn
