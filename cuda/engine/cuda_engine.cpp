// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/cuda_engine.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "cuda/engine/input_ring.h"
#include "engine/step_rules.h"

namespace fixynn::cuda {
namespace {

void check_plan(const TrainPlan& plan) {
  if (plan.batch_size < 1) fail_usage("train.batch_size: {} is not a batch; use 1 or more", plan.batch_size);
  if (plan.quant.size() != plan.network.convs.size()) {
    fail("a training plan needs bits for {} convolutions, got {}", plan.network.convs.size(),
         plan.quant.size());
  }
  for (size_t i = 0; i < plan.frozen.size() && i < plan.network.convs.size(); ++i) {
    const Conv& conv = plan.network.convs[i];
    const QuantisedWeights& frozen = plan.frozen[i];
    if (frozen.bits == kFloatBits) continue;
    if (frozen.codes.size() != static_cast<size_t>(conv.weight_count()) ||
        frozen.scales.size() != static_cast<size_t>(conv.out_channels)) {
      fail("{}: {} frozen codes and {} scales do not fit its {} weights and {} channels", conv.name,
           frozen.codes.size(), frozen.scales.size(), conv.weight_count(), conv.out_channels);
    }
  }
}

std::unique_ptr<ConvolutionPasses> make_passes(const EngineOptions& options) {
  if (options.convolutions == Convolutions::kCudnn) return make_cudnn_passes();
  return make_custom_passes();
}

}  // namespace

CudaEngine::CudaEngine(const TrainPlan& plan, const EngineOptions& options, bool training)
    : plan_(plan),
      options_(options),
      training_(training),
      precision_(options.precision),
      device_(open_device()),
      pool_(options.threads) {
  check_plan(plan_);
  plan_.frozen.resize(static_cast<size_t>(MobileNet::convs_in_layers(plan_.fixed_layers)));
  queue_ = {stream_.handle(), device_.multiprocessors, device_.block_shared_bytes,
            device_.multiprocessor_shared_bytes};
  convolutions_ = make_passes(options);
  convolutions_->plan(plan_, precision_, queue_);
  memory_ = std::make_unique<DevicePlan>(plan_, precision_, training_, *convolutions_, queue_);
  convolutions_->set_scratch(memory_->convolution_scratch);
  inputs_ = std::make_unique<InputRing>(plan_, memory_->inputs);
  upload_tables();
  reset_records(memory_->scratch, queue_);
  records_ = PinnedMemory(kStepRecords * sizeof(StepRecord));
  stream_.synchronize();
}

CudaEngine::~CudaEngine() = default;

std::string CudaEngine::describe() const {
  const char* precision = precision_ == Precision::kFp32   ? "fp32"
                          : precision_ == Precision::kTf32 ? "tf32"
                                                           : "bf16";
  return fmt::format("cuda, {}, {}, {}", device_.name, precision, convolutions_->name());
}

EngineFacts CudaEngine::facts() const {
  EngineFacts facts;
  // The number of multiprocessors decides how sums are grouped.
  facts.device = fmt::format("{} ({} multiprocessors)", device_.name, device_.multiprocessors);
  facts.precision = precision_;
  facts.convolutions = options_.convolutions;
  facts.device_memory_bytes = static_cast<int64_t>(memory_->bytes() + inputs_->device_bytes());
  facts.launches_per_step = launches_per_step_;
  facts.memory_bytes_per_second = device_.memory_gb_per_s * 1e9;
  return facts;
}

void CudaEngine::set_state(const TrainState& state) {
  const ParameterLayout& layout = memory_->layout;
  if (state.parameters.values.size() != layout.value_count || state.momentum.size() != layout.value_count ||
      state.parameters.statistics.size() != layout.statistic_count) {
    fail("the training state does not fit this network: {} parameters, {} expected",
         state.parameters.values.size(), layout.value_count);
  }
  copy_to_device(memory_->values, state.parameters.values.data(), layout.value_count * sizeof(float),
                 stream_);
  copy_to_device(memory_->momentum, state.momentum.data(), layout.value_count * sizeof(float), stream_);
  copy_to_device(memory_->statistics, state.parameters.statistics.data(),
                 layout.statistic_count * sizeof(float), stream_);
  stream_.synchronize();
  frozen_prepared_ = -1;
}

TrainState CudaEngine::state() {
  const ParameterLayout& layout = memory_->layout;
  TrainState state;
  state.parameters.values.resize(layout.value_count);
  state.momentum.resize(layout.value_count);
  state.parameters.statistics.resize(layout.statistic_count);
  copy_to_host(state.parameters.values.data(), memory_->values, layout.value_count * sizeof(float), stream_);
  copy_to_host(state.momentum.data(), memory_->momentum, layout.value_count * sizeof(float), stream_);
  copy_to_host(state.parameters.statistics.data(), memory_->statistics,
               layout.statistic_count * sizeof(float), stream_);
  stream_.synchronize();
  return state;
}

void CudaEngine::attach(const ImageSet& images, const AugmentSpec& augment, uint64_t seed) {
  images_ = &images;
  augment_ = augment;
  augment_seed_ = seed;
  stream_.synchronize();
  inputs_->keep(images, std::min(open_device().free_bytes / 2, most_resident_bytes_), stream_);
  stream_.synchronize();
  steps_.clear();  // recorded steps read the images where they were
}

void CudaEngine::train_step(const StepSpec& step) {
  if (!training_) fail("this engine was made for evaluation and cannot train");
  if (images_ == nullptr) fail("the engine has no training images attached");
  const int images = static_cast<int>(step.samples.size());
  if (images < 1 || images > plan_.batch_size) {
    fail("a step of {} images does not fit the engine's batch size {}", images, plan_.batch_size);
  }
  if (steps_queued_ - steps_collected_ == kStepRecords) {
    stream_.synchronize();
    collect_records(steps_queued_);
  }
  const int size = plan_.network.input_size;
  inputs_->send(
      *images_, step.samples,
      [&](uint32_t sample) {
        return draw_augment(augment_, augment_seed_, step.epoch, sample, images_->width, images_->height,
                            size);
      },
      step.learning_rate, steps_queued_, pool_, stream_);
  const int quantised = step.fake_quantise ? 1 : 0;
  if (frozen_prepared_ != quantised) {
    queue_weights(step.fake_quantise, true);
    frozen_prepared_ = quantised;
  }
  run_step({images, step.fake_quantise, step.frozen_statistics});
}

std::string CudaEngine::fault_name(unsigned code) const {
  const auto conv = [&](unsigned index) {
    return index < memory_->convs.size() ? memory_->convs[index].conv.name : std::string("head");
  };
  if (code >= kParameterFault) return non_finite_parameters(conv(code - kParameterFault));
  if (code == kLossFault) return non_finite_loss();
  return non_finite_statistics(conv(code));
}

void CudaEngine::collect_records(int64_t finished_steps) {
  const auto* const records = reinterpret_cast<const StepRecord*>(records_.data());
  for (; steps_collected_ < finished_steps; ++steps_collected_) {
    const StepRecord& record = records[steps_collected_ % kStepRecords];
    if (record.fault != kNoFault && metrics_.non_finite.empty()) {
      metrics_.non_finite = fault_name(record.fault);
      metrics_.non_finite_step = metrics_.step_loss_sums.size();
    }
    metrics_.step_loss_sums.push_back(record.loss_sum);
    metrics_.images += record.images;
    metrics_.correct += record.correct;
  }
}

StepMetrics CudaEngine::take_metrics() {
  stream_.synchronize();
  return poll_metrics_until(steps_queued_);
}

StepMetrics CudaEngine::poll_metrics() {
  return poll_metrics_until(inputs_->finished_steps());
}

StepMetrics CudaEngine::poll_metrics_until(int64_t finished_steps) {
  collect_records(finished_steps);
  return std::exchange(metrics_, StepMetrics{});
}

void CudaEngine::append_logits(int images, std::vector<float>& logits) {
  const size_t count = static_cast<size_t>(images) * static_cast<size_t>(plan_.network.classes);
  const size_t first = logits.size();
  logits.resize(first + count);
  head_forward(head_pass(images, logits_quantised_), queue_);
  copy_to_host(logits.data() + first, memory_->head.logits, count * sizeof(float), stream_);
  stream_.synchronize();
}

void CudaEngine::send_plain(const ImageSet& images, std::span<const uint32_t> samples) {
  const AugmentParams plain = identity_augment(images.width, images.height, plan_.network.input_size);
  inputs_->send(
      images, samples, [&](uint32_t) { return plain; }, 0.0f, steps_queued_, pool_, stream_);
  queue_render(static_cast<int>(samples.size()));
}

void CudaEngine::prepare(bool fake_quantise) {
  queue_weights(fake_quantise, true);
  frozen_prepared_ = fake_quantise ? 1 : 0;
  logits_quantised_ = fake_quantise;
}

void CudaEngine::evaluate(const ImageSet& images, std::span<const uint32_t> samples, bool fake_quantise,
                          std::vector<float>& logits) {
  logits.clear();
  prepare(fake_quantise);
  const size_t batch = static_cast<size_t>(plan_.batch_size);
  for (size_t first = 0; first < samples.size(); first += batch) {
    const size_t count = std::min(batch, samples.size() - first);
    send_plain(images, samples.subspan(first, count));
    queue_forward(0, static_cast<int>(count), Normalise::kRunning, false, false, fake_quantise);
    append_logits(static_cast<int>(count), logits);
  }
}

/// Batch norm is monotone: the extremes of z, which the passes left, are those of u, in order or swapped.
void CudaEngine::observe_ranges(const std::vector<float>& values) {
  const size_t count = memory_->layout.statistic_count;
  std::vector<float> extremes(count), used(count);
  copy_to_host(extremes.data(), memory_->ranges, count * sizeof(float), stream_);
  copy_to_host(used.data(), memory_->used_statistics, count * sizeof(float), stream_);
  stream_.synchronize();
  observed_.resize(memory_->convs.size(), {INFINITY, -INFINITY});
  for (size_t i = 0; i < memory_->convs.size(); ++i) {
    const ConvBuffers& unit = memory_->convs[i];
    const size_t channels = static_cast<size_t>(unit.conv.out_channels);
    for (size_t c = 0; c < channels; ++c) {
      const size_t at = unit.offsets.mean + c;
      const double slope =
          values[unit.offsets.gamma + c] / std::sqrt(used[at + channels] + kBatchNormEpsilon);
      for (const float z : {extremes[at], extremes[at + channels]}) {
        const float u = static_cast<float>(slope * (z - used[at]) + values[unit.offsets.beta + c]);
        observed_[i].smallest = std::min(observed_[i].smallest, u);
        observed_[i].largest = std::max(observed_[i].largest, u);
      }
    }
  }
}

std::vector<float> CudaEngine::measure_statistics(std::span<const uint32_t> samples, bool fake_quantise,
                                                  bool batch_statistics) {
  if (images_ == nullptr) fail("the engine has no training images to measure batch-norm statistics on");
  prepare(fake_quantise);
  observed_.clear();
  const std::vector<float> values = state().parameters.values;
  const size_t statistics = memory_->layout.statistic_count;
  // Law of total variance: E[z^2] is averaged over batches, then the squared mean is taken off.
  std::vector<double> mean(statistics, 0.0), square(statistics, 0.0);
  std::vector<float> measured(statistics);
  const size_t batch = static_cast<size_t>(plan_.batch_size);
  double total = 0;
  for (size_t first = 0; first < samples.size(); first += batch) {
    const size_t count = std::min(batch, samples.size() - first);
    send_plain(*images_, samples.subspan(first, count));
    queue_forward(0, static_cast<int>(count), batch_statistics ? Normalise::kBatch : Normalise::kRunning,
                  true, false, fake_quantise);
    copy_to_host(measured.data(), batch_statistics ? memory_->used_statistics : memory_->measured,
                 statistics * sizeof(float), stream_);
    stream_.synchronize();
    observe_ranges(values);
    const double weight = static_cast<double>(count);
    total += weight;
    for (const ConvBuffers& unit : memory_->convs) {
      for (size_t c = 0; c < static_cast<size_t>(unit.conv.out_channels); ++c) {
        const size_t at = unit.offsets.mean + c;
        const double m = measured[at];
        mean[at] += weight * m;
        square[at] += weight * (static_cast<double>(measured[unit.offsets.variance + c]) + m * m);
      }
    }
  }
  std::vector<float> result(statistics, 0.0f);
  for (const ConvBuffers& unit : memory_->convs) {
    for (size_t c = 0; c < static_cast<size_t>(unit.conv.out_channels); ++c) {
      const double m = mean[unit.offsets.mean + c] / total;
      result[unit.offsets.mean + c] = static_cast<float>(m);
      result[unit.offsets.variance + c] =
          static_cast<float>(std::max(0.0, square[unit.offsets.mean + c] / total - m * m));
    }
  }
  return result;
}

void CudaEngine::run_back_end(size_t conv, const uint8_t* codes, float code_scale, int images,
                              std::vector<float>& logits) {
  prepare(false);
  const ConvBuffers& unit = memory_->convs[conv];
  const size_t channels = static_cast<size_t>(unit.conv.out_channels);
  const int64_t per_image = unit.output_pixels(1) * unit.conv.out_channels;
  // The codes stand in for z, with a batch norm that only scales them.
  const std::vector<float> scales(channels, code_scale), zeros(channels, 0.0f);
  for (int first = 0; first < images; first += plan_.batch_size) {
    const int count = std::min(plan_.batch_size, images - first);
    copy_to_device(unit.a, scales.data(), channels * sizeof(float), stream_);
    copy_to_device(unit.b, zeros.data(), channels * sizeof(float), stream_);
    expand_codes(codes + int64_t{first} * per_image, unit.z, int64_t{count} * per_image, precision_, queue_);
    queue_forward(conv + 1, count, Normalise::kRunning, false, false, false);
    append_logits(count, logits);
  }
}

void CudaEngine::run_pixels(std::span<const uint8_t> pixels, int images, std::vector<float>& logits) {
  prepare(false);
  const size_t per_image = pixels.size() / static_cast<size_t>(std::max(1, images));
  for (int first = 0; first < images; first += plan_.batch_size) {
    const int count = std::min(plan_.batch_size, images - first);
    copy_to_device(memory_->pixels, pixels.data() + static_cast<size_t>(first) * per_image,
                   static_cast<size_t>(count) * per_image, stream_);
    queue_forward(0, count, Normalise::kRunning, false, false, false);
    append_logits(count, logits);
  }
}

}  // namespace fixynn::cuda
