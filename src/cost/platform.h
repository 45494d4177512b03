// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cost/ffe_cost.h"
#include "model/mobilenet.h"

namespace fixynn {

/// The largest area that a platform may have. A die is at most 858 mm2, one exposure of a wafer; and the
/// published NVDLAs end at 3.3 mm2.
constexpr double kMostAreaMm2 = 1000;

/// Where the search for a crossing ends.
constexpr double kMostCrossingAreaMm2 = 10;

/// Why a platform cannot have this area, with the remedy; empty where it can.
std::string area_fault(double area_mm2);

/// What a platform of FFE and NVDLA is asked for.
struct PlatformRequest {
  double area_mm2 = 3.0;   ///< of both together
  double clock_mhz = 810;  ///< of the FFE: one input pixel a clock
  /// Layers of the FFE that the network uses: an early tap (FixyNN paper, section 3.3) when fewer than are
  /// built. Absent: all. Area and energy are those of all built layers.
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
  std::optional<double> inferences_per_second, energy_per_inference_uj;
  /// From the first pixel in to the last result: latency of the FFE's pipeline, time of one frame through one
  /// FFE, then the back end's operations at its full speed. Absent where the model knows no timing of its
  /// FFE. DRAM latency, the head's last steps and queues are not in it.
  std::optional<double> latency_us;
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

/// FFE and NVDLA share `request.area_mm2`; `ffe.fixed_layers` 0: the NVDLA alone. With f the share of
/// operations in the used layers (fixed_ops_percent) and P(a), E(a) the NVDLA's TOPS and TOPS/W at the area
/// that is left:
///   throughput = min(P(a) / (1 - f), copies x most_inferences_per_second x operations)
///   energy     = copies x static power / rate + FFE energy + operations x (1 - f) / E(a)
/// and efficiency = operations / energy. Where an FFE has a rate limit, there are as many copies as give
/// the highest throughput; the fewest where others gain less than 0.1 %. An idle NVDLA costs nothing.
/// The paper counts the batch norms of fixed layers as the NVDLA's and leaves out the head: with all 14
/// layers fixed 3 % of the operations remain. The calibrated model, whose FFE pays for its own batch norms,
/// counts what really remains instead: 1 - f is then the remaining layers' and the head's share of all
/// operations, head included. fixed_ops_percent is the paper's figure in every model. Throws Error(kUsage)
/// for an area or a clock that cannot be (area_fault, clock_fault), for used_layers outside 1..built and for
/// a DRAM energy or weight width that cannot be.
PlatformPoint evaluate_platform(const MobileNet& network, const FfeCost& ffe, const PlatformRequest& request);

/// The area from which on (up to `most_area_mm2`) FFE and NVDLA beat the NVDLA alone in both throughput and
/// efficiency: what Figure 2 of the paper shows. Absent where they do not at `most_area_mm2`.
/// `request.area_mm2` is not looked at.
std::optional<double> crossing_area_mm2(const MobileNet& network, const FfeCost& ffe,
                                        const PlatformRequest& request = {},
                                        double most_area_mm2 = kMostCrossingAreaMm2);

/// Areas of a sweep "LO:HI:STEP" in mm2, LO included, HI too where the steps hit it (up to rounding). At most
/// 10,000, none above kMostAreaMm2. Throws Error(kUsage) with the accepted form.
std::vector<double> parse_area_sweep(const std::string& text);

}  // namespace fixynn
