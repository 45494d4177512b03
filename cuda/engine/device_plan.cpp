// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/device_plan.h"

#include <algorithm>

#include "core/error.h"
#include "engine/step_rules.h"

namespace fixynn::cuda {

StepInputs StepInputs::at(std::byte* block, int batch_size) {
  Arena arena(block);
  const size_t batch = static_cast<size_t>(batch_size);
  StepInputs inputs;
  inputs.learning_rate = arena.take<float>(1);
  inputs.labels = arena.take<int32_t>(batch);
  inputs.samples = arena.take<uint32_t>(batch);
  inputs.augments = arena.take<FixedAugment>(batch);
  return inputs;
}

size_t StepInputs::bytes(int batch_size) {
  Arena arena(nullptr);
  const size_t batch = static_cast<size_t>(batch_size);
  arena.take<float>(1);
  arena.take<int32_t>(batch);
  arena.take<uint32_t>(batch);
  arena.take<FixedAugment>(batch);
  return arena.used();
}

DevicePlan::DevicePlan(const TrainPlan& plan, Precision precision, bool training,
                       const ConvolutionPasses& passes, const Queue& queue)
    : layout(plan.network),
      element_bytes(precision == Precision::kBf16 ? 2 : 4),
      precision_(precision),
      training_(training) {
  describe(plan, passes, queue);
  Arena counting(nullptr);
  divide(counting, plan, passes);
  memory_ = DeviceMemory(counting.used(), training ? "training at this batch and input size" : "evaluation");
  Arena arena(memory_.data());
  divide(arena, plan, passes);
}

void DevicePlan::describe(const TrainPlan& plan, const ConvolutionPasses& passes, const Queue& queue) {
  const size_t frozen = static_cast<size_t>(MobileNet::convs_in_layers(plan.fixed_layers));
  for (size_t i = 0; i < plan.network.convs.size(); ++i) {
    ConvBuffers unit;
    unit.conv = plan.network.convs[i];
    unit.offsets = layout.convs[i];
    unit.quant = plan.quant[i];
    unit.frozen = i < frozen;
    unit.frozen_quantised = is_frozen_in_codes(plan, i);
    // A short last batch may be cut into more rows than a full one.
    for (int images = 1; training_ && !unit.frozen && images <= plan.batch_size; ++images) {
      unit.most_rows = std::max(unit.most_rows, passes.gradient_rows(unit.conv, images, precision_, queue));
    }
    convs.push_back(unit);
  }
}

void DevicePlan::divide_conv(Arena& arena, ConvBuffers& unit, const TrainPlan& plan, Precision precision) {
  const size_t channels = static_cast<size_t>(unit.conv.out_channels);
  const size_t weights = static_cast<size_t>(unit.conv.weight_count());
  unit.z =
      arena.take_bytes(static_cast<size_t>(unit.output_pixels(plan.batch_size)) * channels * element_bytes);
  for (float** vector : {&unit.a, &unit.b, &unit.ca, &unit.cp, &unit.cq, &unit.gamma_gradient,
                         &unit.beta_gradient, &unit.scale}) {
    *vector = arena.take<float>(channels);
  }
  const bool narrow = unit.conv.kind == ConvKind::kPointwise && precision == Precision::kBf16;
  unit.forward = arena.take_bytes(weights * (narrow ? 2 : 4));
  unit.backward = arena.take_bytes(weights * (narrow ? 2 : 4));
  if (unit.frozen_quantised) {
    unit.frozen_codes = arena.take<int8_t>(weights);
    unit.frozen_scales = arena.take<float>(channels);
  }
  if (training_ && !unit.frozen)
    unit.weight_gradient = arena.take<float>(static_cast<size_t>(unit.most_rows) * weights);
}

void DevicePlan::divide(Arena& arena, const TrainPlan& plan, const ConvolutionPasses& passes) {
  const size_t batch = static_cast<size_t>(plan.batch_size);
  const size_t side = static_cast<size_t>(plan.network.input_size);
  const size_t features = static_cast<size_t>(plan.network.feature_channels());
  const size_t classes = static_cast<size_t>(plan.network.classes);
  for (float** array : {&values, &momentum}) *array = arena.take<float>(layout.value_count);
  for (float** array : {&statistics, &used_statistics, &measured}) {
    *array = arena.take<float>(layout.statistic_count);
  }
  ranges = arena.take<float>(layout.statistic_count);
  size_t largest = 0, most_channels = 0;
  for (ConvBuffers& unit : convs) {
    divide_conv(arena, unit, plan, precision_);
    const size_t channels = static_cast<size_t>(unit.conv.out_channels);
    most_channels = std::max(most_channels, channels);
    largest = std::max(largest, static_cast<size_t>(unit.output_pixels(plan.batch_size)) * channels);
  }
  for (void*& gradient : gradients) gradient = arena.take_bytes(training_ ? largest * element_bytes : 0);
  unused_coefficients = arena.take<float>(2 * most_channels);
  sum_rows = arena.take<float>(static_cast<size_t>(kMostSumRows) * 2 * most_channels);
  extrema_rows = arena.take<float>(static_cast<size_t>(kMostSumRows) * 2 * most_channels);
  ticket = arena.take<unsigned>(1);
  pixels = arena.take<uint8_t>(batch * side * side * 3);
  inputs = arena.take_bytes(StepInputs::bytes(plan.batch_size));
  for (float** array : {&head.weights, &head.weight_gradient}) *array = arena.take<float>(features * classes);
  for (float** array : {&head.scale, &head.bias_gradient}) *array = arena.take<float>(classes);
  for (float** array : {&head.logits, &head.logit_gradient}) *array = arena.take<float>(batch * classes);
  head.pooled = arena.take<float>(batch * features);
  head.image_loss = arena.take<float>(batch);
  head.image_correct = arena.take<int32_t>(batch);
  records = arena.take<StepRecord>(kStepRecords);
  scratch = arena.take<StepScratch>(1);
  convolution_scratch = arena.take_bytes(passes.scratch_bytes());
  for (int quantised = 0; quantised < 2; ++quantised) {
    weight_tasks[quantised] = arena.take<WeightTask>(convs.size() + 1);
    normalise_tasks[quantised] = arena.take<NormaliseTask>(convs.size());
  }
}

}  // namespace fixynn::cuda
