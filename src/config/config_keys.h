// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "config/run_config.h"
#include "config/yaml_tree.h"

namespace fixynn {

/// What a key holds in YAML.
enum class KeyKind {
  kText,         ///< std::string
  kPath,         ///< std::string
  kName,         ///< std::string usable as a file name
  kBoolean,      ///< bool
  kInteger,      ///< int64_t
  kNumber,       ///< double
  kChoice,       ///< std::string, one of `choices`
  kBits,         ///< int64_t: kMinBits..kMaxBits, or the word float (kFloatBits)
  kIntegerList,  ///< std::vector<int64_t>, not empty, no repeats; a single integer is a list of one
};

/// std::monostate: not set (an optional key).
using KeyValue = std::variant<std::monostate, bool, int64_t, double, std::string, std::vector<int64_t>>;

/// The one definition of a configuration key: parsing, checking, the echo, the JSON Schema and the manual all
/// read it.
struct ConfigKey {
  std::string path;  ///< "train.epochs"
  KeyKind kind = KeyKind::kText;
  std::string description;
  double minimum = 0, maximum = 0;   ///< kInteger, kNumber and the entries of kIntegerList, both inclusive
  std::vector<std::string> choices;  ///< kChoice; of a kNumber, the only values allowed, if any
  bool may_be_empty = false;         ///< kPath: null, "" and the word none mean "none"
  std::function<KeyValue(const RunConfig&)> get;
  std::function<void(RunConfig&, const KeyValue&)> set;
};

/// A group of keys: "train" and what it is about.
struct ConfigSection {
  std::string path;
  std::string description;
};

/// All keys, in the order of the echo: a section's keys are adjacent. `ffe.layers.0.weight_bits` to
/// `ffe.layers.13.activation_bits` are keys like any other, not set by default. `parent` is in the table but
/// not in RunConfig: its get() is always monostate.
std::vector<ConfigKey> config_keys();
std::vector<ConfigSection> config_sections();

/// Reads a node as the key's type and checks its range. Throws Error(kUsage):
/// "file:line:col: train.epochs: expected an integer in 1..10000, got 'x'".
KeyValue parse_value(const ConfigKey& key, const YamlNode& node);

/// "an integer in 1..10000"
std::string expected_phrase(const ConfigKey& key);

/// As YAML, so that parse_value gives back the same value; empty for monostate.
std::string format_value(const ConfigKey& key, const KeyValue& value);

/// A double so that it reads back exactly and every YAML reader takes it for a number: "1.0", "4.0e-05".
std::string format_number(double number);

}  // namespace fixynn
