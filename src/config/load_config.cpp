// SPDX-License-Identifier: Apache-2.0
#include "config/load_config.h"

#include <algorithm>
#include <map>

#include "config/config_keys.h"
#include "config/yaml_tree.h"
#include "core/error.h"
#include "core/text.h"
#include "model/mobilenet.h"

namespace fixynn {
namespace {

constexpr int kMostParents = 8;

std::string last_part(const std::string& path) {
  return path.substr(path.rfind('.') + 1);
}

std::string join_path(const std::string& section, const std::string& key) {
  return section.empty() ? key : section + "." + key;
}

/// Applies trees to one RunConfig, later ones over earlier ones, and remembers where each key was set.
class ConfigLoader {
 public:
  ConfigLoader() : keys_(config_keys()), sections_(config_sections()) {}

  void load_file(const std::filesystem::path& path, const std::string& asked_by);
  void apply_override(const std::string& text);
  void check_consistency(const std::filesystem::path& path) const;
  const RunConfig& config() const { return config_; }

 private:
  const ConfigKey* find_key(const std::string& path) const;
  bool is_section(const std::string& path) const;
  void apply(const std::string& path, const YamlNode& node);
  void apply_section(const std::string& path, const YamlNode& node);
  [[noreturn]] void refuse_unknown(const std::string& section, const std::string& name,
                                   const YamlOrigin& origin) const;
  std::string nearest_key(const std::string& section, const std::string& name) const;
  /// Where the one of `paths` that was set last was set, else the main file.
  std::string origin_of(const std::vector<std::string>& paths, const std::filesystem::path& file) const;
  void check_bits(const std::filesystem::path& path) const;

  std::vector<ConfigKey> keys_;
  std::vector<ConfigSection> sections_;
  RunConfig config_;
  struct Setting {
    int number;  ///< order of setting
    std::string origin;
  };
  std::map<std::string, Setting> settings_;
  int settings_made_ = 0;
  std::vector<std::filesystem::path> open_files_;
};

const ConfigKey* ConfigLoader::find_key(const std::string& path) const {
  for (const ConfigKey& key : keys_) {
    if (key.path == path) return &key;
  }
  return nullptr;
}

bool ConfigLoader::is_section(const std::string& path) const {
  return std::any_of(sections_.begin(), sections_.end(),
                     [&](const auto& section) { return section.path == path; });
}

void ConfigLoader::load_file(const std::filesystem::path& path, const std::string& asked_by) {
  std::error_code error;
  std::filesystem::path identity = std::filesystem::weakly_canonical(path, error);
  if (error) identity = path;
  if (std::find(open_files_.begin(), open_files_.end(), identity) != open_files_.end()) {
    fail_usage("{}'{}' is this file itself or one of its children; a chain of parents must end", asked_by,
               printable(path.string(), 4096));
  }
  if (open_files_.size() > static_cast<size_t>(kMostParents)) {
    fail_usage("{}more than {} parents in a row; merge some of the files", asked_by, kMostParents);
  }
  const YamlNode tree = read_yaml_file(path, asked_by);
  if (tree.kind != YamlNode::Kind::kMap) {
    fail_usage("{}: expected keys with values, such as 'data:' with 'root: FOLDER' below it, got {}",
               tree.kind == YamlNode::Kind::kNull ? printable(path.string(), 4096) : tree.origin.text(),
               tree.kind == YamlNode::Kind::kNull   ? "an empty file"
               : tree.kind == YamlNode::Kind::kList ? "a list"
                                                    : fmt::format("'{}'", printable(tree.text)));
  }
  open_files_.push_back(identity);
  for (size_t i = 0; i < tree.keys.size(); ++i) {
    if (tree.keys[i].text != "parent") continue;
    const YamlNode& value = tree.items[i];
    const std::filesystem::path parent = std::get<std::string>(parse_value(*find_key("parent"), value));
    load_file(path.parent_path() / parent, value.origin.text() + ": parent: ");
  }
  open_files_.pop_back();
  apply_section("", tree);
}

void ConfigLoader::apply_override(const std::string& text) {
  const std::string source = "--set " + printable(text, 200);
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    fail_usage("{}: expected KEY=VALUE, for example train.epochs=3", source);
  }
  const std::string path = text.substr(0, equals);
  YamlNode value = parse_yaml_value(std::string_view(text).substr(equals + 1), source);
  if (path == "parent") fail_usage("{}: parent can only be set in a file", source);
  // YAML gives an absent value the place of the end of the text; all places of an override are the override.
  value.origin = {std::make_shared<const std::string>(source), 0, 0};
  if (find_key(path) == nullptr && !is_section(path)) {
    const size_t dot = path.rfind('.');
    const std::string section = dot == std::string::npos ? "" : path.substr(0, dot);
    refuse_unknown(section, last_part(path), value.origin);
  }
  apply(path, value);
}

void ConfigLoader::apply(const std::string& path, const YamlNode& node) {
  if (const ConfigKey* key = find_key(path)) {
    key->set(config_, parse_value(*key, node));
    settings_[path] = {settings_made_++, node.origin.text()};
  } else {
    apply_section(path, node);
  }
}

void ConfigLoader::apply_section(const std::string& path, const YamlNode& node) {
  if (node.kind != YamlNode::Kind::kMap) {
    const std::string got = node.kind == YamlNode::Kind::kNull
                                ? "nothing; remove the line if all defaults are meant"
                            : node.kind == YamlNode::Kind::kList ? "a list"
                                                                 : fmt::format("'{}'", printable(node.text));
    fail_usage("{}: {}: expected a section of keys with values, got {}", node.origin.text(), path, got);
  }
  for (size_t i = 0; i < node.keys.size(); ++i) {
    const std::string child = join_path(path, node.keys[i].text);
    if (find_key(child) == nullptr && !is_section(child)) {
      refuse_unknown(path, node.keys[i].text, node.keys[i].origin);
    }
    apply(child, node.items[i]);
  }
}

void ConfigLoader::refuse_unknown(const std::string& section, const std::string& name,
                                  const YamlOrigin& origin) const {
  const std::string path = printable(join_path(section, name));
  const std::string nearest = nearest_key(section, name);
  if (!nearest.empty()) fail_usage("{}: {}: unknown key; did you mean '{}'?", origin.text(), path, nearest);
  if (section == "ffe.layers" || (section.starts_with("ffe.layers.") && !is_section(section))) {
    fail_usage("{}: {}: unknown key; expected a layer's number in 0..{}", origin.text(), path,
               MobileNet::kLayers - 1);
  }
  const bool known = section.empty() || is_section(section);
  std::vector<std::string> siblings;
  const auto add = [&](const std::string& candidate) {
    const size_t dot = candidate.rfind('.');
    const std::string parent = dot == std::string::npos ? "" : candidate.substr(0, dot);
    if (parent == (known ? section : "")) siblings.push_back(last_part(candidate));
  };
  for (const ConfigKey& key : keys_) add(key.path);
  for (const ConfigSection& other : sections_) add(other.path);
  fail_usage("{}: {}: unknown key; expected one of {}{}", origin.text(), path, fmt::join(siblings, ", "),
             known && !section.empty() ? fmt::format(" in '{}'", section) : "");
}

/// By the spelling of the whole path, or of its last part when the key exists in another section.
std::string ConfigLoader::nearest_key(const std::string& section, const std::string& name) const {
  std::vector<std::string> near, all, elsewhere;
  const auto add = [&](const std::string& path) {
    if (path.starts_with("ffe.layers.")) return;
    const size_t dot = path.rfind('.');
    if ((dot == std::string::npos ? "" : path.substr(0, dot)) == section) near.push_back(last_part(path));
    if (last_part(path) == name) elsewhere.push_back(path);
    all.push_back(path);
  };
  for (const ConfigKey& key : keys_) add(key.path);
  for (const ConfigSection& other : sections_) add(other.path);
  if (section == "ffe.layers" || (section.starts_with("ffe.layers.") && !is_section(section))) return {};
  if (section.starts_with("ffe.layers.")) near = {"weight_bits", "activation_bits"};
  const std::string sibling = nearest_name(name, near);
  if (!sibling.empty()) return join_path(section, sibling);
  if (section.starts_with("ffe.layers.")) return {};
  if (!elsewhere.empty()) return elsewhere.front();
  const std::string path = nearest_name(join_path(section, name), all);
  if (!path.empty()) return path;
  std::vector<std::string> last_parts;
  for (const std::string& candidate : all) last_parts.push_back(last_part(candidate));
  const std::string last = nearest_name(name, last_parts);
  const auto found = std::find(last_parts.begin(), last_parts.end(), last);
  return last.empty() ? last : all[static_cast<size_t>(found - last_parts.begin())];
}

std::string ConfigLoader::origin_of(const std::vector<std::string>& paths,
                                    const std::filesystem::path& file) const {
  const Setting* last = nullptr;
  for (const std::string& path : paths) {
    const auto found = settings_.find(path);
    if (found != settings_.end() && (last == nullptr || found->second.number > last->number))
      last = &found->second;
  }
  return last != nullptr ? last->origin : printable(file.string(), 4096);
}

void ConfigLoader::check_bits(const std::filesystem::path& path) const {
  const FfeConfig& ffe = config_.ffe;
  const auto is_float = [](int bits) { return bits == kFloatBits; };
  if (is_float(ffe.weight_bits) != is_float(ffe.activation_bits)) {
    const std::string key = is_float(ffe.weight_bits) ? "ffe.activation_bits" : "ffe.weight_bits";
    fail_usage("{}: {}: expected float, because ffe.{} is float; the FFE is float as a whole or not at all",
               origin_of({"ffe.weight_bits", "ffe.activation_bits"}, path), key,
               is_float(ffe.weight_bits) ? "weight_bits" : "activation_bits");
  }
  for (const auto& [layer, bits] : ffe.layers) {
    for (const auto& [name, value] :
         {std::pair{"weight_bits", bits.weight_bits}, {"activation_bits", bits.activation_bits}}) {
      if (!value || is_float(*value) == is_float(ffe.weight_bits)) continue;
      const std::string key = fmt::format("ffe.layers.{}.{}", layer, name);
      fail_usage("{}: {}: expected {}, because ffe.{} is {}; the FFE is float as a whole or not at all",
                 origin_of({key}, path), key, is_float(*value) ? "a number of bits in 2..8" : "float", name,
                 is_float(*value) ? "not float" : "float");
    }
  }
  if (is_float(ffe.weight_bits) && !is_float(config_.back_end.bits)) {
    fail_usage(
        "{}: back_end.bits: expected float, because the FFE is float and integers cannot follow float layers",
        origin_of({"back_end.bits", "ffe.weight_bits"}, path));
  }
}

void ConfigLoader::check_consistency(const std::filesystem::path& path) const {
  if (config_.data.root.empty()) {
    fail_usage(
        "{}: data.root: expected the folder of the data set, got nothing; set it there or with --set "
        "data.root=FOLDER",
        printable(path.string(), 4096));
  }
  check_bits(path);
}

}  // namespace

LoadedConfig load_config(const std::filesystem::path& path, const std::vector<std::string>& overrides) {
  ConfigLoader loader;
  loader.load_file(path, "");
  for (const std::string& override_text : overrides) loader.apply_override(override_text);
  loader.check_consistency(path);
  return {loader.config(), to_yaml(loader.config())};
}

std::string to_yaml(const RunConfig& config) {
  std::string out = "# Every key with its value; docs/configuration.md describes them.\n";
  std::vector<std::string> open_sections;
  for (const ConfigKey& key : config_keys()) {
    const KeyValue value = key.get(config);
    if (std::holds_alternative<std::monostate>(value)) continue;
    size_t depth = 0;
    size_t start = 0;
    for (size_t dot = key.path.find('.'); dot != std::string::npos;
         dot = key.path.find('.', start), ++depth) {
      const std::string name = key.path.substr(start, dot - start);
      if (depth >= open_sections.size() || open_sections[depth] != name) {
        open_sections.resize(depth);
        open_sections.push_back(name);
        out += fmt::format("{}{}:\n", std::string(2 * depth, ' '), name);
      }
      start = dot + 1;
    }
    open_sections.resize(depth);
    out += fmt::format("{}{}: {}\n", std::string(2 * depth, ' '), key.path.substr(start),
                       format_value(key, value));
  }
  return out;
}

}  // namespace fixynn
