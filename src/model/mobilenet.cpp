// SPDX-License-Identifier: Apache-2.0
#include "model/mobilenet.h"

#include <algorithm>
#include <array>

#include "core/error.h"

namespace fixynn {
namespace {

struct Block {
  int channels;
  int stride;
};
constexpr std::array<Block, 13> kBlocks = {{{64, 1},
                                            {128, 2},
                                            {128, 1},
                                            {256, 2},
                                            {256, 1},
                                            {512, 2},
                                            {512, 1},
                                            {512, 1},
                                            {512, 1},
                                            {512, 1},
                                            {512, 1},
                                            {1024, 2},
                                            {1024, 1}}};

Conv make_conv(ConvKind kind, int layer, int in_channels, int out_channels, int stride, int in_size) {
  Conv conv{};
  conv.kind = kind;
  conv.layer = layer;
  const char* suffix = kind == ConvKind::kConv1       ? "conv1"
                       : kind == ConvKind::kDepthwise ? "depthwise"
                                                      : "pointwise";
  conv.name = fmt::format("l{:02}_{}", layer, suffix);
  conv.in_channels = in_channels;
  conv.out_channels = out_channels;
  conv.stride = stride;
  conv.in_size = in_size;
  if (kind == ConvKind::kPointwise) {
    conv.out_size = in_size;
  } else {
    const SamePadding padding = same_padding_3(in_size, stride);
    conv.out_size = padding.output;
    conv.pad_before = padding.before;
  }
  return conv;
}

}  // namespace

SamePadding same_padding_3(int input, int stride) {
  const int output = (input + stride - 1) / stride;
  const int total = std::max(0, (output - 1) * stride + 3 - input);
  return {output, total / 2};
}

int64_t Conv::weight_count() const {
  return kind == ConvKind::kDepthwise ? int64_t{9} * out_channels : int64_t{taps()} * out_channels;
}

int Conv::taps() const {
  switch (kind) {
    case ConvKind::kConv1:
      return 9 * in_channels;
    case ConvKind::kDepthwise:
      return 9;
    case ConvKind::kPointwise:
      return in_channels;
  }
  return 0;
}

int64_t Conv::macs() const {
  return int64_t{out_size} * out_size * out_channels * taps();
}

MobileNet make_mobilenet(double alpha, int input_size, int classes) {
  if (alpha != 0.25 && alpha != 0.5 && alpha != 0.75 && alpha != 1.0) {
    fail_usage("model.alpha: {} is not a MobileNetV1 width; use 0.25, 0.5, 0.75 or 1.0", alpha);
  }
  if (input_size < 32 || input_size > 1024) {
    fail_usage("data.size: {} pixels is outside 32..1024", input_size);
  }
  if (classes < 2) fail_usage("a classifier needs at least 2 classes, not {}", classes);
  MobileNet network{alpha, input_size, classes, {}};
  const auto scaled = [alpha](int channels) { return std::max(8, static_cast<int>(channels * alpha)); };
  network.convs.push_back(make_conv(ConvKind::kConv1, 0, 3, scaled(32), 2, input_size));
  for (size_t i = 0; i < kBlocks.size(); ++i) {
    const int layer = static_cast<int>(i) + 1;
    const Conv& previous = network.convs.back();
    network.convs.push_back(make_conv(ConvKind::kDepthwise, layer, previous.out_channels,
                                      previous.out_channels, kBlocks[i].stride, previous.out_size));
    const Conv& depthwise = network.convs.back();
    network.convs.push_back(make_conv(ConvKind::kPointwise, layer, depthwise.out_channels,
                                      scaled(kBlocks[i].channels), 1, depthwise.out_size));
  }
  return network;
}

double fixed_ops_percent(const MobileNet& network, int layers) {
  double fixed = 0, all = 0;
  const size_t fixed_convs = static_cast<size_t>(MobileNet::convs_in_layers(layers));
  for (size_t i = 0; i < network.convs.size(); ++i) {
    const Conv& conv = network.convs[i];
    const double macs = static_cast<double>(conv.macs());
    const double batch_norm_outputs = static_cast<double>(conv.out_size) * conv.out_size * conv.out_channels;
    all += macs + batch_norm_outputs;
    if (i < fixed_convs) fixed += macs;
  }
  return 100.0 * fixed / all;
}

}  // namespace fixynn
