// SPDX-License-Identifier: Apache-2.0
#include "gui/model/design_costs.h"

#include <fmt/format.h>

#include "study/cost_study.h"

namespace fixynn::gui {
namespace {

void add(std::optional<int64_t>& sum, const std::optional<int64_t>& value) {
  if (value) sum = sum.value_or(0) + *value;
}

std::string kind_of(const MobileNet& network, int layer) {
  const Conv& first = network.convs[static_cast<size_t>(MobileNet::convs_in_layers(layer))];
  const std::string stride = first.stride == 2 ? ", stride 2" : "";
  return (layer == 0 ? "conv 3x3" : "depthwise 3x3 + 1x1") + stride;
}

/// Rows without costs: what the network alone says.
std::vector<LayerRow> network_rows(const MobileNet& network, const Design& design) {
  std::vector<LayerRow> rows(MobileNet::kLayers);
  for (const Conv& conv : network.convs) {
    LayerRow& row = rows[static_cast<size_t>(conv.layer)];
    row.macs += conv.macs();
    row.weights += conv.weight_count();
  }
  for (int layer = 0; layer < MobileNet::kLayers; ++layer) {
    LayerRow& row = rows[static_cast<size_t>(layer)];
    row.layer = layer;
    row.name = layer_name(layer);
    row.kind = kind_of(network, layer);
    row.bits = design.bits[static_cast<size_t>(layer)];
    row.fixed = layer < design.fixed_layers;
  }
  return rows;
}

/// The share of the NVDLA's energy that a layer behind the fixed ones has: by its operations.
void add_back_end_energies(std::vector<LayerRow>& rows, const PlatformPoint& platform) {
  if (!platform.back_end_energy_uj) return;
  int64_t macs = 0;
  const int used = platform.used_layers;
  for (const LayerRow& row : rows) macs += row.layer >= used ? row.macs : 0;
  for (LayerRow& row : rows) {
    if (row.fixed || macs == 0) continue;
    row.energy_uj = *platform.back_end_energy_uj * static_cast<double>(row.macs) / static_cast<double>(macs);
  }
}

std::vector<LayerRow> layer_rows(const MobileNet& network, const DesignCosts& costs) {
  std::vector<LayerRow> rows = network_rows(network, costs.design);
  std::vector<int64_t> zeros(rows.size(), 0), counted(rows.size(), 0);
  for (const LayerCost& cost : costs.ffes.back().layers) {
    if (!cost.layer) continue;
    LayerRow& row = rows[static_cast<size_t>(*cost.layer)];
    zeros[static_cast<size_t>(*cost.layer)] += cost.zero_weights;
    counted[static_cast<size_t>(*cost.layer)] += cost.weights;
    add(row.csd_digits, cost.csd_digits);
    add(row.adders, cost.adders);
    add(row.adder_bits, cost.adder_bits);
    add(row.register_bits, cost.register_bits);
    add(row.memory_bits, cost.memory_bits);
    row.area_mm2 = row.area_mm2.value_or(0) + cost.area_mm2;
    if (cost.area_parts_um2) {
      if (!row.area_parts_um2) row.area_parts_um2 = CostParts{};
      *row.area_parts_um2 += *cost.area_parts_um2;
    }
    if (row.fixed && cost.energy_nj) row.energy_uj = row.energy_uj.value_or(0) + *cost.energy_nj * 1e-3;
  }
  const bool known = costs.design.model == CostModelKind::kCalibrated;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (known && counted[i] > 0) {
      rows[i].zeros_percent = 100.0 * static_cast<double>(zeros[i]) / static_cast<double>(counted[i]);
    }
  }
  add_back_end_energies(rows, costs.platform());
  return rows;
}

}  // namespace

const std::vector<double>& sweep_areas() {
  static const std::vector<double> areas = parse_area_sweep("0.6:6.0:0.2");
  return areas;
}

std::vector<PlatformPoint> platforms_at(const DesignBasis& basis, const Design& design,
                                        const std::vector<FfeCost>& ffes, double area_mm2,
                                        const Technology& technology) {
  CostRequest request;
  request.model = design.model;
  std::vector<PlatformPoint> points;
  for (const FfeCost& ffe : ffes) {
    const bool own = ffe.fixed_layers == design.fixed_layers && ffe.fixed_layers > 0;
    request.used_layers = own ? design.tap_layer : std::nullopt;
    const Technology* known = design.model == CostModelKind::kCalibrated ? &technology : nullptr;
    points.push_back(evaluate_platform(basis.network(), ffe,
                                       platform_request(request, known, area_mm2, ffe.fixed_layers)));
  }
  return points;
}

DesignCosts make_costs(const DesignBasis& basis, const Design& design, std::vector<FfeCost> ffes,
                       CostQuality quality, const Technology& technology) {
  DesignCosts costs;
  costs.design = design;
  costs.quality = quality;
  costs.assumed_weights = basis.assumed() && design.model == CostModelKind::kCalibrated;
  costs.layers = network_rows(basis.network(), design);
  try {
    costs.ffes = std::move(ffes);
    costs.platforms = platforms_at(basis, design, costs.ffes, design.area_mm2, technology);
    costs.layers = layer_rows(basis.network(), costs);
  } catch (const std::exception& problem) {
    costs.error = problem.what();
    costs.ffes.clear();
  }
  return costs;
}

}  // namespace fixynn::gui
