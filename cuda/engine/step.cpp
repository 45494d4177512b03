// SPDX-License-Identifier: Apache-2.0
// The launches of a step, in their order.
#include "cuda/engine/cuda_engine.h"
#include "cuda/engine/input_ring.h"
#include "engine/step_rules.h"

namespace fixynn::cuda {

ChannelSums CudaEngine::sums(const float* center, bool observe) const {
  return {center, memory_->sum_rows, observe ? memory_->extrema_rows : nullptr, memory_->ticket};
}

Activation CudaEngine::activation(size_t conv, bool fake_quantise) const {
  const ConvBuffers& unit = memory_->convs[conv];
  const int codes = pass_code_max(plan_, conv, fake_quantise);
  return {unit.a, unit.b, codes == 0 ? kRelu6Max : static_cast<float>(codes), codes != 0};
}

GradientLoad CudaEngine::gradient(size_t conv) const {
  const ConvBuffers& unit = memory_->convs[conv];
  return {memory_->gradients[conv % 2], unit.z, unit.ca, unit.cp, unit.cq};
}

BatchNormFinish CudaEngine::finish_forward(size_t conv, int images, bool update_running,
                                           bool fake_quantise) const {
  const ConvBuffers& unit = memory_->convs[conv];
  const int codes = pass_code_max(plan_, conv, fake_quantise);
  BatchNormFinish finish;
  finish.kind = BatchNormFinish::Kind::kStatistics;
  finish.channels = unit.conv.out_channels;
  finish.count = static_cast<double>(unit.output_pixels(images));
  finish.gamma = memory_->values + unit.offsets.gamma;
  finish.beta = memory_->values + unit.offsets.beta;
  finish.mean = memory_->used_statistics + unit.offsets.mean;
  finish.variance = memory_->used_statistics + unit.offsets.variance;
  if (update_running) {
    finish.running_mean = memory_->statistics + unit.offsets.mean;
    finish.running_variance = memory_->statistics + unit.offsets.variance;
    finish.momentum = plan_.batch_norm_momentum;
  }
  finish.to_codes = codes == 0 ? 1.0f : static_cast<float>(codes) / kRelu6Max;
  finish.a = unit.a;
  finish.b = unit.b;
  finish.range = memory_->ranges + unit.offsets.mean;
  finish.fault = &memory_->scratch->fault;
  finish.fault_code = static_cast<unsigned>(conv);
  return finish;
}

BatchNormFinish CudaEngine::finish_backward(size_t conv, const StepVariant& variant) const {
  const ConvBuffers& unit = memory_->convs[conv];
  BatchNormFinish finish;
  finish.kind = BatchNormFinish::Kind::kGradient;
  finish.channels = unit.conv.out_channels;
  finish.count = static_cast<double>(unit.output_pixels(variant.images));
  finish.gamma = memory_->values + unit.offsets.gamma;
  finish.mean = memory_->used_statistics + unit.offsets.mean;
  finish.variance = memory_->used_statistics + unit.offsets.variance;
  finish.frozen_statistics = variant.frozen_statistics;
  finish.gamma_gradient = unit.gamma_gradient;
  finish.beta_gradient = unit.beta_gradient;
  finish.ca = unit.ca;
  finish.cp = unit.cp;
  finish.cq = unit.cq;
  return finish;
}

void CudaEngine::queue_render(int images) {
  const double side = plan_.network.input_size;
  const PassTimer::Section section(timer_, stream_, "render", "", 6.0 * images * side * side);
  render(inputs_->render_pass(memory_->pixels, images, plan_.network.input_size), queue_);
}

void CudaEngine::queue_weights(bool fake_quantise, bool all) {
  const int frozen = static_cast<int>(plan_.frozen.size());
  const int count = static_cast<int>(memory_->convs.size()) + 1;
  int most_columns = plan_.network.classes;
  for (const ConvBuffers& unit : memory_->convs)
    most_columns = std::max(most_columns, unit.conv.out_channels);
  const int first = all ? 0 : frozen;
  const PassTimer::Section section(timer_, stream_, "prepare weights", "",
                                   12.0 * static_cast<double>(memory_->layout.value_count));
  prepare_weights(memory_->weight_tasks[fake_quantise ? 1 : 0] + first, count - first, most_columns, queue_);
}

void CudaEngine::queue_conv_forward(size_t conv, int images, const ChannelSums& sums,
                                    const BatchNormFinish& finish, bool fake_quantise) {
  const ConvBuffers& unit = memory_->convs[conv];
  const void* z_in = conv == 0 ? nullptr : memory_->convs[conv - 1].z;
  const PassTimer::Section section(timer_, stream_, "forward", unit.conv.name,
                                   input_bytes(conv, images) + output_bytes(conv, images));
  switch (unit.conv.kind) {
    case ConvKind::kConv1:
      convolutions_->forward(
          Conv1Forward{precision_, memory_->pixels, static_cast<const float*>(unit.forward), unit.scale,
                       unit.z, unit.shape(images), sums, finish},
          queue_);
      break;
    case ConvKind::kDepthwise:
      convolutions_->forward(DepthwiseForward{precision_, z_in, activation(conv - 1, fake_quantise),
                                              static_cast<const float*>(unit.forward), unit.scale, unit.z,
                                              unit.shape(images), sums, finish},
                             queue_);
      break;
    case ConvKind::kPointwise:
      convolutions_->forward(PointwiseForward{precision_, z_in, activation(conv - 1, fake_quantise),
                                              unit.forward, unit.scale, unit.z, unit.output_pixels(images),
                                              unit.conv.in_channels, unit.conv.out_channels, sums, finish},
                             queue_);
      break;
  }
}

void CudaEngine::queue_forward(size_t first_conv, int images, Normalise normalise, bool measure,
                               bool update_running, bool fake_quantise) {
  const int convs = static_cast<int>(memory_->convs.size()), first = static_cast<int>(first_conv);
  if (normalise == Normalise::kRunning) {
    normalise_with_running(memory_->normalise_tasks[fake_quantise ? 1 : 0] + first, convs - first, queue_);
  }
  for (size_t i = first_conv; i < memory_->convs.size(); ++i) {
    const ConvBuffers& unit = memory_->convs[i];
    BatchNormFinish finish;
    ChannelSums wanted;
    if (measure || normalise == Normalise::kBatch) {
      // Sums around the running mean: close to the batch's own, so that nothing cancels.
      wanted = sums(memory_->statistics + unit.offsets.mean, measure);
      finish = finish_forward(i, images, update_running, fake_quantise);
      if (measure) finish.fault = nullptr;  // would be charged to the next training step
      if (normalise == Normalise::kRunning) {
        finish.mean = memory_->measured + unit.offsets.mean;
        finish.variance = memory_->measured + unit.offsets.variance;
        finish.a = memory_->unused_coefficients;
        finish.b = memory_->unused_coefficients + unit.conv.out_channels;
      }
    }
    queue_conv_forward(i, images, wanted, finish, fake_quantise);
  }
}

HeadPass CudaEngine::head_pass(int images, bool fake_quantise) const {
  const ConvBuffers& last = memory_->convs.back();
  const size_t conv = memory_->convs.size() - 1;
  const int pixels = plan_.network.feature_pixels();
  const float scale = output_unit(plan_, conv, fake_quantise);
  HeadPass pass{};
  pass.precision = precision_;
  pass.z_in = last.z;
  pass.activation = activation(conv, fake_quantise);
  pass.pool_scale = scale / static_cast<float>(pixels);
  pass.images = images;
  pass.pixels = pixels;
  pass.channels = last.conv.out_channels;
  pass.classes = plan_.network.classes;
  pass.weights = memory_->head.weights;
  pass.bias = memory_->values + memory_->layout.head_bias;
  pass.pooled = memory_->head.pooled;
  pass.logits = memory_->head.logits;
  return pass;
}

void CudaEngine::queue_head_training(const StepVariant& variant) {
  const size_t last = memory_->convs.size() - 1;
  const HeadBuffers& head = memory_->head;
  HeadTraining training{};
  training.forward = head_pass(variant.images, variant.fake_quantise);
  training.labels = StepInputs::at(memory_->inputs, plan_.batch_size).labels;
  training.label_smoothing = plan_.label_smoothing;
  training.logit_gradient = head.logit_gradient;
  training.du_in = memory_->gradients[last % 2];
  training.image_loss = head.image_loss;
  training.image_correct = head.image_correct;
  training.sums = sums(memory_->used_statistics + memory_->convs[last].offsets.mean);
  training.finish = finish_backward(last, variant);
  {
    const PassTimer::Section section(timer_, stream_, "head", "", 3.0 * output_bytes(last, variant.images));
    head_training(training, queue_);
  }
  HeadWeightGradient weights{};
  weights.pooled = head.pooled;
  weights.logit_gradient = head.logit_gradient;
  weights.images = variant.images;
  weights.channels = training.forward.channels;
  weights.classes = training.forward.classes;
  weights.weight_gradient = head.weight_gradient;
  weights.bias_gradient = head.bias_gradient;
  weights.image_loss = head.image_loss;
  weights.image_correct = head.image_correct;
  weights.loss_sum = &memory_->scratch->loss_sum;
  weights.correct = &memory_->scratch->correct;
  weights.fault = &memory_->scratch->fault;
  weights.fault_code = kLossFault;
  const PassTimer::Section section(timer_, stream_, "head weight gradient", "", 0);
  head_weight_gradient(weights, queue_);
}

void CudaEngine::queue_conv_backward(size_t conv, const StepVariant& variant) {
  const ConvBuffers& unit = memory_->convs[conv];
  const ImageShape shape = unit.shape(variant.images);
  if (conv == 0 && unit.frozen) return;  // nothing below conv1 needs its gradient
  // du and z of the output; of the input z is read and du written.
  const double bytes =
      2.0 * output_bytes(conv, variant.images) +
      input_bytes(conv, variant.images) * (conv == 0 || (conv == 1 && memory_->convs[0].frozen) ? 1 : 2);
  const PassTimer::Section section(timer_, stream_, "backward", unit.conv.name, bytes);
  if (conv == 0) {
    convolutions_->backward(
        Conv1WeightGradient{precision_, memory_->pixels, gradient(0), shape, unit.weight_gradient}, queue_);
    return;
  }
  const ConvBuffers& below = memory_->convs[conv - 1];
  void* const du_in = memory_->gradients[(conv + 1) % 2];
  const ChannelSums below_sums = sums(memory_->used_statistics + below.offsets.mean);
  const BatchNormFinish finish = finish_backward(conv - 1, variant);
  const Activation below_activation = activation(conv - 1, variant.fake_quantise);
  if (unit.conv.kind == ConvKind::kDepthwise) {
    // When conv1 is frozen, the gradient of its output is summed and not stored.
    const bool store = !(conv == 1 && below.frozen);
    convolutions_->backward(
        DepthwiseBackward{precision_, below.z, below_activation, gradient(conv),
                          static_cast<const float*>(unit.backward), store ? du_in : nullptr,
                          unit.weight_gradient, shape, below_sums, finish},
        queue_);
    return;
  }
  const int64_t pixels = unit.output_pixels(variant.images);
  convolutions_->backward(
      PointwiseInputGradient{precision_, gradient(conv), unit.backward, below.z, below_activation, du_in,
                             pixels, unit.conv.in_channels, unit.conv.out_channels, below_sums, finish},
      PointwiseWeightGradient{precision_, gradient(conv), below.z, below_activation, unit.weight_gradient,
                              pixels, unit.conv.in_channels, unit.conv.out_channels},
      queue_);
}

void CudaEngine::queue_step(const StepVariant& variant, const RecordedStep& step) {
  queue_render(variant.images);
  queue_weights(variant.fake_quantise, false);
  queue_forward(0, variant.images, variant.frozen_statistics ? Normalise::kRunning : Normalise::kBatch, false,
                !variant.frozen_statistics, variant.fake_quantise);
  queue_head_training(variant);
  for (size_t i = memory_->convs.size(); i-- > 0;) queue_conv_backward(i, variant);
  SgdPass sgd{};
  sgd.segments = reinterpret_cast<const SgdSegment*>(step.segments.data());
  sgd.segment_count = step.segment_count;
  sgd.most_values = step.most_values;
  sgd.learning_rate = StepInputs::at(memory_->inputs, plan_.batch_size).learning_rate;
  sgd.momentum = plan_.momentum;
  sgd.nesterov = plan_.nesterov;
  sgd.fault = &memory_->scratch->fault;
  const PassTimer::Section section(timer_, stream_, "update parameters", "",
                                   20.0 * static_cast<double>(memory_->layout.value_count));
  sgd_update(sgd, queue_);
  record_step(memory_->scratch, memory_->records, variant.images, queue_);
}

double CudaEngine::output_bytes(size_t conv, int images) const {
  const ConvBuffers& unit = memory_->convs[conv];
  return static_cast<double>(unit.output_pixels(images)) * unit.conv.out_channels *
         static_cast<double>(memory_->element_bytes);
}

double CudaEngine::input_bytes(size_t conv, int images) const {
  const double side = plan_.network.input_size;
  return conv == 0 ? 3.0 * images * side * side : output_bytes(conv - 1, images);
}

std::vector<PassTime> CudaEngine::profile_step(const StepSpec& step) {
  train_step(step);  // sends the inputs, and warms up
  PassTimer timer;
  const StepVariant variant{static_cast<int>(step.samples.size()), step.fake_quantise,
                            step.frozen_statistics};
  const RecordedStep& prepared = variant_step(variant);
  timer_ = &timer;
  try {
    queue_step(variant, prepared);
  } catch (...) {
    timer_ = nullptr;
    throw;
  }
  timer_ = nullptr;
  finish_queueing();
  stream_.synchronize();
  return timer.read();
}

double CudaEngine::copy_bytes_per_second() {
  constexpr int kCopies = 10;
  const size_t bytes = std::min<size_t>(size_t{1} << 30, open_device().free_bytes / 4);
  const DeviceMemory from(bytes, "measuring the copy bandwidth"), to(bytes, "measuring the copy bandwidth");
  Event start, stop;
  copy_on_device(to.data(), from.data(), bytes, stream_);
  start.record(stream_);
  for (int i = 0; i < kCopies; ++i) copy_on_device(to.data(), from.data(), bytes, stream_);
  stop.record(stream_);
  stream_.synchronize();
  return 2.0 * kCopies * static_cast<double>(bytes) /
         (static_cast<double>(stop.milliseconds_since(start)) * 1e-3);
}

CudaEngine::RecordedStep& CudaEngine::variant_step(const StepVariant& variant) {
  std::unique_ptr<RecordedStep>& known = steps_[variant.key()];
  const uint8_t* const source = inputs_->render_pass(memory_->pixels, 1, 1).source;
  if (known && known->source == source) return *known;
  stream_.synchronize();  // an older recording may be under way
  known.reset();
  auto step = std::make_unique<RecordedStep>();
  step->source = source;
  const std::vector<SgdSegment> segments = sgd_segments(variant);
  step->segment_count = static_cast<int>(segments.size());
  for (const SgdSegment& segment : segments) step->most_values = std::max(step->most_values, segment.count);
  step->segments = DeviceMemory(segments.size() * sizeof(SgdSegment), "the optimiser's table");
  copy_to_device(step->segments.data(), segments.data(), step->segments.bytes(), stream_);
  stream_.synchronize();
  known = std::move(step);
  return *known;
}

/// The first step of its kind is queued launch by launch, which loads the code of all kernels and of cuDNN;
/// from the second on it is a recording.
void CudaEngine::run_step(const StepVariant& variant) {
  RecordedStep& step = variant_step(variant);
  if (!step.warm) {
    queue_step(variant, step);
    step.warm = true;
  } else {
    if (!step.graph.captured()) {
      step.graph.capture(stream_, [this, variant, self = &step] { queue_step(variant, *self); });
      launches_per_step_ = step.graph.nodes();
    }
    step.graph.launch(stream_);
  }
  finish_queueing();
}

void CudaEngine::finish_queueing() {
  const size_t slot = static_cast<size_t>(steps_queued_ % kStepRecords);
  copy_to_host(reinterpret_cast<StepRecord*>(records_.data()) + slot, memory_->records + slot,
               sizeof(StepRecord), stream_);
  ++steps_queued_;
}

}  // namespace fixynn::cuda
