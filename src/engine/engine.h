// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "core/engine_options.h"
#include "dataset/augment.h"
#include "dataset/image_set.h"
#include "integer/integer_network.h"
#include "model/parameters.h"
#include "quant/fake_quant.h"

namespace fixynn {

/// What a training run computes; fixed for the life of a TrainEngine.
struct TrainPlan {
  MobileNet network;
  int fixed_layers = 0;          ///< layers 0 .. fixed_layers-1 keep their convolution weights
  std::vector<ConvQuant> quant;  ///< one per convolution
  int head_weight_bits = kFloatBits;
  /// Weight codes of the frozen convolutions that are quantised (one per frozen conv; bits == kFloatBits:
  /// take the float weights of the state as they are). Quantised once, from the pretrained network.
  std::vector<QuantisedWeights> frozen;
  int batch_size = 64;  ///< most images a step
  float momentum = 0.9f;
  bool nesterov = true;
  float weight_decay = 4e-5f;  ///< on conv1, pointwise and head weights; not on depthwise, gamma, beta, bias
  float label_smoothing = 0.1f;
  float batch_norm_momentum = 0.1f;  ///< running = (1 - m) * running + m * batch
};

/// Everything an engine changes: saved and restored bit for bit by checkpoints.
struct TrainState {
  ModelParameters parameters;
  std::vector<float> momentum;  ///< layout of parameters.values
};

struct StepSpec {
  std::span<const uint32_t> samples;  ///< indices into the attached training set, at most batch_size
  uint32_t epoch = 0;                 ///< counter of the augmentation's random numbers
  float learning_rate = 0;
  bool fake_quantise = false;      ///< quantise activations and trainable weights (frozen weights always are)
  bool frozen_statistics = false;  ///< normalise with the running statistics, and leave them as they are
};

/// What happened since the last take_metrics().
struct StepMetrics {
  int64_t images = 0;
  int64_t correct = 0;
  /// Smoothed cross-entropy summed over the images of a step, for each step in order: whoever adds them up
  /// step by step gets the same total however often metrics are taken.
  std::vector<double> step_loss_sums;
  /// Empty, or where the first non-finite value was: "l03_depthwise: non-finite batch statistics".
  std::string non_finite;
  /// Index into step_loss_sums of the first step with a non-finite value.
  size_t non_finite_step = 0;

  double loss_sum() const { return std::accumulate(step_loss_sums.begin(), step_loss_sums.end(), 0.0); }
};

/// Most training steps between two take_metrics() or poll_metrics(): an engine that queues them keeps the
/// losses of so many.
constexpr int kMostQueuedSteps = 256;

/// What an engine can say about itself, for records and benchmarks.
struct EngineFacts {
  // What the bits of a training depend on beside the plan, the data and the state: a resumed run must find
  // them as they were.
  std::string device = "cpu";  ///< or the card's name: another card may add in another order
  Precision precision = Precision::kFp32;
  Convolutions convolutions = Convolutions::kCustom;
  // 0 = not known.
  int64_t device_memory_bytes = 0;  ///< held on the device
  int launches_per_step = 0;
  double memory_bytes_per_second = 0;  ///< of the device

  /// "cpu, fp32, custom convolutions"
  std::string arithmetic() const {
    return device + ", " + std::string(choice_name(kPrecisionNames, precision)) + ", " +
           std::string(choice_name(kConvolutionsNames, convolutions)) + " convolutions";
  }
};

/// Duration of one pass of a training step, and the fewest bytes that it can read and write.
struct PassTime {
  std::string name;  ///< "l03_depthwise backward"
  double milliseconds;
  double bytes;
};

/// What a convolution's batch norm gave before ReLU6, over all channels and pixels: how much of 0..6 is used.
struct ActivationRange {
  float smallest, largest;
};

/// Computes training steps on one device. One object a run; not thread-safe. Throws Error.
class TrainEngine {
 public:
  virtual ~TrainEngine() = default;

  /// For the log: "cpu, 2 threads, AVX3".
  virtual std::string describe() const = 0;
  virtual EngineFacts facts() const { return {}; }
  /// One training step with the duration of every pass; empty where the engine cannot tell.
  virtual std::vector<PassTime> profile_step(const StepSpec& step) {
    train_step(step);
    return {};
  }
  /// Bytes read and written a second by a large copy on the device, measured now; 0 where the engine cannot
  /// tell.
  virtual double copy_bytes_per_second() { return 0; }

  virtual void set_state(const TrainState& state) = 0;
  virtual TrainState state() = 0;

  /// The training images; `images` must outlive the engine. Rendered to the network's input size with
  /// `augment`.
  virtual void attach(const ImageSet& images, const AugmentSpec& augment, uint64_t seed) = 0;

  /// One optimiser step. May return before the device has finished; `step.samples` is read before it returns.
  virtual void train_step(const StepSpec& step) = 0;
  /// Waits for the steps that were queued. Must be called at least every kMostQueuedSteps steps.
  virtual StepMetrics take_metrics() = 0;

  /// Of the steps that are known to be finished; does not wait. take_metrics() brings the rest.
  virtual StepMetrics poll_metrics() { return take_metrics(); }

  /// Inference with the running statistics on images of `images` (plain resize); logits [samples][classes].
  virtual void evaluate(const ImageSet& images, std::span<const uint32_t> samples, bool fake_quantise,
                        std::vector<float>& logits) = 0;

  /// Batch-norm statistics of every convolution's output over `samples` of the attached set without
  /// augmentation, in the layout of ModelParameters::statistics. `batch_statistics`: normalise with each
  /// batch's own statistics (to re-estimate after training) rather than the running ones (to put batch norm
  /// back into a folded network). The state is not changed. Means and variances are averaged over batches
  /// exactly (law of total variance).
  virtual std::vector<float> measure_statistics(std::span<const uint32_t> samples, bool fake_quantise,
                                                bool batch_statistics) = 0;

  /// One range a convolution, observed in passing by the last measure_statistics() with the statistics that
  /// normalised there; empty where the engine does not observe.
  virtual std::vector<ActivationRange> observed_ranges() const { return {}; }
};

/// Runs an IntegerNetwork's integer part exactly, and its float back end, if any, in float.
class IntegerEngine {
 public:
  virtual ~IntegerEngine() = default;
  virtual std::string describe() const = 0;
  /// `pixels`: [images][S][S][3] u8 already rendered to the network's input size; logits [images][classes] as
  /// real numbers (integer logits times logit_scale for a quantised back end).
  virtual void run(std::span<const uint8_t> pixels, int images, std::vector<float>& logits) = 0;
  /// Output codes [images][H][W][C] of quantised convolution `conv` for the same input.
  virtual void codes(std::span<const uint8_t> pixels, int images, int conv, std::vector<uint8_t>& codes) = 0;
};

/// The one place that chooses an engine and knows whether CUDA was compiled in. Throws Error(kUsage) when
/// `cuda` is asked for and cannot be had, with the reason; `auto` then takes the CPU.
std::unique_ptr<TrainEngine> make_train_engine(const TrainPlan& plan, const EngineOptions& options);
std::unique_ptr<IntegerEngine> make_integer_engine(const IntegerNetwork& network,
                                                   const EngineOptions& options);

}  // namespace fixynn
