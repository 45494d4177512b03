// SPDX-License-Identifier: Apache-2.0
// Values of keys: from YAML with all checks, and back to YAML.
#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <optional>

#include "config/config_keys.h"
#include "core/error.h"
#include "core/text.h"

namespace fixynn {
namespace {

constexpr size_t kLongestName = 64;
constexpr size_t kLongestPath = 4096;
constexpr size_t kMostListItems = 1000;

std::string describe(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "nothing";
    case YamlNode::Kind::kList:
      return "a list";
    case YamlNode::Kind::kMap:
      return "a section";
    case YamlNode::Kind::kScalar:
      break;
  }
  return node.quoted ? fmt::format("the text \"{}\"", printable(node.text))
                     : fmt::format("'{}'", printable(node.text));
}

[[noreturn]] void refuse(const ConfigKey& key, const YamlNode& node, const std::string& hint = {}) {
  fail_usage("{}: {}: expected {}, got {}{}", node.origin.text(), key.path, expected_phrase(key),
             describe(node), hint);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// JSON's grammar: -? (0 | [1-9][0-9]*) and, unless `whole`, (. [0-9]+)? ([eE][+-]?[0-9]+)?
bool is_strict_number(std::string_view text, bool whole) {
  size_t i = !text.empty() && text[0] == '-' ? 1 : 0;
  const auto digits = [&] {
    const size_t start = i;
    while (i < text.size() && is_digit(text[i])) ++i;
    return i - start;
  };
  const size_t first = i;
  const size_t count = digits();
  if (count == 0 || (count > 1 && text[first] == '0')) return false;
  if (!whole && i < text.size() && text[i] == '.') {
    ++i;
    if (digits() == 0) return false;
  }
  if (!whole && i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    if (digits() == 0) return false;
  }
  return i == text.size();
}

std::string number_hint(const YamlNode& node) {
  if (node.kind != YamlNode::Kind::kScalar) return {};
  if (node.quoted) return is_strict_number(node.text, false) ? "; remove the quotes" : "";
  const std::string_view text = node.text;
  const size_t sign = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  if (text.size() > sign + 1 && text[sign] == '0' && is_digit(text[sign + 1])) {
    return "; leading zeros are not allowed, since some readers take them for octal";
  }
  return {};
}

bool in_range(const ConfigKey& key, double value) {
  return value >= key.minimum && value <= key.maximum;
}

/// None for what is no integer, or one out of the key's range.
std::optional<int64_t> read_integer(const ConfigKey& key, const YamlNode& node) {
  if (node.kind != YamlNode::Kind::kScalar || node.quoted || !is_strict_number(node.text, true)) return {};
  int64_t value = 0;
  const auto result = std::from_chars(node.text.data(), node.text.data() + node.text.size(), value);
  // Every range ends at or below 2^53, where doubles are exact.
  if (result.ec != std::errc() || !in_range(key, static_cast<double>(value))) return {};
  return value;
}

double parse_number(const ConfigKey& key, const YamlNode& node) {
  if (node.kind != YamlNode::Kind::kScalar || node.quoted || !is_strict_number(node.text, false)) {
    refuse(key, node, number_hint(node));
  }
  double value = 0;
  const auto result = std::from_chars(node.text.data(), node.text.data() + node.text.size(), value);
  if (result.ec != std::errc() || !in_range(key, value)) refuse(key, node);
  const auto equals = [value](const std::string& choice) {
    return std::strtod(choice.c_str(), nullptr) == value;
  };
  if (!key.choices.empty() && std::none_of(key.choices.begin(), key.choices.end(), equals)) refuse(key, node);
  return value == 0 ? 0 : value;  // -0.0 would be echoed as such
}

std::vector<int64_t> parse_integers(const ConfigKey& key, const YamlNode& node) {
  if (const auto single = read_integer(key, node)) return {*single};
  if (node.kind != YamlNode::Kind::kList) refuse(key, node, number_hint(node));
  if (node.items.empty()) {
    fail_usage("{}: {}: expected {}, got an empty list", node.origin.text(), key.path, expected_phrase(key));
  }
  if (node.items.size() > kMostListItems) {
    fail_usage("{}: {}: expected at most {} entries, got {}", node.origin.text(), key.path, kMostListItems,
               node.items.size());
  }
  std::vector<int64_t> values;
  for (const YamlNode& item : node.items) {
    const auto value = read_integer(key, item);
    if (!value) {
      fail_usage("{}: {}[{}]: expected an integer in {:.0f}..{:.0f}, got {}{}", item.origin.text(), key.path,
                 values.size(), key.minimum, key.maximum, describe(item), number_hint(item));
    }
    if (std::find(values.begin(), values.end(), *value) != values.end()) {
      fail_usage("{}: {}[{}]: expected a list without repeats, got {} twice", item.origin.text(), key.path,
                 values.size(), *value);
    }
    values.push_back(*value);
  }
  return values;
}

bool parse_boolean(const ConfigKey& key, const YamlNode& node) {
  if (node.kind == YamlNode::Kind::kScalar && !node.quoted) {
    if (node.text == "true") return true;
    if (node.text == "false") return false;
    std::string lower = node.text.substr(0, 8);
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (lower == "yes" || lower == "on" || lower == "1" || lower == "true") {
      refuse(key, node, "; did you mean 'true'?");
    }
    if (lower == "no" || lower == "off" || lower == "0" || lower == "false") {
      refuse(key, node, "; did you mean 'false'?");
    }
  }
  refuse(key, node);
}

std::string parse_choice(const ConfigKey& key, const YamlNode& node) {
  if (node.kind != YamlNode::Kind::kScalar) refuse(key, node);
  if (std::find(key.choices.begin(), key.choices.end(), node.text) != key.choices.end()) return node.text;
  const std::string nearest = nearest_name(node.text, key.choices);
  refuse(key, node, nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest));
}

int64_t parse_bits(const ConfigKey& key, const YamlNode& node) {
  if (node.kind == YamlNode::Kind::kScalar && node.text == "float") return kFloatBits;
  if (const auto bits = read_integer(key, node)) return *bits;
  const bool slip =
      node.kind == YamlNode::Kind::kScalar && edit_distance(node.text.substr(0, 16), "float") <= 2;
  refuse(key, node, slip ? "; did you mean 'float'?" : number_hint(node));
}

/// Whether another reader of YAML could take a plain scalar for a number, a boolean or nothing.
bool reads_as_other_type(const std::string& text) {
  static constexpr const char* kWords[] = {"true", "false", "yes", "no", "on", "off", "null", "~"};
  std::string lower = text.substr(0, 8);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (lower.size() == text.size() &&
      std::find(std::begin(kWords), std::end(kWords), lower) != std::end(kWords)) {
    return true;
  }
  char* end = nullptr;
  std::strtod(text.c_str(), &end);
  return !text.empty() && end == text.c_str() + text.size();
}

bool is_name(const std::string& text) {
  const auto allowed = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
  };
  return !text.empty() && text.size() <= kLongestName && text[0] != '.' && text[0] != '-' &&
         std::all_of(text.begin(), text.end(), allowed);
}

std::string parse_text(const ConfigKey& key, const YamlNode& node) {
  if (key.may_be_empty) {
    const bool none =
        node.kind == YamlNode::Kind::kScalar && (node.text.empty() || (!node.quoted && node.text == "none"));
    if (none || node.kind == YamlNode::Kind::kNull) return {};
  }
  if (node.kind != YamlNode::Kind::kScalar) refuse(key, node);
  if (!node.quoted && reads_as_other_type(node.text)) refuse(key, node, "; write it in quotes");
  if (key.kind == KeyKind::kName && !is_name(node.text)) refuse(key, node);
  if (node.text.empty() || node.text.size() > kLongestPath) refuse(key, node);
  // Control characters can come from escapes in double quotes.
  if (printable(node.text, 4 * kLongestPath) != node.text)
    refuse(key, node, "; control characters are not allowed");
  return node.text;
}

std::string quote_text(const std::string& text) {
  const auto plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '/' || c == '-';
  };
  if (text[0] != '-' && text != "none" && std::all_of(text.begin(), text.end(), plain) &&
      !reads_as_other_type(text)) {
    return text;
  }
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace

std::string expected_phrase(const ConfigKey& key) {
  switch (key.kind) {
    case KeyKind::kText:
      return "a text";
    case KeyKind::kPath:
      return key.may_be_empty ? "a path or none" : "a path";
    case KeyKind::kName:
      return fmt::format(
          "a name of at most {} letters, digits, '.', '_' and '-' that starts with a letter, digit or '_'",
          kLongestName);
    case KeyKind::kBoolean:
      return "true or false";
    case KeyKind::kInteger:
      return fmt::format("an integer in {:.0f}..{:.0f}", key.minimum, key.maximum);
    case KeyKind::kNumber:
      if (!key.choices.empty()) return fmt::format("one of {}", fmt::join(key.choices, ", "));
      return fmt::format("a number in {}..{}", key.minimum, key.maximum);
    case KeyKind::kChoice:
      return fmt::format("one of {}", fmt::join(key.choices, ", "));
    case KeyKind::kBits:
      return fmt::format("a number of bits in {:.0f}..{:.0f}, or float", key.minimum, key.maximum);
    case KeyKind::kIntegerList:
      return fmt::format("a list of integers in {:.0f}..{:.0f} without repeats", key.minimum, key.maximum);
  }
  return {};
}

KeyValue parse_value(const ConfigKey& key, const YamlNode& node) {
  switch (key.kind) {
    case KeyKind::kText:
    case KeyKind::kPath:
    case KeyKind::kName:
      return parse_text(key, node);
    case KeyKind::kBoolean:
      return parse_boolean(key, node);
    case KeyKind::kInteger:
      if (const auto value = read_integer(key, node)) return *value;
      refuse(key, node, number_hint(node));
    case KeyKind::kNumber:
      return parse_number(key, node);
    case KeyKind::kChoice:
      return parse_choice(key, node);
    case KeyKind::kBits:
      return parse_bits(key, node);
    case KeyKind::kIntegerList:
      return parse_integers(key, node);
  }
  return {};
}

std::string format_number(double number) {
  std::string text = fmt::format("{}", number);
  if (text.find('.') != std::string::npos) return text;
  const size_t exponent = text.find('e');
  return exponent == std::string::npos ? text + ".0" : text.insert(exponent, ".0");
}

std::string format_value(const ConfigKey& key, const KeyValue& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* number = std::get_if<double>(&value)) return format_number(*number);
  if (const auto* integer = std::get_if<int64_t>(&value)) {
    return key.kind == KeyKind::kBits && *integer == kFloatBits ? "float" : fmt::format("{}", *integer);
  }
  if (const auto* text = std::get_if<std::string>(&value)) {
    if (text->empty()) return key.may_be_empty ? "none" : "\"\"";
    return quote_text(*text);
  }
  if (const auto* list = std::get_if<std::vector<int64_t>>(&value))
    return fmt::format("[{}]", fmt::join(*list, ", "));
  return {};
}

}  // namespace fixynn
