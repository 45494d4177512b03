// SPDX-License-Identifier: Apache-2.0
#include "model/model_file.h"

#include <charconv>
#include <cmath>
#include <set>
#include <string_view>

#include "core/error.h"
#include "model/limited_read.h"

namespace fixynn {
namespace {

constexpr const char* kFormat = "fixynn-model";
constexpr const char* kVersionText = "1";
constexpr const char* kReserved[] = {"format", "version", "alpha", "input_size", "classes", "batch_norm"};
constexpr const char* kTrained = "trained";
constexpr const char* kFolded = "folded";

const std::string& metadata_text(const TensorFile& file, const std::string& key, const std::string& what) {
  const auto found = file.metadata.find(key);
  if (found == file.metadata.end()) {
    fail("{}: the metadata lack '{}'; write the file with fixynn-import", what, key);
  }
  return found->second;
}

template <typename T>
T metadata_number(const TensorFile& file, const std::string& key, const std::string& what) {
  const std::string& text = metadata_text(file, key, what);
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    fail("{}: metadata '{}' is '{}', not a number; the file is corrupt", what, key, text);
  }
  return value;
}

MobileNet network_of(const TensorFile& file, const std::string& what) {
  const double alpha = metadata_number<double>(file, "alpha", what);
  const int input_size = metadata_number<int>(file, "input_size", what);
  const int classes = metadata_number<int>(file, "classes", what);
  try {
    return make_mobilenet(alpha, input_size, classes);
  } catch (const Error&) {
    fail("{}: the metadata describe no network that can be built (alpha {}, input size {}, {} classes)", what,
         alpha, input_size, classes);
  }
}

}  // namespace

void check_values(std::span<const float> values, const std::string& name, const std::string& what) {
  const bool is_variance = name.ends_with("variance");
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      fail("{}: tensor '{}' holds {} at index {}; the weights are of a failed training or corrupt", what,
           name, values[i], i);
    }
    if (is_variance && values[i] < 0) {
      fail("{}: tensor '{}' holds the negative variance {} at index {}; the weights are corrupt", what, name,
           values[i], i);
    }
  }
}

TensorFile model_to_tensors(const ModelFile& model) {
  const ParameterLayout layout(model.network);
  if (model.parameters.values.size() != layout.value_count ||
      model.parameters.statistics.size() != layout.statistic_count) {
    fail("a model of {} values and {} statistics cannot be written as one of {} and {}",
         model.parameters.values.size(), model.parameters.statistics.size(), layout.value_count,
         layout.statistic_count);
  }
  TensorFile file;
  for (const NamedTensor& tensor : named_tensors(model.network)) {
    const std::span<const float> all(tensor.is_statistic ? model.parameters.statistics
                                                         : model.parameters.values);
    const std::span<const float> values = all.subspan(tensor.offset, tensor.count);
    check_values(values, tensor.name, "the network to be written");
    file.tensors.emplace(tensor.name, make_tensor(values, tensor.shape));
  }
  file.metadata = model.metadata;
  file.metadata["format"] = std::string(kFormat);
  file.metadata["version"] = std::string(kVersionText);
  file.metadata["alpha"] = fmt::format("{}", model.network.alpha);
  file.metadata["input_size"] = std::to_string(model.network.input_size);
  file.metadata["classes"] = std::to_string(model.network.classes);
  file.metadata["batch_norm"] = std::string(model.batch_norm_folded ? kFolded : kTrained);
  return file;
}

void write_model(const std::filesystem::path& path, const ModelFile& model) {
  write_safetensors(path, model_to_tensors(model));
}

ModelFile model_from_tensors(const TensorFile& file, const std::string& what) {
  const auto format = file.metadata.find("format");
  if (format == file.metadata.end() || format->second != kFormat) {
    fail(
        "{}: these tensors are not a model of this program (metadata format = '{}'); write one with "
        "fixynn-import",
        what, format == file.metadata.end() ? "" : format->second);
  }
  if (const std::string& version = metadata_text(file, "version", what); version != kVersionText) {
    fail("{}: the file has version {}, this program reads {}; use the program that wrote it", what, version,
         kVersionText);
  }
  ModelFile model{network_of(file, what), {}, file.metadata, false};
  const std::string& batch_norm = metadata_text(file, "batch_norm", what);
  if (batch_norm != kTrained && batch_norm != kFolded) {
    fail("{}: metadata 'batch_norm' is '{}', neither '{}' nor '{}'", what, batch_norm, kTrained, kFolded);
  }
  model.batch_norm_folded = batch_norm == kFolded;
  for (const char* key : kReserved) model.metadata.erase(key);

  // Read before anything is allocated by the metadata's word: get_tensor compares it with the tensors that
  // exist.
  const std::vector<NamedTensor> tensors = named_tensors(model.network);
  std::vector<std::vector<float>> contents;
  std::set<std::string> known;
  for (const NamedTensor& tensor : tensors) {
    contents.push_back(get_tensor<float>(file, tensor.name, tensor.shape, what));
    check_values(contents.back(), tensor.name, what);
    known.insert(tensor.name);
  }
  for (const auto& [name, tensor] : file.tensors) {
    if (!known.contains(name)) fail("{}: tensor '{}' belongs to no layer of a MobileNetV1", what, name);
  }
  const ParameterLayout layout(model.network);
  model.parameters.values.resize(layout.value_count);
  model.parameters.statistics.resize(layout.statistic_count);
  for (size_t i = 0; i < tensors.size(); ++i) {
    auto& all = tensors[i].is_statistic ? model.parameters.statistics : model.parameters.values;
    std::copy(contents[i].begin(), contents[i].end(),
              all.begin() + static_cast<std::ptrdiff_t>(tensors[i].offset));
  }
  return model;
}

ModelFile read_model(const std::filesystem::path& path) {
  return model_from_tensors(parse_safetensors(read_weights_file(path), path.string()), path.string());
}

}  // namespace fixynn
