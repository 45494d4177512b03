// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "cost/calibrated_model.h"
#include "cost/platform.h"
#include "hardware/design.h"

namespace fixynn {

/// Area and energy while somebody drags a slider: no adder graph is built. Made once for a network's weights
/// (some ten milliseconds), it holds the CSD digits of every convolution at every weight width; an estimate
/// is then table look-ups. Adder bits are estimated from digits and widths with a law fitted on real layers
/// (instant_estimate.cpp gives law and error).
class InstantEstimate {
 public:
  InstantEstimate(const MobileNet& network, const ModelParameters& parameters, double sparsity,
                  PlanOptions options, Technology technology, CalibratedOptions cost_options);
  /// Of a design whose bits do not change.
  InstantEstimate(const HardwareDesign& design, PlanOptions options, Technology technology,
                  CalibratedOptions cost_options);

  /// `quant`: one entry a convolution, 2..8 bits (any for the first constructor, the design's for the
  /// second).
  FfeCost ffe(std::span<const ConvQuant> quant, int fixed_layers) const;

  /// The plan behind it: as plan_hardware's, without graphs.
  HardwarePlan plan(std::span<const ConvQuant> quant, int fixed_layers) const;

 private:
  struct Digits {
    int64_t zeros = 0, csd_digits = 0;
    double estimated_adders = 0;
    std::vector<Interval> unit_accumulators;
  };
  MobileNet network_;
  PlanOptions options_;
  Technology technology_;
  CalibratedOptions cost_options_;
  std::vector<std::vector<Digits>> digits_;  ///< [convolution][weight bits]
};

}  // namespace fixynn
