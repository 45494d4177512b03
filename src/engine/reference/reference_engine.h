// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/reference/reference_network.h"

namespace fixynn {

/// Loss and gradient of one step, nothing updated.
struct StepGradients {
  double loss_sum = 0;  ///< smoothed cross-entropy, summed over images
  int64_t correct = 0;
  std::vector<double> gradient;  ///< of the mean loss, layout of ModelParameters::values; no weight decay
  std::vector<double> logits;    ///< [samples][classes]
  ForwardPass pass;
};

/// The definition of training: double precision within a step, one thread, slow. Between steps the state is
/// float32, as everywhere. Other engines are tested against this one.
///
/// A step: render to u8, (pixel - kInputZero) * kInputScale; 27 x {convolution, batch norm, ReLU6, fake
/// quantisation}; global average pool; linear head; smoothed cross-entropy; backward; SGD with momentum as
/// PyTorch has it:
///   g += weight_decay * w; v = momentum * v + g; w -= learning_rate * (nesterov ? g + momentum * v : v).
/// A step that meets a non-finite number changes nothing but the metrics' `non_finite`.
class ReferenceEngine : public TrainEngine {
 public:
  explicit ReferenceEngine(const TrainPlan& plan);
  ReferenceEngine(const ReferenceEngine&) = delete;
  ReferenceEngine& operator=(const ReferenceEngine&) = delete;

  std::string describe() const override { return "reference, double precision, 1 thread"; }
  void set_state(const TrainState& state) override;
  TrainState state() override { return state_; }
  void attach(const ImageSet& images, const AugmentSpec& augment, uint64_t seed) override;
  void train_step(const StepSpec& step) override;
  StepMetrics take_metrics() override;
  void evaluate(const ImageSet& images, std::span<const uint32_t> samples, bool fake_quantise,
                std::vector<float>& logits) override;
  std::vector<float> measure_statistics(std::span<const uint32_t> samples, bool fake_quantise,
                                        bool batch_statistics) override;

  ForwardPass forward(const StepSpec& step) const;
  StepGradients gradients(const StepSpec& step) const;
  /// Mean loss of `step` with other values than the state's (layout of ModelParameters::values), for finite
  /// differences. `offsets`: see PassMode.
  double loss(const StepSpec& step, std::span<const double> values,
              const RoundingOffsets* offsets = nullptr) const;

 private:
  ReferenceBatch augmented_batch(const StepSpec& step) const;
  ReferenceBatch plain_batch(const ImageSet& images, std::span<const uint32_t> samples) const;
  std::vector<double> values() const;
  std::vector<double> statistics() const;
  void update_values(const std::vector<double>& gradient, double learning_rate);
  void update_running_statistics(const std::vector<ChannelStatistics>& batch);

  const TrainPlan plan_;
  ReferenceNetwork network_;
  TrainState state_;
  const ImageSet* images_ = nullptr;
  AugmentSpec augment_;
  uint64_t seed_ = 0;
  int64_t steps_ = 0;
  StepMetrics metrics_;
};

}  // namespace fixynn
