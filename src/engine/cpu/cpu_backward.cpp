// SPDX-License-Identifier: Apache-2.0
// The backward half of a step, and the optimiser.
#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "engine/cpu/cpu_engine.h"
#include "engine/step_rules.h"

namespace fixynn::cpu {

void CpuEngine::train_step(const StepSpec& step) {
  if (images_ == nullptr) fail("the engine has no training images attached");
  const int images = static_cast<int>(step.samples.size());
  if (images < 1 || images > plan_.batch_size) {
    fail("a step of {} images does not fit the engine's batch size {}", images, plan_.batch_size);
  }
  metrics_.step_loss_sums.push_back(0.0);
  render(*images_, step.samples, true, step.epoch);
  prepare_weights(step.fake_quantise);
  forward(0, images, step.frozen_statistics ? Normalise::kRunning : Normalise::kBatch, false,
          step.fake_quantise);
  train_head(images, step.fake_quantise);
  backward(images, step);
  if (!step.frozen_statistics) update_running_statistics();
  update_parameters(step);
}

void CpuEngine::train_head(int images, bool fake_quantise) {
  HeadUnit& head = *head_;
  ConvUnit& last = *units_.back();
  const Partition partition = partition_head(images);
  head.gradient_tasks = partition.tasks;
  const size_t padded = static_cast<size_t>(head.padded_classes);
  const size_t weights = static_cast<size_t>(last.conv.out_channels) * padded;
  pool_.run(partition.tasks, [&](int task, int worker) {
    const size_t t = static_cast<size_t>(task);
    HeadTraining pass{};
    pass.forward = head_pass(scratch(worker), fake_quantise);
    pass.labels = labels_.data();
    pass.label_smoothing = plan_.label_smoothing;
    pass.gradient_scale = 1.0f / static_cast<float>(images);
    pass.packed_transposed = head.transposed.data();
    pass.du_in = gradients_[(units_.size() - 1) % 2].data();
    pass.weight_gradient = head.weight_gradient.data() + t * weights;
    pass.bias_gradient = head.bias_gradient.data() + t * padded;
    pass.sums = last.backward_sums.start(task, last.batch_norm.mean.data());
    pass.loss_sum = &head.loss[t];
    pass.correct = &head.correct[t];
    head_training(pass, static_cast<int>(partition.begin(task)), static_cast<int>(partition.end(task)));
  });
  double loss = 0;
  for (size_t t = 0; t < static_cast<size_t>(partition.tasks); ++t) {
    loss += head.loss[t];
    metrics_.correct += head.correct[t];
  }
  metrics_.step_loss_sums.back() = loss;
  metrics_.images += images;
  if (!std::isfinite(loss)) note_non_finite(non_finite_loss());
}

void CpuEngine::backward(int images, const StepSpec& step) {
  int sum_tasks = head_->gradient_tasks;
  for (size_t i = units_.size(); i-- > 0;) {
    ConvUnit& unit = *units_[i];
    unit.batch_norm.prepare_backward(unit.backward_sums, sum_tasks, unit.output_pixels(images),
                                     values(unit.offsets.gamma, static_cast<size_t>(unit.conv.out_channels)),
                                     step.frozen_statistics);
    unit.gradient_tasks = unit.partition(images).tasks;
    backward_conv(i, images);
    sum_tasks = unit.gradient_tasks;
  }
}

void CpuEngine::backward_conv(size_t index, int images) {
  ConvUnit& unit = *units_[index];
  if (index == 0 && unit.frozen) return;  // nothing below conv1 needs its gradient
  const Partition partition = unit.partition(images);
  const GradientLoad gradient = unit.batch_norm.gradient(gradients_[index % 2].data(), unit.z.data());
  ConvUnit* previous = index == 0 ? nullptr : units_[index - 1].get();
  // Below depthwise 1 there is only conv1: when that is frozen, its gradient is summed and not stored.
  const bool store = !(index == 1 && previous->frozen);
  float* du_in = store ? gradients_[(index + 1) % 2].data() : nullptr;
  pool_.run(partition.tasks, [&](int task, int worker) {
    const int64_t begin = partition.begin(task), end = partition.end(task);
    float* weight_gradient =
        unit.frozen ? nullptr : unit.weight_gradient.data() + static_cast<size_t>(task) * unit.weight_count();
    const bool adds = unit.conv.kind != ConvKind::kPointwise;
    if (adds && weight_gradient != nullptr)
      std::fill(weight_gradient, weight_gradient + unit.weight_count(), 0.0f);
    const ChannelSums sums = previous == nullptr
                                 ? ChannelSums{}
                                 : previous->backward_sums.start(task, previous->batch_norm.mean.data());
    switch (unit.conv.kind) {
      case ConvKind::kConv1:
        conv1_weight_gradient({pixels_.data(), gradient, unit.shape(), weight_gradient, scratch(worker)},
                              static_cast<int>(begin), static_cast<int>(end));
        break;
      case ConvKind::kDepthwise:
        depthwise_backward(
            {previous->z.data(), previous->batch_norm.activation(), gradient, unit.weights.effective.data(),
             du_in, weight_gradient, unit.shape(), sums, scratch(worker)},
            static_cast<int>(begin), static_cast<int>(end));
        break;
      case ConvKind::kPointwise:
        pointwise_backward(
            {previous->z.data(), previous->batch_norm.activation(), gradient, unit.weights.transposed.data(),
             du_in, weight_gradient, unit.conv.in_channels, unit.conv.out_channels, sums, scratch(worker)},
            begin, end);
        break;
    }
  });
}

void CpuEngine::update_running_statistics() {
  const float m = plan_.batch_norm_momentum;
  for (auto& unit : units_) {
    const size_t channels = static_cast<size_t>(unit->conv.out_channels);
    const auto mean = statistics(unit->offsets.mean, channels);
    const auto variance = statistics(unit->offsets.variance, channels);
    for (size_t c = 0; c < channels; ++c) {
      mean[c] += m * (unit->batch_norm.mean[c] - mean[c]);
      variance[c] += m * (unit->batch_norm.variance[c] - variance[c]);
    }
  }
}

void CpuEngine::reduce_head_gradient() {
  HeadUnit& head = *head_;
  const size_t channels = static_cast<size_t>(plan_.network.feature_channels());
  const size_t classes = static_cast<size_t>(plan_.network.classes);
  const size_t padded = static_cast<size_t>(head.padded_classes);
  std::fill(head.compact_gradient.begin(), head.compact_gradient.end(), 0.0f);
  std::fill(head.compact_bias_gradient.begin(), head.compact_bias_gradient.end(), 0.0f);
  for (size_t t = 0; t < static_cast<size_t>(head.gradient_tasks); ++t) {
    const float* weights = head.weight_gradient.data() + t * channels * padded;
    for (size_t c = 0; c < channels; ++c) {
      for (size_t k = 0; k < classes; ++k) head.compact_gradient[c * classes + k] += weights[c * padded + k];
    }
    for (size_t k = 0; k < classes; ++k) head.compact_bias_gradient[k] += head.bias_gradient[t * padded + k];
  }
}

void CpuEngine::update_parameters(const StepSpec& step) {
  constexpr size_t kChunk = 8192;
  reduce_head_gradient();
  std::vector<SgdSegment> segments;
  std::vector<std::string> owners;  // of the segments
  const auto add = [&](const std::string& owner, size_t offset, size_t count, const float* partial, int tasks,
                       float scale, float decay) {
    for (size_t first = 0; first < count; first += kChunk) {
      segments.push_back({state_.parameters.values.data() + offset + first,
                          state_.momentum.data() + offset + first, partial + first, tasks, count, scale,
                          decay, std::min(kChunk, count - first)});
      owners.push_back(owner);
    }
  };
  for (auto& unit : units_) {
    const size_t channels = static_cast<size_t>(unit->conv.out_channels);
    if (!unit->frozen) {
      const float decay = weight_decay_of(plan_, unit->conv.kind);
      add(unit->conv.name, unit->offsets.weight, unit->weight_count(), unit->weight_gradient.data(),
          unit->gradient_tasks, unit->weights.input_scale, decay);
      unit->weights.valid = false;
    }
    add(unit->conv.name, unit->offsets.gamma, channels, unit->batch_norm.gamma_gradient.data(), 1, 1.0f,
        0.0f);
    add(unit->conv.name, unit->offsets.beta, channels, unit->batch_norm.beta_gradient.data(), 1, 1.0f, 0.0f);
  }
  add("head", layout_.head_weight, head_->compact_gradient.size(), head_->compact_gradient.data(), 1, 1.0f,
      plan_.weight_decay);
  add("head", layout_.head_bias, head_->compact_bias_gradient.size(), head_->compact_bias_gradient.data(), 1,
      1.0f, 0.0f);
  head_->valid = false;
  const SgdSpec spec{step.learning_rate, plan_.momentum, plan_.nesterov};
  std::vector<char> finite(segments.size());
  pool_.run(static_cast<int>(segments.size()), [&](int task, int) {
    finite[static_cast<size_t>(task)] = sgd_update(spec, segments[static_cast<size_t>(task)]);
  });
  const auto bad = std::find(finite.begin(), finite.end(), 0);
  if (bad != finite.end()) {
    note_non_finite(non_finite_parameters(owners[static_cast<size_t>(bad - finite.begin())]));
  }
}

}  // namespace fixynn::cpu
