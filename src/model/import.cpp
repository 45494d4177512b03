// SPDX-License-Identifier: Apache-2.0
#include "model/import.h"

#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "model/content_hash.h"
#include "model/import_builder.h"
#include "model/limited_read.h"
#include "model/tf_checkpoint.h"
#include "model/tflite.h"

namespace fixynn {
namespace {

bool begins_with(std::span<const uint8_t> contents, std::string_view magic) {
  return contents.size() >= magic.size() && std::memcmp(contents.data(), magic.data(), magic.size()) == 0;
}

bool looks_like_safetensors(std::span<const uint8_t> contents, const std::filesystem::path& path) {
  return path.extension() == ".safetensors" || (contents.size() > 8 && contents[8] == '{');
}

/// The float parameters of a network file (docs/network_format.md), as a model: a trained network is a source
/// of weights for the next task.
TensorFile model_of_network_file(const TensorFile& network) {
  constexpr std::string_view kPrefix = "float.";
  TensorFile model;
  for (const auto& [name, tensor] : network.tensors) {
    if (name.starts_with(kPrefix)) model.tensors.emplace(name.substr(kPrefix.size()), tensor);
  }
  for (const char* key : {"alpha", "input_size", "classes"}) {
    if (const auto found = network.metadata.find(key); found != network.metadata.end())
      model.metadata.insert(*found);
  }
  model.metadata["format"] = "fixynn-model";
  model.metadata["version"] = std::string("1");
  model.metadata["batch_norm"] = "trained";
  return model;
}

Import import_native(std::span<const uint8_t> contents, const std::filesystem::path& path) {
  Import import;
  import.kind = "fixynn model";
  TensorFile file = parse_safetensors(contents, path.string());
  if (const auto format = file.metadata.find("format");
      format != file.metadata.end() && format->second == "fixynn-network") {
    import.kind = "fixynn network";
    const auto checksum = file.metadata.find(kContentKey);
    if (checksum == file.metadata.end() || checksum->second != content_sha256(file)) {
      fail("{}: the checksum of the contents does not match; the file was damaged or edited, train it anew",
           path.string());
    }
    file = model_of_network_file(file);
  }
  import.model = model_from_tensors(file, path.string());
  const auto head = import.model.metadata.find("head");
  import.has_head = head == import.model.metadata.end() || head->second != "none";
  for (const NamedTensor& tensor : named_tensors(import.model.network)) {
    import.mapped.push_back({tensor.name, tensor.shape, tensor.name, tensor.shape, ""});
  }
  import.notes.push_back(import.model.batch_norm_folded
                             ? "Batch norm is folded into the convolutions, as the file says."
                             : "Batch norm came with its gamma, beta, mean and variance.");
  return import;
}

}  // namespace

ImportBuilder::ImportBuilder(Import& import, const MobileNet& network, std::string what)
    : import_(import), tensors_(named_tensors(network)), what_(std::move(what)) {
  import_.model.network = network;
  import_.model.parameters = initialise_parameters(network, 0);
}

const NamedTensor& ImportBuilder::target(const std::string& name) const {
  const auto found = std::find_if(tensors_.begin(), tensors_.end(),
                                  [&](const NamedTensor& tensor) { return tensor.name == name; });
  if (found == tensors_.end()) fail("the network has no tensor '{}'", name);
  return *found;
}

std::span<float> ImportBuilder::destination(const NamedTensor& tensor) {
  ModelParameters& parameters = import_.model.parameters;
  return std::span<float>(tensor.is_statistic ? parameters.statistics : parameters.values)
      .subspan(tensor.offset, tensor.count);
}

void ImportBuilder::store(const std::string& name, const std::vector<float>& values,
                          const std::string& source, const std::vector<int64_t>& source_shape,
                          const std::string& change) {
  const NamedTensor& tensor = target(name);
  if (values.size() != tensor.count) {
    fail("{}: tensor '{}' has {} values, but {} takes {}", what_, source, values.size(), name, tensor.count);
  }
  check_values(values, source, what_);
  std::copy(values.begin(), values.end(), destination(tensor).begin());
  import_.mapped.push_back({source, source_shape, name, tensor.shape, change});
}

void ImportBuilder::fill(const std::string& name, float value) {
  const std::span<float> values = destination(target(name));
  std::fill(values.begin(), values.end(), value);
}

double alpha_of_channels(int64_t channels, const std::string& what) {
  for (const double alpha : {0.25, 0.5, 0.75, 1.0}) {
    if (channels == static_cast<int64_t>(32 * alpha)) return alpha;
  }
  fail(
      "{}: the first convolution has {} outputs; a MobileNetV1 has 8, 16, 24 or 32 (alpha 0.25, 0.5, 0.75, "
      "1)",
      what, channels);
}

std::vector<float> transposed(const std::vector<float>& values, size_t rows, size_t columns) {
  std::vector<float> result(values.size());
  for (size_t row = 0; row < rows; ++row) {
    for (size_t column = 0; column < columns; ++column) {
      result[column * rows + row] = values[row * columns + column];
    }
  }
  return result;
}

std::string shape_text(const std::vector<int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

Import import_weights(const std::filesystem::path& path) {
  Import import;
  if (is_tf_checkpoint(path)) {
    import = import_tf_checkpoint(path);
  } else {
    std::vector<uint8_t> contents = read_weights_file(path);
    if (is_tflite(contents)) {
      import = import_tflite(std::move(contents), path);
    } else if (begins_with(contents, "\x89HDF")) {
      fail("{}: this is a Keras (HDF5) file, which is not read; convert it to a float TFLite network",
           path.string());
    } else if (begins_with(contents, "PK\x03\x04")) {
      fail(
          "{}: this is a PyTorch or Keras archive, which is not read; give a float TFLite network, a "
          "TensorFlow "
          "checkpoint or a .safetensors of fixynn-import",
          path.string());
    } else if (looks_like_safetensors(contents, path)) {
      import = import_native(contents, path);
    } else {
      fail(
          "{}: this is neither a TFLite network, nor a TensorFlow V2 checkpoint (give its .index file), nor "
          "a "
          ".safetensors of fixynn-import",
          path.string());
    }
  }
  if (!import.has_head) import.model.metadata["head"] = "none";
  return import;
}

}  // namespace fixynn
