// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>

#include "model/mobilenet.h"
#include "model/parameters.h"
#include "model/safetensors.h"

namespace fixynn {

/// A float network as it lies in a native file: safetensors with the tensors of named_tensors(), all F32, and
/// in the metadata format = "fixynn-model", version, alpha, input_size, classes, batch_norm = "trained" |
/// "folded".
struct ModelFile {
  MobileNet network;
  ModelParameters parameters;
  /// Free texts beside the reserved ones above, which are not in here; "source" says where the weights come
  /// from, and "head" = "none" that the head is random because the source had none.
  std::map<std::string, std::string> metadata;
  /// Batch norm lies in the convolutions and their biases: gamma 1, beta = bias, mean 0, and a variance that
  /// together with epsilon is 1. Measure it back before training (numerics: the function does not change).
  bool batch_norm_folded = false;
};

/// Atomic, durable, and the same bytes for the same contents. Refuses parameters that read_model would
/// refuse.
void write_model(const std::filesystem::path& path, const ModelFile& model);

/// Throws one sentence naming the file and, where it is about one, the tensor: missing, superfluous, of a
/// wrong type or shape, a value that is not finite (with its index), a negative variance.
ModelFile read_model(const std::filesystem::path& path);
/// `what` names the file in errors.
ModelFile model_from_tensors(const TensorFile& file, const std::string& what);
TensorFile model_to_tensors(const ModelFile& model);

/// Throws when a value is NaN or infinite, or, for a "...running_variance", negative; names the tensor and
/// the index.
void check_values(std::span<const float> values, const std::string& name, const std::string& what);

}  // namespace fixynn
