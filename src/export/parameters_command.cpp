// SPDX-License-Identifier: Apache-2.0
#include "export/parameters_command.h"

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/files.h"
#include "core/text.h"
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

bool is_header(const ParametersCommand& command) {
  return command.out.extension() == ".h";
}

void check_name(const ParametersCommand& command) {
  if (command.name.empty()) return;
  if (!is_header(command)) {
    fail_usage(
        "--name {}: changes nothing in {}, only a C header has names; leave it out, or let FILE end in .h",
        printable(command.name), command.out.string());
  }
  if (!is_c_prefix(command.name)) {
    fail_usage("--name {}: names in C cannot begin so; give letters, digits and _, the first a letter",
               printable(command.name));
  }
}

void check_out(const ParametersCommand& command) {
  std::error_code error;
  if (!fs::exists(command.out, error)) return;
  if (!fs::is_regular_file(command.out, error)) {
    fail_usage("--out {}: is no file; give the name of one", command.out.string());
  }
  if (command.force || is_parameter_file(read_text_file(command.out))) return;
  fail_usage(
      "--out {}: is there and was not written by fixynn-rtl parameters; give another name, or --force to "
      "replace it",
      command.out.string());
}

}  // namespace

ParametersOutcome run_parameters_command(const ParametersCommand& command) {
  check_name(command);
  check_out(command);
  const Package hardware = read_package(command.package);
  const FfeNetwork loaded = load_ffe_network(command.network, hardware.fixed_layers, {});
  const std::string file_name = loaded.path.filename().string();
  const std::string prefix = command.name.empty() ? c_prefix(file_name) : command.name;
  const ParameterFiles files = parameter_files(hardware.map, loaded.network, {file_name, prefix});
  write_file_atomic(command.out, is_header(command) ? files.header.text : files.hex.text);
  return {loaded.path, files.digest, is_header(command) ? prefix : "", files.writes};
}

}  // namespace fixynn
