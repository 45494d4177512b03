// SPDX-License-Identifier: Apache-2.0
#include <span>

#include "core/error.h"
#include "core/text.h"
#include "study/cost_output.h"

namespace fixynn {
namespace {

std::string count_cell(const std::optional<int64_t>& value, int width) {
  return fmt::format("{:>{}}", value ? format_count(*value) : "n/a", width);
}

std::string number_cell(const std::optional<double>& value, int width, int decimals) {
  if (!value) return fmt::format("{:>{}}", "n/a", width);
  return fmt::format("{:>{}.{}f}", *value, width, decimals);
}

void add(std::optional<int64_t>& sum, const std::optional<int64_t>& value) {
  if (sum && value) {
    *sum += *value;
  } else {
    sum.reset();
  }
}

/// What a table's last row says; a sum with an unknown part is unknown.
LayerCost total_of(const FfeCost& ffe) {
  LayerCost total;
  total.name = "total";
  total.csd_digits = total.adders = total.adder_bits = total.register_bits = total.memory_bits =
      total.multipliers = 0;
  total.energy_nj = 0;
  for (const LayerCost& layer : ffe.layers) {
    total.weights += layer.weights;
    total.zero_weights += layer.zero_weights;
    add(total.csd_digits, layer.csd_digits);
    add(total.adders, layer.adders);
    add(total.adder_bits, layer.adder_bits);
    add(total.register_bits, layer.register_bits);
    add(total.memory_bits, layer.memory_bits);
    add(total.multipliers, layer.multipliers);
    total.area_mm2 += layer.area_mm2;
    total.energy_nj = total.energy_nj && layer.energy_nj
                          ? std::optional<double>(*total.energy_nj + *layer.energy_nj)
                          : std::nullopt;
  }
  return total;
}

std::string layer_row(const LayerCost& layer) {
  const std::string bits =
      layer.weight_bits > 0 ? fmt::format("{}/{}", layer.weight_bits, layer.activation_bits) : "";
  const double zeros = layer.weights == 0 ? 0
                                          : 100.0 * static_cast<double>(layer.zero_weights) /
                                                static_cast<double>(layer.weights);
  return fmt::format("{:<13}{:>5}{:>9}{:>8.1f}", layer.name, bits, format_count(layer.weights), zeros) +
         count_cell(layer.csd_digits, 9) + count_cell(layer.adders, 8) + count_cell(layer.adder_bits, 10) +
         count_cell(layer.register_bits, 10) + count_cell(layer.memory_bits, 9) +
         count_cell(layer.multipliers, 6) + number_cell(layer.area_mm2 * 1e6, 10, 0) +
         number_cell(layer.energy_nj, 11, 2) + "\n";
}

constexpr std::pair<const char*, double CostParts::*> kParts[] = {
    {"adders", &CostParts::adders},         {"pipeline", &CostParts::pipeline},
    {"windows", &CostParts::windows},       {"requant.", &CostParts::requantisers},
    {"parameters", &CostParts::parameters}, {"memories", &CostParts::memories},
    {"clocks", &CostParts::clocks},         {"leakage", &CostParts::leakage},
};
constexpr size_t kAreaParts = 6;

std::string parts_table(const FfeCost& ffe, const std::optional<CostParts> LayerCost::*parts,
                        const std::string& what, size_t shown, double scale, int decimals) {
  std::string text = fmt::format("\n{:<14}", what);
  const std::span columns(kParts, shown);
  for (const auto& [name, _] : columns) text += fmt::format("{:>12}", name);
  text += "\n";
  CostParts sum;
  const auto row = [&](const std::string& name, const CostParts& values) {
    text += fmt::format("{:<14}", name);
    for (const auto& [_, member] : columns) text += number_cell(values.*member * scale, 12, decimals);
    text += "\n";
  };
  for (const LayerCost& layer : ffe.layers) {
    if (!(layer.*parts)) return "";
    row(layer.name, *(layer.*parts));
    for (const auto& [_, member] : columns) sum.*member += *(layer.*parts).*member;
  }
  row("total", sum);
  return text;
}

}  // namespace

std::string layer_tables(const CostStudy& study) {
  const FfeCost& ffe = study.ffes[largest_ffe(study)];
  if (ffe.layers.empty()) return "No layers are fixed.\n";
  std::string text = fmt::format("{} fixed layers\n", ffe.fixed_layers);
  text +=
      "layer         bits  weights  zeros %   digits  adders adder bits reg. bits mem.bits mult."
      "  area um2  energy nJ\n";
  for (const LayerCost& layer : ffe.layers) text += layer_row(layer);
  text += layer_row(total_of(ffe));
  text += parts_table(ffe, &LayerCost::area_parts_um2, "area, um2", kAreaParts, 1, 0);
  text += parts_table(ffe, &LayerCost::energy_parts_pj, "energy, nJ", std::size(kParts), 1e-3, 2);
  return text;
}

}  // namespace fixynn
