// SPDX-License-Identifier: Apache-2.0
#include "train/resume_check.h"

#include <algorithm>
#include <array>

#include "config/config_keys.h"
#include "config/load_config.h"
#include "core/error.h"
#include "core/files.h"

namespace fixynn {
namespace {

bool changes_results(const ConfigKey& key) {
  static constexpr std::array<const char*, 3> kFree = {"parent", "name", "train.checkpoint_seconds"};
  // What the engine made of these is compared by check_arithmetic: `auto` means another device elsewhere, and
  // on the CPU precision and convolutions change nothing.
  if (key.path.starts_with("engine.")) return false;
  for (const char* path : kFree) {
    if (key.path == path) return false;
  }
  return true;
}

std::string shown(const ConfigKey& key, const RunConfig& config) {
  const std::string text = format_value(key, key.get(config));
  return text.empty() ? "not set" : text;
}

bool is_own_folder(const std::string& name) {
  static constexpr std::array<const char*, 4> kFolders = {"checkpoints", "networks", "evaluations",
                                                          "control"};
  return std::find(kFolders.begin(), kFolders.end(), name) != kFolders.end();
}

bool has_bytes(const std::filesystem::path& path) {
  std::error_code code;
  const auto size = std::filesystem::file_size(path, code);
  return !code && size > 0;
}

bool holds_results(const std::filesystem::path& run_directory) {
  std::error_code code;
  if (has_bytes(run_directory / "metrics.jsonl") || has_bytes(run_directory / "points.jsonl")) return true;
  const std::filesystem::directory_iterator checkpoints(run_directory / "checkpoints", code);
  return !code && checkpoints != std::filesystem::directory_iterator();
}

}  // namespace

std::optional<ConfigDifference> first_difference(const RunConfig& recorded, const RunConfig& wanted) {
  for (const ConfigKey& key : config_keys()) {
    if (changes_results(key) && key.get(recorded) != key.get(wanted)) {
      return ConfigDifference{key.path, shown(key, recorded), shown(key, wanted)};
    }
  }
  return std::nullopt;
}

std::string run_fingerprint(const RunConfig& config, const std::string& data_fingerprint,
                            const EngineFacts& engine) {
  Sha256 hash;
  for (const ConfigKey& key : config_keys()) {
    if (changes_results(key))
      hash.update(fmt::format("{}={}\n", key.path, format_value(key, key.get(config))));
  }
  hash.update(data_fingerprint);
  // Nothing for the CPU engine: checkpoints from before there was another one stay good.
  if (engine.arithmetic() != EngineFacts{}.arithmetic()) hash.update(engine.arithmetic());
  return hash.finish();
}

void check_run_directory(const std::filesystem::path& run_directory, const RunConfig& config, bool resume) {
  std::error_code code;
  const std::string name = run_directory.string();
  if (!std::filesystem::exists(run_directory, code)) return;
  if (!std::filesystem::is_directory(run_directory, code)) {
    fail_usage("{}: is not a folder; choose another run directory with --run-dir", name);
  }
  const std::filesystem::directory_iterator entries(run_directory, code);
  if (code) fail("{}: the run directory cannot be read: {}", name, code.message());
  if (entries == std::filesystem::directory_iterator()) return;
  const std::filesystem::path config_path = run_directory / "config.yaml";
  if (!std::filesystem::exists(config_path, code)) {
    // A start that was killed before it wrote anything leaves only these.
    for (const auto& entry : std::filesystem::directory_iterator(run_directory)) {
      const std::string file = entry.path().filename().string();
      const bool own = file == "lock" || file == "log.txt" || file.starts_with("status.json") ||
                       file.starts_with("config.yaml.tmp") || is_own_folder(file);
      if (!own) fail_usage("{}: holds files and is not a run directory; choose another with --run-dir", name);
    }
    return;
  }
  if (!resume) {
    // A run leaves its lock from the start; a config.yaml without one is somebody's own.
    if (!holds_results(run_directory) && std::filesystem::exists(run_directory / "lock", code)) return;
    if (!holds_results(run_directory)) {
      fail_usage("{}: holds a config.yaml that is not of a run; choose another folder with --run-dir", name);
    }
    fail_usage("{}: already holds a run; continue it with --resume, or choose another folder with --run-dir",
               name);
  }
  const RunConfig recorded = load_config(config_path).config;
  if (const auto difference = first_difference(recorded, config)) {
    fail_usage(
        "{}: holds a run of another configuration: {} is {} there and {} here; set it back, or choose "
        "another folder "
        "with --run-dir",
        name, difference->key, difference->recorded, difference->wanted);
  }
}

void check_arithmetic(const std::filesystem::path& run_directory, const std::string& recorded,
                      const EngineFacts& engine) {
  const std::string before = recorded.empty() ? EngineFacts{}.arithmetic() : recorded;
  if (before == engine.arithmetic() || !holds_results(run_directory)) return;
  fail_usage(
      "{}: was trained with {} and would go on with {}, which gives other numbers; set engine.device, "
      "engine.precision and engine.convolutions back, or choose another folder with --run-dir",
      run_directory.string(), before, engine.arithmetic());
}

}  // namespace fixynn
