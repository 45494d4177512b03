// SPDX-License-Identifier: Apache-2.0
#include "integer/network_file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>

#include "core/error.h"
#include "core/files.h"
#include "integer/check_network.h"
#include "integer/lower.h"
#include "model/content_hash.h"
#include "model/safetensors.h"

namespace fixynn {
namespace {

using nlohmann::ordered_json;

constexpr const char* kFormat = "fixynn-network";
constexpr const char* kVersion = "1";
constexpr std::array<const char*, 10> kOwnKeys = {
    "format",           "format_version", "alpha",
    "input_size",       "classes",        "fixed_layers",
    "head_weight_bits", "convs",          "frozen_weights_sha256",
    kContentKey};

bool is_own_key(const std::string& key) {
  return std::find(kOwnKeys.begin(), kOwnKeys.end(), key) != kOwnKeys.end();
}

const char* kind_name(ConvKind kind) {
  return kind == ConvKind::kConv1 ? "conv1" : kind == ConvKind::kDepthwise ? "depthwise" : "pointwise";
}

/// One element of the "convs" description. The reader builds it again from what it understood and compares.
ordered_json describe_conv(const IntegerNetwork& network, size_t index) {
  const Conv& conv = network.network.convs[index];
  const bool integer = index < network.convs.size();
  ordered_json object = {{"name", conv.name},
                         {"kind", kind_name(conv.kind)},
                         {"layer", conv.layer},
                         {"in_channels", conv.in_channels},
                         {"out_channels", conv.out_channels},
                         {"stride", conv.stride},
                         {"in_size", conv.in_size},
                         {"out_size", conv.out_size},
                         {"pad_before", conv.pad_before},
                         {"frozen", index < network.frozen.size()},
                         {"form", integer ? "integer" : "float"},
                         {"weight_bits", network.quant[index].weight_bits},
                         {"activation_bits", network.quant[index].activation_bits}};
  if (integer) {
    const IntegerConv& lowered = network.convs[index];
    object["shift"] = lowered.shift;
    object["accumulator_min"] = lowered.accumulator_min;
    object["accumulator_max"] = lowered.accumulator_max;
    object["input_scale"] =
        index == 0 ? kInputScale : activation_scale(network.quant[index - 1].activation_bits);
    object["output_scale"] = activation_scale(network.quant[index].activation_bits);
  }
  return object;
}

std::vector<int64_t> weight_shape(const Conv& conv) {
  if (conv.kind == ConvKind::kConv1) return {3, 3, conv.in_channels, conv.out_channels};
  if (conv.kind == ConvKind::kDepthwise) return {3, 3, conv.out_channels};
  return {conv.in_channels, conv.out_channels};
}

template <typename T>
void put(TensorFile& file, const std::string& name, const std::vector<T>& values,
         std::vector<int64_t> shape) {
  file.tensors[name] = make_tensor<T>(std::span<const T>(values), std::move(shape));
}

void put_convs(const IntegerNetwork& network, TensorFile& file) {
  for (size_t i = 0; i < network.network.convs.size(); ++i) {
    const Conv& conv = network.network.convs[i];
    const bool integer = i < network.convs.size();
    const bool frozen_codes = i < network.frozen.size() && network.quant[i].quantised();
    if (!integer && !frozen_codes) continue;
    const QuantisedWeights& weights = integer ? network.convs[i].weights : network.frozen[i];
    const std::vector<int64_t> per_channel{conv.out_channels};
    put(file, conv.name + ".weight_codes", weights.codes, weight_shape(conv));
    put(file, conv.name + ".weight_scales", weights.scales, per_channel);
    if (!integer) continue;
    std::vector<int16_t> multipliers;
    std::vector<int32_t> biases;
    for (const Requantizer& r : network.convs[i].requantizers) {
      multipliers.push_back(r.multiplier);
      biases.push_back(r.bias);
    }
    put(file, conv.name + ".multiplier", multipliers, per_channel);
    put(file, conv.name + ".bias", biases, per_channel);
  }
}

void put_head(const IntegerNetwork& network, TensorFile& file) {
  const IntegerHead& head = network.head;
  put(file, "head.weight_codes", head.weights.codes,
      {network.network.feature_channels(), network.network.classes});
  put(file, "head.weight_scale", std::vector<float>{head.weights.scales[0]}, {1});
  put(file, "head.bias", head.bias, {network.network.classes});
  put(file, "head.logit_scale", std::vector<double>{head.logit_scale}, {1});
}

void put_metadata(const IntegerNetwork& network, TensorFile& file, const std::string& what) {
  for (const auto& [key, value] : network.metadata) {
    if (is_own_key(key))
      fail("{}: the metadata key '{}' belongs to the format; choose another name", what, key);
  }
  file.metadata = network.metadata;
  file.metadata["format"] = std::string(kFormat);
  file.metadata["format_version"] = std::string(kVersion);
  file.metadata["alpha"] = fmt::format("{}", network.network.alpha);
  file.metadata["input_size"] = fmt::format("{}", network.network.input_size);
  file.metadata["classes"] = fmt::format("{}", network.network.classes);
  file.metadata["fixed_layers"] = fmt::format("{}", network.fixed_layers);
  file.metadata["head_weight_bits"] = fmt::format("{}", network.head_weight_bits);
  file.metadata["frozen_weights_sha256"] = network.frozen_weights_sha256;
  ordered_json convs = ordered_json::array();
  for (size_t i = 0; i < network.network.convs.size(); ++i) convs.push_back(describe_conv(network, i));
  file.metadata["convs"] = convs.dump();
  file.metadata[kContentKey] = content_sha256(file);
}

// Reading.

const std::string& own_value(const TensorFile& file, const char* key, const std::string& what) {
  const auto found = file.metadata.find(key);
  if (found == file.metadata.end()) {
    fail("{}: the metadata key '{}' is missing; this is not a complete FixyNN network file", what, key);
  }
  return found->second;
}

template <typename T>
T own_number(const TensorFile& file, const char* key, const std::string& what) {
  const std::string& text = own_value(file, key, what);
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    fail("{}: the metadata key '{}' is '{}', not a number", what, key, text);
  }
  return value;
}

ordered_json parse_convs(const TensorFile& file, const std::string& what) {
  ordered_json convs;
  // A list of flat objects is two levels deep; deeper nesting would only cost memory.
  const auto shallow = [&](int depth, ordered_json::parse_event_t, ordered_json&) {
    if (depth > 2) fail("{}: the metadata key 'convs' is nested too deeply", what);
    return true;
  };
  try {
    convs = ordered_json::parse(own_value(file, "convs", what), shallow);
  } catch (const ordered_json::exception& error) {
    fail("{}: the metadata key 'convs' is not valid JSON ({})", what, error.what());
  }
  return convs;
}

int int_field(const ordered_json& object, const char* key, int min, int max, const std::string& where) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number_integer())
    fail("{}: '{}' is missing or not an integer", where, key);
  const bool huge = found->is_number_unsigned() && found->get<uint64_t>() > uint64_t{0x7fffffff};
  const int64_t value = huge ? int64_t{max} + 1 : found->get<int64_t>();
  if (value < min || value > max) fail("{}: '{}' is {}, outside {}..{}", where, key, found->dump(), min, max);
  return static_cast<int>(value);
}

/// Bits first: they say which convolutions are in integers.
void take_quant(const ordered_json& convs, IntegerNetwork& network, const std::string& what) {
  if (!convs.is_array() || convs.size() != network.network.convs.size()) {
    fail("{}: the metadata key 'convs' is not a list of {} convolutions", what, network.network.convs.size());
  }
  for (size_t i = 0; i < convs.size(); ++i) {
    const std::string where = fmt::format("{}: convs[{}]", what, i);
    if (!convs[i].is_object()) fail("{} is not an object", where);
    network.quant.push_back({int_field(convs[i], "weight_bits", 0, kMaxBits, where),
                             int_field(convs[i], "activation_bits", 0, kMaxBits, where)});
  }
  try {
    check_quant(network.network, network.quant, network.head_weight_bits);
  } catch (const Error& error) {
    fail("{}: {}", what, error.what());
  }
}

QuantisedWeights take_weights(const TensorFile& file, const Conv& conv, int bits, const std::string& what) {
  QuantisedWeights weights;
  weights.bits = bits;
  weights.codes = get_tensor<int8_t>(file, conv.name + ".weight_codes", weight_shape(conv), what);
  weights.scales = get_tensor<float>(file, conv.name + ".weight_scales", {conv.out_channels}, what);
  return weights;
}

void take_convs(const TensorFile& file, const ordered_json& convs, IntegerNetwork& network,
                const std::string& what) {
  constexpr int kMin = -0x7fffffff - 1, kMax = 0x7fffffff;
  const size_t lowered = static_cast<size_t>(leading_quantised(network.quant));
  const size_t frozen = static_cast<size_t>(MobileNet::convs_in_layers(network.fixed_layers));
  for (size_t i = 0; i < network.network.convs.size(); ++i) {
    const Conv& conv = network.network.convs[i];
    QuantisedWeights weights;
    if (i < lowered || (i < frozen && network.quant[i].quantised())) {
      weights = take_weights(file, conv, network.quant[i].weight_bits, what);
    }
    if (i < frozen) network.frozen.push_back(weights);
    if (i >= lowered) continue;
    const std::string where = fmt::format("{}: convs[{}] ({})", what, i, conv.name);
    IntegerConv integer;
    integer.conv = conv;
    integer.quant = network.quant[i];
    integer.weights = std::move(weights);
    integer.shift = int_field(convs[i], "shift", kMinShift, kMaxShift, where);
    integer.accumulator_min = int_field(convs[i], "accumulator_min", kMin, kMax, where);
    integer.accumulator_max = int_field(convs[i], "accumulator_max", kMin, kMax, where);
    const auto multipliers = get_tensor<int16_t>(file, conv.name + ".multiplier", {conv.out_channels}, what);
    const auto biases = get_tensor<int32_t>(file, conv.name + ".bias", {conv.out_channels}, what);
    for (size_t c = 0; c < multipliers.size(); ++c)
      integer.requantizers.push_back({multipliers[c], biases[c]});
    network.convs.push_back(std::move(integer));
  }
}

void compare_descriptions(const ordered_json& convs, const IntegerNetwork& network, const std::string& what) {
  for (size_t i = 0; i < convs.size(); ++i) {
    const ordered_json expected = describe_conv(network, i);
    const std::string where = fmt::format("{}: convs[{}] ({})", what, i, network.network.convs[i].name);
    for (const auto& [key, value] : expected.items()) {
      const auto found = convs[i].find(key);
      if (found == convs[i].end()) fail("{}: '{}' is missing", where, key);
      if (*found != value)
        fail("{}: '{}' is {} where {} is expected", where, key, found->dump(), value.dump());
    }
    if (convs[i].size() != expected.size()) {
      fail("{}: {} keys stand where version {} of the format has {}", where, convs[i].size(), kVersion,
           expected.size());
    }
  }
}

void take_head(const TensorFile& file, IntegerNetwork& network, const std::string& what) {
  const int64_t classes = network.network.classes;
  network.head.weights.bits = network.head_weight_bits;
  network.head.weights.codes =
      get_tensor<int8_t>(file, "head.weight_codes", {network.network.feature_channels(), classes}, what);
  const float scale = get_tensor<float>(file, "head.weight_scale", {1}, what)[0];
  network.head.weights.scales.assign(static_cast<size_t>(classes), scale);
  network.head.bias = get_tensor<int32_t>(file, "head.bias", {classes}, what);
  network.head.logit_scale = get_tensor<double>(file, "head.logit_scale", {1}, what)[0];
}

void take_parameters(const TensorFile& file, IntegerNetwork& network, const std::string& what) {
  // Both arrays are in the order of named_tensors, so that nothing is allocated that the file does not hold.
  for (const NamedTensor& tensor : named_tensors(network.network)) {
    const auto values = get_tensor<float>(file, "float." + tensor.name, tensor.shape, what);
    auto& array = tensor.is_statistic ? network.parameters.statistics : network.parameters.values;
    array.insert(array.end(), values.begin(), values.end());
  }
}

/// Every tensor of the file must be one that a writer of this network would have put there.
void check_no_others(const TensorFile& file, const IntegerNetwork& network, const std::string& what) {
  TensorFile expected;
  put_convs(network, expected);
  if (network.has_head) put_head(network, expected);
  for (const NamedTensor& tensor : named_tensors(network.network)) expected.tensors["float." + tensor.name];
  for (const auto& item : file.tensors) {
    if (!expected.tensors.contains(item.first)) {
      fail("{}: the tensor '{}' does not belong to this network in version {} of the format", what,
           item.first, kVersion);
    }
  }
}

MobileNet take_network(const TensorFile& file, const std::string& what) {
  const double alpha = own_number<double>(file, "alpha", what);
  const int input_size = own_number<int>(file, "input_size", what);
  const int classes = own_number<int>(file, "classes", what);
  try {
    return make_mobilenet(alpha, input_size, classes);
  } catch (const Error& error) {
    fail("{}: {}", what, error.what());
  }
}

void check_format(const TensorFile& file, const std::string& what) {
  const auto format = file.metadata.find("format");
  if (format == file.metadata.end() || format->second != kFormat) {
    fail("{}: this safetensors file is not a FixyNN network (its metadata lacks format = {})", what, kFormat);
  }
  const std::string& version = own_value(file, "format_version", what);
  if (version != kVersion) {
    fail(
        "{}: the network file has format version {}, this program reads version {}; use the program that "
        "wrote it",
        what, version, kVersion);
  }
  if (own_value(file, kContentKey, what) != content_sha256(file)) {
    fail("{}: the checksum of the contents does not match; the file was damaged or edited, write it anew",
         what);
  }
}

}  // namespace

std::vector<uint8_t> serialise_network(const IntegerNetwork& network, const std::string& what) {
  check_network(network, what);
  TensorFile file;
  put_convs(network, file);
  if (network.has_head) put_head(network, file);
  for (const NamedTensor& tensor : named_tensors(network.network)) {
    const auto& array = tensor.is_statistic ? network.parameters.statistics : network.parameters.values;
    file.tensors["float." + tensor.name] =
        make_tensor<float>(std::span(array).subspan(tensor.offset, tensor.count), tensor.shape);
  }
  put_metadata(network, file, what);
  return serialise_safetensors(file);
}

IntegerNetwork parse_network(std::span<const uint8_t> contents, const std::string& what) {
  const TensorFile file = parse_safetensors(contents, what);
  check_format(file, what);
  IntegerNetwork network;
  network.network = take_network(file, what);
  network.fixed_layers = own_number<int>(file, "fixed_layers", what);
  if (network.fixed_layers < 0 || network.fixed_layers > MobileNet::kLayers) {
    fail("{}: fixed_layers is {}, outside 0..{}", what, network.fixed_layers, MobileNet::kLayers);
  }
  network.head_weight_bits = own_number<int>(file, "head_weight_bits", what);
  network.frozen_weights_sha256 = own_value(file, "frozen_weights_sha256", what);
  const ordered_json convs = parse_convs(file, what);
  take_quant(convs, network, what);
  take_convs(file, convs, network, what);
  compare_descriptions(convs, network, what);
  network.has_head = network.convs.size() == network.quant.size() && network.head_weight_bits != kFloatBits;
  if (network.has_head) take_head(file, network, what);
  take_parameters(file, network, what);
  check_no_others(file, network, what);
  for (const auto& [key, value] : file.metadata) {
    if (!is_own_key(key)) network.metadata[key] = value;
  }
  check_network(network, what);
  return network;
}

void write_network(const std::filesystem::path& path, const IntegerNetwork& network) {
  const std::vector<uint8_t> contents = serialise_network(network, path.string());
  write_file_atomic(path, std::span<const uint8_t>(contents));
}

IntegerNetwork read_network(const std::filesystem::path& path) {
  return parse_network(read_file(path), path.string());
}

}  // namespace fixynn
