// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fixynn {

/// Which law gave a figure.
enum class CostModelKind {
  kPaper,       ///< reproduces Table 1 and Figure 2 of the FixyNN paper
  kCalibrated,  ///< from adder graphs, registers, memories and a technology table
  kDeepFreeze,  ///< the published constants of the DeepFreeze tool
};

/// Areas or energies by what causes them. Unknown parts are absent and make the total a lower bound.
struct CostParts {
  double adders = 0, pipeline = 0, windows = 0, requantisers = 0, parameters = 0, memories = 0;
  double leakage = 0;  ///< energies only
  double total() const {
    return adders + pipeline + windows + requantisers + parameters + memories + leakage;
  }
};

/// One convolution of the FFE, or, in models that know no convolutions, one layer.
struct LayerCost {
  std::string name;
  int layer = 0;
  int weight_bits = 0, activation_bits = 0;
  int64_t weights = 0, zero_weights = 0;
  std::optional<int64_t> csd_digits, adders, adder_bits, register_bits, memory_bits, multipliers;
  double area_mm2 = 0;
  std::optional<double> energy_nj;  ///< an inference
  std::optional<CostParts> area_parts_um2, energy_parts_pj;
};

/// What the platform model needs to know of an FFE.
struct FfeCost {
  CostModelKind model = CostModelKind::kPaper;
  int fixed_layers = 0;
  double area_mm2 = 0;
  double static_power_w = 0;          ///< whatever the throughput
  double energy_per_inference_j = 0;  ///< beside the static power
  bool energy_known = true;           ///< false: the two above are missing parts; energies are then n/a
  /// Inferences a second that one FFE can do at the clock; absent where the model sets no limit.
  std::optional<double> most_inferences_per_second;
  /// From the first pixel in to the first code out, without the time of the frame itself; absent where the
  /// model knows no timing.
  std::optional<double> latency_s;
  std::vector<LayerCost> layers;
};

}  // namespace fixynn
