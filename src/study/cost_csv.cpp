// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "study/cost_output.h"

namespace fixynn {
namespace {

template <typename T>
std::string cell(const std::optional<T>& value) {
  return value ? fmt::format("{}", *value) : "";
}

/// In quotes where commas, quotes or line ends are in it.
std::string text_cell(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    quoted += c;
    if (c == '"') quoted += c;
  }
  return quoted + "\"";
}

std::string point_rows(const CostStudy& study) {
  std::string text =
      "model,area_mm2,fixed_layers,used_layers,fixed_ops_percent,feasible,reason,ffe_area_mm2,ffe_copies,"
      "programmable_area_mm2,throughput_tops,energy_efficiency_tops_per_w,relative_throughput,"
      "relative_efficiency,inferences_per_second,energy_per_inference_uj,ffe_energy_uj,back_end_energy_uj,"
      "dram_energy_uj,dram_bytes_per_inference,latency_us,required_pixels_per_clock,throughput_cap_tops,"
      "extrapolated,source,technology,bits,sparsity,activity_images,clock_mhz\n";
  // The same in every row, so that files can be told apart and joined.
  const DesignChanges& changes = study.changes;
  const std::string asked = fmt::format("{},{},{},{},{},{}", text_cell(study.source),
                                        study.technology ? text_cell(study.technology->name) : "",
                                        text_cell(changes.bits.value_or("")), cell(changes.sparsity),
                                        cell(changes.activity_images), cell(study.request.clock_mhz));
  for (const PlatformPoint& p : study.points) {
    text += fmt::format("{},{},{},{},{},{},{},{},{},", cost_model_name(study.request.model), p.area_mm2,
                        p.fixed_layers, p.used_layers, p.fixed_ops_percent, p.feasible,
                        text_cell(p.feasible ? "" : p.reason), p.ffe_area_mm2,
                        p.feasible ? fmt::format("{}", p.ffe_copies) : "");
    text +=
        fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", cell(p.programmable_area_mm2),
                    cell(p.throughput_tops), cell(p.energy_efficiency_tops_per_w),
                    cell(p.relative_throughput), cell(p.relative_efficiency), cell(p.inferences_per_second),
                    cell(p.energy_per_inference_uj), cell(p.ffe_energy_uj), cell(p.back_end_energy_uj),
                    cell(p.dram_energy_uj), p.dram_bytes_per_inference, cell(p.latency_us),
                    cell(p.required_pixels_per_clock), cell(p.throughput_cap_tops), p.extrapolated, asked);
  }
  return text;
}

std::string layer_rows(const CostStudy& study) {
  std::string text =
      "model,fixed_layers,name,layer,weight_bits,activation_bits,weights,zeros,csd_digits,adders,adder_bits,"
      "register_bits,memory_bits,multipliers,area_um2,energy_nj\n";
  const FfeCost& ffe = study.ffes[largest_ffe(study)];
  for (const LayerCost& layer : ffe.layers) {
    const auto bits = [](int value) { return value > 0 ? fmt::format("{}", value) : ""; };
    text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n",
                        cost_model_name(study.request.model), ffe.fixed_layers, layer.name, cell(layer.layer),
                        bits(layer.weight_bits), bits(layer.activation_bits), layer.weights,
                        layer.zero_weights, cell(layer.csd_digits), cell(layer.adders),
                        cell(layer.adder_bits), cell(layer.register_bits), cell(layer.memory_bits),
                        cell(layer.multipliers), layer.area_mm2 * 1e6, cell(layer.energy_nj));
  }
  return text;
}

}  // namespace

std::string cost_csv(const CostStudy& study, bool layers) {
  return layers ? layer_rows(study) : point_rows(study);
}

}  // namespace fixynn
