// SPDX-License-Identifier: Apache-2.0
#include "engine/reference/reference_engine.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"

namespace fixynn {
namespace {

void append_pixels(const ImageSet& images, uint32_t sample, const AugmentParams& params, int size,
                   std::vector<double>& values) {
  std::vector<uint8_t> rendered(static_cast<size_t>(size) * static_cast<size_t>(size) * 3);
  render_image(images.image(sample).data(), images.width, images.height, params, rendered.data(), size);
  for (uint8_t pixel : rendered) values.push_back((pixel - kInputZero) * static_cast<double>(kInputScale));
}

void check_samples(const ImageSet& images, std::span<const uint32_t> samples) {
  for (uint32_t sample : samples) {
    if (sample >= images.count()) fail("Sample {} is not one of the {} images.", sample, images.count());
  }
}

ReferenceTensor empty_input(const MobileNet& network, size_t images) {
  ReferenceTensor input;
  input.images = static_cast<int>(images);
  input.size = network.input_size;
  input.channels = 3;
  return input;
}

}  // namespace

ReferenceEngine::ReferenceEngine(const TrainPlan& plan) : plan_(plan), network_(plan_) {
  state_.parameters.values.assign(network_.layout().value_count, 0.0f);
  state_.parameters.statistics.assign(network_.layout().statistic_count, 0.0f);
  state_.momentum.assign(network_.layout().value_count, 0.0f);
}

void ReferenceEngine::set_state(const TrainState& state) {
  const ParameterLayout& layout = network_.layout();
  if (state.parameters.values.size() != layout.value_count || state.momentum.size() != layout.value_count ||
      state.parameters.statistics.size() != layout.statistic_count) {
    fail("The state belongs to another network: {} values and {} statistics where {} and {} are needed.",
         state.parameters.values.size(), state.parameters.statistics.size(), layout.value_count,
         layout.statistic_count);
  }
  state_ = state;
}

void ReferenceEngine::attach(const ImageSet& images, const AugmentSpec& augment, uint64_t seed) {
  images_ = &images;
  augment_ = augment;
  seed_ = seed;
}

std::vector<double> ReferenceEngine::values() const {
  return {state_.parameters.values.begin(), state_.parameters.values.end()};
}

std::vector<double> ReferenceEngine::statistics() const {
  return {state_.parameters.statistics.begin(), state_.parameters.statistics.end()};
}

ReferenceBatch ReferenceEngine::augmented_batch(const StepSpec& step) const {
  if (images_ == nullptr) fail("No training images are attached to the engine.");
  if (step.samples.empty() || step.samples.size() > static_cast<size_t>(plan_.batch_size)) {
    fail("A step takes 1 to {} images, not {}.", plan_.batch_size, step.samples.size());
  }
  check_samples(*images_, step.samples);
  const int size = plan_.network.input_size;
  ReferenceBatch batch{empty_input(plan_.network, step.samples.size()), {}};
  for (uint32_t sample : step.samples) {
    const AugmentParams params =
        draw_augment(augment_, seed_, step.epoch, sample, images_->width, images_->height, size);
    append_pixels(*images_, sample, params, size, batch.input.values);
    batch.labels.push_back(images_->labels[sample]);
  }
  return batch;
}

ReferenceBatch ReferenceEngine::plain_batch(const ImageSet& images, std::span<const uint32_t> samples) const {
  check_samples(images, samples);
  const int size = plan_.network.input_size;
  ReferenceBatch batch{empty_input(plan_.network, samples.size()), {}};
  for (uint32_t sample : samples) {
    append_pixels(images, sample, identity_augment(images.width, images.height, size), size,
                  batch.input.values);
    batch.labels.push_back(images.labels[sample]);
  }
  return batch;
}

ForwardPass ReferenceEngine::forward(const StepSpec& step) const {
  return network_.forward(values(), statistics(), augmented_batch(step),
                          PassMode{step.fake_quantise, !step.frozen_statistics});
}

StepGradients ReferenceEngine::gradients(const StepSpec& step) const {
  const PassMode mode{step.fake_quantise, !step.frozen_statistics};
  const ReferenceBatch batch = augmented_batch(step);
  const std::vector<double> parameters = values();
  StepGradients result;
  result.pass = network_.forward(parameters, statistics(), batch, mode);
  result.logits = result.pass.logits;
  const LossResult loss = reference_loss(result.logits, plan_.network.classes, batch.labels,
                                         static_cast<double>(plan_.label_smoothing));
  result.loss_sum = loss.loss_sum;
  result.correct = loss.correct;
  result.gradient = network_.backward(parameters, result.pass, loss.logit_gradient, mode);
  return result;
}

double ReferenceEngine::loss(const StepSpec& step, std::span<const double> other_values,
                             const RoundingOffsets* offsets) const {
  const PassMode mode{step.fake_quantise, !step.frozen_statistics, offsets};
  const ReferenceBatch batch = augmented_batch(step);
  const ForwardPass pass = network_.forward(other_values, statistics(), batch, mode);
  return reference_loss(pass.logits, plan_.network.classes, batch.labels,
                        static_cast<double>(plan_.label_smoothing))
             .loss_sum /
         static_cast<double>(batch.labels.size());
}

void ReferenceEngine::train_step(const StepSpec& step) {
  ++steps_;
  const StepGradients result = gradients(step);
  std::string fault = result.pass.non_finite;
  for (const NamedTensor& tensor : named_tensors(plan_.network)) {
    if (!fault.empty()) break;
    if (tensor.is_statistic) continue;
    const double* first = result.gradient.data() + tensor.offset;
    if (!std::all_of(first, first + tensor.count, [](double value) { return std::isfinite(value); })) {
      fault = tensor.name.substr(0, tensor.name.rfind('.')) + ": non-finite gradient";
    }
  }
  metrics_.step_loss_sums.push_back(result.loss_sum);
  if (!fault.empty()) {
    if (metrics_.non_finite.empty()) {
      metrics_.non_finite = fmt::format("step {}: {}", steps_, fault);
      metrics_.non_finite_step = metrics_.step_loss_sums.size() - 1;
    }
    return;
  }
  metrics_.images += static_cast<int64_t>(step.samples.size());
  metrics_.correct += result.correct;
  update_values(result.gradient, static_cast<double>(step.learning_rate));
  if (!step.frozen_statistics) update_running_statistics(result.pass.batch_statistics);
}

void ReferenceEngine::update_values(const std::vector<double>& gradient, double learning_rate) {
  const ParameterLayout& layout = network_.layout();
  const double momentum = static_cast<double>(plan_.momentum);
  const auto update = [&](size_t offset, size_t count, double decay) {
    for (size_t i = offset; i < offset + count; ++i) {
      float& value = state_.parameters.values[i];
      float& velocity = state_.momentum[i];
      const double g = gradient[i] + decay * value;
      const double v = momentum * velocity + g;
      velocity = static_cast<float>(v);
      value = static_cast<float>(value - learning_rate * (plan_.nesterov ? g + momentum * v : v));
    }
  };
  const double decay = static_cast<double>(plan_.weight_decay);
  for (size_t i = 0; i < layout.convs.size(); ++i) {
    const Conv& conv = plan_.network.convs[i];
    const size_t channels = static_cast<size_t>(conv.out_channels);
    if (!network_.is_frozen(i)) {
      update(layout.convs[i].weight, static_cast<size_t>(conv.weight_count()),
             conv.kind == ConvKind::kDepthwise ? 0.0 : decay);
    }
    update(layout.convs[i].gamma, channels, 0.0);
    update(layout.convs[i].beta, channels, 0.0);
  }
  update(layout.head_weight, layout.head_bias - layout.head_weight, decay);
  update(layout.head_bias, static_cast<size_t>(plan_.network.classes), 0.0);
}

void ReferenceEngine::update_running_statistics(const std::vector<ChannelStatistics>& batch) {
  const double rate = static_cast<double>(plan_.batch_norm_momentum);
  const auto blend = [&](size_t offset, const std::vector<double>& measured) {
    for (size_t c = 0; c < measured.size(); ++c) {
      float& running = state_.parameters.statistics[offset + c];
      running = static_cast<float>((1.0 - rate) * running + rate * measured[c]);
    }
  };
  for (size_t i = 0; i < batch.size(); ++i) {
    blend(network_.layout().convs[i].mean, batch[i].mean);
    blend(network_.layout().convs[i].variance, batch[i].variance);
  }
}

StepMetrics ReferenceEngine::take_metrics() {
  return std::exchange(metrics_, StepMetrics{});
}

void ReferenceEngine::evaluate(const ImageSet& images, std::span<const uint32_t> samples, bool fake_quantise,
                               std::vector<float>& logits) {
  logits.clear();
  const std::vector<double> parameters = values(), running = statistics();
  const size_t batch_size = static_cast<size_t>(plan_.batch_size);
  for (size_t first = 0; first < samples.size(); first += batch_size) {
    const auto part = samples.subspan(first, std::min(batch_size, samples.size() - first));
    const ForwardPass pass =
        network_.forward(parameters, running, plain_batch(images, part), PassMode{fake_quantise, false});
    logits.insert(logits.end(), pass.logits.begin(), pass.logits.end());
  }
}

std::vector<float> ReferenceEngine::measure_statistics(std::span<const uint32_t> samples, bool fake_quantise,
                                                       bool batch_statistics) {
  if (images_ == nullptr) fail("No training images are attached to the engine.");
  const std::vector<double> parameters = values(), running = statistics();
  const ParameterLayout& layout = network_.layout();
  const size_t batch_size = static_cast<size_t>(plan_.batch_size);
  const double total = static_cast<double>(samples.size());
  // First moments about zero; in double precision the final subtraction loses nothing that matters.
  std::vector<double> moments(layout.statistic_count, 0.0);
  for (size_t first = 0; first < samples.size(); first += batch_size) {
    const auto part = samples.subspan(first, std::min(batch_size, samples.size() - first));
    const ForwardPass pass = network_.forward(parameters, running, plain_batch(*images_, part),
                                              PassMode{fake_quantise, batch_statistics});
    const double share = static_cast<double>(part.size()) / total;
    for (size_t i = 0; i < layout.convs.size(); ++i) {
      const ChannelStatistics& batch = pass.batch_statistics[i];
      for (size_t c = 0; c < batch.mean.size(); ++c) {
        moments[layout.convs[i].mean + c] += share * batch.mean[c];
        moments[layout.convs[i].variance + c] += share * (batch.variance[c] + batch.mean[c] * batch.mean[c]);
      }
    }
  }
  for (size_t i = 0; i < layout.convs.size(); ++i) {
    for (size_t c = 0; c < static_cast<size_t>(plan_.network.convs[i].out_channels); ++c) {
      const double mean = moments[layout.convs[i].mean + c];
      double& variance = moments[layout.convs[i].variance + c];
      variance = std::max(0.0, variance - mean * mean);
    }
  }
  return {moments.begin(), moments.end()};
}

}  // namespace fixynn
