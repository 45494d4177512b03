// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fixynn {

enum class ConvKind { kConv1, kDepthwise, kPointwise };

/// TensorFlow's SAME padding of one axis for a 3-wide window: `before` rows or columns of zeros in front; the
/// odd one of an uneven total goes to the end (bottom or right).
struct SamePadding {
  int output;
  int before;
};
SamePadding same_padding_3(int input, int stride);

/// One convolution; each is followed by batch norm and ReLU6. Activations are NHWC.
/// Weight layouts: conv1 [ky][kx][in][out], depthwise [ky][kx][channel], pointwise [in][out].
struct Conv {
  ConvKind kind;
  int layer;         ///< 0 = conv1, 1..13 = blocks, TensorFlow's Conv2d_<layer>
  std::string name;  ///< "l00_conv1", "l01_depthwise", "l01_pointwise", ...
  int in_channels, out_channels;
  int stride;
  int in_size, out_size;  ///< height = width
  int pad_before;         ///< zeros above and to the left (0 for pointwise)

  int64_t weight_count() const;
  int64_t macs() const;  ///< multiply-accumulates an image, counted over output pixels
  /// Products summed into one output channel: 27, 9 or in_channels.
  int taps() const;
};

/// MobileNetV1 (Howard et al. 2017): conv1, 13 depthwise + pointwise blocks, global average pool, linear
/// head. A *layer* is conv1 or one block: 14 of them, as the FixyNN paper counts.
struct MobileNet {
  static constexpr int kLayers = 14;

  double alpha;
  int input_size;  ///< pixels, height = width; input is [input_size][input_size][3] u8
  int classes;
  std::vector<Conv> convs;  ///< 27 of them, in data-flow order

  int feature_channels() const { return convs.back().out_channels; }
  int feature_pixels() const { return convs.back().out_size * convs.back().out_size; }
  /// Number of leading entries of `convs` that belong to the first `layers` layers: 0, 1, 3, 5, ...
  static int convs_in_layers(int layers) { return layers == 0 ? 0 : 2 * layers - 1; }
};

constexpr double kBatchNormEpsilon = 1e-3;
constexpr float kRelu6Max = 6.0f;

/// Channel counts are max(8, int(alpha * c)) and must be multiples of 8. Throws Error(kUsage) for alpha
/// outside {0.25, 0.5, 0.75, 1.0}, input_size outside 32..1024 or classes < 2.
MobileNet make_mobilenet(double alpha, int input_size, int classes);

/// Share of operations in the first `layers` layers, in percent, by the rule that reproduces the paper's
/// Table 1 (27.1, 44.3, 77.0, 97.0): fixed convolution MACs / (all convolution MACs + one operation per
/// batch-norm output), the head not counted.
double fixed_ops_percent(const MobileNet& network, int layers);

}  // namespace fixynn
