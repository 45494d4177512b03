// SPDX-License-Identifier: Apache-2.0
#include "export/package_folder.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "core/error.h"
#include "core/files.h"

namespace fixynn {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr const char* kManifest = "manifest.json";

/// Paths below the folder that the manifest lists; none that leads elsewhere.
std::vector<fs::path> listed_files(const Json& manifest) {
  std::vector<fs::path> paths;
  if (!manifest.contains("files") || !manifest["files"].is_array()) return paths;
  for (const Json& file : manifest["files"]) {
    if (!file.is_object() || !file.contains("path") || !file["path"].is_string()) continue;
    const fs::path path = fs::path(file["path"].get<std::string>()).lexically_normal();
    const bool outside = path.is_absolute() || path.empty() || *path.begin() == "..";
    if (!outside) paths.push_back(path);
  }
  return paths;
}

}  // namespace

std::optional<Json> read_package_manifest(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_regular_file(folder / kManifest, error)) return {};
  const Json json = Json::parse(read_text_file(folder / kManifest), nullptr, false);
  if (!json.is_object() || !json.contains("generator") || !json["generator"].is_object()) return {};
  if (json["generator"].value("program", "") != "fixynn-rtl") return {};
  return json;
}

void check_package_folder(const fs::path& folder, bool force) {
  std::error_code error;
  if (!fs::exists(folder, error)) return;
  if (!fs::is_directory(folder, error)) {
    fail_usage("--out {}: is no folder; give one that is empty or not there yet", folder.string());
  }
  const bool empty = fs::directory_iterator(folder, error) == fs::directory_iterator();
  if (error) fail("{}: cannot be read ({})", folder.string(), error.message());
  if (empty || force || read_package_manifest(folder)) return;
  fail_usage(
      "--out {}: holds other files than a package of fixynn-rtl; give a folder that is empty or not there "
      "yet, "
      "or --force to write beside them",
      folder.string());
}

void write_package(const fs::path& folder, const std::vector<RtlFile>& files) {
  std::set<fs::path> written;
  for (const RtlFile& file : files) written.insert(file.path);
  create_folders(folder);
  std::vector<fs::path> stale;
  if (const std::optional<Json> manifest = read_package_manifest(folder)) stale = listed_files(*manifest);
  const auto manifest =
      std::find_if(files.begin(), files.end(), [](const RtlFile& file) { return file.path == kManifest; });
  if (manifest == files.end()) throw std::logic_error("a package without manifest");
  write_file_atomic(folder / kManifest, manifest->text);
  for (const fs::path& path : stale) {
    std::error_code ignored;
    if (written.count(path) == 0) fs::remove(folder / path, ignored);
  }
  for (const RtlFile& file : files) {
    if (&file == &*manifest) continue;
    create_folders((folder / file.path).parent_path());
    write_file_atomic(folder / file.path, file.text, false);
  }
}

}  // namespace fixynn
