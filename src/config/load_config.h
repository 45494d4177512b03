// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "config/run_config.h"

namespace fixynn {

struct LoadedConfig {
  RunConfig config;
  std::string resolved_yaml;  ///< to_yaml(config)
};

/// Reads a configuration file, the files it names as `parent:` (relative to the file that names them; a
/// child's key replaces its parent's, lists as a whole), then the overrides "key.path=value" in their order,
/// the value being YAML. Throws Error(kUsage) with one sentence that begins with "file:line:col: key.path: "
/// or "--set key.path=value: " for an unknown, duplicate, mistyped or out-of-range key, text that is not
/// YAML, a cycle of parents or more than 8 of them, and values that contradict each other. Files that the
/// values name (data.root, model.pretrained) are not looked at; relative ones are meant from the working
/// directory, whatever file they stand in.
LoadedConfig load_config(const std::filesystem::path& path, const std::vector<std::string>& overrides = {});

/// Every key with its value, in the order of the manual; load_config reads it back to an equal configuration.
std::string to_yaml(const RunConfig& config);

/// JSON Schema (draft 2020-12) of a configuration file: types, ranges, choices, defaults and descriptions.
std::string json_schema();

/// The table of all keys for docs/configuration.md, in Markdown.
std::string key_reference_markdown();

}  // namespace fixynn
