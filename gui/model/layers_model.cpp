// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "gui/model/plot_parts.h"
#include "plot/plot_text.h"

namespace fixynn::gui {
namespace {

struct Part {
  const char* name;
  double CostParts::*value;
};
constexpr std::array<Part, 8> kParts = {{{"adders", &CostParts::adders},
                                         {"pipeline registers", &CostParts::pipeline},
                                         {"windows", &CostParts::windows},
                                         {"requantisers", &CostParts::requantisers},
                                         {"parameters", &CostParts::parameters},
                                         {"memories", &CostParts::memories},
                                         {"clocked registers", &CostParts::clocks},
                                         {"leakage", &CostParts::leakage}}};

using LayerParts = std::array<std::optional<CostParts>, MobileNet::kLayers>;

std::string bar_label(int layer) {
  return layer == 0 ? "conv1" : fmt::format("{}", layer);
}

/// Of the fixed layers, the convolutions of a layer summed.
LayerParts energy_parts_pj(const DesignCosts& costs) {
  LayerParts parts;
  for (const LayerCost& cost : costs.ffe().layers) {
    if (!cost.layer || !cost.energy_parts_pj) continue;
    std::optional<CostParts>& sum = parts[static_cast<size_t>(*cost.layer)];
    if (!sum) sum = CostParts{};
    for (const Part& part : kParts) (*sum).*part.value += (*cost.energy_parts_pj).*part.value;
  }
  return parts;
}

LayerParts area_parts_um2(const DesignCosts& costs) {
  LayerParts parts;
  for (const LayerRow& row : costs.layers) {
    if (row.fixed) parts[static_cast<size_t>(row.layer)] = row.area_parts_um2;
  }
  return parts;
}

Bar empty_bar(const LayerRow& row) {
  Bar bar;
  bar.label = bar_label(row.layer);
  bar.tooltip = row.name + (row.fixed ? "" : ": not fixed");
  bar.cells = {row.fixed ? fmt::format("W{}A{}", row.bits.weight_bits, row.bits.activation_bits) : "–"};
  return bar;
}

double total_of(const LayerParts& parts) {
  double total = 0;
  for (const std::optional<CostParts>& part : parts) total += part ? part->total() : 0;
  return total;
}

/// Bars with stacked parts; `unit_text` after values that are `scale` times the parts'.
void add_stacked(BarSpec& spec, const DesignCosts& costs, const LayerParts& parts, double scale,
                 const char* unit_text) {
  const double total = total_of(parts);
  std::array<bool, kParts.size()> present{};
  for (const LayerRow& row : costs.layers) {
    Bar bar = empty_bar(row);
    if (const std::optional<CostParts>& own = parts[static_cast<size_t>(row.layer)]) {
      const std::string all =
          fmt::format("{}: {} {}, {} %", row.name, short_number(own->total() * scale), unit_text,
                      format_fixed(total > 0 ? 100 * own->total() / total : 0, 0));
      bar.value = own->total() * scale;
      bar.tooltip = all;
      for (size_t i = 0; i < kParts.size(); ++i) {
        const double value = (*own).*kParts[i].value * scale;
        if (value <= 0) continue;
        present[i] = true;
        bar.parts.push_back(
            {value, static_cast<int>(i),
             fmt::format("{}\n{} {} {}", all, kParts[i].name, short_number(value), unit_text)});
      }
    }
    spec.bars.push_back(std::move(bar));
  }
  for (size_t i = 0; i < kParts.size(); ++i) {
    if (present[i]) spec.legend.emplace_back(kParts[i].name, static_cast<int>(i));
  }
}

double largest_of(const LayerParts& parts) {
  double largest = 0;
  for (const std::optional<CostParts>& part : parts) largest = std::max(largest, part ? part->total() : 0);
  return largest;
}

/// Models without parts: whole layers.
void add_areas(BarSpec& spec, const DesignCosts& costs) {
  for (const LayerRow& row : costs.layers) {
    Bar bar = empty_bar(row);
    if (row.fixed && row.area_mm2) {
      bar.value = *row.area_mm2;
      bar.tooltip = fmt::format("{}: {} mm²", row.name, short_number(*row.area_mm2));
    }
    spec.bars.push_back(std::move(bar));
  }
}

void make_area(BarSpec& spec, const DesignCosts& costs) {
  spec.title = fmt::format("Area of the fixed layers, {} mm²", short_number(costs.ffe().area_mm2));
  const LayerParts parts = area_parts_um2(costs);
  const double largest = largest_of(parts);
  if (largest <= 0) {
    spec.y_label = "area, mm²";
    add_areas(spec, costs);
    return;
  }
  constexpr double kLegibleUm2 = 1e5;
  const bool large = largest >= kLegibleUm2;
  spec.y_label = large ? "area, mm²" : "area, 1000 µm²";
  add_stacked(spec, costs, parts, large ? 1e-6 : 1e-3, large ? "mm²" : "thousand µm²");
}

void make_energy(BarSpec& spec, const DesignCosts& costs) {
  spec.y_label = "energy, nJ an inference";
  const LayerParts parts = energy_parts_pj(costs);
  const double total = total_of(parts);
  spec.title = total > 0 ? fmt::format("Energy of the fixed layers, {} µJ an inference at the highest rate",
                                       short_number(total * 1e-6))
               : costs.design.model == CostModelKind::kPaper
                   ? "Energy of the fixed layers: the paper's model knows none by layer"
               : costs.design.fixed_layers == 0 ? "Energy of the fixed layers: none is fixed"
                                                : "Energy of the fixed layers: the technology lacks figures";
  add_stacked(spec, costs, parts, 1e-3, "nJ");
}

/// A figure of the weights of all layers; those that are not fixed are grey.
void add_weight_bars(BarSpec& spec, const DesignCosts& costs, const char* unit_text,
                     std::optional<double> (*figure)(const LayerRow&)) {
  bool fixed = false, others = false;
  for (const LayerRow& row : costs.layers) {
    Bar bar = empty_bar(row);
    bar.colour = row.fixed ? 0 : -1;
    if (const std::optional<double> value = figure(row)) {
      bar.value = *value;
      bar.tooltip += fmt::format("{}{} {}", row.fixed ? ": " : "; ", format_fixed(*value, 2), unit_text);
      (row.fixed ? fixed : others) = true;
    }
    spec.bars.push_back(std::move(bar));
  }
  if (fixed) spec.legend.emplace_back("fixed", 0);
  if (others) spec.legend.emplace_back("not fixed", -1);
}

std::optional<double> zeros_of(const LayerRow& row) {
  return row.zeros_percent;
}

std::optional<double> digits_of(const LayerRow& row) {
  if (!row.csd_digits || row.weights == 0) return std::nullopt;
  return static_cast<double>(*row.csd_digits) / static_cast<double>(row.weights);
}

}  // namespace

BarSpec layers_bars(const Session& session) {
  const DesignCosts& costs = session.costs();
  BarSpec spec;
  spec.cell_rows = {"bits"};
  spec.description = "A bar for each layer of the network, from conv1 to block 13.";
  if (!costs.known()) {
    spec.title = "no figures: " + costs.error;
    return spec;
  }
  switch (session.settings().layers_y) {
    case LayersY::kArea:
      make_area(spec, costs);
      break;
    case LayersY::kEnergy:
      make_energy(spec, costs);
      break;
    case LayersY::kZeros:
      spec.title = "Weights that are zero and cost nothing";
      spec.y_label = "zeros, % of weights";
      add_weight_bars(spec, costs, "% zeros", zeros_of);
      break;
    case LayersY::kDigits:
      spec.title = "Digits that are not zero, in canonical signed digits";
      spec.y_label = "digits a weight";
      add_weight_bars(spec, costs, "digits a weight", digits_of);
      break;
  }
  if (costs.design.model == CostModelKind::kPaper && session.settings().layers_y >= LayersY::kZeros)
    spec.title += ": the paper's model does not look at them";
  if (costs.assumed_weights) spec.title += " (assumed weights)";
  return spec;
}

}  // namespace fixynn::gui
