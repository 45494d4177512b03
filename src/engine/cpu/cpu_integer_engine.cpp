// SPDX-License-Identifier: Apache-2.0
#include "engine/cpu/cpu_integer_engine.h"

#include <algorithm>
#include <cstring>

#include "core/error.h"

namespace fixynn::cpu {
namespace {

constexpr size_t kGroupBytes = size_t{1}
                               << 18;  // codes of a group in a layer: stays in the second cache level
constexpr int kMostImages = 32;
constexpr int kBackEndBatch = 64;

Int8Kind int8_kind(ConvKind kind) {
  switch (kind) {
    case ConvKind::kConv1:
      return Int8Kind::kConv1;
    case ConvKind::kDepthwise:
      return Int8Kind::kDepthwise;
    case ConvKind::kPointwise:
      return Int8Kind::kPointwise;
  }
  return Int8Kind::kPointwise;
}

Int8Source source_of(const IntegerConv& conv) {
  const Conv& c = conv.conv;
  Int8Source source{int8_kind(c.kind),
                    {c.out_channels, c.in_size, c.out_size, c.stride, c.pad_before},
                    c.in_channels,
                    conv.weights.codes.data(),
                    {},
                    {},
                    conv.shift,
                    activation_code_max(conv.quant.activation_bits)};
  for (const Requantizer& requantizer : conv.requantizers) {
    source.multiplier.push_back(requantizer.multiplier);
    source.bias.push_back(requantizer.bias);
  }
  return source;
}

std::unique_ptr<CpuEngine> float_back_end(const IntegerNetwork& network, int threads) {
  TrainPlan plan;
  plan.network = network.network;
  plan.quant.assign(network.network.convs.size(), ConvQuant{});
  plan.batch_size = kBackEndBatch;
  auto engine = std::make_unique<CpuEngine>(plan, threads);
  engine->set_state({network.parameters, std::vector<float>(network.parameters.values.size(), 0.0f)});
  return engine;
}

}  // namespace

CpuIntegerEngine::CpuIntegerEngine(const IntegerNetwork& network, int threads, bool allow_vnni)
    : network_(network.network),
      pool_(threads),
      kernels_(int8_kernels(allow_vnni)),
      logit_scale_(network.head.logit_scale),
      has_head_(network.has_head) {
  size_t largest = network_.convs.front().out_channels, scratch = 0;
  for (const IntegerConv& conv : network.convs) {
    layers_.push_back(kernels_.prepare(source_of(conv)));
    largest = std::max(largest, layers_.back().out_bytes());
    scratch = std::max(scratch, kernels_.scratch_bytes(layers_.back()));
  }
  group_ = static_cast<int>(std::clamp<size_t>(kGroupBytes / largest, 1, kMostImages));
  for (int worker = 0; worker < pool_.threads(); ++worker) {
    Worker buffers;
    for (auto& codes : buffers.codes) {
      codes = AlignedBuffer<uint8_t>(largest * static_cast<size_t>(group_) + kInt8Slack);
    }
    buffers.scratch = AlignedBuffer<uint8_t>(scratch + kInt8Slack);
    workers_.push_back(std::move(buffers));
  }
  if (has_head_) {
    head_weights_.assign(network.head.weights.codes.begin(), network.head.weights.codes.end());
    head_bias_ = network.head.bias;
  } else {
    back_end_ = float_back_end(network, threads);
    if (!network.convs.empty()) code_scale_ = activation_scale(network.convs.back().quant.activation_bits);
  }
}

std::string CpuIntegerEngine::describe() const {
  return fmt::format("cpu, {} thread{}, {}{}", pool_.threads(), pool_.threads() == 1 ? "" : "s",
                     kernels_.name, has_head_ ? "" : ", float back end");
}

void CpuIntegerEngine::check_pixels(std::span<const uint8_t> pixels, int images) const {
  const size_t expected = static_cast<size_t>(images) * static_cast<size_t>(network_.input_size) *
                          static_cast<size_t>(network_.input_size) * 3;
  if (images < 0 || pixels.size() != expected) {
    fail("the integer engine got {} bytes for {} images of {} x {} x 3", pixels.size(), images,
         network_.input_size, network_.input_size);
  }
}

const uint8_t* CpuIntegerEngine::run_layers(const uint8_t* pixels, int images, size_t last,
                                            Worker& worker) const {
  const uint8_t* in = pixels;
  for (size_t i = 0; i <= last; ++i) {
    uint8_t* out = worker.codes[i % 2].data();
    kernels_.run(layers_[i], in, images, out, worker.scratch.data());
    in = out;
  }
  return in;
}

void CpuIntegerEngine::head(const uint8_t* codes, int images, float* logits) const {
  const size_t channels = static_cast<size_t>(network_.feature_channels());
  const size_t classes = static_cast<size_t>(network_.classes);
  const size_t pixels = static_cast<size_t>(network_.feature_pixels());
  // |logit| <= pixels * 255 * 127 * channels; 32 bits hold that for the usual networks, and vectorise well.
  const bool narrow = static_cast<double>(pixels) * 255.0 * 127.0 * static_cast<double>(channels) < 2.0e9;
  std::vector<int32_t> pooled(channels), sums32(classes);
  std::vector<int64_t> sums64(classes);
  for (int image = 0; image < images; ++image) {
    std::fill(pooled.begin(), pooled.end(), 0);
    for (size_t p = 0; p < pixels; ++p, codes += channels) {
      for (size_t c = 0; c < channels; ++c) pooled[c] += codes[c];
    }
    std::fill(sums32.begin(), sums32.end(), 0);
    std::fill(sums64.begin(), sums64.end(), 0);
    for (size_t c = 0; c < channels; ++c) {
      const int16_t* weights = head_weights_.data() + c * classes;
      if (narrow) {
        for (size_t k = 0; k < classes; ++k) sums32[k] += pooled[c] * weights[k];
      } else {
        for (size_t k = 0; k < classes; ++k) sums64[k] += int64_t{pooled[c]} * weights[k];
      }
    }
    for (size_t k = 0; k < classes; ++k, ++logits) {
      const int64_t logit = (narrow ? int64_t{sums32[k]} : sums64[k]) + head_bias_[k];
      *logits = static_cast<float>(static_cast<double>(logit) * logit_scale_);
    }
  }
}

void CpuIntegerEngine::run(std::span<const uint8_t> pixels, int images, std::vector<float>& logits) {
  check_pixels(pixels, images);
  const size_t classes = static_cast<size_t>(network_.classes);
  if (!has_head_) {
    logits.clear();
    if (layers_.empty()) {
      back_end_->run_pixels(pixels, images, logits);
    } else {
      std::vector<uint8_t> ffe;
      codes(pixels, images, static_cast<int>(layers_.size()) - 1, ffe);
      back_end_->run_back_end(layers_.size() - 1, ffe, code_scale_, images, logits);
    }
    return;
  }
  logits.resize(static_cast<size_t>(images) * classes);
  const size_t image_bytes = layers_.front().in_bytes();
  // Small requests are cut finer, so that every thread has a share.
  const int group = std::clamp((images + pool_.threads() - 1) / pool_.threads(), 1, group_);
  pool_.run((images + group - 1) / group, [&](int task, int worker) {
    const int first = task * group, count = std::min(group, images - first);
    const uint8_t* result = run_layers(pixels.data() + static_cast<size_t>(first) * image_bytes, count,
                                       layers_.size() - 1, workers_[static_cast<size_t>(worker)]);
    head(result, count, logits.data() + static_cast<size_t>(first) * classes);
  });
}

void CpuIntegerEngine::codes(std::span<const uint8_t> pixels, int images, int conv,
                             std::vector<uint8_t>& codes) {
  check_pixels(pixels, images);
  if (conv < 0 || conv >= static_cast<int>(layers_.size())) {
    fail("convolution {} is not among the {} integer convolutions of this network", conv, layers_.size());
  }
  const Int8Layer& layer = layers_[static_cast<size_t>(conv)];
  codes.resize(static_cast<size_t>(images) * layer.out_bytes());
  const size_t image_bytes = layers_.front().in_bytes();
  pool_.run((images + group_ - 1) / group_, [&](int task, int worker) {
    const int first = task * group_, count = std::min(group_, images - first);
    const uint8_t* result = run_layers(pixels.data() + static_cast<size_t>(first) * image_bytes, count,
                                       static_cast<size_t>(conv), workers_[static_cast<size_t>(worker)]);
    std::memcpy(codes.data() + static_cast<size_t>(first) * layer.out_bytes(), result,
                static_cast<size_t>(count) * layer.out_bytes());
  });
}

}  // namespace fixynn::cpu
