// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cost/ffe_cost.h"
#include "model/mobilenet.h"

namespace fixynn {

/// What a platform of FFE and NVDLA is asked for.
struct PlatformRequest {
  double area_mm2 = 3.0;   ///< of both together
  double clock_mhz = 810;  ///< of the FFE: one input pixel a clock
  /// Layers of the FFE that the network uses: an early tap (FixyNN paper, section 3.3) when fewer than are
  /// built. Absent: all.
  std::optional<int> used_layers;
  double dram_energy_pj_per_byte = 120;
  int back_end_weight_bits = 8;
};

/// One design at one area. Where `feasible` is false, `reason` says why and the figures that depend on it are
/// absent.
struct PlatformPoint {
  int fixed_layers = 0;
  int used_layers = 0;
  double area_mm2 = 0;
  double fixed_ops_percent = 0;  ///< of the layers used
  bool feasible = false;
  std::string reason;
  double ffe_area_mm2 = 0;  ///< of all copies
  int ffe_copies = 0;
  std::optional<double> programmable_area_mm2, throughput_tops, energy_efficiency_tops_per_w;
  std::optional<double> relative_throughput, relative_efficiency;  ///< to no fixed layers at the same area
  std::optional<double> inferences_per_second, energy_per_inference_uj, latency_us;
  /// Parts of energy_per_inference_uj. DRAM is not in it, as in the paper's efficiency.
  std::optional<double> ffe_energy_uj, back_end_energy_uj, dram_energy_uj;
  int64_t dram_bytes_per_inference = 0;  ///< back-end weights, read once an inference
  /// Input pixels a clock that the throughput needs of the FFE, and the throughput that one pixel a clock
  /// allows; absent without fixed layers.
  std::optional<double> required_pixels_per_clock, throughput_cap_tops;
  bool extrapolated = false;  ///< the NVDLA is larger than any published one
};

/// Operations of an inference as the paper counts them (the denominator of fixed_ops_percent): two a
/// multiply-accumulate of the convolutions and two a batch-norm output.
double inference_ops(const MobileNet& network);

/// `ffe.fixed_layers` 0: the programmable accelerator alone. Throws Error(kUsage) for an area that is not a
/// positive number and for used_layers beyond the built ones.
PlatformPoint evaluate_platform(const MobileNet& network, const FfeCost& ffe, const PlatformRequest& request);

/// Areas of a sweep "LO:HI:STEP" in mm2, both ends included. Throws Error(kUsage) with the accepted form.
std::vector<double> parse_area_sweep(const std::string& text);

}  // namespace fixynn
