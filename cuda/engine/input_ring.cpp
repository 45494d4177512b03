// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/input_ring.h"

#include <cstring>

#include "core/error.h"

namespace fixynn::cuda {

CudaEngine::InputRing::InputRing(const TrainPlan& plan, std::byte* device_inputs)
    : batch_size_(plan.batch_size),
      size_(plan.network.input_size),
      device_inputs_(device_inputs),
      slots_(kSlots) {
  for (Slot& slot : slots_) slot.inputs = PinnedMemory(StepInputs::bytes(batch_size_));
}

void CudaEngine::InputRing::keep(const ImageSet& images, size_t most_bytes, const Stream& stream) {
  kept_ = nullptr;
  set_ = DeviceMemory();
  if (images.pixels.empty() || images.pixels.size() > most_bytes) return;
  set_ = DeviceMemory(images.pixels.size(), "the training images");
  copy_to_device(set_.data(), images.pixels.data(), images.pixels.size(), stream);
  kept_ = &images;
}

void CudaEngine::InputRing::stage(const ImageSet& images, std::span<const uint32_t> samples, ThreadPool& pool,
                                  const Stream& stream) {
  Staging& staging = staging_host_[next_staging_];
  next_staging_ = 1 - next_staging_;
  if (staging.used) staging.copied.synchronize();
  const size_t wanted = images.image_bytes() * static_cast<size_t>(batch_size_);
  if (staging.pixels.bytes() < wanted) staging.pixels = PinnedMemory(wanted);
  if (staging_.bytes() < wanted) staging_ = DeviceMemory(wanted, "a batch of images");
  pool.run(static_cast<int>(samples.size()), [&](int task, int) {
    const size_t i = static_cast<size_t>(task);
    std::memcpy(staging.pixels.data() + i * images.image_bytes(), images.image(samples[i]).data(),
                images.image_bytes());
  });
  copy_to_device(staging_.data(), staging.pixels.data(), images.image_bytes() * samples.size(), stream);
  staging.copied.record(stream);
  staging.used = true;
}

void CudaEngine::InputRing::send(const ImageSet& images, std::span<const uint32_t> samples, const Draw& draw,
                                 float learning_rate, int64_t steps_queued, ThreadPool& pool,
                                 const Stream& stream) {
  constexpr size_t kSamplesATask = 32;
  Slot& slot = slots_[next_];
  next_ = (next_ + 1) % slots_.size();
  if (slot.used) {
    slot.copied.synchronize();
    finished_steps_ = std::max(finished_steps_, slot.steps_before);
  }
  const bool on_device = kept(images);
  const StepInputs inputs = StepInputs::at(slot.inputs.data(), batch_size_);
  *inputs.learning_rate = learning_rate;
  const size_t tasks = (samples.size() + kSamplesATask - 1) / kSamplesATask;
  pool.run(static_cast<int>(tasks), [&](int task, int) {
    const size_t first = static_cast<size_t>(task) * kSamplesATask;
    for (size_t i = first; i < std::min(first + kSamplesATask, samples.size()); ++i) {
      const uint32_t sample = samples[i];
      if (sample >= images.count()) fail("sample {} is not one of the {} images", sample, images.count());
      inputs.labels[i] = images.labels[sample];
      inputs.samples[i] = on_device ? sample : static_cast<uint32_t>(i);
      inputs.augments[i] = fix_augment(draw(sample), images.width, images.height);
    }
  });
  copy_to_device(device_inputs_, slot.inputs.data(), slot.inputs.bytes(), stream);
  if (!on_device) stage(images, samples, pool, stream);
  slot.copied.record(stream);
  slot.used = true;
  slot.steps_before = steps_queued;
  source_ = on_device ? set_.data() : staging_.data();
  image_bytes_ = images.image_bytes();
}

RenderPass CudaEngine::InputRing::render_pass(uint8_t* pixels, int images, int size) const {
  const StepInputs inputs = StepInputs::at(device_inputs_, batch_size_);
  return {reinterpret_cast<const uint8_t*>(source_),
          inputs.samples,
          inputs.augments,
          image_bytes_,
          pixels,
          images,
          size};
}

}  // namespace fixynn::cuda
