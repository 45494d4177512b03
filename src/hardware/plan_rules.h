// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "hardware/hardware_plan.h"

namespace fixynn {

/// What a plan needs to know of a convolution's weights, short of their adder graphs.
struct WeightFacts {
  int64_t zero_weights = 0, csd_digits = 0;
  Interval accumulator{0, 0};  ///< of all channels together
};

/// Throws Error, naming the layer, when the accumulators do not fit 31 bits.
WeightFacts weight_facts(const Conv& conv, const QuantisedWeights& weights, Interval input);

/// Everything of a plan that does not depend on adder graphs: line buffers, requantisers and their folding,
/// rates. `quant` and `facts`: at least one entry a convolution of the first `fixed_layers` layers. Adders
/// and pipelines are left empty and latencies without them; the caller adds both. Throws Error(kUsage) for
/// fixed_layers outside 0..14.
HardwarePlan plan_without_graphs(const MobileNet& network, std::span<const ConvQuant> quant, int fixed_layers,
                                 const PlanOptions& options, std::span<const WeightFacts> facts);

/// convs_in_layers(fixed_layers), after checking the number.
size_t checked_conv_count(int fixed_layers);

/// Clocks from a convolution's first input pixel to its first output pixel, with one network input pixel a
/// clock: rows and pixels that the window waits for, the window's register,
/// the pipeline and the requantiser.
void set_latency(ConvPlan& conv);

}  // namespace fixynn
