// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "core/error.h"
#include "model/import_builder.h"
#include "model/tf_checkpoint.h"

// Names of TensorFlow-Slim's MobileNetV1. Its layouts are ours but for axes of extent 1: conv1 HWIO,
// depthwise HWC1, pointwise 11IO.

namespace fixynn {
namespace {

constexpr int kCheckpointInputSize = 224;

/// What stands before "Conv2d_0/weights": "MobilenetV1/", or a longer scope.
std::string find_scope(const TfCheckpoint& checkpoint) {
  const std::string first = "Conv2d_0/weights";
  std::string scope;
  bool found = false;
  for (const auto& [name, entry] : checkpoint.entries) {
    if (!name.ends_with(first)) continue;
    const std::string before = name.substr(0, name.size() - first.size());
    if (!before.empty() && before.back() != '/') continue;
    if (!found || before.size() < scope.size()) scope = before;
    found = true;
  }
  if (!found) {
    fail("{}: there is no tensor '.../{}' among {}; the checkpoint is not of TensorFlow-Slim's MobileNetV1",
         checkpoint.index_path, first, checkpoint.entries.size());
  }
  return scope;
}

std::string printable(const std::string& text) {
  std::string result;
  for (const char c : text) result += c >= 0x20 && c < 0x7F ? c : '?';
  return result;
}

class CheckpointImporter {
 public:
  CheckpointImporter(const TfCheckpoint& checkpoint, Import& import)
      : checkpoint_(checkpoint), import_(import), scope_(find_scope(checkpoint)) {}

  void run() {
    const std::string logits = scope_ + "Logits/Conv2d_1c_1x1/";
    const CheckpointEntry& first = checkpoint_.entries.at(scope_ + "Conv2d_0/weights");
    if (first.shape.size() != 4) {
      fail("{}: tensor '{}Conv2d_0/weights' has shape {}, not [3, 3, 3, outputs]", checkpoint_.index_path,
           scope_, shape_text(first.shape));
    }
    const double alpha = alpha_of_channels(first.shape[3], checkpoint_.index_path);
    import_.has_head = checkpoint_.entries.contains(logits + "weights");
    const MobileNet network = make_mobilenet(alpha, kCheckpointInputSize, classes(logits));
    ImportBuilder builder(import_, network, checkpoint_.data_path);
    for (const Conv& conv : network.convs) read_conv(conv, builder);
    if (import_.has_head) {
      const int64_t features = network.feature_channels();
      read(logits + "weights", {1, 1, features, network.classes}, "head.weight", builder);
      read(logits + "biases", {network.classes}, "head.bias", builder);
    } else {
      import_.missing.push_back("head.weight, head.bias: random values stand in");
    }
    list_not_used();
    import_.notes.push_back(
        fmt::format("Batch norm came with its {}beta, mean and variance.", has_gamma_ ? "gamma, " : ""));
    import_.notes.push_back(
        fmt::format("A checkpoint does not say the input size; {0} x {0} is written.", kCheckpointInputSize));
  }

 private:
  int classes(const std::string& logits) const {
    if (!import_.has_head) return 2;
    const CheckpointEntry& entry = checkpoint_.entries.at(logits + "weights");
    const int64_t count = entry.shape.size() == 4 ? entry.shape[3] : 0;
    if (count < 2 || count > 1'000'000) {
      fail("{}: tensor '{}weights' has shape {}, which is no classifier of 2 classes or more",
           checkpoint_.index_path, logits, shape_text(entry.shape));
    }
    return static_cast<int>(count);
  }

  void read(const std::string& source, const std::vector<int64_t>& shape, const std::string& target,
            ImportBuilder& builder) {
    builder.store(target, checkpoint_floats(checkpoint_, source, shape), source, shape, "");
    used_.insert(source);
  }

  void read_conv(const Conv& conv, ImportBuilder& builder) {
    std::string name = scope_ + fmt::format("Conv2d_{}", conv.layer);
    std::string weights = "/weights";
    std::vector<int64_t> shape{3, 3, conv.in_channels, conv.out_channels};
    if (conv.kind == ConvKind::kDepthwise) {
      name += "_depthwise";
      weights = "/depthwise_weights";
      shape = {3, 3, conv.out_channels, 1};
    } else if (conv.kind == ConvKind::kPointwise) {
      name += "_pointwise";
      shape = {1, 1, conv.in_channels, conv.out_channels};
    }
    read(name + weights, shape, conv.name + ".weight", builder);
    const std::vector<int64_t> per_channel{conv.out_channels};
    const std::string batch_norm = name + "/BatchNorm/";
    if (checkpoint_.entries.contains(batch_norm + "gamma")) {
      read(batch_norm + "gamma", per_channel, conv.name + ".gamma", builder);
    } else {
      has_gamma_ = false;
      builder.fill(conv.name + ".gamma", 1.0f);
      import_.missing.push_back(conv.name + ".gamma: 1 stands in (batch norm trained without scale)");
    }
    read(batch_norm + "beta", per_channel, conv.name + ".beta", builder);
    read(batch_norm + "moving_mean", per_channel, conv.name + ".running_mean", builder);
    read(batch_norm + "moving_variance", per_channel, conv.name + ".running_variance", builder);
  }

  void list_not_used() {
    bool trained_quantised = false;
    for (const auto& [name, entry] : checkpoint_.entries) {
      if (used_.contains(name)) continue;
      trained_quantised = trained_quantised || name.find("weights_quant/") != std::string::npos;
      import_.not_used.push_back(
          fmt::format("{} {} {}", printable(name), tf_dtype_name(entry.dtype), shape_text(entry.shape)));
    }
    if (trained_quantised) {
      import_.notes.push_back(
          "The checkpoint was trained with fake quantisation; its weights are unrounded, its ranges are not "
          "used.");
    }
  }

  const TfCheckpoint& checkpoint_;
  Import& import_;
  std::string scope_;
  bool has_gamma_ = true;
  std::set<std::string> used_;
};

}  // namespace

Import import_tf_checkpoint(const std::filesystem::path& path) {
  const TfCheckpoint checkpoint = read_tf_checkpoint(path);
  Import import;
  import.kind = "TensorFlow checkpoint";
  // The prefix, whichever of its files was named, so that equal weights give equal bytes.
  import.model.metadata["source"] = std::filesystem::path(checkpoint.index_path).stem().string();
  CheckpointImporter(checkpoint, import).run();
  return import;
}

}  // namespace fixynn
