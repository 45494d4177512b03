// SPDX-License-Identifier: Apache-2.0
#pragma once

// The passes of a training step on the device, one launch each: plain structs of device pointers, and
// functions that queue the launch in a stream. Activations are NHWC, float32 or (Precision::kBf16) bfloat16;
// channel counts are multiples of 8; tensors start at multiples of 256 bytes, channel vectors at multiples
// of 32. Notation as in activation.cuh.

#include "cuda/kernels/pass_parts.h"
#include "dataset/render_pixel.h"

namespace fixynn::cuda {

// ---- render.cu: pixels of a batch ----
/// render_pixel() for every pixel: [images][size][size][3] u8 from `source` [..][height][width][3].
struct RenderPass {
  const uint8_t* source;
  const uint32_t* samples;       ///< [images] index of the image in `source`
  const FixedAugment* augments;  ///< [images]
  size_t image_bytes;            ///< of one source image
  uint8_t* pixels;
  int images, size;
};
void render(const RenderPass& pass, const Queue& queue);

// ---- conv1.cu: 3x3, stride 2, 3 -> out_channels; input (pixel - kInputZero) ----
struct Conv1Forward {
  Precision precision;
  const uint8_t* pixels;  ///< [images][in][in][3]
  const float* weights;   ///< [27][channels], see WeightTask::forward
  const float* scale;     ///< [channels]: z = scale * sum(weight * (pixel - 128))
  void* z_out;
  ImageShape shape;
  ChannelSums sums;
  BatchNormFinish finish;
};
void conv1_forward(const Conv1Forward& pass, const Queue& queue);

struct Conv1WeightGradient {
  Precision precision;
  const uint8_t* pixels;
  GradientLoad gradient;
  ImageShape shape;
  float* partial;  ///< [conv1_weight_gradient_rows][27][channels], with respect to (pixel - 128) inputs;
                   ///< overwritten
};
int conv1_weight_gradient_rows(const ImageShape& shape, const Queue& queue);
void conv1_weight_gradient(const Conv1WeightGradient& pass, const Queue& queue);

// ---- depthwise_forward.cu, depthwise_backward.cu: 3x3, stride 1 or 2 ----
struct DepthwiseForward {
  Precision precision;
  const void* z_in;
  Activation activation;
  const float* weights;  ///< [9][channels], see WeightTask::forward
  const float* scale;    ///< [channels]: z = scale * sum(weight * y)
  void* z_out;
  ImageShape shape;
  ChannelSums sums;
  BatchNormFinish finish;
};
void depthwise_forward(const DepthwiseForward& pass, const Queue& queue);

/// Gradient with respect to the input and to the weights in one pass over the tensors.
struct DepthwiseBackward {
  Precision precision;
  const void* z_in;
  Activation activation;  ///< of z_in
  GradientLoad gradient;  ///< of the output
  const float* weights;   ///< [9][channels] effective, see WeightTask::backward
  void* du_in;            ///< null: only the sums are wanted
  float* partial;  ///< [depthwise_backward_rows][9][channels] weight gradient with respect to y as loaded,
                   ///< overwritten; null when the weights are frozen
  ImageShape shape;
  ChannelSums sums;        ///< of du_in and z_in
  BatchNormFinish finish;  ///< of the input's batch norm
};
int depthwise_backward_rows(const ImageShape& shape, Precision precision, const Queue& queue);
void depthwise_backward(const DepthwiseBackward& pass, const Queue& queue);

// ---- pointwise_forward.cu, pointwise_input_gradient.cu, pointwise_weight_gradient.cu: 1x1 ----
// As matrix products over pixels = images * size * size rows. Precision::kFp32 multiplies in fp32; kTf32
// rounds the operands to tf32; kBf16 stores and multiplies bf16; sums are fp32 in all.
struct PointwiseForward {
  Precision precision;
  const void* z_in;  ///< [pixels][in]
  Activation activation;
  const void* weights;  ///< [in][out], bf16 for kBf16, else float; see WeightTask::forward
  const float* scale;   ///< [out]: z = scale * sum(weight * y)
  void* z_out;          ///< [pixels][out]
  int64_t pixels;
  int in_channels, out_channels;
  ChannelSums sums;
  BatchNormFinish finish;
};
void pointwise_forward(const PointwiseForward& pass, const Queue& queue);

struct PointwiseInputGradient {
  Precision precision;
  GradientLoad gradient;  ///< [pixels][out]
  const void* weights;    ///< [out][in] effective (transposed), see WeightTask::backward
  const void* z_in;       ///< [pixels][in]
  Activation activation;  ///< of z_in
  void* du_in;            ///< [pixels][in]
  int64_t pixels;
  int in_channels, out_channels;
  ChannelSums sums;
  BatchNormFinish finish;
};
void pointwise_input_gradient(const PointwiseInputGradient& pass, const Queue& queue);

struct PointwiseWeightGradient {
  Precision precision;
  GradientLoad gradient;
  const void* z_in;
  Activation activation;
  float* partial;  ///< [pointwise_weight_gradient_rows][in][out] with respect to y as loaded; overwritten
  int64_t pixels;
  int in_channels, out_channels;
};
int pointwise_weight_gradient_rows(int64_t pixels, int in_channels, int out_channels, const Queue& queue);
void pointwise_weight_gradient(const PointwiseWeightGradient& pass, const Queue& queue);

// ---- head.cu: global average pool, linear layer, smoothed cross-entropy ----
struct HeadPass {
  Precision precision;
  const void* z_in;  ///< [images][pixels][channels]
  Activation activation;
  float pool_scale;  ///< 1/pixels, times the activation's scale where quantised
  int images, pixels, channels, classes;
  const float* weights;  ///< [channels][classes] effective, see WeightTask::backward of the head
  const float* bias;     ///< [classes]
  float* pooled;         ///< [images][channels]
  float* logits;         ///< [images][classes]
};
void head_forward(const HeadPass& pass, const Queue& queue);

/// Forward, loss and the gradient with respect to the last activation. Softmax with the largest logit
/// subtracted.
struct HeadTraining {
  HeadPass forward;
  const int32_t* labels;  ///< [images]
  float label_smoothing;
  float* logit_gradient;   ///< [images][classes] of the MEAN loss
  void* du_in;             ///< [images][pixels][channels]
  float* image_loss;       ///< [images]
  int32_t* image_correct;  ///< [images] 1 where the first largest logit is the label's
  ChannelSums sums;
  BatchNormFinish finish;
};
void head_training(const HeadTraining& pass, const Queue& queue);

/// Gradient of weights and bias (pooled^T * logit_gradient, and its column sums), images in order; and the
/// step's metrics: images' losses added in order, in double.
struct HeadWeightGradient {
  const float* pooled;
  const float* logit_gradient;
  int images, channels, classes;
  float* weight_gradient;  ///< [channels][classes], overwritten
  float* bias_gradient;    ///< [classes], overwritten
  const float* image_loss;
  const int32_t* image_correct;
  double* loss_sum;  ///< overwritten
  int32_t* correct;  ///< overwritten
  unsigned* fault;   ///< becomes min(fault, fault_code) when the loss is not finite
  unsigned fault_code;
};
void head_weight_gradient(const HeadWeightGradient& pass, const Queue& queue);

// ---- parameters.cu ----
/// One matrix [rows][columns] of weights, a scale a column, made ready for the passes.
struct WeightTask {
  const float* values;       ///< trained values; used when `codes` is null
  const int8_t* codes;       ///< frozen codes
  const float* code_scales;  ///< [columns] of the frozen codes
  int rows, columns;
  int bits;  ///< kFloatBits: values as they are; else they are quantised here, weight_scale of the column
  int one_scale;      ///< 1: the largest magnitude of the whole matrix sets all scales (the head)
  float input_scale;  ///< value of one unit of the pass's input: kInputScale, an activation's scale, or 1
  void* forward;      ///< [rows][columns] codes, or values where not quantised; null: not wanted
  float* scale;       ///< [columns] weight scale (1 where not quantised) * input_scale
  void* backward;     ///< effective weights (code * weight scale); [columns][rows] where `transpose`
  int transpose;
  int bf16;  ///< forward and backward are bf16, else float
};
/// `tasks`: array of `count` on the device; `most_columns`, `rows * columns` of the largest bound the grid.
void prepare_weights(const WeightTask* tasks, int count, int most_columns, const Queue& queue);

/// Part of the flat parameters, updated alike: gradient = gradient_scale * sum over rows (fixed order) of
/// partial[row * stride + i]; g += weight_decay * w; v = momentum * v + g; w -= rate * (nesterov ? g +
/// momentum * v : v).
struct SgdSegment {
  float* values;
  float* momentum;
  const float* partial;
  int rows;
  int count;
  int64_t stride;
  float gradient_scale;
  float weight_decay;
  unsigned fault_code;
};
struct SgdPass {
  const SgdSegment* segments;  ///< on the device
  int segment_count;
  int most_values;             ///< largest `count`
  const float* learning_rate;  ///< on the device, so that a recorded step can be replayed with another one
  float momentum;
  bool nesterov;
  unsigned* fault;  ///< becomes min(fault, fault_code) when a value is not finite afterwards
};
void sgd_update(const SgdPass& pass, const Queue& queue);

/// a, b of `count` batch norms from their running statistics.
struct NormaliseTask {
  const float* gamma;
  const float* beta;
  const float* mean;
  const float* variance;
  float* mean_used;  ///< copies, for the backward pass
  float* variance_used;
  float* a;
  float* b;
  float to_codes;
  int channels;
};
void normalise_with_running(const NormaliseTask* tasks, int count, const Queue& queue);

}  // namespace fixynn::cuda
