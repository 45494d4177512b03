// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/thread_pool.h"
#include "engine/cpu/aligned_buffer.h"
#include "engine/cpu/batch_norm.h"
#include "engine/cpu/kernels/kernels.h"
#include "engine/cpu/partition.h"
#include "engine/engine.h"

namespace fixynn::cpu {

/// The weights of one convolution as the passes read them.
struct PreparedWeights {
  AlignedBuffer<float> effective;   ///< fake-quantised (or float) weights in the layout of Conv
  AlignedBuffer<float> forward;     ///< times the input scale; packed panels for pointwise
  AlignedBuffer<float> transposed;  ///< packed transpose, pointwise only
  float input_scale = 1;
  bool valid = false;
};

/// One convolution with its buffers for a batch.
struct ConvUnit {
  ConvUnit(const Conv& conv, const ParameterLayout::ConvOffsets& offsets, int batch_size, bool frozen);

  Conv conv;
  ParameterLayout::ConvOffsets offsets;
  bool frozen;
  AlignedBuffer<float> z;  ///< [batch][out][out][channels]
  PreparedWeights weights;
  BatchNorm batch_norm;
  PartialSums forward_sums, backward_sums;
  AlignedBuffer<float> weight_gradient;  ///< [task][weights]; empty when frozen
  int gradient_tasks = 0;                ///< of the last backward pass

  ImageShape shape() const {
    return {conv.out_channels, conv.in_size, conv.out_size, conv.stride, conv.pad_before};
  }
  int64_t output_pixels(int images) const { return int64_t{images} * conv.out_size * conv.out_size; }
  size_t weight_count() const { return static_cast<size_t>(conv.weight_count()); }
  Partition partition(int images) const;
};

struct HeadUnit {
  HeadUnit(const MobileNet& network, int batch_size);
  int padded_classes;
  AlignedBuffer<float> effective, forward, transposed, bias, logits;
  AlignedBuffer<float> weight_gradient;  ///< [task][channels][padded]
  AlignedBuffer<float> bias_gradient;    ///< [task][padded]
  AlignedBuffer<float> compact_gradient, compact_bias_gradient;
  std::vector<double> loss;      ///< [task]
  std::vector<int64_t> correct;  ///< [task]
  int gradient_tasks = 0;
  bool valid = false;
};

/// What normalises in a forward pass.
enum class Normalise { kBatch, kRunning };

/// The fused NHWC engine. An activation tensor is touched four times a step: its raw convolution output z is
/// written once; the consumer applies batch norm, ReLU6 and fake quantisation while loading it; the backward
/// passes form dz from du and z while loading, and mask and sum while storing. Results do not depend on the
/// number of threads.
class CpuEngine : public TrainEngine {
 public:
  CpuEngine(const TrainPlan& plan, int threads);

  std::string describe() const override;
  void set_state(const TrainState& state) override;
  TrainState state() override { return state_; }
  void attach(const ImageSet& images, const AugmentSpec& augment, uint64_t seed) override;
  void train_step(const StepSpec& step) override;
  StepMetrics take_metrics() override;
  void evaluate(const ImageSet& images, std::span<const uint32_t> samples, bool fake_quantise,
                std::vector<float>& logits) override;
  std::vector<float> measure_statistics(std::span<const uint32_t> samples, bool fake_quantise,
                                        bool batch_statistics) override;

  // For a float back end behind an integer FFE (cpu_back_end.cpp); running statistics, nothing quantised.
  /// `codes` [images][H][W][C] are the output of convolution `conv`, worth `code_scale` each; appends logits.
  void run_back_end(size_t conv, std::span<const uint8_t> codes, float code_scale, int images,
                    std::vector<float>& logits);
  /// The whole network on rendered pixels; appends logits.
  void run_pixels(std::span<const uint8_t> pixels, int images, std::vector<float>& logits);

 private:
  // cpu_engine.cpp
  void render(const ImageSet& images, std::span<const uint32_t> samples, bool augmented, uint32_t epoch);
  void prepare_weights(bool fake_quantise);
  void prepare_conv(size_t index, bool fake_quantise);
  void prepare_head(bool fake_quantise);
  // cpu_forward.cpp
  void forward(size_t first_conv, int images, Normalise normalise, bool collect_sums, bool fake_quantise);
  void forward_conv(size_t index, int images, bool collect_sums);
  void normalise_conv(size_t index, int images, Normalise normalise, bool fake_quantise);
  HeadPass head_pass(float* scratch, bool fake_quantise);
  void head_logits(int images, bool fake_quantise);
  void append_logits(int images, std::vector<float>& logits);
  // cpu_backward.cpp
  void train_head(int images, bool fake_quantise);
  void backward(int images, const StepSpec& step);
  void backward_conv(size_t index, int images);
  void update_running_statistics();
  void update_parameters(const StepSpec& step);
  void reduce_head_gradient();
  /// Keeps the first of them, with its step.
  void note_non_finite(std::string what);

  std::span<float> values(size_t offset, size_t count) {
    return {state_.parameters.values.data() + offset, count};
  }
  std::span<float> statistics(size_t offset, size_t count) {
    return {state_.parameters.statistics.data() + offset, count};
  }
  float* scratch(int worker) { return scratch_[static_cast<size_t>(worker)].data(); }

  TrainPlan plan_;
  ParameterLayout layout_;
  ThreadPool pool_;
  TrainState state_;
  std::vector<std::unique_ptr<ConvUnit>> units_;
  std::unique_ptr<HeadUnit> head_;
  AlignedBuffer<uint8_t> pixels_;
  std::vector<int32_t> labels_;
  AlignedBuffer<float> gradients_[2];  ///< du of the present and of the previous convolution, in turn
  std::vector<AlignedBuffer<float>> scratch_;
  const ImageSet* images_ = nullptr;
  AugmentSpec augment_;
  uint64_t augment_seed_ = 0;
  bool prepared_fake_quantise_ = false;
  StepMetrics metrics_;
};

}  // namespace fixynn::cpu
