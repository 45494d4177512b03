// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "cost/calibrated_model.h"
#include "hardware/design.h"

namespace fixynn {

/// What an instant estimate is asked for. Everything in it may change from one estimate to the next.
struct InstantRequest {
  std::span<const ConvQuant> quant;  ///< one entry a convolution, 2..8 bits
  int fixed_layers = 0;
  double sparsity = 0;  ///< 0..1: the smallest weights are zeroed, as design.h says
  PlanOptions options;
};

/// Area and energy while somebody drags a slider: no adder graph is built. Made once for a network's weights
/// (some ten milliseconds), it holds the codes of every convolution at every weight width in the order in
/// which pruning zeroes them, with sums at some places; an estimate is look-ups and short sums. Adder bits
/// are estimated from digits and widths with a law fitted on real layers (adder_estimate.cpp gives law and
/// error).
class InstantEstimate {
 public:
  InstantEstimate(const MobileNet& network, const ModelParameters& parameters);
  /// Of a design: its own weight bits alone; a sparsity zeroes more of its codes, as design_from_network
  /// does.
  explicit InstantEstimate(const HardwareDesign& design);

  /// Throws Error(kUsage) for weight bits that were not loaded and for a sparsity outside 0..1.
  FfeCost ffe(const InstantRequest& request, const Technology& technology,
              const CalibratedOptions& options) const;

  /// The plan behind it: as plan_hardware's, without graphs.
  HardwarePlan plan(const InstantRequest& request) const;

 private:
  /// Sums over the codes that are not zeroed.
  struct Digits {
    int64_t zeros = 0, csd_digits = 0;
    std::vector<int32_t> positive, negative;  ///< sums of the codes of each sign, per output channel
    void add(int8_t code, size_t channel, int sign);
  };

  /// A convolution's codes at one width.
  struct RankedCodes {
    std::vector<int8_t> codes;       ///< not 0, in the order in which pruning zeroes them
    std::vector<uint16_t> channels;  ///< of each
    size_t zeros = 0;                ///< codes that are 0 without pruning
    size_t step = 1;
    std::vector<Digits> sums;  ///< number k: of the codes from k * step on
    Digits at(double sparsity) const;
  };
  static RankedCodes rank(const Conv& conv, const QuantisedWeights& weights, std::span<const uint32_t> order);

  MobileNet network_;
  std::string source_;
  bool assumed_weights_ = false;
  std::vector<std::array<RankedCodes, kMaxBits + 1>> ranked_;  ///< [convolution][weight bits]
};

}  // namespace fixynn
