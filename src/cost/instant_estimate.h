// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <span>
#include <string>
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
  /// What depends on a convolution's weights at one width.
  struct Digits {
    int64_t zeros = 0, csd_digits = 0;
    int64_t nonzero_outputs = 0;              ///< output channels with a weight
    std::vector<int64_t> positive, negative;  ///< sums of the codes of each sign, per output channel
  };
  static Digits count_digits(const Conv& conv, const QuantisedWeights& weights);

  MobileNet network_;
  std::string source_;
  bool assumed_weights_ = false;
  PlanOptions options_;
  Technology technology_;
  CalibratedOptions cost_options_;
  std::vector<std::array<Digits, kMaxBits + 1>> digits_;  ///< [convolution][weight bits]
};

}  // namespace fixynn
