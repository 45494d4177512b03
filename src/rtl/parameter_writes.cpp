// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "core/error.h"
#include "rtl/document_parts.h"
#include "rtl/package_parts.h"

namespace fixynn {
namespace {

/// Which channels' sums the adder graphs give negated.
std::vector<bool> negated_channels(const ConvPlan& conv) {
  std::vector<bool> negated;
  for (const auto& graph : conv.graphs) {
    for (const AdderOutput& output : graph->outputs) negated.push_back(output.negated);
  }
  return negated;
}

void check_same_network(const ParameterMap& map, const IntegerNetwork& network) {
  for (size_t i = 0; i < map.layers.size(); ++i) {
    const ParameterMap::Layer& layer = map.layers[i];
    if (network.convs.size() <= i) {
      fail(
          "{}: the network has it in float or not at all where the hardware computes it in integers; give a "
          "network "
          "of the same weights and bits",
          layer.conv);
    }
    if (built_weights_sha256(network, i + 1) != layer.weights_to_here_sha256) {
      fail(
          "{}: the network's frozen weights are not those of the hardware; give a network that was trained "
          "from the "
          "same pretrained one with the same bits, or build the hardware of this network",
          layer.conv);
    }
    if (network.convs[i].shift != layer.shift) {
      fail("{}: the network shifts by {} where the hardware shifts by {}; build the hardware of this network",
           layer.conv, network.convs[i].shift, layer.shift);
    }
  }
}

}  // namespace

uint32_t parameter_address(const FfeRtl& ffe, size_t conv, int channel, bool bias) {
  const uint32_t half = uint32_t{1} << (ffe.conv_bits + ffe.channel_bits + 3);
  return half | static_cast<uint32_t>(conv) << (ffe.channel_bits + 3) | static_cast<uint32_t>(channel) << 3 |
         (bias ? 4U : 0U);
}

ParameterMap parameter_map(const FfeRtl& ffe) {
  ParameterMap map{package_title(ffe), {}};
  for (size_t i = 0; i < ffe.plan.convs.size(); ++i) {
    const ConvPlan& conv = ffe.plan.convs[i];
    map.layers.push_back({conv.conv.name, ffe.weights_to_here_sha256.at(i), ffe.shifts.at(i),
                          parameter_address(ffe, i, 0, false), negated_channels(conv)});
  }
  return map;
}

std::vector<ParameterWrite> parameter_writes(const ParameterMap& map, const IntegerNetwork& network) {
  check_same_network(map, network);
  std::vector<ParameterWrite> writes;
  for (size_t i = 0; i < map.layers.size(); ++i) {
    const ParameterMap::Layer& layer = map.layers[i];
    for (size_t c = 0; c < layer.negated.size(); ++c) {
      const Requantizer& channel = network.convs[i].requantizers.at(c);
      const int multiplier = layer.negated[c] ? -channel.multiplier : channel.multiplier;
      if (multiplier > std::numeric_limits<int16_t>::max()) {
        fail("{}: M of channel {} is {}, which has no negative in 16 bits; the file is damaged", layer.conv,
             c, channel.multiplier);
      }
      const uint32_t address = layer.address + 8 * static_cast<uint32_t>(c);
      writes.push_back({address, static_cast<uint32_t>(multiplier)});
      writes.push_back({address + 4, static_cast<uint32_t>(channel.bias)});
    }
  }
  return writes;
}

std::vector<ParameterWrite> parameter_writes(const FfeRtl& ffe, const IntegerNetwork& network) {
  return parameter_writes(parameter_map(ffe), network);
}

}  // namespace fixynn
