// SPDX-License-Identifier: Apache-2.0
// The forward half of a step.
#include "engine/cpu/cpu_engine.h"
#include "engine/step_rules.h"

namespace fixynn::cpu {

void CpuEngine::forward(size_t first_conv, int images, Normalise normalise, bool collect_sums,
                        bool fake_quantise) {
  const bool sums = collect_sums || normalise == Normalise::kBatch;
  for (size_t i = first_conv; i < units_.size(); ++i) {
    forward_conv(i, images, sums);
    normalise_conv(i, images, normalise, fake_quantise);
  }
}

void CpuEngine::forward_conv(size_t index, int images, bool collect_sums) {
  ConvUnit& unit = *units_[index];
  const Partition partition = unit.partition(images);
  // Sums around the running mean: close to the batch's own, so that nothing cancels.
  const float* center = statistics(unit.offsets.mean, static_cast<size_t>(unit.conv.out_channels)).data();
  const ConvUnit* previous = index == 0 ? nullptr : units_[index - 1].get();
  pool_.run(partition.tasks, [&](int task, int worker) {
    const ChannelSums sums = collect_sums ? unit.forward_sums.start(task, center) : ChannelSums{};
    const int64_t begin = partition.begin(task), end = partition.end(task);
    const float* weights = unit.weights.forward.data();
    switch (unit.conv.kind) {
      case ConvKind::kConv1:
        conv1_forward({pixels_.data(), weights, unit.z.data(), unit.shape(), sums, scratch(worker)},
                      static_cast<int>(begin), static_cast<int>(end));
        break;
      case ConvKind::kDepthwise:
        depthwise_forward({previous->z.data(), previous->batch_norm.activation(), weights, unit.z.data(),
                           unit.shape(), sums, scratch(worker)},
                          static_cast<int>(begin), static_cast<int>(end));
        break;
      case ConvKind::kPointwise:
        pointwise_forward({previous->z.data(), previous->batch_norm.activation(), weights, unit.z.data(),
                           unit.conv.in_channels, unit.conv.out_channels, sums, scratch(worker)},
                          begin, end);
        break;
    }
  });
}

void CpuEngine::normalise_conv(size_t index, int images, Normalise normalise, bool fake_quantise) {
  ConvUnit& unit = *units_[index];
  const size_t channels = static_cast<size_t>(unit.conv.out_channels);
  const auto mean = statistics(unit.offsets.mean, channels);
  if (normalise == Normalise::kBatch) {
    unit.batch_norm.set_batch_statistics(unit.forward_sums, unit.partition(images).tasks,
                                         unit.output_pixels(images), mean);
    if (!unit.batch_norm.finite()) note_non_finite(non_finite_statistics(unit.conv.name));
  } else {
    unit.batch_norm.set_statistics(mean, statistics(unit.offsets.variance, channels));
  }
  const int code_max = pass_code_max(plan_, index, fake_quantise);
  unit.batch_norm.prepare_forward(values(unit.offsets.gamma, channels), values(unit.offsets.beta, channels),
                                  code_max);
}

HeadPass CpuEngine::head_pass(float* scratch, bool fake_quantise) {
  const ConvUnit& last = *units_.back();
  const float scale = output_unit(plan_, units_.size() - 1, fake_quantise);
  const int pixels = plan_.network.feature_pixels();
  HeadPass pass{};
  pass.z_in = last.z.data();
  pass.activation = last.batch_norm.activation();
  pass.pool_scale = scale / static_cast<float>(pixels);
  pass.pixels = pixels;
  pass.channels = last.conv.out_channels;
  pass.classes = plan_.network.classes;
  pass.padded_classes = head_->padded_classes;
  pass.packed_weights = head_->forward.data();
  pass.bias = head_->bias.data();
  pass.logits = head_->logits.data();
  pass.scratch = scratch;
  return pass;
}

void CpuEngine::head_logits(int images, bool fake_quantise) {
  const Partition partition = partition_head(images);
  pool_.run(partition.tasks, [&](int task, int worker) {
    head_forward(head_pass(scratch(worker), fake_quantise), static_cast<int>(partition.begin(task)),
                 static_cast<int>(partition.end(task)));
  });
}

void CpuEngine::append_logits(int images, std::vector<float>& logits) {
  const size_t classes = static_cast<size_t>(plan_.network.classes);
  const size_t padded = static_cast<size_t>(head_->padded_classes);
  for (size_t i = 0; i < static_cast<size_t>(images); ++i) {
    const float* row = head_->logits.data() + i * padded;
    logits.insert(logits.end(), row, row + classes);
  }
}

}  // namespace fixynn::cpu
