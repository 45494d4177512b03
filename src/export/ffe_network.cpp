// SPDX-License-Identifier: Apache-2.0
#include "export/ffe_network.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "core/error.h"
#include "core/text.h"
#include "integer/network_file.h"
#include "model/safetensors.h"

namespace fixynn {
namespace {

namespace fs = std::filesystem;

/// Number of fixed layers in "fixed_07.safetensors" or "fixed_07_seed_2.safetensors"; -1 for other names.
int fixed_layers_of_name(const std::string& name) {
  constexpr std::string_view kPrefix = "fixed_";
  if (!name.starts_with(kPrefix) || !name.ends_with(".safetensors")) return -1;
  int layers = -1;
  std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), layers);
  return layers;
}

/// The network of a run that fits best: as many fixed layers, or the fewest more; the first seed's.
fs::path network_of_run(const fs::path& run, int fixed_layers) {
  std::error_code error;
  int best_layers = -1, most = -1;
  std::string best;
  for (const auto& entry : fs::directory_iterator(run / "networks", error)) {
    const std::string name = entry.path().filename().string();
    const int layers = fixed_layers_of_name(name);
    most = std::max(most, layers);
    if (layers < fixed_layers) continue;
    if (best_layers < 0 || layers < best_layers || (layers == best_layers && name < best)) {
      best_layers = layers;
      best = name;
    }
  }
  if (most < 0) {
    fail_usage(
        "{}: this folder is no run with a finished network (networks/fixed_NN.safetensors); give a network "
        "or "
        "the folder of a run that finished a training",
        run.string());
  }
  if (best_layers < 0) {
    fail_usage("{}: its networks have {} fixed layers at most where {} are to be built; train one with more",
               run.string(), most, fixed_layers);
  }
  return run / "networks" / best;
}

void check_is_network(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) {
    fail_usage("{}: there is no such network; give a networks/fixed_NN.safetensors of a run, or a run",
               path.string());
  }
  if (path.extension() != ".safetensors") {
    fail_usage(
        "{}: is no network of fixynn-train (.safetensors); give a networks/fixed_NN.safetensors of a run",
        path.string());
  }
  const TensorFile file = read_safetensors(path);
  const auto format = file.metadata.find("format");
  if (format != file.metadata.end() && format->second == "fixynn-model") {
    fail_usage(
        "{}: is a float model without quantisation, which cannot be built; give a network that fixynn-train "
        "made of it",
        path.string());
  }
}

/// How many leading layers have frozen weights in integers.
int buildable_layers(const IntegerNetwork& network) {
  int layers = network.fixed_layers;
  while (layers > 0 && network.convs.size() < static_cast<size_t>(MobileNet::convs_in_layers(layers)))
    --layers;
  return layers;
}

void check_layers(const IntegerNetwork& network, const std::string& path, int fixed_layers) {
  const int most = buildable_layers(network);
  if (fixed_layers <= most) return;
  if (network.fixed_layers == 0) {
    fail_usage("{}: has no fixed layers, so nothing can be built; train a network with fixed layers", path);
  }
  if (most == 0) {
    fail_usage("{}: its layers are in float, which cannot be built; train a network with 2..8 bits", path);
  }
  if (most < network.fixed_layers) {
    fail_usage(
        "{}: layer {} is in float, so {} of its {} fixed layers can be built; give --fixed-layers 1..{}",
        path, most + 1, most, network.fixed_layers, most);
  }
  fail_usage("{}: has {} where {} are to be built; give --fixed-layers 1..{}, or train a network with more",
             path, format_plural(most, "fixed layer"), fixed_layers, most);
}

void resize(IntegerNetwork& network, int size, const std::string& path) {
  constexpr int kSmallest = 32, kLargest = 1024;
  if (size < kSmallest || size > kLargest) {
    fail_usage("{}: an input of {} pixels is too {} for its strides; give --size {}..{}", path, size,
               size < kSmallest ? "small" : "large", kSmallest, kLargest);
  }
  network.network = make_mobilenet(network.network.alpha, size, network.network.classes);
  for (size_t i = 0; i < network.convs.size(); ++i) network.convs[i].conv = network.network.convs[i];
}

}  // namespace

FfeNetwork load_ffe_network(const fs::path& path, int fixed_layers, std::optional<int> size) {
  if (fixed_layers < 1 || fixed_layers > MobileNet::kLayers) {
    fail_usage("--fixed-layers {}: a feature extractor has 1..{} layers", fixed_layers, MobileNet::kLayers);
  }
  FfeNetwork loaded;
  std::error_code ignored;
  loaded.path = fs::is_directory(path, ignored) ? network_of_run(path, fixed_layers) : path;
  check_is_network(loaded.path);
  loaded.network = read_network(loaded.path);
  check_layers(loaded.network, loaded.path.string(), fixed_layers);
  if (size) resize(loaded.network, *size, loaded.path.string());
  loaded.design.network = loaded.network.network;
  loaded.design.quant = loaded.network.quant;
  for (const IntegerConv& conv : loaded.network.convs) loaded.design.weights.push_back(conv.weights);
  loaded.design.source = loaded.path.string();
  return loaded;
}

}  // namespace fixynn
