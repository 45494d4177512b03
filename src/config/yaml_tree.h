// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fixynn {

/// Where a value was written, for messages: "configs/gtsr.yaml:12:5" or "--set train.epochs=3".
struct YamlOrigin {
  std::shared_ptr<const std::string> source;
  int line = 0, column = 0;  ///< from 1; line 0 = the source has no lines (a command-line override)
  std::string text() const;
};

/// A YAML document as written: no type is guessed yet, since YAML 1.1 would read `010` as 8 and `no` as
/// false.
struct YamlNode {
  enum class Kind { kNull, kScalar, kList, kMap };
  struct Key {
    std::string text;
    YamlOrigin origin;
  };

  Kind kind = Kind::kNull;
  std::string text;             ///< of a scalar
  bool quoted = false;          ///< a scalar in quotes is text, whatever it looks like
  std::vector<YamlNode> items;  ///< of a list, or the values of a map
  std::vector<Key> keys;        ///< of a map, without repeats; same length and order as items
  YamlOrigin origin;
};

constexpr size_t kMaxYamlBytes = size_t{1} << 20;
constexpr int kMaxYamlDepth = 32;

/// Parses one YAML document. Throws Error(kUsage), `source:line:column: sentence`, for anything but plain
/// nested maps, lists and scalars in UTF-8: syntax errors, more than one document, a duplicate key, anchors
/// and aliases, tags, nesting beyond kMaxYamlDepth, more than kMaxYamlBytes, control characters. An empty
/// document is a kNull node.
YamlNode parse_yaml(std::string_view text, const std::string& source);

/// A value given on the command line: as parse_yaml, with origins that name `source` without lines.
YamlNode parse_yaml_value(std::string_view text, const std::string& source);

/// Reads at most kMaxYamlBytes of `path` and parses them. `asked_by` names who asked for the file
/// ("a.yaml:1:9: parent: "), or is empty.
YamlNode read_yaml_file(const std::filesystem::path& path, const std::string& asked_by);

}  // namespace fixynn
