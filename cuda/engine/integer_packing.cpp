// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/integer_packing.h"

#include "core/error.h"
#include "cuda/kernels/integer_layout.h"

namespace fixynn::cuda {
namespace {

size_t index_of(int value) {
  return static_cast<size_t>(value);
}

std::vector<int8_t> pack_conv1(const Conv& conv, const std::vector<int8_t>& codes) {
  std::vector<int8_t> packed(index_of(kConv1Words * conv.out_channels * 4), 0);
  for (int row = 0; row < 3; ++row) {
    for (int byte = 0; byte < 9; ++byte) {
      const int word = byte < 8 ? 2 * row + byte / 4 : 6;
      const int place = byte < 8 ? byte % 4 : row;
      for (int c = 0; c < conv.out_channels; ++c) {
        packed[index_of((word * conv.out_channels + c) * 4 + place)] =
            codes[index_of((row * 9 + byte) * conv.out_channels + c)];
      }
    }
  }
  return packed;
}

std::vector<int8_t> pack_depthwise(const Conv& conv, const std::vector<int8_t>& codes) {
  std::vector<int8_t> packed(index_of(kDepthwiseWords * conv.out_channels * 4), 0);
  for (int tap = 0; tap < 9; ++tap) {
    for (int c = 0; c < conv.out_channels; ++c) {
      packed[index_of((tap % 3 * conv.out_channels + c) * 4 + tap / 3)] =
          codes[index_of(tap * conv.out_channels + c)];
    }
  }
  return packed;
}

/// Appends what a lane holds of one tile: `lane_depth` weights of one channel.
void append_lane(const Conv& conv, const std::vector<int8_t>& codes, int lane_depth, int first_input,
                 int channel, std::vector<int8_t>& packed) {
  for (int input = first_input; input < first_input + lane_depth; ++input) {
    const bool inside = channel < conv.out_channels && input < conv.in_channels;
    packed.push_back(inside ? codes[index_of(input * conv.out_channels + channel)] : int8_t{0});
  }
}

std::vector<int8_t> pack_pointwise(const Conv& conv, const std::vector<int8_t>& codes) {
  const PointwiseTiling tiling = pointwise_tiling(conv.in_channels, conv.out_channels);
  const int tiles_in_load = kPointwiseLoad / tiling.lane_depth;
  std::vector<int8_t> packed;
  packed.reserve(index_of(tiling.chunks * tiling.chunk) * index_of(tiling.steps * 4 * tiling.lane_depth));
  for (int chunk = 0; chunk < tiling.chunks; ++chunk) {
    for (int step = 0; step < tiling.steps; ++step) {
      for (int first = 0; first < tiling.chunk / 8; first += tiles_in_load) {
        for (int lane = 0; lane < 32; ++lane) {
          for (int tile = first; tile < first + tiles_in_load; ++tile) {
            const int channel = chunk * tiling.chunk + pointwise_channel(tiling.chunk, tile, lane / 4);
            append_lane(conv, codes, tiling.lane_depth, (step * 4 + lane % 4) * tiling.lane_depth, channel,
                        packed);
          }
        }
      }
    }
  }
  return packed;
}

/// Sums of the weights of each channel.
std::vector<int32_t> weight_sums(const Conv& conv, const std::vector<int8_t>& codes) {
  std::vector<int32_t> sums(index_of(conv.out_channels), 0);
  for (size_t i = 0; i < codes.size(); ++i) sums[i % sums.size()] += codes[i];
  return sums;
}

}  // namespace

PackedIntegerConv pack_integer_conv(const IntegerConv& source) {
  const Conv& conv = source.conv;
  const std::vector<int8_t>& codes = source.weights.codes;
  if (codes.size() != static_cast<size_t>(conv.weight_count()) ||
      source.requantizers.size() != index_of(conv.out_channels)) {
    fail("{}: {} weight codes and {} requantisers do not match its shape; the network is damaged", conv.name,
         codes.size(), source.requantizers.size());
  }
  if (conv.out_channels % 8 != 0 || (conv.kind != ConvKind::kConv1 && conv.in_channels % 8 != 0)) {
    fail("{}: {} -> {} channels; the CUDA engine needs multiples of 8", conv.name, conv.in_channels,
         conv.out_channels);
  }
  PackedIntegerConv packed;
  switch (conv.kind) {
    case ConvKind::kConv1:
      packed.weights = pack_conv1(conv, codes);
      break;
    case ConvKind::kDepthwise:
      packed.weights = pack_depthwise(conv, codes);
      break;
    case ConvKind::kPointwise:
      packed.weights = pack_pointwise(conv, codes);
      break;
  }
  for (const Requantizer& requantizer : source.requantizers) {
    packed.multiplier.push_back(requantizer.multiplier);
    packed.bias.push_back(requantizer.bias);
  }
  const size_t padded = (packed.bias.size() + 63) / 64 * 64;
  packed.multiplier.resize(padded, 0);
  packed.bias.resize(padded, 0);
  if (conv.kind == ConvKind::kDepthwise) {
    for (const int32_t sum : weight_sums(conv, codes)) packed.initial.push_back(kInputZero * sum);
  }
  return packed;
}

std::vector<int8_t> pack_integer_head(const IntegerHead& head) {
  const size_t classes = head.bias.size();
  if (classes == 0 || head.weights.codes.size() % classes != 0) {
    fail("head: {} weight codes do not match {} biases; the network is damaged", head.weights.codes.size(),
         classes);
  }
  const size_t channels = head.weights.codes.size() / classes;
  std::vector<int8_t> packed(head.weights.codes.size());
  for (size_t c = 0; c < channels; ++c) {
    for (size_t k = 0; k < classes; ++k) packed[k * channels + c] = head.weights.codes[c * classes + k];
  }
  return packed;
}

}  // namespace fixynn::cuda
