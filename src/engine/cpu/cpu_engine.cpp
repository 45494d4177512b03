// SPDX-License-Identifier: Apache-2.0
#include "engine/cpu/cpu_engine.h"

#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "engine/step_rules.h"

namespace fixynn::cpu {
namespace {

int most_tasks(const ConvUnit& unit, int batch_size) {
  return unit.partition(batch_size).tasks;
}

size_t scratch_floats(const TrainPlan& plan) {
  size_t most = 0;
  for (const Conv& conv : plan.network.convs) {
    const ImageShape shape{conv.out_channels, conv.in_size, conv.out_size, conv.stride, conv.pad_before};
    switch (conv.kind) {
      case ConvKind::kConv1:
        most = std::max(most, conv1_scratch_floats(shape));
        break;
      case ConvKind::kDepthwise:
        most = std::max(most, depthwise_scratch_floats(shape));
        break;
      case ConvKind::kPointwise:
        most = std::max(most, pointwise_scratch_floats(conv.in_channels, conv.out_channels));
        break;
    }
  }
  return std::max(most, head_scratch_floats(plan.batch_size, plan.network.feature_channels(),
                                            (plan.network.classes + 7) / 8 * 8));
}

}  // namespace

ConvUnit::ConvUnit(const Conv& conv_in, const ParameterLayout::ConvOffsets& offsets_in, int batch_size,
                   bool frozen_in)
    : conv(conv_in),
      offsets(offsets_in),
      frozen(frozen_in),
      z(static_cast<size_t>(output_pixels(batch_size)) * static_cast<size_t>(conv.out_channels)),
      batch_norm(conv.out_channels) {
  const size_t count = weight_count();
  weights.effective = AlignedBuffer<float>(count);
  weights.forward = AlignedBuffer<float>(count);
  if (conv.kind == ConvKind::kPointwise) weights.transposed = AlignedBuffer<float>(count);
  const int tasks = most_tasks(*this, batch_size);
  forward_sums = PartialSums(tasks, conv.out_channels);
  // The sums of this convolution's du are left by the pass that computes it: the next convolution's, or the
  // head's.
  backward_sums = PartialSums(64, conv.out_channels);
  if (!frozen) weight_gradient = AlignedBuffer<float>(count * static_cast<size_t>(tasks));
}

Partition ConvUnit::partition(int images) const {
  if (conv.kind == ConvKind::kPointwise) return partition_pixels(output_pixels(images), conv.weight_count());
  return partition_images(images, int64_t{conv.out_size} * conv.out_size * conv.out_channels);
}

HeadUnit::HeadUnit(const MobileNet& network, int batch_size) : padded_classes((network.classes + 7) / 8 * 8) {
  const size_t channels = static_cast<size_t>(network.feature_channels());
  const size_t padded = static_cast<size_t>(padded_classes);
  const size_t tasks = static_cast<size_t>(partition_head(batch_size).tasks);
  effective = AlignedBuffer<float>(channels * padded);
  forward = AlignedBuffer<float>(channels * padded);
  transposed = AlignedBuffer<float>(channels * padded);
  bias = AlignedBuffer<float>(padded);
  logits = AlignedBuffer<float>(static_cast<size_t>(batch_size) * padded);
  weight_gradient = AlignedBuffer<float>(tasks * channels * padded);
  bias_gradient = AlignedBuffer<float>(tasks * padded);
  compact_gradient = AlignedBuffer<float>(channels * static_cast<size_t>(network.classes));
  compact_bias_gradient = AlignedBuffer<float>(static_cast<size_t>(network.classes));
  loss.resize(tasks);
  correct.resize(tasks);
}

CpuEngine::CpuEngine(const TrainPlan& plan, int threads)
    : plan_(plan), layout_(plan.network), pool_(threads) {
  if (plan_.batch_size < 1)
    fail_usage("train.batch_size: {} is not a batch; use 1 or more", plan_.batch_size);
  const size_t convs = plan_.network.convs.size();
  if (plan_.quant.size() != convs)
    fail("a training plan needs bits for {} convolutions, got {}", convs, plan_.quant.size());
  const size_t frozen = static_cast<size_t>(MobileNet::convs_in_layers(plan_.fixed_layers));
  plan_.frozen.resize(frozen);
  size_t largest = 0;
  for (size_t i = 0; i < convs; ++i) {
    units_.push_back(
        std::make_unique<ConvUnit>(plan_.network.convs[i], layout_.convs[i], plan_.batch_size, i < frozen));
    largest = std::max(largest, units_.back()->z.size());
  }
  head_ = std::make_unique<HeadUnit>(plan_.network, plan_.batch_size);
  const size_t side = static_cast<size_t>(plan_.network.input_size);
  pixels_ = AlignedBuffer<uint8_t>(static_cast<size_t>(plan_.batch_size) * side * side * 3);
  labels_.resize(static_cast<size_t>(plan_.batch_size));
  for (auto& gradient : gradients_) gradient = AlignedBuffer<float>(largest);
  for (int worker = 0; worker < pool_.threads(); ++worker) scratch_.emplace_back(scratch_floats(plan_));
  state_.parameters.values.assign(layout_.value_count, 0.0f);
  state_.parameters.statistics.assign(layout_.statistic_count, 0.0f);
  state_.momentum.assign(layout_.value_count, 0.0f);
}

std::string CpuEngine::describe() const {
  return fmt::format("cpu, {} thread{}, {}", pool_.threads(), pool_.threads() == 1 ? "" : "s",
                     kernel_target_name());
}

void CpuEngine::set_state(const TrainState& state) {
  if (state.parameters.values.size() != layout_.value_count || state.momentum.size() != layout_.value_count ||
      state.parameters.statistics.size() != layout_.statistic_count) {
    fail("the training state does not fit this network: {} parameters, {} expected",
         state.parameters.values.size(), layout_.value_count);
  }
  state_ = state;
  for (auto& unit : units_) unit->weights.valid = false;
  head_->valid = false;
}

void CpuEngine::attach(const ImageSet& images, const AugmentSpec& augment, uint64_t seed) {
  images_ = &images;
  augment_ = augment;
  augment_seed_ = seed;
}

void CpuEngine::render(const ImageSet& images, std::span<const uint32_t> samples, bool augmented,
                       uint32_t epoch) {
  const int size = plan_.network.input_size;
  const size_t image_bytes = static_cast<size_t>(size) * static_cast<size_t>(size) * 3;
  const bool copy = !augmented && images.width == size && images.height == size;
  pool_.run(static_cast<int>(samples.size()), [&](int task, int) {
    const size_t i = static_cast<size_t>(task);
    const uint32_t sample = samples[i];
    uint8_t* out = pixels_.data() + i * image_bytes;
    labels_[i] = images.labels[sample];
    if (copy) {
      std::memcpy(out, images.image(sample).data(), image_bytes);
      return;
    }
    const AugmentParams params =
        augmented ? draw_augment(augment_, augment_seed_, epoch, sample, images.width, images.height, size)
                  : identity_augment(images.width, images.height, size);
    render_image(images.image(sample).data(), images.width, images.height, params, out, size);
  });
}

void CpuEngine::prepare_weights(bool fake_quantise) {
  if (prepared_fake_quantise_ != fake_quantise) {
    for (auto& unit : units_) unit->weights.valid = false;
    head_->valid = false;
    prepared_fake_quantise_ = fake_quantise;
  }
  const int convs = static_cast<int>(units_.size());
  // The largest come last in the network and first here.
  pool_.run(convs + 1, [&](int task, int) {
    if (task == 0) {
      prepare_head(fake_quantise);
    } else {
      prepare_conv(static_cast<size_t>(convs - task), fake_quantise);
    }
  });
}

void CpuEngine::prepare_conv(size_t index, bool fake_quantise) {
  ConvUnit& unit = *units_[index];
  PreparedWeights& weights = unit.weights;
  if (weights.valid) return;
  const int columns = unit.conv.out_channels;
  const int rows = unit.conv.taps();
  const ConvQuant quant = plan_.quant[index];
  const float* source = values(unit.offsets.weight, unit.weight_count()).data();
  float* effective = weights.effective.data();
  if (is_frozen_in_codes(plan_, index)) {
    const std::vector<float> frozen = dequantise_weights(plan_.frozen[index]);
    std::copy(frozen.begin(), frozen.end(), effective);
  } else if (!unit.frozen && fake_quantise && quant.quantised()) {
    std::vector<float> scales(static_cast<size_t>(columns));
    column_max_abs(source, rows, columns, scales.data());
    for (float& scale : scales) scale = weight_scale(scale, quant.weight_bits);
    fake_quantise_columns(source, rows, columns, scales.data(),
                          static_cast<float>(weight_code_max(quant.weight_bits)), effective);
  } else {
    std::copy(source, source + unit.weight_count(), effective);
  }
  weights.input_scale = input_unit(plan_, index, fake_quantise);
  if (unit.conv.kind == ConvKind::kPointwise) {
    pack_panels(effective, rows, columns, weights.input_scale, weights.forward.data());
    pack_panels_transposed(effective, columns, rows, weights.transposed.data());
  } else {
    for (size_t i = 0; i < unit.weight_count(); ++i) weights.forward[i] = effective[i] * weights.input_scale;
  }
  weights.valid = true;
}

void CpuEngine::prepare_head(bool fake_quantise) {
  HeadUnit& head = *head_;
  if (head.valid) return;
  const size_t channels = static_cast<size_t>(plan_.network.feature_channels());
  const size_t classes = static_cast<size_t>(plan_.network.classes);
  const size_t padded = static_cast<size_t>(head.padded_classes);
  const float* source = state_.parameters.values.data() + layout_.head_weight;
  for (size_t c = 0; c < channels; ++c) {
    std::copy(source + c * classes, source + (c + 1) * classes, head.effective.data() + c * padded);
  }
  std::copy_n(state_.parameters.values.data() + layout_.head_bias, classes, head.bias.data());
  if (fake_quantise && plan_.head_weight_bits != kFloatBits) {
    // One scale for all classes, so that integer logits compare.
    float max_abs = 0;
    for (size_t i = 0; i < channels * classes; ++i) max_abs = std::max(max_abs, std::fabs(source[i]));
    const std::vector<float> scales(padded, weight_scale(max_abs, plan_.head_weight_bits));
    fake_quantise_columns(head.effective.data(), static_cast<int>(channels), head.padded_classes,
                          scales.data(), static_cast<float>(weight_code_max(plan_.head_weight_bits)),
                          head.effective.data());
  }
  pack_panels(head.effective.data(), static_cast<int>(channels), head.padded_classes, 1.0f,
              head.forward.data());
  pack_panels_transposed(head.effective.data(), head.padded_classes, static_cast<int>(channels),
                         head.transposed.data());
  head.valid = true;
}

void CpuEngine::note_non_finite(std::string what) {
  if (!metrics_.non_finite.empty()) return;
  metrics_.non_finite = std::move(what);
  metrics_.non_finite_step = metrics_.step_loss_sums.empty() ? 0 : metrics_.step_loss_sums.size() - 1;
}

StepMetrics CpuEngine::take_metrics() {
  return std::exchange(metrics_, StepMetrics{});
}

void CpuEngine::evaluate(const ImageSet& images, std::span<const uint32_t> samples, bool fake_quantise,
                         std::vector<float>& logits) {
  logits.clear();
  prepare_weights(fake_quantise);
  const size_t batch = static_cast<size_t>(plan_.batch_size);
  for (size_t first = 0; first < samples.size(); first += batch) {
    const size_t count = std::min(batch, samples.size() - first);
    render(images, samples.subspan(first, count), false, 0);
    forward(0, static_cast<int>(count), Normalise::kRunning, false, fake_quantise);
    head_logits(static_cast<int>(count), fake_quantise);
    append_logits(static_cast<int>(count), logits);
  }
}

std::vector<float> CpuEngine::measure_statistics(std::span<const uint32_t> samples, bool fake_quantise,
                                                 bool batch_statistics) {
  if (images_ == nullptr) fail("the engine has no training images to measure batch-norm statistics on");
  prepare_weights(fake_quantise);
  // Law of total variance: E[z^2] is averaged over batches, then the squared mean is taken off.
  std::vector<double> mean(layout_.statistic_count, 0.0), square(layout_.statistic_count, 0.0);
  const size_t batch = static_cast<size_t>(plan_.batch_size);
  double total = 0;
  for (size_t first = 0; first < samples.size(); first += batch) {
    const size_t count = std::min(batch, samples.size() - first);
    render(*images_, samples.subspan(first, count), false, 0);
    forward(0, static_cast<int>(count), batch_statistics ? Normalise::kBatch : Normalise::kRunning, true,
            fake_quantise);
    const double weight = static_cast<double>(count);
    total += weight;
    for (auto& unit : units_) {
      BatchNorm measured(unit->conv.out_channels);
      const size_t channels = static_cast<size_t>(unit->conv.out_channels);
      measured.set_batch_statistics(unit->forward_sums, unit->partition(static_cast<int>(count)).tasks,
                                    unit->output_pixels(static_cast<int>(count)),
                                    statistics(unit->offsets.mean, channels));
      for (size_t c = 0; c < channels; ++c) {
        const double m = measured.mean[c];
        mean[unit->offsets.mean + c] += weight * m;
        square[unit->offsets.mean + c] += weight * (static_cast<double>(measured.variance[c]) + m * m);
      }
    }
  }
  std::vector<float> result(layout_.statistic_count, 0.0f);
  for (const auto& unit : units_) {
    for (size_t c = 0; c < static_cast<size_t>(unit->conv.out_channels); ++c) {
      const double m = mean[unit->offsets.mean + c] / total;
      result[unit->offsets.mean + c] = static_cast<float>(m);
      result[unit->offsets.variance + c] =
          static_cast<float>(std::max(0.0, square[unit->offsets.mean + c] / total - m * m));
    }
  }
  return result;
}

}  // namespace fixynn::cpu
