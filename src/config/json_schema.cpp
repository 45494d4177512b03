// SPDX-License-Identifier: Apache-2.0
// What can be said about a configuration without having one: its JSON Schema and its manual.
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "config/config_keys.h"
#include "config/load_config.h"

namespace fixynn {
namespace {

using Json = nlohmann::ordered_json;

/// Whole bounds as JSON integers, since "minimum": 2.0 reads badly in an editor.
Json json_number(double number) {
  if (std::floor(number) == number && std::abs(number) < 9.1e15) return static_cast<int64_t>(number);
  return number;
}

Json json_default(const ConfigKey& key, const KeyValue& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag;
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* integer = std::get_if<int64_t>(&value)) {
    return key.kind == KeyKind::kBits && *integer == kFloatBits ? Json("float") : Json(*integer);
  }
  if (const auto* text = std::get_if<std::string>(&value))
    return key.may_be_empty && text->empty() ? "none" : *text;
  if (const auto* list = std::get_if<std::vector<int64_t>>(&value)) return *list;
  return nullptr;
}

Json integer_type(const ConfigKey& key) {
  return {{"type", "integer"}, {"minimum", json_number(key.minimum)}, {"maximum", json_number(key.maximum)}};
}

Json type_of(const ConfigKey& key) {
  switch (key.kind) {
    case KeyKind::kText:
      return {{"type", "string"}};
    case KeyKind::kPath:
      if (key.may_be_empty) return {{"type", {"string", "null"}}};
      return {{"type", "string"}, {"minLength", 1}};
    case KeyKind::kName:
      if (key.may_be_empty)
        return {{"type", {"string", "null"}}, {"pattern", "^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$"}};
      return {{"type", "string"}, {"pattern", "^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$"}};
    case KeyKind::kBoolean:
      return {{"type", "boolean"}};
    case KeyKind::kInteger:
      return integer_type(key);
    case KeyKind::kNumber: {
      if (key.choices.empty()) {
        return {
            {"type", "number"}, {"minimum", json_number(key.minimum)}, {"maximum", json_number(key.maximum)}};
      }
      Json allowed = Json::array();
      for (const std::string& choice : key.choices) allowed.push_back(std::stod(choice));
      return {{"type", "number"}, {"enum", allowed}};
    }
    case KeyKind::kChoice:
      return {{"type", "string"}, {"enum", key.choices}};
    case KeyKind::kBits:
      return {{"oneOf", Json::array({integer_type(key), Json{{"const", "float"}}})}};
    case KeyKind::kIntegerList: {
      Json list = {{"type", "array"}, {"items", integer_type(key)}, {"minItems", 1}, {"uniqueItems", true}};
      return {{"oneOf", Json::array({list, integer_type(key)})}};
    }
  }
  return {};
}

Json section_object(const std::string& description) {
  return {{"type", "object"},
          {"description", description},
          {"additionalProperties", false},
          {"properties", Json::object()}};
}

/// The object of the section that holds `path`, made where it is not there yet.
Json& section_of(Json& root, const std::string& path) {
  const auto sections = config_sections();
  Json* object = &root;
  for (size_t dot = path.find('.'), start = 0; dot != std::string::npos;
       start = dot + 1, dot = path.find('.', start)) {
    Json& properties = (*object)["properties"];
    const std::string name = path.substr(start, dot - start);
    if (!properties.contains(name)) {
      std::string description;
      for (const ConfigSection& section : sections) {
        if (section.path == path.substr(0, dot)) description = section.description;
      }
      properties[name] = section_object(description);
    }
    object = &properties[name];
  }
  return *object;
}

/// "|" would end a table's cell.
std::string markdown_row(const std::string& path, const std::string& default_text, const ConfigKey& key,
                         const std::string& description) {
  std::string type = expected_phrase(key);
  if (key.kind == KeyKind::kName) type = "a name (letters, digits, `.`, `_`, `-`)";
  return fmt::format("| `{}` | {} | {} | {} |\n", path, type,
                     default_text.empty() ? "" : "`" + default_text + "`", description);
}

}  // namespace

std::string json_schema() {
  Json root;
  root["$schema"] = "https://json-schema.org/draft/2020-12/schema";
  root["title"] = "FixyNN workbench configuration";
  root.update(section_object("A training run: data, network, bits, recipe, and which layers are fixed."));
  const RunConfig defaults;
  for (const ConfigKey& key : config_keys()) {
    Json type = type_of(key);
    type["description"] = key.description;
    const KeyValue value = key.get(defaults);
    const bool must_be_set = key.kind == KeyKind::kPath && !key.may_be_empty;
    if (!std::holds_alternative<std::monostate>(value) && !must_be_set)
      type["default"] = json_default(key, value);
    const size_t dot = key.path.rfind('.');
    section_of(root, key.path)["properties"][dot == std::string::npos ? key.path : key.path.substr(dot + 1)] =
        type;
  }
  return root.dump(2) + "\n";
}

std::string key_reference_markdown() {
  std::string out = "| Key | Value | Default | Meaning |\n| --- | --- | --- | --- |\n";
  const RunConfig defaults;
  for (const ConfigKey& key : config_keys()) {
    if (!key.path.starts_with("ffe.layers.")) {
      const KeyValue value = key.get(defaults);
      const bool must_be_set = key.kind == KeyKind::kPath && !key.may_be_empty;
      out += markdown_row(key.path, must_be_set ? "" : format_value(key, value), key, key.description);
    } else if (key.path == "ffe.layers.0.weight_bits") {
      out += markdown_row("ffe.layers.N.weight_bits", "", key,
                          "Weight bits of layer N (0..13), instead of ffe.weight_bits.");
    } else if (key.path == "ffe.layers.0.activation_bits") {
      out += markdown_row("ffe.layers.N.activation_bits", "", key,
                          "Activation bits of layer N (0..13), instead of ffe.activation_bits.");
    }
  }
  return out;
}

}  // namespace fixynn
