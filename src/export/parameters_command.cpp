// SPDX-License-Identifier: Apache-2.0
#include "export/parameters_command.h"

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/files.h"
#include "export/ffe_network.h"
#include "export/package_folder.h"

namespace fixynn {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

struct Package {
  ParameterMap map;
  int fixed_layers = 0;
};

Package read_package(const fs::path& folder) {
  const std::optional<Json> manifest = read_package_manifest(folder);
  if (!manifest)
    fail_usage("--for {}: is no package of fixynn-rtl; give the folder that --out named", folder.string());
  try {
    Package package;
    package.fixed_layers = manifest->at("options").at("fixed_layers");
    package.map.title = manifest->at("title");
    for (const Json& layer : manifest->at("layers")) {
      package.map.layers.push_back({layer.at("name"), layer.at("weights_to_here_sha256"), layer.at("shift"),
                                    layer.at("parameter_address"), layer.at("negated_channels")});
    }
    return package;
  } catch (const Json::exception& error) {
    fail("{}: its manifest.json is damaged or of an older fixynn-rtl ({}); write the package again",
         folder.string(), error.what());
  }
}

}  // namespace

size_t run_parameters_command(const fs::path& network, const fs::path& package, const fs::path& out) {
  const Package hardware = read_package(package);
  const FfeNetwork loaded = load_ffe_network(network, hardware.fixed_layers, {});
  const std::vector<RtlFile> files = parameter_files(hardware.map, loaded.network);
  write_file_atomic(out, files.at(out.extension() == ".h" ? 1 : 0).text);
  size_t channels = 0;
  for (const ParameterMap::Layer& layer : hardware.map.layers) channels += layer.negated.size();
  return 2 * channels;
}

}  // namespace fixynn
