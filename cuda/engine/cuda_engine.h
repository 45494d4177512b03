// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "core/thread_pool.h"
#include "cuda/engine/device_plan.h"
#include "cuda/engine/pass_timer.h"
#include "engine/engine.h"

namespace fixynn::cuda {

/// What normalises in a forward pass.
enum class Normalise { kBatch, kRunning };

/// Training on one card. All memory is planned at the start; a step is one copy of its inputs and one
/// recorded graph of launches; nothing waits for the device but take_metrics(), state(), evaluate() and
/// measure_statistics(). The same seed gives the same bits on the same card.
class CudaEngine : public TrainEngine {
 public:
  /// Throws Error(kUsage) when there is no usable card, Error when its memory does not suffice.
  /// An engine that is not for `training` has no memory for gradients; train_step() then fails.
  CudaEngine(const TrainPlan& plan, const EngineOptions& options, bool training = true);
  ~CudaEngine() override;

  std::string describe() const override;
  EngineFacts facts() const override;
  std::vector<PassTime> profile_step(const StepSpec& step) override;
  double copy_bytes_per_second() override;
  void set_state(const TrainState& state) override;
  TrainState state() override;
  void attach(const ImageSet& images, const AugmentSpec& augment, uint64_t seed) override;
  void train_step(const StepSpec& step) override;
  StepMetrics take_metrics() override;
  StepMetrics poll_metrics() override;
  void evaluate(const ImageSet& images, std::span<const uint32_t> samples, bool fake_quantise,
                std::vector<float>& logits) override;
  std::vector<float> measure_statistics(std::span<const uint32_t> samples, bool fake_quantise,
                                        bool batch_statistics) override;

  std::vector<ActivationRange> observed_ranges() const override { return observed_; }

  /// Image sets of more bytes, or of more than half of the free memory, are sent batch by batch. Before
  /// attach().
  void set_most_resident_bytes(size_t bytes) { most_resident_bytes_ = bytes; }

  // For a float back end behind an integer FFE; running statistics, nothing quantised.
  /// `codes` [images][H][W][C] on the device are the output of convolution `conv`, worth `code_scale` each;
  /// appends logits. The codes must be finished (their stream synchronised).
  void run_back_end(size_t conv, const uint8_t* codes, float code_scale, int images,
                    std::vector<float>& logits);
  /// The whole network on rendered pixels; appends logits.
  void run_pixels(std::span<const uint8_t> pixels, int images, std::vector<float>& logits);

 private:
  struct StepVariant {
    int images;
    bool fake_quantise, frozen_statistics;
    auto key() const { return std::tuple(images, fake_quantise, frozen_statistics); }
  };
  struct RecordedStep {
    DeviceMemory segments;  ///< SgdSegment[]
    int segment_count = 0, most_values = 0;
    const uint8_t* source = nullptr;  ///< the images that the recorded step renders
    bool warm = false;                ///< ran once
    Graph graph;
  };
  class InputRing;
  // Fault codes: a convolution's statistics are its index.
  static constexpr unsigned kLossFault = 1000;
  static constexpr unsigned kParameterFault = 2000;  ///< + convolution, or their number for the head

  // cuda_engine.cpp
  void prepare(bool fake_quantise);
  void send_plain(const ImageSet& images, std::span<const uint32_t> samples);
  void append_logits(int images, std::vector<float>& logits);
  void collect_records(int64_t finished_steps);
  std::string fault_name(unsigned code) const;
  void observe_ranges(const std::vector<float>& values);
  StepMetrics poll_metrics_until(int64_t finished_steps);
  // tables.cpp
  void upload_tables();
  std::vector<WeightTask> weight_tasks(bool fake_quantise) const;
  std::vector<NormaliseTask> normalise_tasks(bool fake_quantise) const;
  std::vector<SgdSegment> sgd_segments(const StepVariant& variant) const;
  // step.cpp
  RecordedStep& variant_step(const StepVariant& variant);
  void run_step(const StepVariant& variant);
  void finish_queueing();
  void queue_step(const StepVariant& variant, const RecordedStep& step);
  void queue_render(int images);
  void queue_weights(bool fake_quantise, bool all);
  void queue_forward(size_t first_conv, int images, Normalise normalise, bool measure, bool update_running,
                     bool fake_quantise);
  void queue_conv_forward(size_t conv, int images, const ChannelSums& sums, const BatchNormFinish& finish,
                          bool fake_quantise);
  HeadPass head_pass(int images, bool fake_quantise) const;
  void queue_head_training(const StepVariant& variant);
  void queue_conv_backward(size_t conv, const StepVariant& variant);
  Activation activation(size_t conv, bool fake_quantise) const;
  GradientLoad gradient(size_t conv) const;
  BatchNormFinish finish_forward(size_t conv, int images, bool update_running, bool fake_quantise) const;
  BatchNormFinish finish_backward(size_t conv, const StepVariant& variant) const;
  ChannelSums sums(const float* center, bool observe = false) const;
  double output_bytes(size_t conv, int images) const;
  double input_bytes(size_t conv, int images) const;

  TrainPlan plan_;
  EngineOptions options_;
  bool training_;
  Precision precision_;
  DeviceProperties device_;
  Stream stream_;
  Queue queue_;
  ThreadPool pool_;
  std::unique_ptr<ConvolutionPasses> convolutions_;
  std::unique_ptr<DevicePlan> memory_;
  std::unique_ptr<InputRing> inputs_;
  std::map<std::tuple<int, bool, bool>, std::unique_ptr<RecordedStep>> steps_;
  int frozen_prepared_ = -1;  ///< 0 float, 1 fake-quantised: for what the frozen weights were prepared
  bool logits_quantised_ = false;
  const ImageSet* images_ = nullptr;
  AugmentSpec augment_;
  uint64_t augment_seed_ = 0;
  int64_t steps_queued_ = 0, steps_collected_ = 0;
  PinnedMemory records_;  ///< StepRecord[kStepRecords], each copied from the device after its step
  StepMetrics metrics_;
  std::vector<ActivationRange> observed_;
  int launches_per_step_ = 0;
  size_t most_resident_bytes_ = ~size_t{0};
  PassTimer* timer_ = nullptr;  ///< while a step is profiled
};

}  // namespace fixynn::cuda
