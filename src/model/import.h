// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "model/model_file.h"

namespace fixynn {

/// One tensor of a foreign file and where it went.
struct ImportedTensor {
  std::string source;
  std::vector<int64_t> source_shape;
  std::string target;  ///< as in named_tensors()
  std::vector<int64_t> target_shape;
  std::string change;  ///< "" (same values in the same order), "transposed", "bias of folded batch norm"
};

/// What reading foreign weights gave, and the account of it.
struct Import {
  ModelFile model;
  std::string kind;  ///< "TensorFlow checkpoint", "TFLite network", "fixynn model"
  /// False: the file has no classifier; the head is random (seed 0) for 2 classes, metadata "head" = "none".
  bool has_head = true;
  std::vector<ImportedTensor> mapped;
  std::vector<std::string> missing;  ///< our tensors that the file lacks, each with what stands in for it
  std::vector<std::string>
      not_used;  ///< the file's tensors that the network has no place for, with type and shape
  std::vector<std::string> notes;  ///< sentences: how batch norm came, what was assumed
};

/// Tells the kind by the contents and the name: a native .safetensors, a float TFLite flatbuffer, or a
/// TensorFlow V2 checkpoint (prefix, .index or .data-* file). Values are checked to be finite and variances
/// not to be negative. Throws one sentence naming file, tensor and remedy: unknown kind, quantised TFLite,
/// another architecture, corrupt.
Import import_weights(const std::filesystem::path& path);

}  // namespace fixynn
