// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "cuda/engine/convolution_passes.h"
#include "cuda/kernels/exchange.h"
#include "cuda/kernels/passes.h"
#include "cuda/runtime/runtime.h"
#include "engine/engine.h"

namespace fixynn::cuda {

/// One convolution's arrays on the device.
struct ConvBuffers {
  Conv conv;
  ParameterLayout::ConvOffsets offsets;
  ConvQuant quant;
  bool frozen = false, frozen_quantised = false;
  void* z = nullptr;  ///< [batch][out][out][channels], float or bf16
  // Batch norm, [channels] each.
  float *a = nullptr, *b = nullptr, *ca = nullptr, *cp = nullptr, *cq = nullptr;
  float *gamma_gradient = nullptr, *beta_gradient = nullptr;
  // Weights as the passes read them (WeightTask).
  void *forward = nullptr, *backward = nullptr;
  float* scale = nullptr;
  int8_t* frozen_codes = nullptr;  ///< null when trained, or frozen in float
  float* frozen_scales = nullptr;
  float* weight_gradient = nullptr;  ///< [most_rows][weights]; null when frozen
  int most_rows = 0;

  int64_t output_pixels(int images) const { return int64_t{images} * conv.out_size * conv.out_size; }
  ImageShape shape(int images) const {
    return {images,        conv.in_channels, conv.out_channels, conv.in_size,
            conv.out_size, conv.stride,      conv.pad_before};
  }
};

struct HeadBuffers {
  float *weights = nullptr, *scale = nullptr, *pooled = nullptr, *logits = nullptr, *logit_gradient = nullptr;
  float *weight_gradient = nullptr, *bias_gradient = nullptr, *image_loss = nullptr;
  int32_t* image_correct = nullptr;
};

/// What a step needs from the host, in one block, so that one copy brings it.
struct StepInputs {
  float* learning_rate = nullptr;
  int32_t* labels = nullptr;         ///< [batch]
  uint32_t* samples = nullptr;       ///< [batch]
  FixedAugment* augments = nullptr;  ///< [batch]
  static StepInputs at(std::byte* block, int batch_size);
  static size_t bytes(int batch_size);
};

/// All device memory of an engine, planned once and allocated in one piece.
struct DevicePlan {
  /// Without `training` there is no memory for gradients.
  DevicePlan(const TrainPlan& plan, Precision precision, bool training, const ConvolutionPasses& passes,
             const Queue& queue);

  ParameterLayout layout;
  size_t element_bytes;  ///< of an activation
  std::vector<ConvBuffers> convs;
  HeadBuffers head;
  float *values = nullptr, *momentum = nullptr, *statistics = nullptr;  ///< the TrainState
  float* used_statistics =
      nullptr;                ///< mean and variance that normalised in this pass, layout of `statistics`
  float* measured = nullptr;  ///< statistics of a pass that normalises with others
  float* unused_coefficients = nullptr;  ///< where such a pass leaves a and b
  uint8_t* pixels = nullptr;             ///< [batch][S][S][3]
  std::byte* inputs = nullptr;           ///< StepInputs
  void* gradients[2] = {};               ///< du of the present and the previous convolution, in turn
  float *sum_rows = nullptr, *extrema_rows = nullptr,
        *ranges = nullptr;  ///< ranges: [2][channels] a convolution
  unsigned* ticket = nullptr;
  StepRecord* records = nullptr;  ///< [kStepRecords]
  StepScratch* scratch = nullptr;
  std::byte* convolution_scratch = nullptr;
  // Tables of the kernels that serve many layers at once; [0] float, [1] fake-quantised.
  WeightTask* weight_tasks[2] = {};
  NormaliseTask* normalise_tasks[2] = {};
  size_t bytes() const { return memory_.bytes(); }

 private:
  void describe(const TrainPlan& plan, const ConvolutionPasses& passes, const Queue& queue);
  void divide(Arena& arena, const TrainPlan& plan, const ConvolutionPasses& passes);
  void divide_conv(Arena& arena, ConvBuffers& unit, const TrainPlan& plan, Precision precision);

  Precision precision_;
  bool training_;
  DeviceMemory memory_;
};

}  // namespace fixynn::cuda
