// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <vector>

#include "core/thread_pool.h"
#include "cuda/engine/cuda_engine.h"
#include "dataset/image_set.h"

namespace fixynn::cuda {

/// Brings the inputs of a step to the device: which images, their labels and the draws of their augmentation,
/// and the images themselves where the set does not lie on the card. Some steps ahead of the device, in
/// page-locked memory; waits when it is too far ahead.
class CudaEngine::InputRing {
 public:
  InputRing(const TrainPlan& plan, std::byte* device_inputs);

  /// Keeps the set on the device when it has at most `most_bytes`; else batches are sent.
  void keep(const ImageSet& images, size_t most_bytes, const Stream& stream);

  using Draw = std::function<AugmentParams(uint32_t sample)>;
  /// Queues the inputs of `samples`; afterwards render() of source() gives their pixels.
  /// `steps_queued`: training steps in the stream before it.
  void send(const ImageSet& images, std::span<const uint32_t> samples, const Draw& draw, float learning_rate,
            int64_t steps_queued, ThreadPool& pool, const Stream& stream);
  /// Training steps that are known to be finished, without asking the device.
  int64_t finished_steps() const { return finished_steps_; }

  /// The render pass for what was sent last.
  RenderPass render_pass(uint8_t* pixels, int images, int size) const;
  bool kept(const ImageSet& images) const { return kept_ == &images; }
  size_t device_bytes() const { return set_.bytes() + staging_.bytes(); }

 private:
  static constexpr int kSlots = 8;
  struct Slot {
    PinnedMemory inputs;
    Event copied;
    bool used = false;
    int64_t steps_before = 0;  ///< finished when the copy is
  };
  struct Staging {
    PinnedMemory pixels;
    Event copied;
    bool used = false;
  };
  void stage(const ImageSet& images, std::span<const uint32_t> samples, ThreadPool& pool,
             const Stream& stream);

  int batch_size_, size_;
  std::byte* device_inputs_;
  std::vector<Slot> slots_;
  Staging staging_host_[2];
  size_t next_ = 0, next_staging_ = 0;
  int64_t finished_steps_ = 0;
  const ImageSet* kept_ = nullptr;
  DeviceMemory set_, staging_;
  const std::byte* source_ = nullptr;
  size_t image_bytes_ = 0;
};

}  // namespace fixynn::cuda
