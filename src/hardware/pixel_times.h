// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "hardware/hardware_plan.h"

namespace fixynn {

/// The clock of each pixel of a stream, in raster order, frame after frame.
using PixelTimes = std::vector<int64_t>;

/// When pixels leave a convolution (`done` in the Verilog), from when they enter it (`valid` at its line
/// buffer or, of a pointwise one, its first register). `input` may end anywhere in a frame; the result ends
/// with the last output that these pixels bring. What ends a frame is driven by the line buffer's timer or by
/// the next frame, whichever comes first, as if the outputs always had room.
PixelTimes output_times(const ConvPlan& conv, const PixelTimes& input);

/// When pixels enter the first convolution: `count` of them, one a clock, the first one accepted in clock 0.
PixelTimes input_times(const HardwarePlan& plan, int64_t count);

/// Sets latency_cycles of all convolutions to what output_times gives for the first pixel.
void set_latencies(HardwarePlan& plan);

}  // namespace fixynn
