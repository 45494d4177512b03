// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace fixynn {

/// One tensor of a safetensors file, row-major, little-endian.
struct Tensor {
  std::string dtype;  ///< "F32", "F64", "I8", "U8", "I16", "I32", "I64", "U32", "U64"
  std::vector<int64_t> shape;
  std::vector<uint8_t> bytes;
};

/// The safetensors format: u64 header length, JSON header {name: {dtype, shape, data_offsets},
/// "__metadata__": {...}}, then the data. Written in order of element size, then name, without gaps:
/// every tensor is aligned to its own elements, and equal contents give equal bytes.
struct TensorFile {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;
};

/// Throws one sentence naming file, tensor and fault (truncated, overlapping, wrong sizes, not a safetensors
/// file).
TensorFile read_safetensors(const std::filesystem::path& path);
/// `what` names the file in errors.
TensorFile parse_safetensors(std::span<const uint8_t> contents, const std::string& what);
std::vector<uint8_t> serialise_safetensors(const TensorFile& file);
/// Atomic and durable (write_file_atomic).
void write_safetensors(const std::filesystem::path& path, const TensorFile& file);

/// Typed access. `get_tensor` throws when the tensor is missing, or its dtype or shape is not the expected
/// one; the message names `what` (the file), the tensor, and both shapes. T in {float, double, int8_t,
/// uint8_t, int16_t, int32_t, int64_t, uint32_t, uint64_t}.
template <typename T>
Tensor make_tensor(std::span<const T> values, std::vector<int64_t> shape);
template <typename T>
std::vector<T> get_tensor(const TensorFile& file, const std::string& name, const std::vector<int64_t>& shape,
                          const std::string& what);

}  // namespace fixynn
