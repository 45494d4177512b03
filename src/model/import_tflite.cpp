// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "core/error.h"
#include "model/import_builder.h"
#include "model/tflite.h"

// TFLite's layouts: convolution [out][ky][kx][in], depthwise [1][ky][kx][channel], fully connected
// [class][in].

namespace fixynn {
namespace {

std::string tensor_label(const LiteModel& lite, int tensor) {
  return tensor < 0 ? "(none)" : lite.tensors[static_cast<size_t>(tensor)].name;
}

/// Walks the operators, which must be the chain of a MobileNetV1, and takes each one's weights and bias.
class LiteImporter {
 public:
  LiteImporter(const LiteModel& lite, Import& import) : lite_(lite), import_(import) {}

  void run() {
    refuse_quantised();
    if (lite_.inputs.size() != 1 || lite_.operators.empty()) {
      fail("{}: a classifier has one input and some operators; this has {} and {}", lite_.what,
           lite_.inputs.size(), lite_.operators.size());
    }
    const int head = find_head();
    import_.has_head = head >= 0;
    const MobileNet network = make_mobilenet(read_alpha(), read_input_size(), read_classes(head));
    ImportBuilder builder(import_, network, lite_.what);
    current_ = lite_.inputs[0];
    for (const Conv& conv : network.convs) read_conv(conv, builder);
    read_tail(head, network, builder);
    list_not_used();
    import_.model.batch_norm_folded = true;
    import_.notes.push_back(
        "Batch norm came folded into weights and biases: gamma 1, beta = bias, mean 0, variance + epsilon = "
        "1. "
        "Training measures it back first.");
    if (relu_count_ > 0) {
      import_.notes.push_back(
          fmt::format("{} of 27 activations are ReLU, without the limit of 6; they become ReLU6, so the "
                      "network differs where "
                      "values exceed 6.",
                      relu_count_));
    }
  }

 private:
  const LiteTensor& tensor(int number) const { return lite_.tensors[static_cast<size_t>(number)]; }

  void refuse_quantised() const {
    for (const LiteOperator& op : lite_.operators) {
      for (const int number : op.inputs) {
        if (number < 0) continue;
        const int type = tensor(number).type;
        if (type == lite_type::kUint8 || type == lite_type::kInt8) {
          fail("{}: the network is quantised (tensor '{}' is {}); import the float network instead",
               lite_.what, tensor(number).name, type == lite_type::kInt8 ? "int8" : "uint8");
        }
        if (type == lite_type::kFloat16) {
          fail("{}: the weights are float16 (tensor '{}'); convert the network without quantisation",
               lite_.what, tensor(number).name);
        }
      }
    }
  }

  /// The operator after the 27 convolutions that has weights; -1 when there is none.
  int find_head() const {
    for (size_t i = 27; i < lite_.operators.size(); ++i) {
      const int code = lite_.operators[i].code;
      if (code == lite_op::kConv2d || code == lite_op::kFullyConnected) return static_cast<int>(i);
    }
    return -1;
  }

  /// Extent of an axis of an operator's weights.
  int64_t weight_extent(const LiteOperator& op, size_t axis) const {
    if (op.inputs.size() < 2 || op.inputs[1] < 0 || tensor(op.inputs[1]).shape.size() <= axis) {
      fail("{}: a {} has no weights; the TFLite file is corrupt or of another network", lite_.what,
           lite_operator_name(op.code));
    }
    return tensor(op.inputs[1]).shape[axis];
  }

  double read_alpha() const {
    const LiteOperator& first = lite_.operators[0];
    if (first.code != lite_op::kConv2d) {
      fail("{}: the first operator is {}, not CONV_2D; the network is not a MobileNetV1", lite_.what,
           lite_operator_name(first.code));
    }
    return alpha_of_channels(weight_extent(first, 0), lite_.what);
  }

  int read_input_size() const {
    const LiteTensor& input = tensor(lite_.inputs[0]);
    const auto& shape = input.shape;
    if (shape.size() != 4 || shape[1] != shape[2] || shape[3] != 3 || shape[1] < 32 || shape[1] > 1024) {
      fail("{}: the input '{}' has shape {}; a square RGB image of 32 to 1,024 pixels is needed", lite_.what,
           input.name, shape_text(shape));
    }
    return static_cast<int>(shape[1]);
  }

  int read_classes(int head) const {
    if (head < 0) return 2;
    const int64_t classes = weight_extent(lite_.operators[static_cast<size_t>(head)], 0);
    if (classes < 2 || classes > 1'000'000) {
      fail("{}: the last layer has {} outputs; a classifier has at least 2", lite_.what, classes);
    }
    return static_cast<int>(classes);
  }

  void advance(const LiteOperator& op, const std::string& where) {
    if (op.inputs.empty() || op.outputs.size() != 1 || op.inputs[0] != current_) {
      fail("{}: {} does not follow the layer before it; only a plain chain of layers can be imported",
           lite_.what, where);
    }
    current_ = op.outputs[0];
    ++next_;
  }

  std::vector<float> take(int number, const std::vector<int64_t>& shape) {
    used_.insert(number);
    return lite_floats(lite_, number, shape);
  }

  void check_options(const LiteOperator& op, const Conv& conv) {
    const bool wrong_stride = op.stride_width != conv.stride || op.stride_height != conv.stride;
    const bool wrong_padding = conv.kind != ConvKind::kPointwise && !op.same_padding;
    if (wrong_stride || wrong_padding || op.dilation_width != 1 || op.dilation_height != 1 ||
        op.depth_multiplier != 1) {
      fail(
          "{}: {} ('{}') has stride {} x {}, {} padding, dilation {} x {}, depth multiplier {}; a "
          "MobileNetV1 has "
          "stride {}, SAME padding, and 1 for the others",
          lite_.what, conv.name, tensor_label(lite_, op.inputs[1]), op.stride_height, op.stride_width,
          op.same_padding ? "SAME" : "VALID", op.dilation_height, op.dilation_width, op.depth_multiplier,
          conv.stride);
    }
    if (op.activation == lite_activation::kRelu) {
      ++relu_count_;
    } else if (op.activation != lite_activation::kRelu6) {
      fail("{}: {} ('{}') is not followed by ReLU6 (activation {}); the network is not a MobileNetV1",
           lite_.what, conv.name, tensor_label(lite_, op.inputs[1]), op.activation);
    }
  }

  void read_conv(const Conv& conv, ImportBuilder& builder) {
    const int code = conv.kind == ConvKind::kDepthwise ? lite_op::kDepthwiseConv2d : lite_op::kConv2d;
    if (next_ >= lite_.operators.size()) {
      fail("{}: the network ends before {}; it is not a MobileNetV1", lite_.what, conv.name);
    }
    const LiteOperator& op = lite_.operators[next_];
    if (op.code != code || op.inputs.size() != 3 || op.inputs[1] < 0 || op.inputs[2] < 0) {
      fail(
          "{}: operator {} is {} of {} inputs where {} ({} with weights and bias) belongs; the network is "
          "not a "
          "MobileNetV1",
          lite_.what, next_, lite_operator_name(op.code), op.inputs.size(), conv.name,
          lite_operator_name(code));
    }
    check_options(op, conv);
    const int64_t kernel = conv.kind == ConvKind::kPointwise ? 1 : 3;
    std::vector<int64_t> shape{conv.out_channels, kernel, kernel, conv.in_channels};
    if (conv.kind == ConvKind::kDepthwise) shape = {1, 3, 3, conv.out_channels};
    std::vector<float> weights = take(op.inputs[1], shape);
    std::string change;
    if (conv.kind != ConvKind::kDepthwise) {
      weights = transposed(weights, static_cast<size_t>(conv.out_channels), static_cast<size_t>(conv.taps()));
      change = "transposed";
    }
    builder.store(conv.name + ".weight", weights, tensor_label(lite_, op.inputs[1]), shape, change);
    builder.store(conv.name + ".beta", take(op.inputs[2], {conv.out_channels}),
                  tensor_label(lite_, op.inputs[2]), {conv.out_channels}, "bias of folded batch norm");
    builder.fill(conv.name + ".gamma", 1.0f);
    builder.fill(conv.name + ".running_mean", 0.0f);
    // Variance + epsilon is then 1, so that the normalisation changes nothing.
    builder.fill(conv.name + ".running_variance", static_cast<float>(1.0 - kBatchNormEpsilon));
    advance(op, conv.name);
  }

  void read_tail(int head, const MobileNet& network, ImportBuilder& builder) {
    static const std::set<int> kWithoutWeights = {lite_op::kAveragePool2d, lite_op::kMean, lite_op::kReshape,
                                                  lite_op::kSqueeze, lite_op::kSoftmax};
    while (next_ < lite_.operators.size()) {
      const LiteOperator& op = lite_.operators[next_];
      if (static_cast<int>(next_) == head) {
        read_head(op, network, builder);
      } else if (!kWithoutWeights.contains(op.code)) {
        fail("{}: operator {} is {} after the convolutions, where only pooling and one classifier belong",
             lite_.what, next_, lite_operator_name(op.code));
      }
      advance(op, fmt::format("operator {} ({})", next_, lite_operator_name(op.code)));
    }
    if (head < 0) import_.missing.push_back("head.weight, head.bias: random values stand in");
  }

  void read_head(const LiteOperator& op, const MobileNet& network, ImportBuilder& builder) {
    const int64_t features = network.feature_channels();
    std::vector<int64_t> shape{network.classes, features};
    if (op.code == lite_op::kConv2d) shape = {network.classes, 1, 1, features};
    if (op.activation != lite_activation::kNone) {
      fail("{}: the classifier '{}' is followed by an activation; a MobileNetV1 ends in a linear layer",
           lite_.what, tensor_label(lite_, op.inputs[1]));
    }
    const std::vector<float> weights = take(op.inputs[1], shape);
    builder.store("head.weight",
                  transposed(weights, static_cast<size_t>(network.classes), static_cast<size_t>(features)),
                  tensor_label(lite_, op.inputs[1]), shape, "transposed");
    if (op.inputs.size() > 2 && op.inputs[2] >= 0) {
      builder.store("head.bias", take(op.inputs[2], {network.classes}), tensor_label(lite_, op.inputs[2]),
                    {network.classes}, "");
    } else {
      builder.fill("head.bias", 0.0f);
      import_.missing.push_back("head.bias: 0 stands in (the classifier has no bias)");
    }
  }

  void list_not_used() {
    for (size_t i = 0; i < lite_.tensors.size(); ++i) {
      const LiteTensor& found = lite_.tensors[i];
      if (found.data.empty() || used_.contains(static_cast<int>(i))) continue;
      import_.not_used.push_back(fmt::format(
          "{} {}", found.name.empty() ? fmt::format("tensor {}", i) : found.name, shape_text(found.shape)));
    }
  }

  const LiteModel& lite_;
  Import& import_;
  int current_ = -1;  ///< the tensor that the next operator must take
  size_t next_ = 0;   ///< operator
  int relu_count_ = 0;
  std::set<int> used_;
};

}  // namespace

Import import_tflite(std::vector<uint8_t> contents, const std::filesystem::path& path) {
  const LiteModel lite = parse_tflite(std::move(contents), path.string());
  Import import;
  import.kind = "TFLite network";
  import.model.metadata["source"] = path.filename().string();
  LiteImporter(lite, import).run();
  return import;
}

}  // namespace fixynn
