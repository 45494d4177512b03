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
  /// Energies only, at the highest rate: registers that see every clock, and leakage. Both go on where fewer
  /// inferences are done.
  double clocks = 0, leakage = 0;
  CostParts& operator+=(const CostParts& other) {
    adders += other.adders, pipeline += other.pipeline, windows += other.windows;
    requantisers += other.requantisers, parameters += other.parameters, memories += other.memories;
    clocks += other.clocks, leakage += other.leakage;
    return *this;
  }
  double total() const {
    return adders + pipeline + windows + requantisers + parameters + memories + clocks + leakage;
  }
};

/// One convolution of the FFE, or, in models that know no convolutions, one layer.
struct LayerCost {
  std::string name;
  std::optional<int> layer = 0;  ///< absent: of the whole FFE
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
  double static_power_w = 0;          ///< whatever the throughput: leakage, and registers always clocked
  double energy_per_inference_j = 0;  ///< beside the static power
  bool energy_known = true;           ///< false: the two above are missing parts; energies are then n/a
  /// Inferences a second that one FFE can do at the clock; absent where the model sets no limit.
  std::optional<double> most_inferences_per_second;
  /// From the first pixel in to the first code out, without the time of the frame itself; absent where the
  /// model knows no timing.
  std::optional<double> latency_s;
  std::vector<LayerCost> layers;

  /// An inference of `copies` FFEs that do `rate` inferences a second together; absent where unknown.
  std::optional<double> energy_j(int copies, double inferences_per_second) const {
    if (!energy_known) return std::nullopt;
    return copies * static_power_w / inferences_per_second + energy_per_inference_j;
  }
  /// The same of one FFE at its highest rate: the least that an inference can take.
  std::optional<double> least_energy_j() const {
    return most_inferences_per_second ? energy_j(1, *most_inferences_per_second) : std::nullopt;
  }
};

}  // namespace fixynn
