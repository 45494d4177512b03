// SPDX-License-Identifier: Apache-2.0
#include "model/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <type_traits>

#include "core/error.h"
#include "core/files.h"

namespace fixynn {
namespace {

using nlohmann::json;

static_assert(std::endian::native == std::endian::little, "tensor bytes are copied without swapping");

constexpr uint64_t kMaxHeaderBytes = 100'000'000;
constexpr size_t kLengthBytes = 8;
constexpr const char* kMetadataKey = "__metadata__";

std::optional<uint64_t> element_bytes(const std::string& dtype) {
  if (dtype == "F64" || dtype == "I64" || dtype == "U64") return 8;
  if (dtype == "F32" || dtype == "I32" || dtype == "U32") return 4;
  if (dtype == "F16" || dtype == "BF16" || dtype == "I16" || dtype == "U16") return 2;
  if (dtype == "I8" || dtype == "U8" || dtype == "BOOL") return 1;
  return std::nullopt;
}

std::string shape_text(const std::vector<int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

/// Parses the header and refuses what nlohmann::json lets pass: repeated names, and nesting deeper than the
/// format's.
json parse_header(std::span<const uint8_t> text, const std::string& what) {
  constexpr int kMaxDepth = 3;
  std::vector<std::set<std::string>> keys;
  const auto check = [&](int depth, json::parse_event_t event, json& parsed) {
    if (depth > kMaxDepth) fail("{}: the safetensors header is nested too deeply; the file is corrupt", what);
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key) {
      const std::string& key = parsed.get_ref<const std::string&>();
      if (!keys.back().insert(key).second) {
        fail("{}: the name '{}' stands twice in the safetensors header; the file is corrupt", what, key);
      }
    }
    return true;
  };
  json header;
  try {
    header = json::parse(text.begin(), text.end(), check);
  } catch (const json::exception& error) {
    fail("{}: the safetensors header is not valid JSON ({}); the file is corrupt", what, error.what());
  }
  if (!header.is_object()) {
    fail("{}: the safetensors header is not a JSON object; the file is corrupt", what);
  }
  return header;
}

struct Entry {
  std::string name;
  uint64_t begin, end;
  Tensor tensor;
};

std::vector<uint64_t> unsigned_list(const json& entry, const char* key, const std::string& name,
                                    const std::string& what) {
  const auto found = entry.find(key);
  const auto is_unsigned = [](const json& value) { return value.is_number_unsigned(); };
  if (found == entry.end() || !found->is_array() || !std::all_of(found->begin(), found->end(), is_unsigned)) {
    fail("{}: tensor '{}': '{}' must be a list of non-negative integers; the file is corrupt", what, name,
         key);
  }
  return found->get<std::vector<uint64_t>>();
}

/// Bytes that the shape asks for; nullopt when the product overflows.
std::optional<uint64_t> byte_count(const std::vector<uint64_t>& shape, uint64_t element) {
  uint64_t bytes = element;
  for (const uint64_t extent : shape) {
    if (extent > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return std::nullopt;
    if (extent != 0 && bytes > std::numeric_limits<uint64_t>::max() / extent) return std::nullopt;
    bytes *= extent;
  }
  return bytes;
}

Entry parse_entry(const std::string& name, const json& value, uint64_t data_bytes, const std::string& what) {
  if (!value.is_object()) {
    fail("{}: the header entry of tensor '{}' is not an object; the file is corrupt", what, name);
  }
  Entry entry{};
  entry.name = name;
  const auto dtype = value.find("dtype");
  if (dtype == value.end() || !dtype->is_string()) {
    fail("{}: tensor '{}' has no 'dtype'; the file is corrupt", what, name);
  }
  entry.tensor.dtype = dtype->get<std::string>();
  const std::optional<uint64_t> element = element_bytes(entry.tensor.dtype);
  if (!element) {
    fail("{}: tensor '{}' has the unknown dtype '{}'; convert it to F32", what, name, entry.tensor.dtype);
  }
  const std::vector<uint64_t> shape = unsigned_list(value, "shape", name, what);
  const std::vector<uint64_t> offsets = unsigned_list(value, "data_offsets", name, what);
  if (offsets.size() != 2 || offsets[0] > offsets[1]) {
    fail("{}: tensor '{}': 'data_offsets' must be [begin, end]; the file is corrupt", what, name);
  }
  entry.begin = offsets[0];
  entry.end = offsets[1];
  if (entry.end > data_bytes) {
    fail("{}: tensor '{}' ends at byte {} of the data, but the file holds {}; the file is truncated", what,
         name, entry.end, data_bytes);
  }
  const std::optional<uint64_t> bytes = byte_count(shape, *element);
  if (!bytes || *bytes != entry.end - entry.begin) {
    fail("{}: tensor '{}' of dtype {} and shape [{}] cannot take {} bytes; the file is corrupt", what, name,
         entry.tensor.dtype, fmt::join(shape, ", "), entry.end - entry.begin);
  }
  for (const uint64_t extent : shape) entry.tensor.shape.push_back(static_cast<int64_t>(extent));
  return entry;
}

/// The format allows neither gaps nor overlaps: sorted by offset, each tensor begins where the one before
/// ended.
void check_coverage(std::vector<Entry>& entries, uint64_t data_bytes, const std::string& what) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  uint64_t position = 0;
  for (const Entry& entry : entries) {
    if (entry.begin < position) {
      fail("{}: tensor '{}' overlaps the one before it (byte {}); the file is corrupt", what, entry.name,
           entry.begin);
    }
    if (entry.begin > position) {
      fail("{}: bytes {} to {} before tensor '{}' belong to no tensor; the file is corrupt", what, position,
           entry.begin, entry.name);
    }
    position = entry.end;
  }
  if (position != data_bytes) {
    fail("{}: the last {} bytes belong to no tensor; the file is corrupt", what, data_bytes - position);
  }
}

std::map<std::string, std::string> parse_metadata(const json& value, const std::string& what) {
  std::map<std::string, std::string> metadata;
  if (!value.is_object()) fail("{}: '{}' is not an object; the file is corrupt", what, kMetadataKey);
  for (const auto& [key, text] : value.items()) {
    if (!text.is_string()) fail("{}: metadata '{}' is not a string; the file is corrupt", what, key);
    metadata[key] = text.get<std::string>();
  }
  return metadata;
}

template <typename T>
constexpr const char* dtype_name() {
  if constexpr (std::is_same_v<T, float>) return "F32";
  if constexpr (std::is_same_v<T, double>) return "F64";
  if constexpr (std::is_same_v<T, int8_t>) return "I8";
  if constexpr (std::is_same_v<T, uint8_t>) return "U8";
  if constexpr (std::is_same_v<T, int16_t>) return "I16";
  if constexpr (std::is_same_v<T, int32_t>) return "I32";
  if constexpr (std::is_same_v<T, int64_t>) return "I64";
  if constexpr (std::is_same_v<T, uint32_t>) return "U32";
  if constexpr (std::is_same_v<T, uint64_t>) return "U64";
}

uint64_t shape_bytes(const std::string& name, const Tensor& tensor) {
  const std::optional<uint64_t> element = element_bytes(tensor.dtype);
  if (!element) fail("tensor '{}' has the unknown dtype '{}'", name, tensor.dtype);
  std::vector<uint64_t> shape;
  for (const int64_t extent : tensor.shape) {
    if (extent < 0) fail("tensor '{}' has the negative extent {}", name, extent);
    shape.push_back(static_cast<uint64_t>(extent));
  }
  const std::optional<uint64_t> bytes = byte_count(shape, *element);
  if (!bytes) fail("tensor '{}' of shape {} is too large", name, shape_text(tensor.shape));
  return *bytes;
}

}  // namespace

TensorFile parse_safetensors(std::span<const uint8_t> contents, const std::string& what) {
  if (contents.size() < kLengthBytes) {
    fail("{}: {} bytes are too few for a safetensors file; it is truncated or of another format", what,
         contents.size());
  }
  uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, contents.data(), kLengthBytes);
  const uint64_t rest_bytes = contents.size() - kLengthBytes;
  if (header_bytes > kMaxHeaderBytes || header_bytes > rest_bytes) {
    fail("{}: the header would take {} bytes of {}; the file is truncated or not a safetensors file", what,
         header_bytes, rest_bytes);
  }
  const std::span<const uint8_t> text = contents.subspan(kLengthBytes, header_bytes);
  if (text.empty() || text[0] != '{') {
    fail("{}: the header does not begin with '{{'; this is not a safetensors file", what);
  }
  const json header = parse_header(text, what);
  const std::span<const uint8_t> data = contents.subspan(kLengthBytes + header_bytes);
  TensorFile file;
  std::vector<Entry> entries;
  for (const auto& [name, value] : header.items()) {
    if (name == kMetadataKey) {
      file.metadata = parse_metadata(value, what);
    } else {
      entries.push_back(parse_entry(name, value, data.size(), what));
    }
  }
  check_coverage(entries, data.size(), what);
  for (Entry& entry : entries) {
    const auto bytes = data.subspan(entry.begin, entry.end - entry.begin);
    entry.tensor.bytes.assign(bytes.begin(), bytes.end());
    file.tensors.emplace(std::move(entry.name), std::move(entry.tensor));
  }
  return file;
}

TensorFile read_safetensors(const std::filesystem::path& path) {
  return parse_safetensors(read_file(path), path.string());
}

std::vector<uint8_t> serialise_safetensors(const TensorFile& file) {
  // Wide elements first, then by name: the format allows no gaps, so this is what keeps every tensor aligned.
  std::vector<std::pair<const std::string*, const Tensor*>> order;
  for (const auto& [name, tensor] : file.tensors) {
    if (name == kMetadataKey) fail("a tensor cannot be named '{}'", name);
    if (shape_bytes(name, tensor) != tensor.bytes.size()) {
      fail("tensor '{}' of dtype {} and shape {} cannot take {} bytes", name, tensor.dtype,
           shape_text(tensor.shape), tensor.bytes.size());
    }
    order.emplace_back(&name, &tensor);
  }
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return *element_bytes(a.second->dtype) > *element_bytes(b.second->dtype);
  });
  json header = json::object();
  if (!file.metadata.empty()) header[kMetadataKey] = file.metadata;
  uint64_t position = 0;
  for (const auto& [name, tensor] : order) {
    const uint64_t end = position + tensor->bytes.size();
    header[*name] = {{"dtype", tensor->dtype}, {"shape", tensor->shape}, {"data_offsets", {position, end}}};
    position = end;
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const json::exception& error) {
    fail("a tensor name or metadata text is not valid UTF-8 ({}); it cannot be written as safetensors",
         error.what());
  }
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const uint64_t header_bytes = text.size();
  std::vector<uint8_t> contents(kLengthBytes + text.size());
  contents.reserve(contents.size() + position);
  std::memcpy(contents.data(), &header_bytes, kLengthBytes);
  std::memcpy(contents.data() + kLengthBytes, text.data(), text.size());
  for (const auto& item : order) {
    contents.insert(contents.end(), item.second->bytes.begin(), item.second->bytes.end());
  }
  return contents;
}

void write_safetensors(const std::filesystem::path& path, const TensorFile& file) {
  write_file_atomic(path, std::span<const uint8_t>(serialise_safetensors(file)));
}

template <typename T>
Tensor make_tensor(std::span<const T> values, std::vector<int64_t> shape) {
  Tensor tensor;
  tensor.dtype = dtype_name<T>();
  tensor.shape = std::move(shape);
  tensor.bytes.resize(values.size_bytes());
  if (!values.empty()) std::memcpy(tensor.bytes.data(), values.data(), values.size_bytes());
  if (shape_bytes("", tensor) != tensor.bytes.size()) {
    fail("a tensor of shape {} cannot hold {} values", shape_text(tensor.shape), values.size());
  }
  return tensor;
}

template <typename T>
std::vector<T> get_tensor(const TensorFile& file, const std::string& name, const std::vector<int64_t>& shape,
                          const std::string& what) {
  const auto found = file.tensors.find(name);
  if (found == file.tensors.end()) {
    fail("{}: tensor '{}' (shape {}) is missing; the file is incomplete or of another network", what, name,
         shape_text(shape));
  }
  const Tensor& tensor = found->second;
  if (tensor.dtype != dtype_name<T>()) {
    fail("{}: tensor '{}' is {}, not {}; the file was not written for this use", what, name, tensor.dtype,
         dtype_name<T>());
  }
  if (tensor.shape != shape) {
    fail("{}: tensor '{}' has shape {}, not {}; the file is of another network", what, name,
         shape_text(tensor.shape), shape_text(shape));
  }
  std::vector<T> values(tensor.bytes.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), tensor.bytes.data(), values.size() * sizeof(T));
  return values;
}

#define FIXYNN_INSTANTIATE(T)                                                                               \
  template Tensor make_tensor<T>(std::span<const T>, std::vector<int64_t>);                                 \
  template std::vector<T> get_tensor<T>(const TensorFile&, const std::string&, const std::vector<int64_t>&, \
                                        const std::string&);
FIXYNN_INSTANTIATE(float)
FIXYNN_INSTANTIATE(double)
FIXYNN_INSTANTIATE(int8_t)
FIXYNN_INSTANTIATE(uint8_t)
FIXYNN_INSTANTIATE(int16_t)
FIXYNN_INSTANTIATE(int32_t)
FIXYNN_INSTANTIATE(int64_t)
FIXYNN_INSTANTIATE(uint32_t)
FIXYNN_INSTANTIATE(uint64_t)
#undef FIXYNN_INSTANTIATE

}  // namespace fixynn
