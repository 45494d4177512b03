// SPDX-License-Identifier: Apache-2.0
// The tables on the device by which one launch serves all layers.
#include <algorithm>

#include "cuda/engine/cuda_engine.h"
#include "engine/step_rules.h"
#include "quant/quant_spec.h"

namespace fixynn::cuda {

/// Frozen convolutions first, then the trained ones, the head last.
std::vector<WeightTask> CudaEngine::weight_tasks(bool fake_quantise) const {
  std::vector<WeightTask> tasks;
  for (size_t i = 0; i < memory_->convs.size(); ++i) {
    const ConvBuffers& unit = memory_->convs[i];
    const bool pointwise = unit.conv.kind == ConvKind::kPointwise;
    WeightTask task{};
    task.values = memory_->values + unit.offsets.weight;
    task.codes = unit.frozen_codes;
    task.code_scales = unit.frozen_scales;
    task.rows = unit.conv.taps();
    task.columns = unit.conv.out_channels;
    task.bits = !unit.frozen && fake_quantise ? unit.quant.weight_bits : kFloatBits;
    task.input_scale = input_unit(plan_, i, fake_quantise);
    task.forward = unit.forward;
    task.scale = unit.scale;
    task.backward = unit.backward;
    task.transpose = pointwise ? 1 : 0;
    task.bf16 = pointwise && precision_ == Precision::kBf16 ? 1 : 0;
    tasks.push_back(task);
  }
  WeightTask head{};
  head.values = memory_->values + memory_->layout.head_weight;
  head.rows = plan_.network.feature_channels();
  head.columns = plan_.network.classes;
  head.bits = fake_quantise ? plan_.head_weight_bits : kFloatBits;
  head.one_scale = 1;
  head.input_scale = 1;
  head.scale = memory_->head.scale;
  head.backward = memory_->head.weights;
  tasks.push_back(head);
  return tasks;
}

std::vector<NormaliseTask> CudaEngine::normalise_tasks(bool fake_quantise) const {
  std::vector<NormaliseTask> tasks;
  for (size_t i = 0; i < memory_->convs.size(); ++i) {
    const ConvBuffers& unit = memory_->convs[i];
    const int codes = pass_code_max(plan_, i, fake_quantise);
    tasks.push_back({memory_->values + unit.offsets.gamma, memory_->values + unit.offsets.beta,
                     memory_->statistics + unit.offsets.mean, memory_->statistics + unit.offsets.variance,
                     memory_->used_statistics + unit.offsets.mean,
                     memory_->used_statistics + unit.offsets.variance, unit.a, unit.b,
                     codes == 0 ? 1.0f : static_cast<float>(codes) / kRelu6Max, unit.conv.out_channels});
  }
  return tasks;
}

void CudaEngine::upload_tables() {
  for (int quantised = 0; quantised < 2; ++quantised) {
    const std::vector<WeightTask> weights = weight_tasks(quantised == 1);
    copy_to_device(memory_->weight_tasks[quantised], weights.data(), weights.size() * sizeof(WeightTask),
                   stream_);
    const std::vector<NormaliseTask> normalise = normalise_tasks(quantised == 1);
    copy_to_device(memory_->normalise_tasks[quantised], normalise.data(),
                   normalise.size() * sizeof(NormaliseTask), stream_);
    stream_.synchronize();  // the tables are temporary
  }
  for (size_t i = 0; i < plan_.frozen.size(); ++i) {
    const ConvBuffers& unit = memory_->convs[i];
    if (unit.frozen_codes == nullptr) continue;
    copy_to_device(unit.frozen_codes, plan_.frozen[i].codes.data(), plan_.frozen[i].codes.size(), stream_);
    copy_to_device(unit.frozen_scales, plan_.frozen[i].scales.data(),
                   plan_.frozen[i].scales.size() * sizeof(float), stream_);
  }
  stream_.synchronize();
}

std::vector<SgdSegment> CudaEngine::sgd_segments(const StepVariant& variant) const {
  std::vector<SgdSegment> segments;
  const auto add = [&](size_t offset, int count, const float* partial, int rows, float scale, float decay,
                       size_t owner) {
    segments.push_back({memory_->values + offset, memory_->momentum + offset, partial, rows, count, count,
                        scale, decay, kParameterFault + static_cast<unsigned>(owner)});
  };
  for (size_t i = 0; i < memory_->convs.size(); ++i) {
    const ConvBuffers& unit = memory_->convs[i];
    if (!unit.frozen) {
      const float decay = weight_decay_of(plan_, unit.conv.kind);
      add(unit.offsets.weight, static_cast<int>(unit.conv.weight_count()), unit.weight_gradient,
          convolutions_->gradient_rows(unit.conv, variant.images, precision_, queue_),
          input_unit(plan_, i, variant.fake_quantise), decay, i);
    }
    add(unit.offsets.gamma, unit.conv.out_channels, unit.gamma_gradient, 1, 1.0f, 0.0f, i);
    add(unit.offsets.beta, unit.conv.out_channels, unit.beta_gradient, 1, 1.0f, 0.0f, i);
  }
  const size_t head = memory_->convs.size();
  add(memory_->layout.head_weight, plan_.network.feature_channels() * plan_.network.classes,
      memory_->head.weight_gradient, 1, 1.0f, plan_.weight_decay, head);
  add(memory_->layout.head_bias, plan_.network.classes, memory_->head.bias_gradient, 1, 1.0f, 0.0f, head);
  return segments;
}

}  // namespace fixynn::cuda
