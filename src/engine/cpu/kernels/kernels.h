// SPDX-License-Identifier: Apache-2.0
#pragma once

// The passes of the CPU engine, one task each: plain structs and functions, no vector types. All arrays are
// float32, NHWC, rows of `channels` values; channel counts are multiples of 8. A task covers a range of
// images or pixels and adds to arrays of its own (`sum`, `sum_product`, `weight_gradient`), so that results
// do not depend on which thread ran it; the engine reduces over tasks in order.
//
// Notation: z = raw convolution output; u = batch norm of z; y = ReLU6 (and rounding to codes) of u;
// du = dLoss/du masked by 0 < u < max; dz = dLoss/dz.

#include <cstddef>
#include <cstdint>

namespace fixynn::cpu {

/// Batch norm + ReLU6 + fake quantisation applied while z is loaded: y = clamp(a*z + b, 0, max), rounded when
/// `quantise`. Quantised y is the code itself: a and b carry 1/scale, the consumer's weights carry the scale.
struct Activation {
  const float* a;  ///< [channels]
  const float* b;  ///< [channels]
  float max;       ///< 6, or the largest code
  bool quantise;
};

/// Batch-norm backward applied while du and z are loaded: dz = ca*du + cp*z + cq.
struct GradientLoad {
  const float* du;
  const float* z;
  const float* ca;
  const float* cp;
  const float* cq;
};

/// Where a pass leaves per-channel sums of what it stores. Forward: sum of (z - center) and of its square.
/// Backward: sum of du and of du * (z - center). Null `sum`: not wanted.
struct ChannelSums {
  const float* center;
  float* sum;
  float* sum_product;
};

struct ImageShape {
  int channels;
  int in_size, out_size;
  int stride;
  int pad;  ///< rows above, columns to the left
};

// ---- conv1: 3x3, stride 2, 3 -> channels ----
struct Conv1Forward {
  const uint8_t* pixels;  ///< [images][in][in][3]
  const float* weights;   ///< [27][channels], carrying the input scale
  float* z_out;
  ImageShape shape;
  ChannelSums sums;
  float* scratch;  ///< conv1_scratch_floats
};
size_t conv1_scratch_floats(const ImageShape& shape);
void conv1_forward(const Conv1Forward& pass, int first_image, int last_image);

struct Conv1WeightGradient {
  const uint8_t* pixels;
  GradientLoad gradient;
  ImageShape shape;
  float* weight_gradient;  ///< [27][channels] of this task, with respect to (pixel - 128) inputs; added to
  float* scratch;
};
void conv1_weight_gradient(const Conv1WeightGradient& pass, int first_image, int last_image);

// ---- depthwise 3x3 ----
struct DepthwiseForward {
  const float* z_in;
  Activation activation;
  const float* weights;  ///< [9][channels]
  float* z_out;
  ImageShape shape;
  ChannelSums sums;
  float* scratch;  ///< depthwise_scratch_floats
};
size_t depthwise_scratch_floats(const ImageShape& shape);
void depthwise_forward(const DepthwiseForward& pass, int first_image, int last_image);

struct DepthwiseBackward {
  const float* z_in;
  Activation activation;
  GradientLoad gradient;
  const float* weights;    ///< [9][channels], without the input scale
  float* du_in;            ///< null: only the sums are wanted (nothing below needs the gradient itself)
  float* weight_gradient;  ///< [9][channels] of this task, with respect to y as loaded; added to; null when
                           ///< frozen
  ImageShape shape;
  ChannelSums sums;
  float* scratch;
};
void depthwise_backward(const DepthwiseBackward& pass, int first_image, int last_image);

// ---- pointwise: pixels x in -> pixels x out ----
struct PointwiseForward {
  const float* z_in;
  Activation activation;
  const float* packed_weights;  ///< pack_panels(in, out)
  float* z_out;
  int in_channels, out_channels;
  ChannelSums sums;
  float* scratch;  ///< pointwise_scratch_floats
};
size_t pointwise_scratch_floats(int in_channels, int out_channels);
void pointwise_forward(const PointwiseForward& pass, int64_t first_pixel, int64_t last_pixel);

struct PointwiseBackward {
  const float* z_in;
  Activation activation;
  GradientLoad gradient;
  const float*
      packed_transposed;  ///< pack_panels(out, in) of the transposed weights, without the input scale
  float* du_in;
  float* weight_gradient;  ///< [in][out] of this task, with respect to y as loaded; overwritten; null when
                           ///< frozen
  int in_channels, out_channels;
  ChannelSums sums;
  float* scratch;
};
void pointwise_backward(const PointwiseBackward& pass, int64_t first_pixel, int64_t last_pixel);

/// Weights [rows][columns] into the column panels the matrix kernels read, times `factor`; columns a multiple
/// of 8.
void pack_panels(const float* weights, int rows, int columns, float factor, float* packed);
/// The same for the transpose of [columns][rows] weights.
void pack_panels_transposed(const float* weights, int rows, int columns, float* packed);

// ---- head: global average pool, linear, softmax cross-entropy ----
struct HeadPass {
  const float* z_in;  ///< [images][pixels][channels]
  Activation activation;
  float pool_scale;  ///< 1/pixels, times the activation scale when quantised
  int pixels, channels;
  int classes, padded_classes;  ///< padded to a multiple of 8; padding columns of the weights are 0
  const float* packed_weights;  ///< pack_panels(channels, padded_classes)
  const float* bias;            ///< [padded_classes]
  float* logits;                ///< [images][padded_classes]
  float* scratch;               ///< head_scratch_floats(images of the task)
};
size_t head_scratch_floats(int images, int channels, int padded_classes);
void head_forward(const HeadPass& pass, int first_image, int last_image);

struct HeadTraining {
  HeadPass forward;
  const int32_t* labels;  ///< [images]
  float label_smoothing;
  float gradient_scale;            ///< 1 / batch size
  const float* packed_transposed;  ///< pack_panels(padded_classes, channels)
  float* du_in;                    ///< [images][pixels][channels]
  float* weight_gradient;          ///< [channels][padded_classes] of this task, overwritten
  float* bias_gradient;            ///< [padded_classes] of this task, overwritten
  ChannelSums sums;
  double* loss_sum;  ///< of this task, overwritten
  int64_t* correct;
};
void head_training(const HeadTraining& pass, int first_image, int last_image);

// ---- parameters ----
struct SgdSpec {
  float learning_rate, momentum;
  bool nesterov;
};
/// One segment of the flat parameters: gradient = scale * sum over tasks (in order) of partial[task * stride
/// + i], then weight decay, momentum and the step. `count` values.
struct SgdSegment {
  float* values;
  float* momentum;
  const float* partial;
  int tasks;
  size_t stride;
  float gradient_scale;
  float weight_decay;
  size_t count;
};
/// False when a value is not finite afterwards: ReLU6 and rounding would hide it from the losses that follow.
bool sgd_update(const SgdSpec& spec, const SgdSegment& segment);

/// Largest magnitude in each of `channels` columns of [rows][channels].
void column_max_abs(const float* weights, int rows, int channels, float* max_abs);
/// Fake quantisation with one scale a column: out = code(weights / scale) * scale.
void fake_quantise_columns(const float* weights, int rows, int channels, const float* scales, float code_max,
                           float* out);

/// The instruction set that runs here, "AVX3" for AVX-512.
const char* kernel_target_name();

}  // namespace fixynn::cpu
