// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/cuda_integer_engine.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

#include "core/error.h"
#include "cuda/engine/integer_packing.h"

namespace fixynn::cuda {
namespace {

size_t size_of(int value) {
  return static_cast<size_t>(value);
}

void check_network(const IntegerNetwork& network, bool has_back_end) {
  const MobileNet& shape = network.network;
  if (network.convs.size() > shape.convs.size()) {
    fail("the integer network has {} convolutions where its architecture has {}; the network is damaged",
         network.convs.size(), shape.convs.size());
  }
  if (!network.has_head) {
    if (!has_back_end) fail("the integer network ends in float layers, but no float back end was given");
    return;
  }
  const size_t classes = size_of(shape.classes), features = size_of(shape.feature_channels());
  if (network.convs.size() != shape.convs.size() || network.head.bias.size() != classes ||
      network.head.weights.codes.size() != features * classes) {
    fail(
        "head: {} weight codes and {} biases do not match {} features and {} classes; the network is damaged",
        network.head.weights.codes.size(), network.head.bias.size(), features, classes);
  }
}

/// Host arrays on their way into one allocation: placed first, then copied.
class Upload {
 public:
  template <class T>
  void add(const std::vector<T>& values, const T** place) {
    items_.push_back({std::as_bytes(std::span(values)),
                      [place](std::byte* at) { *place = reinterpret_cast<const T*>(at); }});
  }
  DeviceMemory finish(Stream& stream) const {
    Arena measure(nullptr);
    for (const Item& item : items_) measure.take_bytes(item.bytes.size());
    DeviceMemory memory(measure.used(), "the integer network's weights");
    Arena arena(memory.data());
    for (const Item& item : items_) {
      std::byte* const at = arena.take_bytes(item.bytes.size());
      if (!item.bytes.empty()) copy_to_device(at, item.bytes.data(), item.bytes.size(), stream);
      item.place(at);
    }
    stream.synchronize();
    return memory;
  }

 private:
  struct Item {
    std::span<const std::byte> bytes;
    std::function<void(std::byte*)> place;
  };
  std::vector<Item> items_;
};

}  // namespace

CudaIntegerEngine::CudaIntegerEngine(const IntegerNetwork& network, std::unique_ptr<FloatBackEnd> back_end,
                                     const IntegerGroupLimits& limits)
    : network_(network.network),
      device_(open_device()),
      has_head_(network.has_head),
      back_end_(std::move(back_end)) {
  check_network(network, back_end_ != nullptr);
  if (network.convs.empty()) return;
  code_scale_ = activation_scale(network.convs.back().quant.activation_bits);
  upload_weights(network);
  plan_group(limits);
}

void CudaIntegerEngine::upload_weights(const IntegerNetwork& network) {
  std::vector<PackedIntegerConv> packed;
  for (const IntegerConv& source : network.convs) {
    const Conv& conv = source.conv;
    packed.push_back(pack_integer_conv(source));
    Layer layer{conv.kind, {}, size_of(conv.out_size * conv.out_size) * size_of(conv.out_channels)};
    layer.pass.shift = source.shift;
    layer.pass.code_max = activation_code_max(source.quant.activation_bits);
    layer.pass.shape = {1,           conv.in_channels, conv.out_channels, conv.in_size, conv.out_size,
                        conv.stride, conv.pad_before};
    layers_.push_back(layer);
  }
  Upload upload;
  for (size_t i = 0; i < packed.size(); ++i) {
    IntegerConvPass& pass = layers_[i].pass;
    upload.add(packed[i].weights, &pass.weights);
    upload.add(packed[i].multiplier, &pass.multiplier);
    upload.add(packed[i].bias, &pass.bias);
    upload.add(packed[i].initial, &pass.initial);
  }
  std::vector<int8_t> head_weights;
  if (has_head_) {
    head_weights = pack_integer_head(network.head);
    upload.add(head_weights, &head_.weights);
    upload.add(network.head.bias, &head_.bias);
    head_.logit_scale = network.head.logit_scale;
    head_.pixels = network_.feature_pixels();
    head_.channels = network_.feature_channels();
    head_.classes = network_.classes;
  }
  weights_ = upload.finish(stream_);
}

void CudaIntegerEngine::plan_group(const IntegerGroupLimits& limits) {
  size_t most[2] = {0, 0};
  for (size_t i = 0; i < layers_.size(); ++i) most[i % 2] = std::max(most[i % 2], layers_[i].out_bytes);
  const size_t logit_bytes = has_head_ ? size_of(network_.classes) * sizeof(float) : 0;
  const size_t per_image = image_bytes() + most[0] + most[1] + logit_bytes;
  // Half of what is free, so that other users of the card are not pushed out.
  const size_t bytes = std::min(limits.bytes, device_.free_bytes / 2);
  group_ = static_cast<int>(std::clamp<size_t>(bytes / per_image, 1, size_of(std::max(1, limits.images))));
  const auto divide = [&](Arena& arena) {
    pixels_ = arena.take<uint8_t>(size_of(group_) * image_bytes());
    for (size_t i = 0; i < 2; ++i) codes_[i] = arena.take<uint8_t>(size_of(group_) * most[i]);
    logits_ = arena.take<float>(size_of(group_) * logit_bytes / sizeof(float));
  };
  Arena measure(nullptr);
  divide(measure);
  buffers_ = DeviceMemory(measure.used(), "codes of an image group");
  Arena arena(buffers_.data());
  divide(arena);
  for (Slot& slot : slots_) {
    slot.pixels = PinnedMemory(size_of(group_) * image_bytes());
    slot.logits = PinnedMemory(size_of(group_) * logit_bytes);
  }
}

size_t CudaIntegerEngine::image_bytes() const {
  return size_of(network_.input_size) * size_of(network_.input_size) * 3;
}

std::string CudaIntegerEngine::describe() const {
  return fmt::format("cuda, {}, integer{}", device_.name, has_head_ ? "" : ", float back end");
}

void CudaIntegerEngine::check_pixels(std::span<const uint8_t> pixels, int images) const {
  if (images < 0 || pixels.size() != size_of(std::max(0, images)) * image_bytes()) {
    fail("the integer engine got {} bytes for {} images of {} x {} x 3", pixels.size(), images,
         network_.input_size, network_.input_size);
  }
}

const uint8_t* CudaIntegerEngine::queue_layers(std::span<const uint8_t> pixels, int first, int count,
                                               size_t last, Slot& slot) {
  const size_t bytes = size_of(count) * image_bytes();
  std::memcpy(slot.pixels.data(), pixels.data() + size_of(first) * image_bytes(), bytes);
  copy_to_device(pixels_, slot.pixels.data(), bytes, stream_);
  const Queue queue{stream_.handle(), device_.multiprocessors};
  const uint8_t* in = pixels_;
  for (size_t i = 0; i <= last; ++i) {
    IntegerConvPass pass = layers_[i].pass;
    pass.in = in;
    pass.out = codes_[i % 2];
    pass.shape.images = count;
    switch (layers_[i].kind) {
      case ConvKind::kConv1:
        integer_conv1(pass, queue);
        break;
      case ConvKind::kDepthwise:
        integer_depthwise(pass, queue);
        break;
      case ConvKind::kPointwise:
        integer_pointwise(pass, queue);
        break;
    }
    in = pass.out;
  }
  return in;
}

void CudaIntegerEngine::queue_head(const uint8_t* codes, int first, int count, Slot& slot) {
  IntegerHeadPass pass = head_;
  pass.codes = codes;
  pass.logits = logits_;
  pass.images = count;
  integer_head(pass, {stream_.handle(), device_.multiprocessors});
  copy_to_host(slot.logits.data(), logits_, size_of(count) * size_of(network_.classes) * sizeof(float),
               stream_);
  slot.done.record(stream_);
  slot.first = first;
  slot.count = count;
}

void CudaIntegerEngine::collect(Slot& slot, std::vector<float>& logits) {
  if (slot.count == 0) return;
  slot.done.synchronize();
  const size_t classes = size_of(network_.classes);
  std::memcpy(logits.data() + size_of(slot.first) * classes, slot.logits.data(),
              size_of(slot.count) * classes * sizeof(float));
  slot.count = 0;
}

void CudaIntegerEngine::run(std::span<const uint8_t> pixels, int images, std::vector<float>& logits) {
  check_pixels(pixels, images);
  logits.clear();
  if (layers_.empty()) {
    back_end_->run_pixels(pixels, images, logits);
    return;
  }
  if (has_head_) logits.resize(size_of(images) * size_of(network_.classes));
  for (Slot& slot : slots_) slot.count = 0;
  const size_t last = layers_.size() - 1;
  for (int first = 0, group = 0; first < images; first += group_, ++group) {
    Slot& slot = slots_[group % 2];
    collect(slot, logits);
    const int count = std::min(group_, images - first);
    const uint8_t* const codes = queue_layers(pixels, first, count, last, slot);
    if (has_head_) {
      queue_head(codes, first, count, slot);
    } else {
      stream_.synchronize();
      back_end_->run_codes(last, codes, code_scale_, count, logits);
    }
  }
  for (Slot& slot : slots_) collect(slot, logits);
}

void CudaIntegerEngine::codes(std::span<const uint8_t> pixels, int images, int conv,
                              std::vector<uint8_t>& codes) {
  check_pixels(pixels, images);
  if (conv < 0 || conv >= static_cast<int>(layers_.size())) {
    fail("convolution {} is not among the {} integer convolutions of this network", conv, layers_.size());
  }
  const size_t out_bytes = layers_[size_of(conv)].out_bytes;
  codes.resize(size_of(images) * out_bytes);
  for (int first = 0; first < images; first += group_) {
    const int count = std::min(group_, images - first);
    const uint8_t* const result = queue_layers(pixels, first, count, size_of(conv), slots_[0]);
    copy_to_host(codes.data() + size_of(first) * out_bytes, result, size_of(count) * out_bytes, stream_);
    stream_.synchronize();
  }
}

}  // namespace fixynn::cuda
