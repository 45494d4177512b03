// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace fixynn {

/// What the index of a checkpoint says about one tensor.
struct CheckpointEntry {
  int dtype = 0;               ///< TensorFlow's DataType number: 1 float32, 2 float64, 3 int32, 9 int64, ...
  std::vector<int64_t> shape;  ///< row-major
  uint64_t offset = 0;         ///< in the data file, bytes
  uint64_t size = 0;           ///< bytes
  uint32_t masked_crc32c = 0;
  bool sliced = false;  ///< a partitioned variable, stored in pieces
};

/// A TensorFlow V2 checkpoint ("tensor bundle") of one shard: `X.index`, a LevelDB table from names to
/// entries, and `X.data-00000-of-00001`, the bytes.
struct TfCheckpoint {
  std::string index_path, data_path;  ///< for messages
  std::map<std::string, CheckpointEntry> entries;
  std::vector<uint8_t> data;
};

/// True when `path` is the prefix X (X.index exists), X.index or X.data-*.
bool is_tf_checkpoint(const std::filesystem::path& path);

/// Reads index and data; verifies the checksum of every block of the index, and that every tensor lies in the
/// data and takes as many bytes as its shape says. Throws one sentence naming the file, the tensor and the
/// fault.
TfCheckpoint read_tf_checkpoint(const std::filesystem::path& path);

/// One float32 tensor, row-major. Throws when it is missing, of another type or shape, or its checksum
/// differs.
std::vector<float> checkpoint_floats(const TfCheckpoint& checkpoint, const std::string& name,
                                     const std::vector<int64_t>& shape);

/// "float32", "int64", ..., or "type 99".
std::string tf_dtype_name(int dtype);

}  // namespace fixynn
