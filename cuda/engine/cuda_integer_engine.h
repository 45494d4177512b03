// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cuda/kernels/integer_passes.h"
#include "cuda/runtime/runtime.h"
#include "engine/engine.h"

namespace fixynn::cuda {

/// The float layers behind an integer FFE, on the same device. Both append logits [images][classes] and
/// return when they are done with the input.
struct FloatBackEnd {
  virtual ~FloatBackEnd() = default;
  /// `device_codes` [images][H][W][C] are the output of convolution `conv`, worth `code_scale` each.
  virtual void run_codes(size_t conv, const uint8_t* device_codes, float code_scale, int images,
                         std::vector<float>& logits) = 0;
  /// The whole network on rendered pixels.
  virtual void run_pixels(std::span<const uint8_t> pixels, int images, std::vector<float>& logits) = 0;
};

/// What a group of images may take on the device; a request is cut into groups.
struct IntegerGroupLimits {
  int images = 1024;
  size_t bytes = size_t{1} << 30;
};

/// Evaluates an IntegerNetwork on one card: the same integers as the executor and the CPU engine. A group of
/// images passes through all layers in one stream; while the card computes, the host fills the page-locked
/// memory of the next group.
class CudaIntegerEngine : public IntegerEngine {
 public:
  /// `back_end` is used (and needed) only where the network has no integer head. Throws Error(kUsage) when
  /// there is no usable card, Error when the network's sizes do not match.
  CudaIntegerEngine(const IntegerNetwork& network, std::unique_ptr<FloatBackEnd> back_end,
                    const IntegerGroupLimits& limits = {});

  std::string describe() const override;
  void run(std::span<const uint8_t> pixels, int images, std::vector<float>& logits) override;
  void codes(std::span<const uint8_t> pixels, int images, int conv, std::vector<uint8_t>& codes) override;

  /// Images of a group.
  int group() const { return group_; }

 private:
  struct Layer {
    ConvKind kind;
    IntegerConvPass pass;  ///< with one image
    size_t out_bytes;      ///< of an image
  };
  /// Page-locked memory of a group, and what is on its way back in it.
  struct Slot {
    PinnedMemory pixels, logits;
    Event done;
    int first = 0, count = 0;
  };

  void upload_weights(const IntegerNetwork& network);
  void plan_group(const IntegerGroupLimits& limits);
  void check_pixels(std::span<const uint8_t> pixels, int images) const;
  /// Queues copy and layers 0 .. last of a group; `slot.pixels` must be free. Returns the codes' place.
  const uint8_t* queue_layers(std::span<const uint8_t> pixels, int first, int count, size_t last, Slot& slot);
  void queue_head(const uint8_t* codes, int first, int count, Slot& slot);
  /// Waits for the slot's group and hands over its logits.
  void collect(Slot& slot, std::vector<float>& logits);
  size_t image_bytes() const;

  MobileNet network_;
  DeviceProperties device_;
  Stream stream_;
  std::vector<Layer> layers_;
  bool has_head_;
  IntegerHeadPass head_{};
  std::unique_ptr<FloatBackEnd> back_end_;
  float code_scale_ = 1;  ///< value of one code of the last integer layer
  int group_ = 1;
  DeviceMemory weights_, buffers_;
  uint8_t* pixels_ = nullptr;  ///< on the device, of a group
  uint8_t* codes_[2] = {};     ///< outputs of even and of odd convolutions
  float* logits_ = nullptr;    ///< on the device
  Slot slots_[2];
};

}  // namespace fixynn::cuda
