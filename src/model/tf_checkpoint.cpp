// SPDX-License-Identifier: Apache-2.0
#include "model/tf_checkpoint.h"

#include <bit>
#include <cstring>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string_view>

#include "core/error.h"
#include "model/crc32c.h"
#include "model/limited_read.h"

namespace fixynn {
namespace {

static_assert(std::endian::native == std::endian::little, "checkpoint bytes are copied without swapping");

using Bytes = std::span<const uint8_t>;

constexpr size_t kFooterBytes = 48;
constexpr uint64_t kTableMagic = 0xdb4775248b80fb57u;
constexpr size_t kBlockTrailerBytes = 5;  // compression type, masked crc32c
constexpr int kDtypeFloat = 1;
constexpr size_t kMaxRank = 8;

/// Reads forwards through bytes; every read is checked against the end.
class Cursor {
 public:
  Cursor(Bytes bytes, const std::string& file) : bytes_(bytes), file_(file) {}

  bool at_end() const { return position_ == bytes_.size(); }

  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const uint8_t byte = take(1)[0];
      if (shift == 63 && byte > 1) break;
      value |= static_cast<uint64_t>(byte & 0x7Fu) << shift;
      if ((byte & 0x80u) == 0) return value;
    }
    fail("{}: a number in the index is longer than 64 bits; the checkpoint is corrupt", file_);
  }
  uint32_t fixed32() { return fixed<uint32_t>(); }
  uint64_t fixed64() { return fixed<uint64_t>(); }

  Bytes take(uint64_t count) {
    if (count > bytes_.size() - position_) {
      fail("{}: the index ends in the middle of an entry; the checkpoint is truncated or corrupt", file_);
    }
    const Bytes result = bytes_.subspan(position_, count);
    position_ += count;
    return result;
  }

 private:
  template <typename T>
  T fixed() {
    T value;
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }

  Bytes bytes_;
  const std::string& file_;
  size_t position_ = 0;
};

struct BlockHandle {
  uint64_t offset, size;
};

BlockHandle read_handle(Cursor& cursor) {
  const uint64_t offset = cursor.varint();
  return {offset, cursor.varint()};
}

/// The contents of one block of the table, after its checksum.
Bytes read_block(Bytes table, BlockHandle handle, const std::string& file) {
  if (handle.offset > table.size() || handle.size > table.size() - handle.offset ||
      table.size() - handle.offset - handle.size < kBlockTrailerBytes) {
    fail("{}: a block of the index lies outside the file; the checkpoint is truncated or corrupt", file);
  }
  const Bytes with_type = table.subspan(handle.offset, handle.size + 1);
  uint32_t stored = 0;
  std::memcpy(&stored, table.data() + handle.offset + handle.size + 1, sizeof stored);
  if (mask_crc32c(crc32c(with_type)) != stored) {
    fail("{}: the checksum of the index block at byte {} is wrong; the checkpoint is corrupt, fetch it again",
         file, handle.offset);
  }
  if (with_type.back() != 0) {
    fail("{}: the index is compressed (method {}); save the checkpoint again with an uncompressed index",
         file, with_type.back());
  }
  return table.subspan(handle.offset, handle.size);
}

/// Calls visit(key, value) for each entry. Keys are stored as (length shared with the key before, rest).
void for_each_entry(Bytes block, const std::string& file,
                    const std::function<void(const std::string& key, Bytes value)>& visit) {
  uint32_t restarts = 0;
  if (block.size() < sizeof restarts)
    fail("{}: an index block is too short; the checkpoint is corrupt", file);
  std::memcpy(&restarts, block.data() + block.size() - sizeof restarts, sizeof restarts);
  const uint64_t restart_bytes = (uint64_t{restarts} + 1) * sizeof restarts;
  if (restart_bytes > block.size()) {
    fail("{}: an index block has a wrong list of restart points; the checkpoint is corrupt", file);
  }
  Cursor cursor(block.first(block.size() - restart_bytes), file);
  std::string key;
  bool first = true;
  while (!cursor.at_end()) {
    const uint64_t shared = cursor.varint();
    const uint64_t unshared = cursor.varint();
    const uint64_t value_bytes = cursor.varint();
    if (shared > key.size()) fail("{}: an index key is not complete; the checkpoint is corrupt", file);
    const Bytes rest = cursor.take(unshared);
    std::string next = key.substr(0, shared) + std::string(rest.begin(), rest.end());
    if (!first && next <= key)
      fail("{}: the index is not in order at '{}'; the checkpoint is corrupt", file, next);
    first = false;
    key = std::move(next);
    visit(key, cursor.take(value_bytes));
  }
}

/// One field of a protocol-buffer message: a number (varint, fixed32, fixed64) or bytes.
struct ProtoField {
  uint64_t number;
  uint64_t value = 0;
  Bytes bytes{};
  bool is_bytes = false;
};

std::vector<ProtoField> parse_message(Bytes message, const std::string& file) {
  std::vector<ProtoField> fields;
  Cursor cursor(message, file);
  while (!cursor.at_end()) {
    const uint64_t tag = cursor.varint();
    ProtoField field{tag >> 3};
    switch (tag & 7u) {
      case 0:
        field.value = cursor.varint();
        break;
      case 1:
        field.value = cursor.fixed64();
        break;
      case 2:
        field.bytes = cursor.take(cursor.varint());
        field.is_bytes = true;
        break;
      case 5:
        field.value = cursor.fixed32();
        break;
      default:
        fail("{}: an index entry is not a valid message; the checkpoint is corrupt", file);
    }
    fields.push_back(field);
  }
  return fields;
}

/// TensorShapeProto: field 2, repeated, is a dimension whose field 1 is the extent.
std::vector<int64_t> parse_shape(Bytes message, const std::string& name, const std::string& file) {
  std::vector<int64_t> shape;
  for (const ProtoField& field : parse_message(message, file)) {
    if (field.number != 2 || !field.is_bytes) continue;
    uint64_t extent = 0;
    for (const ProtoField& part : parse_message(field.bytes, file)) {
      if (part.number == 1) extent = part.value;
    }
    if (extent > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) || shape.size() == kMaxRank) {
      fail("{}: tensor '{}' has an impossible shape; the checkpoint is corrupt", file, name);
    }
    shape.push_back(static_cast<int64_t>(extent));
  }
  return shape;
}

CheckpointEntry parse_entry(Bytes message, const std::string& name, const std::string& file) {
  CheckpointEntry entry;
  uint64_t dtype = 0, shard = 0;
  for (const ProtoField& field : parse_message(message, file)) {
    if (field.number == 1) dtype = field.value;
    if (field.number == 2 && field.is_bytes) entry.shape = parse_shape(field.bytes, name, file);
    if (field.number == 3) shard = field.value;
    if (field.number == 4) entry.offset = field.value;
    if (field.number == 5) entry.size = field.value;
    if (field.number == 6) entry.masked_crc32c = static_cast<uint32_t>(field.value);
    if (field.number == 7) entry.sliced = true;
  }
  if (dtype > 1000) fail("{}: tensor '{}' has the unknown dtype {}", file, name, dtype);
  entry.dtype = static_cast<int>(dtype);
  if (shard != 0)
    fail("{}: tensor '{}' is in shard {}; save the checkpoint again in one shard", file, name, shard);
  return entry;
}

/// BundleHeaderProto: 1 number of shards, 2 endianness (0 little).
void check_header(Bytes message, const std::string& file) {
  uint64_t shards = 0, endianness = 0;
  for (const ProtoField& field : parse_message(message, file)) {
    if (field.number == 1) shards = field.value;
    if (field.number == 2) endianness = field.value;
  }
  if (shards != 1) fail("{}: the checkpoint has {} shards; save it again in one", file, shards);
  if (endianness != 0)
    fail("{}: the checkpoint was written on a big-endian machine; save it on another", file);
}

std::map<std::string, CheckpointEntry> parse_index(Bytes table, const std::string& file) {
  if (table.size() < kFooterBytes) {
    fail("{}: {} bytes are too few for a checkpoint index; it is truncated or of another kind", file,
         table.size());
  }
  const Bytes footer = table.last(kFooterBytes);
  uint64_t magic = 0;
  std::memcpy(&magic, footer.data() + kFooterBytes - sizeof magic, sizeof magic);
  if (magic != kTableMagic) {
    fail("{}: the last bytes are not those of a checkpoint index; it is truncated or of another kind", file);
  }
  Cursor handles(footer.first(kFooterBytes - sizeof magic), file);
  read_handle(handles);  // the meta index, which bundles leave empty
  const BlockHandle index = read_handle(handles);

  std::map<std::string, CheckpointEntry> entries;
  bool header_seen = false;
  uint64_t previous_end = 0;
  for_each_entry(read_block(table, index, file), file, [&](const std::string&, Bytes value) {
    Cursor cursor(value, file);
    const BlockHandle handle = read_handle(cursor);
    if (handle.offset < previous_end)
      fail("{}: blocks of the index overlap; the checkpoint is corrupt", file);
    const Bytes block = read_block(table, handle, file);
    previous_end = handle.offset + handle.size;
    for_each_entry(block, file, [&](const std::string& key, Bytes message) {
      if (key.empty()) {
        check_header(message, file);
        header_seen = true;
      } else if (!entries.emplace(key, parse_entry(message, key, file)).second) {
        fail("{}: tensor '{}' stands twice in the index; the checkpoint is corrupt", file, key);
      }
    });
  });
  if (!header_seen) fail("{}: the index has no header; this is not a TensorFlow checkpoint", file);
  return entries;
}

std::optional<uint64_t> dtype_bytes(int dtype) {
  switch (dtype) {
    case 4:
    case 6:
    case 10:
      return 1;
    case 5:
    case 14:
    case 17:
    case 19:
      return 2;
    case 1:
    case 3:
    case 22:
      return 4;
    case 2:
    case 9:
    case 23:
      return 8;
    default:
      return std::nullopt;
  }
}

std::string shape_text(const std::vector<int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

void check_entry(const TfCheckpoint& checkpoint, const std::string& name, const CheckpointEntry& entry) {
  if (entry.sliced) return;
  if (entry.offset > checkpoint.data.size() || entry.size > checkpoint.data.size() - entry.offset) {
    fail(
        "{}: tensor '{}' takes bytes {} + {}, but the file has {}; it is truncated, or the index is of "
        "another "
        "checkpoint",
        checkpoint.data_path, name, entry.offset, entry.size, checkpoint.data.size());
  }
  const std::optional<uint64_t> element = dtype_bytes(entry.dtype);
  if (!element) return;  // strings and the like, which no import reads
  uint64_t bytes = *element;
  for (const int64_t extent : entry.shape) {
    const uint64_t factor = static_cast<uint64_t>(extent);
    if (factor != 0 && bytes > std::numeric_limits<uint64_t>::max() / factor) {
      fail("{}: tensor '{}' has an impossible shape; the checkpoint is corrupt", checkpoint.index_path, name);
    }
    bytes *= factor;
  }
  if (bytes != entry.size) {
    fail("{}: tensor '{}' of shape {} cannot take {} bytes; the checkpoint is corrupt", checkpoint.index_path,
         name, shape_text(entry.shape), entry.size);
  }
}

/// X of X, X.index, X.data-00000-of-00001.
std::string prefix_of(const std::filesystem::path& path) {
  const std::string text = path.string();
  const std::string_view index_end = ".index";
  if (text.ends_with(index_end)) return text.substr(0, text.size() - index_end.size());
  const size_t data = text.rfind(".data-");
  const size_t slash = text.rfind('/');
  if (data != std::string::npos && (slash == std::string::npos || slash < data)) return text.substr(0, data);
  return text;
}

}  // namespace

std::string tf_dtype_name(int dtype) {
  static constexpr const char* kNames[] = {nullptr, "float32", "float64",   "int32", "uint8", "int16",
                                           "int8",  "string",  "complex64", "int64", "bool"};
  if (dtype >= 1 && dtype <= 10) return kNames[dtype];
  return fmt::format("type {}", dtype);
}

bool is_tf_checkpoint(const std::filesystem::path& path) {
  const std::string prefix = prefix_of(path);
  std::error_code ignored;
  return prefix != path.string() || std::filesystem::exists(prefix + ".index", ignored);
}

TfCheckpoint read_tf_checkpoint(const std::filesystem::path& path) {
  const std::string prefix = prefix_of(path);
  TfCheckpoint checkpoint;
  checkpoint.index_path = prefix + ".index";
  checkpoint.data_path = prefix + ".data-00000-of-00001";
  checkpoint.entries = parse_index(read_weights_file(checkpoint.index_path), checkpoint.index_path);
  checkpoint.data = read_weights_file(checkpoint.data_path);
  for (const auto& [name, entry] : checkpoint.entries) check_entry(checkpoint, name, entry);
  return checkpoint;
}

std::vector<float> checkpoint_floats(const TfCheckpoint& checkpoint, const std::string& name,
                                     const std::vector<int64_t>& shape) {
  const auto found = checkpoint.entries.find(name);
  if (found == checkpoint.entries.end()) {
    fail("{}: tensor '{}' (shape {}) is missing; the checkpoint is not of a MobileNetV1",
         checkpoint.index_path, name, shape_text(shape));
  }
  const CheckpointEntry& entry = found->second;
  if (entry.sliced) {
    fail("{}: tensor '{}' is partitioned; save the checkpoint without a partitioner", checkpoint.index_path,
         name);
  }
  if (entry.dtype != kDtypeFloat) {
    fail("{}: tensor '{}' is {}, not float32; save the checkpoint in float32", checkpoint.index_path, name,
         tf_dtype_name(entry.dtype));
  }
  if (entry.shape != shape) {
    fail("{}: tensor '{}' has shape {}, not {}; the checkpoint is of another network", checkpoint.index_path,
         name, shape_text(entry.shape), shape_text(shape));
  }
  const Bytes bytes = Bytes(checkpoint.data).subspan(entry.offset, entry.size);
  if (mask_crc32c(crc32c(bytes)) != entry.masked_crc32c) {
    fail("{}: the checksum of tensor '{}' is wrong; the file is corrupt, fetch it again",
         checkpoint.data_path, name);
  }
  std::vector<float> values(bytes.size() / sizeof(float));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

}  // namespace fixynn
