// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace fixynn {

/// TFLite's TensorType numbers that matter here.
namespace lite_type {
constexpr int kFloat32 = 0, kFloat16 = 1, kInt32 = 2, kUint8 = 3, kInt8 = 9;
}

/// TFLite's BuiltinOperator numbers that matter here.
namespace lite_op {
constexpr int kAveragePool2d = 1, kConv2d = 3, kDepthwiseConv2d = 4, kDequantize = 6, kFullyConnected = 9,
              kReshape = 22, kSoftmax = 25, kMean = 40, kSqueeze = 43, kQuantize = 114;
}

/// TFLite's ActivationFunctionType.
namespace lite_activation {
constexpr int kNone = 0, kRelu = 1, kRelu6 = 3;
}

struct LiteTensor {
  std::string name;
  std::vector<int64_t> shape;
  int type = 0;                   ///< lite_type
  std::span<const uint8_t> data;  ///< into LiteModel::contents; empty for activations
};

struct LiteOperator {
  int code = 0;
  std::vector<int> inputs, outputs;  ///< tensor numbers; -1 = an optional input left out
  // Options of convolutions; of others only the activation of a fully connected layer.
  bool same_padding = false;
  int stride_width = 1, stride_height = 1;
  int dilation_width = 1, dilation_height = 1;
  int depth_multiplier = 1;
  int activation = 0;  ///< lite_activation
};

/// Subgraph 0 of a TFLite flatbuffer, the only one that a classifier has.
struct LiteModel {
  std::string what;               ///< the file, for messages
  std::vector<uint8_t> contents;  ///< what the tensors' data point into
  std::vector<LiteTensor> tensors;
  std::vector<LiteOperator> operators;  ///< in order of execution
  std::vector<int> inputs, outputs;

  LiteModel() = default;
  LiteModel(LiteModel&&) = default;
  LiteModel& operator=(LiteModel&&) = default;
};

/// True when the contents carry TFLite's file identifier.
bool is_tflite(std::span<const uint8_t> contents);

/// Reads the flatbuffer with every offset and length checked against the file; tensor and operator numbers
/// are valid afterwards. Throws one sentence naming the file and the fault.
LiteModel parse_tflite(std::vector<uint8_t> contents, const std::string& what);

/// The values of a constant float32 tensor. Throws when it is of another type or shape, or has too few bytes.
std::vector<float> lite_floats(const LiteModel& model, int tensor, const std::vector<int64_t>& shape);

/// "CONV_2D", or "operator 99".
std::string lite_operator_name(int code);

}  // namespace fixynn
