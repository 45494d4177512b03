// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/crc32c.h"
#include "model/fixtures.h"

// Writes TensorFlow V2 checkpoints: an independent, minimal twin of what the importer reads.

namespace fixynn::model_test {

struct FixtureTensor {
  std::vector<int64_t> shape;
  std::vector<uint8_t> bytes;
  int dtype = 1;
  int shard = 0;
  int64_t size_difference = 0;  ///< added to the size that the index states
};

using FixtureTensors = std::map<std::string, FixtureTensor>;

class CheckpointFixture {
 public:
  FixtureTensors tensors;
  int shards = 1;
  uint8_t compression = 0;
  /// Changes a block's contents before its checksum is taken.
  std::function<void(std::vector<uint8_t>&)> change_block = [](std::vector<uint8_t>&) {};

  void write(const std::string& prefix) {
    std::vector<uint8_t> data;
    std::map<std::string, std::vector<uint8_t>> entries;
    entries[""] = header();
    for (const auto& [name, tensor] : tensors) {
      entries[name] = entry(tensor, data.size());
      data.insert(data.end(), tensor.bytes.begin(), tensor.bytes.end());
    }
    write_bytes(prefix + ".data-00000-of-00001", data);
    write_bytes(prefix + ".index", table(entries));
  }

 private:
  using Bytes = std::vector<uint8_t>;

  static void varint(Bytes& out, uint64_t value) {
    for (; value >= 0x80; value >>= 7) out.push_back(static_cast<uint8_t>(value | 0x80));
    out.push_back(static_cast<uint8_t>(value));
  }
  static void number(Bytes& out, int field, uint64_t value) {
    varint(out, static_cast<uint64_t>(field) << 3);
    varint(out, value);
  }
  static void message(Bytes& out, int field, const Bytes& contents) {
    varint(out, (static_cast<uint64_t>(field) << 3) | 2);
    varint(out, contents.size());
    out.insert(out.end(), contents.begin(), contents.end());
  }

  Bytes header() const {
    Bytes out, version;
    number(version, 1, 1);
    number(out, 1, static_cast<uint64_t>(shards));
    message(out, 3, version);
    return out;
  }

  static Bytes entry(const FixtureTensor& tensor, size_t offset) {
    Bytes out, shape;
    for (const int64_t extent : tensor.shape) {
      Bytes dimension;
      number(dimension, 1, static_cast<uint64_t>(extent));
      message(shape, 2, dimension);
    }
    number(out, 1, static_cast<uint64_t>(tensor.dtype));
    message(out, 2, shape);
    if (tensor.shard != 0) number(out, 3, static_cast<uint64_t>(tensor.shard));
    if (offset != 0) number(out, 4, offset);
    number(out, 5, tensor.bytes.size() + static_cast<uint64_t>(tensor.size_difference));
    out.push_back((6 << 3) | 5);
    append(out, mask_crc32c(crc32c(tensor.bytes)));
    return out;
  }

  Bytes block(const std::map<std::string, Bytes>& entries) const {
    Bytes out;
    std::vector<uint32_t> restarts;
    std::string previous;
    int count = 0;
    for (const auto& [key, value] : entries) {
      size_t shared = 0;
      if (count++ % 16 == 0) {
        restarts.push_back(static_cast<uint32_t>(out.size()));
      } else {
        while (shared < std::min(key.size(), previous.size()) && key[shared] == previous[shared]) ++shared;
      }
      varint(out, shared);
      varint(out, key.size() - shared);
      varint(out, value.size());
      out.insert(out.end(), key.begin() + static_cast<std::ptrdiff_t>(shared), key.end());
      out.insert(out.end(), value.begin(), value.end());
      previous = key;
    }
    for (const uint32_t restart : restarts) append(out, restart);
    append(out, static_cast<uint32_t>(restarts.size()));
    return out;
  }

  /// Appends a block with its trailer and returns its handle.
  Bytes append_block(Bytes& file, Bytes contents) const {
    change_block(contents);
    Bytes handle;
    varint(handle, file.size());
    varint(handle, contents.size());
    contents.push_back(compression);
    file.insert(file.end(), contents.begin(), contents.end());
    append(file, mask_crc32c(crc32c(contents)));
    return handle;
  }

  Bytes table(const std::map<std::string, Bytes>& entries) const {
    constexpr size_t kEntriesInBlock = 40;  // so that there are several
    Bytes file;
    std::map<std::string, Bytes> part, index;
    for (const auto& item : entries) {
      part.insert(item);
      if (part.size() == kEntriesInBlock || item.first == entries.rbegin()->first) {
        index[item.first] = append_block(file, block(part));
        part.clear();
      }
    }
    Bytes footer = append_block(file, block({}));
    const Bytes index_handle = append_block(file, block(index));
    footer.insert(footer.end(), index_handle.begin(), index_handle.end());
    footer.resize(40);
    append(footer, uint64_t{0xdb4775248b80fb57u});
    file.insert(file.end(), footer.begin(), footer.end());
    return file;
  }
};

inline std::vector<uint8_t> float_bytes(const std::vector<float>& values) {
  std::vector<uint8_t> bytes(values.size() * sizeof(float));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

/// A checkpoint with TensorFlow-Slim's names that holds `parameters`.
inline CheckpointFixture slim_checkpoint(const MobileNet& network, const ModelParameters& parameters) {
  CheckpointFixture fixture;
  const auto put = [&](const std::string& name, std::vector<int64_t> shape, const std::string& ours) {
    fixture.tensors[name] = {std::move(shape), float_bytes(tensor_values(network, parameters, ours))};
  };
  for (const Conv& conv : network.convs) {
    std::string name = "MobilenetV1/Conv2d_" + std::to_string(conv.layer);
    const int64_t in = conv.in_channels, out = conv.out_channels;
    if (conv.kind == ConvKind::kConv1) put(name + "/weights", {3, 3, 3, out}, conv.name + ".weight");
    if (conv.kind == ConvKind::kDepthwise) {
      name += "_depthwise";
      put(name + "/depthwise_weights", {3, 3, out, 1}, conv.name + ".weight");
    }
    if (conv.kind == ConvKind::kPointwise) {
      name += "_pointwise";
      put(name + "/weights", {1, 1, in, out}, conv.name + ".weight");
    }
    put(name + "/BatchNorm/gamma", {out}, conv.name + ".gamma");
    put(name + "/BatchNorm/beta", {out}, conv.name + ".beta");
    put(name + "/BatchNorm/moving_mean", {out}, conv.name + ".running_mean");
    put(name + "/BatchNorm/moving_variance", {out}, conv.name + ".running_variance");
  }
  put("MobilenetV1/Logits/Conv2d_1c_1x1/weights", {1, 1, network.feature_channels(), network.classes},
      "head.weight");
  put("MobilenetV1/Logits/Conv2d_1c_1x1/biases", {network.classes}, "head.bias");
  fixture.tensors["global_step"] = {{}, std::vector<uint8_t>(8), 9};
  return fixture;
}

}  // namespace fixynn::model_test
