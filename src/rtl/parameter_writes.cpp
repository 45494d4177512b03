// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "core/error.h"
#include "rtl/package.h"
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

void check_same_network(const FfeRtl& ffe, const IntegerNetwork& network) {
  const size_t convs = ffe.plan.convs.size();
  if (network.convs.size() < convs || built_weights_sha256(network, convs) != ffe.weights_sha256) {
    fail(
        "the network's frozen weights are not those of the hardware; its parameters belong to other "
        "hardware");
  }
  for (size_t i = 0; i < convs; ++i) {
    if (network.convs[i].shift != ffe.shifts[i]) {
      fail("{}: the network shifts by {} where the hardware shifts by {}; build the hardware of this network",
           network.convs[i].conv.name, network.convs[i].shift, ffe.shifts[i]);
    }
  }
}

}  // namespace

uint32_t parameter_address(const FfeRtl& ffe, size_t conv, int channel, bool bias) {
  const uint32_t half = uint32_t{1} << (ffe.conv_bits + ffe.channel_bits + 3);
  return half | static_cast<uint32_t>(conv) << (ffe.channel_bits + 3) | static_cast<uint32_t>(channel) << 3 |
         (bias ? 4U : 0U);
}

std::vector<ParameterWrite> parameter_writes(const FfeRtl& ffe, const IntegerNetwork& network) {
  check_same_network(ffe, network);
  std::vector<ParameterWrite> writes;
  for (size_t i = 0; i < ffe.plan.convs.size(); ++i) {
    const std::vector<bool> negated = negated_channels(ffe.plan.convs[i]);
    for (size_t c = 0; c < negated.size(); ++c) {
      const Requantizer& channel = network.convs[i].requantizers.at(c);
      const int multiplier = negated[c] ? -channel.multiplier : channel.multiplier;
      if (multiplier > std::numeric_limits<int16_t>::max()) {
        fail("{}: M of channel {} is {}, which has no negative in 16 bits; the file is damaged",
             network.convs[i].conv.name, c, channel.multiplier);
      }
      const int number = static_cast<int>(c);
      writes.push_back({parameter_address(ffe, i, number, false), static_cast<uint32_t>(multiplier)});
      writes.push_back({parameter_address(ffe, i, number, true), static_cast<uint32_t>(channel.bias)});
    }
  }
  return writes;
}

}  // namespace fixynn
