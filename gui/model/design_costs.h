// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "cost/platform.h"
#include "gui/model/design_basis.h"

namespace fixynn::gui {

/// Whether adders were counted in optimised graphs or estimated from digits. The paper's model is exact.
enum class CostQuality { kEstimate, kExact };

/// A layer as the table shows it. Figures of layers behind the fixed ones say what freezing them would cost.
struct LayerRow {
  int layer = 0;
  std::string name, kind;  ///< "block 3", "dw 3x3 s2 + pw"
  int64_t macs = 0, weights = 0;
  ConvQuant bits;
  bool fixed = false;
  std::optional<double> zeros_percent;
  std::optional<int64_t> csd_digits, adders, adder_bits, register_bits, memory_bits;
  std::optional<double> area_mm2;
  std::optional<CostParts> area_parts_um2;
  /// µJ an inference: of the FFE for fixed layers, else the layer's share of the NVDLA's.
  std::optional<double> energy_uj;
};

/// Every figure of one design that the screen shows.
struct DesignCosts {
  Design design;
  CostQuality quality = CostQuality::kEstimate;
  bool assumed_weights = false;
  std::vector<FfeCost> ffes;             ///< by fixed layers, 0..14
  std::vector<PlatformPoint> platforms;  ///< the same at the design's area
  std::vector<LayerRow> layers;          ///< 14
  std::string error;                     ///< why there are no figures; "" normally

  const FfeCost& ffe() const { return ffes[static_cast<size_t>(design.fixed_layers)]; }
  const PlatformPoint& platform() const { return platforms[static_cast<size_t>(design.fixed_layers)]; }
  const PlatformPoint& baseline() const { return platforms.front(); }
  bool known() const { return error.empty() && !ffes.empty(); }
};

/// Areas of Figure 2 and beyond, mm2, for the area sweep.
const std::vector<double>& sweep_areas();

/// Platforms at an area of all numbers of layers; early tap for the design's own number alone.
std::vector<PlatformPoint> platforms_at(const DesignBasis& basis, const Design& design,
                                        const std::vector<FfeCost>& ffes, double area_mm2,
                                        const Technology& technology);

/// Puts everything together from `ffes` (of estimate_ffes or of an exact study). Never throws: `error` says
/// what is wrong.
DesignCosts make_costs(const DesignBasis& basis, const Design& design, std::vector<FfeCost> ffes,
                       CostQuality quality, const Technology& technology);

}  // namespace fixynn::gui
