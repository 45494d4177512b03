// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "config/run_config.h"
#include "cost/ffe_cost.h"
#include "model/mobilenet.h"
#include "quant/quant_spec.h"

namespace fixynn::gui {

/// What is edited on the screen: a feature extractor and the chip that it is built into. A small value: undo
/// keeps copies of it.
struct Design {
  int fixed_layers = 7;                                                   ///< N, 0..14
  std::array<ConvQuant, MobileNet::kLayers> bits = uniform_bits({8, 8});  ///< of each layer if it is fixed
  double area_mm2 = 3.0;                                                  ///< of FFE and NVDLA together
  std::optional<int> tap_layer;                      ///< early tap: layers used, 1..N-1; none: all
  CostModelKind model = CostModelKind::kCalibrated;  ///< or kPaper
  std::string technology = "16nm";

  static std::array<ConvQuant, MobileNet::kLayers> uniform_bits(ConvQuant quant) {
    std::array<ConvQuant, MobileNet::kLayers> all{};
    all.fill(quant);
    return all;
  }
  bool operator==(const Design&) const = default;
};

constexpr double kLeastAreaMm2 = 0.6, kMostDesignAreaMm2 = 6.0;  ///< of the sliders: Figure 2 and beyond

/// Fixed layers that the network uses: those up to the early tap, or all.
inline int used_layers(const Design& design) {
  return design.tap_layer.value_or(design.fixed_layers);
}

/// One entry a convolution: its layer's bits.
std::vector<ConvQuant> conv_bits(const Design& design, const MobileNet& network);

/// The FFE's bits of a run, layer by layer; those that are float count as 8 (they cannot be built).
std::array<ConvQuant, MobileNet::kLayers> run_bits(const RunConfig& config);

/// Whether the first `layers` layers of both have the same bits.
bool same_bits(const std::array<ConvQuant, MobileNet::kLayers>& a,
               const std::array<ConvQuant, MobileNet::kLayers>& b, int layers);

/// "W8A8" where the first `layers` layers agree, else "W8/6 A8", the widths in falling order; "" for 0
/// layers.
std::string bits_label(const std::array<ConvQuant, MobileNet::kLayers>& bits, int layers);

/// "8,8,8,8,6/8": as --bits of fixynn-cost takes it (the last entry counts for all layers behind it), and a
/// name for a folder with '-' and '_'.
std::string bits_option(const std::array<ConvQuant, MobileNet::kLayers>& bits);

/// "conv1", "block 1" ... "block 13".
std::string layer_name(int layer);
/// "conv1", "blocks 5 to 7", "conv1, blocks 2 and 4", "all layers"; "" for none.
std::string layers_text(const std::vector<int>& layers);

/// "W6 on blocks 5 to 7": what changed from `before`; "" when nothing did.
std::string describe_edit(const Design& before, const Design& after);

}  // namespace fixynn::gui
