// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "model/mobilenet.h"

namespace fixynn {

// How fast a device could be at most. One image costs multiply-accumulates, which its arithmetic units do at
// some rate, and bytes of activations and gradients, which its memory moves at another; the slower of the two
// is the floor under the time. Weights are read once a step, not once an image, and are left out.
//
// Bytes count the tensors of a fused step, in which batch norm, ReLU6 and fake quantisation happen while a
// convolution loads or stores, so that no tensor is touched for their sake. With `in` and `out` the values of
// a convolution's input and output tensor:
//   forward          in + out        read the input, write the raw output z
//   input gradient   2 * out + in    read the output's gradient and z (for batch norm), write the input's
//   weight gradient  2 * out + in    read the same and the input
// A frozen convolution has no weight gradient; below a frozen conv1 nothing needs an input gradient either.
// A kernel that makes both gradients in one pass touches less than that: the floor is a yardstick that does
// not move with the kernels.
// A trained conv1 is counted like the others, although its input is u8 and has no gradient: 2 % of the whole.

struct ImageWork {
  int64_t macs = 0;
  int64_t bytes = 0;
};

/// Of a training step, with the first `fixed_layers` layers frozen. `value_bytes`: of an activation or
/// gradient in memory (4: fp32 and tf32, 2: bf16).
ImageWork training_work(const MobileNet& network, int fixed_layers, int value_bytes);
/// Of inference: forward only. `value_bytes` 1: integer codes.
ImageWork inference_work(const MobileNet& network, int value_bytes);

/// What a device can do; 0 = not known.
struct DeviceRates {
  double macs_per_second = 0;
  double bytes_per_second = 0;
};

/// Images/s that `rates` allow at most, by what is known of them; none when nothing is.
std::optional<double> floor_images_per_second(const ImageWork& work, const DeviceRates& rates);

}  // namespace fixynn
