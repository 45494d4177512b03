// SPDX-License-Identifier: Apache-2.0
#include "study/load_design.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <string_view>

#include "config/bits.h"
#include "config/load_config.h"
#include "core/error.h"
#include "core/text.h"
#include "integer/lower.h"
#include "integer/network_file.h"
#include "model/import.h"
#include "model/pretrained.h"
#include "model/safetensors.h"

namespace fixynn {
namespace {

namespace fs = std::filesystem;

constexpr int kUnknownClasses = 1000;  // ImageNet's, where a configuration's data set has its own number

[[noreturn]] void fail_bits(const std::string& text) {
  fail_usage(
      "bits \"{}\": give weight bits (8), weight/activation bits (8/6) or up to {} of either for single "
      "layers, "
      "separated by commas (8,8,6/8); each {}..{}",
      printable(text), MobileNet::kLayers, kMinBits, kMaxBits);
}

int parse_width(std::string_view text, const std::string& all) {
  int bits = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits);
  if (error != std::errc{} || end != text.data() + text.size() || bits < kMinBits || bits > kMaxBits) {
    fail_bits(all);
  }
  return bits;
}

ConvQuant parse_layer_bits(std::string_view text, const std::string& all) {
  const size_t slash = text.find('/');
  const int weight_bits = parse_width(text.substr(0, slash), all);
  return {weight_bits,
          slash == std::string_view::npos ? weight_bits : parse_width(text.substr(slash + 1), all)};
}

/// The trained bits, and behind the frozen layers those of the last frozen one, so that every N can be asked.
std::vector<ConvQuant> ffe_bits(const IntegerNetwork& network) {
  std::vector<ConvQuant> bits = network.quant;
  bits.resize(network.network.convs.size());
  const int frozen = MobileNet::convs_in_layers(network.fixed_layers);
  const ConvQuant rest = bits[static_cast<size_t>(std::max(0, frozen - 1))];
  for (size_t i = 0; i < bits.size(); ++i) {
    if (static_cast<int>(i) >= frozen) bits[i] = rest;
    if (!bits[i].quantised()) bits[i] = {kMaxBits, kMaxBits};
  }
  return bits;
}

MobileNet resized(const MobileNet& network, const std::optional<int>& input_size) {
  return input_size ? make_mobilenet(network.alpha, *input_size, network.classes) : network;
}

LoadedDesign load_network(const DesignRequest& request, const fs::path& path, LoadedDesign::Kind kind) {
  IntegerNetwork network = read_network(path);
  LoadedDesign loaded;
  loaded.kind = kind;
  loaded.sparsity = request.sparsity.value_or(0.0);
  const bool unchanged = !request.bits && !request.sparsity && !request.input_size;
  const std::vector<ConvQuant> bits =
      request.bits ? parse_bits(*request.bits, network.network) : ffe_bits(network);
  loaded.design = design_from_network(network, bits, loaded.sparsity, path.string());
  loaded.design.network = resized(network.network, request.input_size);
  loaded.parameters = network.parameters;
  loaded.frozen_layers = network.fixed_layers;
  if (unchanged) loaded.integer_network = std::move(network);
  return loaded;
}

LoadedDesign load_model(const DesignRequest& request) {
  Import import = import_weights(request.path);
  LoadedDesign loaded;
  loaded.kind = LoadedDesign::Kind::kModel;
  loaded.sparsity = request.sparsity.value_or(0.0);
  const MobileNet network = resized(import.model.network, request.input_size);
  loaded.design = design_from_parameters(network, import.model.parameters,
                                         parse_bits(request.bits.value_or(std::to_string(kMaxBits)), network),
                                         loaded.sparsity, request.path.string());
  loaded.parameters = std::move(import.model.parameters);
  return loaded;
}

int classes_of(DatasetKind kind) {
  switch (kind) {
    case DatasetKind::kGtsrb:
      return 43;
    case DatasetKind::kCifar10:
      return 10;
    case DatasetKind::kCifar100:
      return 100;
    case DatasetKind::kFolder:
    case DatasetKind::kList:
      break;
  }
  return kUnknownClasses;
}

std::vector<ConvQuant> config_bits(const RunConfig& config, const MobileNet& network) {
  std::vector<ConvQuant> bits = conv_quant(config, network, MobileNet::kLayers);
  for (ConvQuant& conv : bits) {
    if (!conv.quantised()) conv = {kMaxBits, kMaxBits};
  }
  return bits;
}

LoadedDesign load_from_config(const DesignRequest& request) {
  const RunConfig config = load_config(request.path).config;
  const MobileNet network = make_mobilenet(config.model.alpha, request.input_size.value_or(config.data.size),
                                           classes_of(config.data.kind));
  const std::vector<ConvQuant> bits =
      request.bits ? parse_bits(*request.bits, network) : config_bits(config, network);
  LoadedDesign loaded;
  loaded.kind = LoadedDesign::Kind::kConfig;
  const std::string& weights = config.model.pretrained;
  std::error_code ignored;
  if (!weights.empty() && fs::exists(weights, ignored)) {
    loaded.sparsity = request.sparsity.value_or(0.0);
    loaded.parameters = load_pretrained(weights, network, 1).parameters;
    loaded.design =
        design_from_parameters(network, *loaded.parameters, bits, loaded.sparsity,
                               fmt::format("{} with the weights {}", request.path.string(), weights));
    return loaded;
  }
  loaded.sparsity = request.sparsity.value_or(kAssumedSparsity);
  loaded.design = assumed_design(network, bits, loaded.sparsity);
  loaded.design.source = fmt::format(
      "{} with assumed weights, {:.0f} % zeros ({})", request.path.string(), 100 * loaded.sparsity,
      weights.empty() ? "it names no pretrained weights" : "there is no file " + printable(weights));
  return loaded;
}

/// Number of fixed layers in "fixed_07.safetensors" or "fixed_07_seed_2.safetensors"; -1 for other names.
int fixed_layers_of_name(const std::string& name) {
  constexpr std::string_view kPrefix = "fixed_";
  if (!name.starts_with(kPrefix) || !name.ends_with(".safetensors")) return -1;
  int layers = -1;
  std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), layers);
  return layers;
}

LoadedDesign load_run(const DesignRequest& request) {
  std::error_code error;
  int most = -1;
  std::string best;
  std::set<int> trained;
  for (const auto& entry : fs::directory_iterator(request.path / "networks", error)) {
    const std::string name = entry.path().filename().string();
    const int layers = fixed_layers_of_name(name);
    if (layers >= 0) trained.insert(layers);
    // '.' sorts before '_': the first seed's network wins among equals.
    if (layers > most || (layers == most && layers >= 0 && name < best)) most = layers, best = name;
  }
  if (most < 0) {
    fail(
        "{}: this folder is no run with a finished network (networks/fixed_NN.safetensors); give a network, "
        "a "
        "float model, a .yaml or the folder of a run that finished a training",
        request.path.string());
  }
  LoadedDesign loaded = load_network(request, request.path / "networks" / best, LoadedDesign::Kind::kRun);
  loaded.trained_layers.assign(trained.begin(), trained.end());
  return loaded;
}

bool is_network_file(const fs::path& path) {
  if (path.extension() != ".safetensors") return false;
  const TensorFile file = read_safetensors(path);
  const auto format = file.metadata.find("format");
  return format != file.metadata.end() && format->second == "fixynn-network";
}

}  // namespace

std::vector<ConvQuant> parse_bits(const std::string& text, const MobileNet& network) {
  std::vector<ConvQuant> layers;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t comma = std::min(text.find(',', begin), text.size());
    layers.push_back(parse_layer_bits(std::string_view(text).substr(begin, comma - begin), text));
    begin = comma + 1;
  }
  if (layers.size() > static_cast<size_t>(MobileNet::kLayers)) fail_bits(text);
  std::vector<ConvQuant> bits;
  for (const Conv& conv : network.convs) {
    bits.push_back(layers[std::min(static_cast<size_t>(conv.layer), layers.size() - 1)]);
  }
  return bits;
}

ActivityNetwork activity_network(const LoadedDesign& loaded, int layers) {
  const HardwareDesign& design = loaded.design;
  const size_t convs = static_cast<size_t>(MobileNet::convs_in_layers(layers));
  if (loaded.integer_network && loaded.integer_network->convs.size() >= convs) {
    const std::vector<IntegerConv>& trained = loaded.integer_network->convs;
    bool same = true;
    for (size_t i = 0; i < convs; ++i) same = same && trained[i].quant == design.quant[i];
    if (same) return {*loaded.integer_network, true};
  }
  if (!loaded.parameters) {
    fail_usage("{}: codes of images need trained weights; give a network, a run or a float model",
               design.source);
  }
  return {lower_network(design.network, MobileNet::kLayers, design.quant, kFloatBits, *loaded.parameters,
                        design.weights),
          false};
}

LoadedDesign load_design(const DesignRequest& request) {
  if (request.sparsity && !(*request.sparsity >= 0.0 && *request.sparsity <= 1.0)) {
    fail_usage("the sparsity {} is not a share of the weights; give a number in 0..1", *request.sparsity);
  }
  std::error_code ignored;
  if (fs::is_directory(request.path, ignored)) return load_run(request);
  const std::string extension = request.path.extension().string();
  if (extension == ".yaml" || extension == ".yml") return load_from_config(request);
  // Import also takes a TensorFlow checkpoint's prefix, which is not the name of a file.
  if (is_network_file(request.path)) return load_network(request, request.path, LoadedDesign::Kind::kNetwork);
  return load_model(request);
}

}  // namespace fixynn
