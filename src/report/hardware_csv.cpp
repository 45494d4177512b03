// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "report/hardware_figures.h"
#include "report/hardware_page.h"
#include "report/table_1.h"

namespace fixynn {
namespace {

std::string model_key(const ModelFigures& figures) {
  return figures.model == CostModelKind::kPaper ? "paper" : "calibrated";
}

/// The columns that say which design a line is of.
std::string design_fields(const DesignRows& design, size_t number) {
  return fmt::format("{},{},{},{},{}", number + 1, design.alpha, design.input_size, design.weight_bits,
                     design.activation_bits);
}
constexpr const char* kDesignColumns = "ffe,alpha,input_size,weight_bits,activation_bits";

std::string integer_field(const std::optional<int64_t>& value) {
  return value ? std::to_string(*value) : "";
}

std::vector<const ModelFigures*> models_of(const DesignReport& design) {
  std::vector<const ModelFigures*> models = {&design.paper};
  if (design.calibrated) models.push_back(&*design.calibrated);
  return models;
}

std::string platform_line(const PlatformPoint& p) {
  std::string line = fmt::format("{},{},{},{},{},{},{}", csv_number(p.area_mm2, 3), p.fixed_layers,
                                 csv_number(p.fixed_ops_percent, 2), p.feasible ? "yes" : "no",
                                 csv_field(p.reason), csv_number(p.ffe_area_mm2, 6), p.ffe_copies);
  for (const std::optional<double>& value :
       {p.programmable_area_mm2, p.throughput_tops, p.energy_efficiency_tops_per_w, p.relative_throughput,
        p.relative_efficiency, p.inferences_per_second, p.energy_per_inference_uj, p.ffe_energy_uj,
        p.back_end_energy_uj, p.dram_energy_uj, p.latency_us, p.required_pixels_per_clock,
        p.throughput_cap_tops}) {
    line += "," + csv_number(value, 5);
  }
  return line;
}

std::string parts_fields(const std::optional<CostParts>& parts) {
  if (!parts) return ",,,,,";
  return fmt::format("{:.2f},{:.2f},{:.2f},{:.2f},{:.2f},{:.2f}", parts->adders, parts->pipeline,
                     parts->windows, parts->requantisers, parts->parameters, parts->memories);
}

}  // namespace

std::string platforms_csv(const HardwareReport& report) {
  std::string csv = std::string(kDesignColumns) +
                    ",model,technology,area_mm2,fixed_layers,fixed_ops_percent,feasible,reason,ffe_area_mm2,"
                    "ffe_copies,programmable_area_mm2,throughput_tops,energy_efficiency_tops_per_w,"
                    "relative_throughput,relative_efficiency,inferences_per_second,energy_per_inference_uj,"
                    "ffe_energy_uj,back_end_energy_uj,dram_energy_uj,latency_us,required_pixels_per_clock,"
                    "throughput_cap_tops\n";
  for (size_t d = 0; d < report.designs.size(); ++d) {
    for (const ModelFigures* figures : models_of(report.designs[d])) {
      for (const PlatformPoint& point : figures->points) {
        csv += design_fields(report.designs[d].design, d) + "," + model_key(*figures) + "," +
               csv_field(figures->technology) + "," + platform_line(point) + "\n";
      }
    }
  }
  return csv;
}

std::string trade_offs_csv(const HardwareReport& report) {
  std::string csv = std::string("dataset,") + kDesignColumns +
                    ",fixed_layers,seeds,top1_percent_measured,top1_percent_low,top1_percent_high,"
                    "drop_points_measured,model,area_mm2,energy_per_inference_uj_modelled,"
                    "throughput_tops_modelled,pareto\n";
  for (const std::string& dataset : datasets_of(report)) {
    const std::vector<TradeOff> points = trade_offs(report, dataset);
    const std::vector<size_t> front = pareto_front(points);
    for (size_t i = 0; i < points.size(); ++i) {
      const TradeOff& point = points[i];
      const DesignReport& design = report.designs[point.design];
      const bool on_front = std::find(front.begin(), front.end(), i) != front.end();
      csv += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{}\n", csv_field(dataset),
                         design_fields(design.design, point.design), point.row->fixed_layers,
                         point.row->points.size(), csv_number(point.row->top1_mean, 3),
                         csv_number(point.row->top1_low, 3), csv_number(point.row->top1_high, 3),
                         csv_number(point.row->drop, 3), model_key(energy_model(design)),
                         csv_number(report.area_mm2, 3), csv_number(point.energy_uj, 5),
                         csv_number(point.platform->throughput_tops, 5), on_front ? "yes" : "no");
    }
  }
  return csv;
}

std::string ffe_layers_csv(const HardwareReport& report) {
  std::string csv =
      std::string(kDesignColumns) +
      ",model,technology,fixed_layers,layer,name,weight_bits,activation_bits,weights,"
      "zero_weights,csd_digits,adders,adder_bits,register_bits,memory_bits,multipliers,area_mm2,"
      "energy_nj,adders_um2,pipeline_um2,windows_um2,requantisers_um2,parameters_um2,"
      "memories_um2\n";
  for (size_t d = 0; d < report.designs.size(); ++d) {
    for (const ModelFigures* figures : models_of(report.designs[d])) {
      for (const FfeCost& ffe : figures->ffes) {
        for (const LayerCost& layer : ffe.layers) {
          csv += design_fields(report.designs[d].design, d) +
                 fmt::format(
                     ",{},{},{},{},{},{},{},{},{},", model_key(*figures), csv_field(figures->technology),
                     ffe.fixed_layers, layer.layer ? std::to_string(*layer.layer) : "", csv_field(layer.name),
                     layer.weight_bits == 0 ? "" : std::to_string(layer.weight_bits),
                     layer.weight_bits == 0 ? "" : std::to_string(layer.activation_bits), layer.weights,
                     layer.weight_bits == 0 ? "" : std::to_string(layer.zero_weights)) +
                 fmt::format("{},{},{},{},{},{},{:.7f},{},{}\n", integer_field(layer.csd_digits),
                             integer_field(layer.adders), integer_field(layer.adder_bits),
                             integer_field(layer.register_bits), integer_field(layer.memory_bits),
                             integer_field(layer.multipliers), layer.area_mm2, csv_number(layer.energy_nj, 4),
                             parts_fields(layer.area_parts_um2));
        }
      }
    }
  }
  return csv;
}

}  // namespace fixynn
