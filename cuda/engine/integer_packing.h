// SPDX-License-Identifier: Apache-2.0
#pragma once

// Integer weights and requantisers in the layouts of cuda/kernels/integer_layout.h: made once, on the host.

#include <cstdint>
#include <vector>

#include "integer/integer_network.h"

namespace fixynn::cuda {

/// `multiplier` and `bias` reach to a multiple of 64 channels, with zeros, so that the vector loads of a
/// product's last chunk may run over the end.
struct PackedIntegerConv {
  std::vector<int8_t> weights;
  std::vector<int32_t> multiplier, bias;
  std::vector<int32_t> initial;  ///< depthwise: kInputZero * sum of the channel's weights, see there
};

/// Throws where the sizes do not match or the channels are no multiples of 8.
PackedIntegerConv pack_integer_conv(const IntegerConv& conv);

/// [classes][channels] from the network's [channels][classes].
std::vector<int8_t> pack_integer_head(const IntegerHead& head);

}  // namespace fixynn::cuda
