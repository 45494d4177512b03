// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "model/checkpoint_fixture.h"
#include "model/fixtures.h"
#include "model/tflite.h"

// Writes TFLite flatbuffers: parents first, children behind them, offsets patched when the child is written.

namespace fixynn::model_test {

struct LiteFixture {
  struct Tensor {
    std::string name;
    std::vector<int> shape;
    std::vector<uint8_t> bytes;
    int type = lite_type::kFloat32;
  };
  struct Operator {
    int code;
    std::vector<int> inputs, outputs;
    int stride = 1;
    int padding = 0;  ///< 0 SAME, 1 VALID
    int activation = lite_activation::kRelu6;
  };
  std::vector<Tensor> tensors;
  std::vector<Operator> operators;

  std::vector<uint8_t> build() {
    out_.assign(8, 0);
    std::memcpy(out_.data() + 4, "TFL3", 4);
    const auto root = table(0, {{0, 4}, {1, 4}, {2, 4}, {4, 4}});
    set(root[0], 3);
    const std::vector<size_t> codes = offsets(root[1], operators.size());
    const std::vector<size_t> graphs = offsets(root[2], 1);
    const std::vector<size_t> buffers = offsets(root[3], tensors.size() + 1);
    for (size_t i = 0; i < operators.size(); ++i) set(table(codes[i], {{3, 4}})[0], operators[i].code);
    const auto graph = table(graphs[0], {{0, 4}, {1, 4}, {2, 4}, {3, 4}});
    const std::vector<size_t> tensor_places = offsets(graph[0], tensors.size());
    ints(graph[1], {0});
    ints(graph[2], {operators.back().outputs[0]});
    const std::vector<size_t> operator_places = offsets(graph[3], operators.size());
    table(buffers[0], {});
    for (size_t i = 0; i < tensors.size(); ++i) {
      const auto fields = table(tensor_places[i], {{0, 4}, {1, 1}, {2, 4}, {3, 4}});
      ints(fields[0], tensors[i].shape);
      out_[fields[1]] = static_cast<uint8_t>(tensors[i].type);
      set(fields[2], static_cast<int>(i) + 1);
      bytes(fields[3], {tensors[i].name.begin(), tensors[i].name.end()});
      if (tensors[i].bytes.empty()) {
        table(buffers[i + 1], {});
      } else {
        bytes(table(buffers[i + 1], {{0, 4}})[0], tensors[i].bytes);
      }
    }
    for (size_t i = 0; i < operators.size(); ++i) write_operator(operator_places[i], static_cast<int>(i));
    return out_;
  }

 private:
  void set(size_t position, int value) { std::memcpy(out_.data() + position, &value, sizeof value); }
  void point_here(size_t position) { set(position, static_cast<int>(out_.size() - position)); }

  /// Writes a vtable and a table whose offset goes to `from`; returns where its fields lie.
  std::vector<size_t> table(size_t from, std::initializer_list<std::pair<int, int>> fields) {
    const size_t vtable = out_.size();
    int count = 0, size = 4;
    for (const auto& [number, width] : fields) count = std::max(count, number + 1);
    std::vector<uint16_t> entries(static_cast<size_t>(count) + 2, 0);
    std::vector<size_t> places;
    for (const auto& [number, width] : fields) {
      entries[static_cast<size_t>(number) + 2] = static_cast<uint16_t>(size);
      places.push_back(vtable + 2 * entries.size() + static_cast<size_t>(size));
      size += width;
    }
    entries[0] = static_cast<uint16_t>(2 * entries.size());
    entries[1] = static_cast<uint16_t>(size);
    for (const uint16_t entry : entries) append(out_, entry);
    point_here(from);
    append(out_, static_cast<int32_t>(out_.size() - vtable));
    out_.resize(out_.size() + static_cast<size_t>(size) - 4);
    return places;
  }
  std::vector<size_t> offsets(size_t from, size_t count) {
    point_here(from);
    append(out_, static_cast<uint32_t>(count));
    std::vector<size_t> places;
    for (size_t i = 0; i < count; ++i) {
      places.push_back(out_.size());
      append(out_, uint32_t{0});
    }
    return places;
  }
  void ints(size_t from, const std::vector<int>& values) {
    point_here(from);
    append(out_, static_cast<uint32_t>(values.size()));
    for (const int value : values) append(out_, value);
  }
  void bytes(size_t from, const std::vector<uint8_t>& values) {
    point_here(from);
    append(out_, static_cast<uint32_t>(values.size()));
    out_.insert(out_.end(), values.begin(), values.end());
  }
  void write_operator(size_t place, int i) {
    const Operator& op = operators[static_cast<size_t>(i)];
    const auto fields = table(place, {{0, 4}, {1, 4}, {2, 4}, {4, 4}});
    set(fields[0], i);
    ints(fields[1], op.inputs);
    ints(fields[2], op.outputs);
    if (op.code == lite_op::kDepthwiseConv2d) {
      const auto options = table(fields[3], {{0, 1}, {1, 4}, {2, 4}, {3, 4}, {4, 1}});
      out_[options[0]] = static_cast<uint8_t>(op.padding);
      set(options[1], op.stride);
      set(options[2], op.stride);
      set(options[3], 1);
      out_[options[4]] = static_cast<uint8_t>(op.activation);
    } else if (op.code == lite_op::kConv2d) {
      const auto options = table(fields[3], {{0, 1}, {1, 4}, {2, 4}, {3, 1}});
      out_[options[0]] = static_cast<uint8_t>(op.padding);
      set(options[1], op.stride);
      set(options[2], op.stride);
      out_[options[3]] = static_cast<uint8_t>(op.activation);
    } else {
      table(fields[3], {});
    }
  }

  std::vector<uint8_t> out_;
};

/// A float MobileNetV1 with folded batch norm: `parameters`' weights, and its betas as biases.
inline LiteFixture lite_network(const MobileNet& network, const ModelParameters& parameters) {
  LiteFixture fixture;
  int current = 0;
  fixture.tensors.push_back({"input", {1, network.input_size, network.input_size, 3}, {}});
  const auto add = [&](LiteFixture::Tensor tensor) {
    fixture.tensors.push_back(std::move(tensor));
    return static_cast<int>(fixture.tensors.size()) - 1;
  };
  // [taps][out], as this program stores weights, to TFLite's [out][taps].
  const auto turned = [](const std::vector<float>& values, int out) {
    const size_t columns = static_cast<size_t>(out), rows = values.size() / columns;
    std::vector<float> result;
    for (size_t column = 0; column < columns; ++column) {
      for (size_t row = 0; row < rows; ++row) result.push_back(values[row * columns + column]);
    }
    return float_bytes(result);
  };
  for (const Conv& conv : network.convs) {
    const std::vector<float> weight = tensor_values(network, parameters, conv.name + ".weight");
    const bool depthwise = conv.kind == ConvKind::kDepthwise;
    const int kernel = conv.kind == ConvKind::kPointwise ? 1 : 3;
    LiteFixture::Tensor weights{conv.name + "/w", {conv.out_channels, kernel, kernel, conv.in_channels}, {}};
    if (depthwise) weights.shape = {1, 3, 3, conv.out_channels};
    weights.bytes = depthwise ? float_bytes(weight) : turned(weight, conv.out_channels);
    const int w = add(std::move(weights));
    const int b = add({conv.name + "/b",
                       {conv.out_channels},
                       float_bytes(tensor_values(network, parameters, conv.name + ".beta"))});
    const int out = add({conv.name + "/out", {1, conv.out_size, conv.out_size, conv.out_channels}, {}});
    fixture.operators.push_back(
        {depthwise ? lite_op::kDepthwiseConv2d : lite_op::kConv2d, {current, w, b}, {out}, conv.stride});
    current = out;
  }
  const int pooled = add({"pooled", {1, 1, 1, network.feature_channels()}, {}});
  fixture.operators.push_back({lite_op::kAveragePool2d, {current}, {pooled}});
  const int w = add({"logits/w",
                     {network.classes, 1, 1, network.feature_channels()},
                     turned(tensor_values(network, parameters, "head.weight"), network.classes)});
  const int b =
      add({"logits/b", {network.classes}, float_bytes(tensor_values(network, parameters, "head.bias"))});
  const int logits = add({"logits", {1, 1, 1, network.classes}, {}});
  fixture.operators.push_back({lite_op::kConv2d, {pooled, w, b}, {logits}, 1, 0, lite_activation::kNone});
  const int softmax = add({"softmax", {1, network.classes}, {}});
  fixture.operators.push_back({lite_op::kSoftmax, {logits}, {softmax}});
  return fixture;
}

}  // namespace fixynn::model_test
