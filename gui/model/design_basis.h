// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cost/instant_estimate.h"
#include "gui/model/design.h"
#include "hardware/technology.h"
#include "study/load_design.h"

namespace fixynn::gui {

/// The weights that a design freezes, ready for estimates of any bits. Never changed once made.
struct DesignBasis {
  std::filesystem::path source;  ///< run directory or configuration
  LoadedDesign loaded;
  std::shared_ptr<const InstantEstimate> estimate;  ///< null for assumed weights: made anew for each edit

  const MobileNet& network() const { return loaded.design.network; }
  bool assumed() const { return loaded.design.assumed_weights; }
};

using BasisPointer = std::shared_ptr<const DesignBasis>;

/// Loads what stands behind a run: its network with the most fixed layers, before there is one its
/// configuration, whose pretrained weights may be missing (assumed ones then). Some ten milliseconds and
/// file access: not for the UI thread. Throws Error.
BasisPointer load_basis(const std::filesystem::path& run_or_config);

/// A basis without files: assumed weights of MobileNetV1 0.25 at 224 pixels, for the empty start.
BasisPointer empty_basis();

/// All 14 layers at a design's bits without adder graphs: milliseconds or less for real weights.
HardwarePlan estimate_plan(const DesignBasis& basis, const Design& design);

/// The FFE of every number of layers 0..14: of a plan of all 14 (estimated or with graphs), or by the paper's
/// model, which looks at no plan. The design's own has its early tap.
std::vector<FfeCost> ffes_of(const HardwarePlan& plan, const Design& design, const Technology& technology);
/// ffes_of(estimate_plan()).
std::vector<FfeCost> estimate_ffes(const DesignBasis& basis, const Design& design,
                                   const Technology& technology);

/// The weights with a design's bits, for the exact study.
HardwareDesign hardware_design(const DesignBasis& basis, const Design& design);

}  // namespace fixynn::gui
