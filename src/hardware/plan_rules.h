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
/// and pipelines are left empty; the caller adds both and calls finish_plan. Throws Error(kUsage) for
/// fixed_layers outside 0..14 and for strides that the line buffers cannot follow.
HardwarePlan plan_without_graphs(const MobileNet& network, std::span<const ConvQuant> quant, int fixed_layers,
                                 const PlanOptions& options, std::span<const WeightFacts> facts);

/// convs_in_layers(fixed_layers), after checking the number.
size_t checked_conv_count(int fixed_layers);

/// The width of accumulators, and with it the FIFO's memory.
void set_accumulator_bits(RequantiserPlan& plan, int bits);

/// What depends on the number of pipeline stages and on which convolution is the last: latencies and the
/// output FIFO. To be called once more when they have changed.
void finish_plan(HardwarePlan& plan);

/// The first layers of a plan: what a convolution costs does not depend on those behind it.
HardwarePlan first_layers(const HardwarePlan& plan, int fixed_layers);

}  // namespace fixynn
