// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>

#include "core/error.h"
#include "cost/published_models.h"
#include "plot/plot_text.h"
#include "report/hardware_page.h"
#include "report/table_1.h"

namespace fixynn {
namespace {

std::string fixed_or_na(const std::optional<double>& value, int decimals) {
  return value ? format_fixed(*value, decimals) : "n/a";
}

std::string count_or_na(const std::optional<int64_t>& value) {
  return value ? format_grouped(static_cast<double>(*value)) : "n/a";
}

std::string cells(const std::vector<std::string>& texts) {
  std::string html;
  for (const std::string& text : texts) html += "<td>" + text + "</td>";
  return html;
}

std::string platform_row(const PlatformPoint& point) {
  std::string html =
      fmt::format("<tr><td>{}</td><td>{}</td>", point.fixed_layers, format_fixed(point.fixed_ops_percent, 1));
  if (!point.feasible) {
    return html +
           fmt::format("<td>{}</td><td class=\"text wrap\" colspan=\"11\">cannot be built: {}</td></tr>\n",
                       format_fixed(point.ffe_area_mm2, 3), escape_html(point.reason));
  }
  const bool fixed = point.fixed_layers > 0;
  const std::string ffe_area =
      !fixed ? "–"
             : format_fixed(point.ffe_area_mm2, 3) +
                   (point.ffe_copies > 1 ? fmt::format("<small>{} copies</small>", point.ffe_copies) : "");
  const std::string back_end =
      fixed_or_na(point.programmable_area_mm2, 2) + (point.extrapolated ? "<small>extrapolated</small>" : "");
  html += cells({ffe_area, back_end, fixed_or_na(point.throughput_tops, 2),
                 fixed_or_na(point.energy_efficiency_tops_per_w, 2),
                 point.inferences_per_second ? format_grouped(*point.inferences_per_second) : "n/a",
                 "<b>" + fixed_or_na(point.energy_per_inference_uj, 3) + "</b>",
                 fixed ? fixed_or_na(point.ffe_energy_uj, 3) : "–", fixed_or_na(point.back_end_energy_uj, 3),
                 fixed_or_na(point.dram_energy_uj, 2), fixed_or_na(point.latency_us, 1),
                 fixed ? fixed_or_na(point.required_pixels_per_clock, 2) : "–",
                 fixed ? fixed_or_na(point.throughput_cap_tops, 2) : "–"});
  return html + "</tr>\n";
}

std::string layer_row(const LayerCost& layer, double total_mm2) {
  const bool whole = !layer.layer, bits = layer.weight_bits > 0 || (whole && layer.weights > 0);
  const double zeros =
      layer.weights > 0 ? 100.0 * static_cast<double>(layer.zero_weights) / static_cast<double>(layer.weights)
                        : 0;
  return fmt::format("<tr><td class=\"text\">{}</td>", escape_html(layer.name)) +
         cells({whole  ? "–"
                : bits ? fmt::format("{} / {}", layer.weight_bits, layer.activation_bits)
                       : "n/a",
                format_grouped(static_cast<double>(layer.weights)),
                bits    ? format_fixed(zeros, 1)
                : whole ? "–"
                        : "n/a",
                count_or_na(layer.csd_digits), count_or_na(layer.adders), count_or_na(layer.adder_bits),
                count_or_na(layer.register_bits), count_or_na(layer.memory_bits),
                count_or_na(layer.multipliers), format_fixed(layer.area_mm2, 5),
                total_mm2 > 0 ? format_fixed(100 * layer.area_mm2 / total_mm2, 1) : "n/a",
                fixed_or_na(layer.energy_nj, 2)}) +
         "</tr>\n";
}

/// Sum over layers, absent where a layer has no value.
template <typename T>
std::optional<T> total(const FfeCost& ffe, std::optional<T> LayerCost::*member) {
  T sum = 0;
  for (const LayerCost& layer : ffe.layers) {
    if (!(layer.*member)) return std::nullopt;
    sum += *(layer.*member);
  }
  return sum;
}

LayerCost total_of(const FfeCost& ffe) {
  LayerCost sum;
  sum.name = "all";
  sum.layer.reset();
  for (const LayerCost& layer : ffe.layers) {
    sum.weights += layer.weights;
    sum.zero_weights += layer.zero_weights;
  }
  sum.csd_digits = total(ffe, &LayerCost::csd_digits);
  sum.adders = total(ffe, &LayerCost::adders);
  sum.adder_bits = total(ffe, &LayerCost::adder_bits);
  sum.register_bits = total(ffe, &LayerCost::register_bits);
  sum.memory_bits = total(ffe, &LayerCost::memory_bits);
  sum.multipliers = total(ffe, &LayerCost::multipliers);
  sum.energy_nj = total(ffe, &LayerCost::energy_nj);
  sum.area_mm2 = ffe.area_mm2;
  return sum;
}

/// Of a model that knows weights and areas alone.
std::string short_layer_table(const FfeCost& ffe) {
  std::string html =
      "<div class=\"scroll\"><table><tr><th class=\"text\">layer</th><th>weights</th><th>area<br>mm²</th>"
      "<th>share<br>%</th></tr>\n";
  const auto row = [&](const LayerCost& layer) {
    return fmt::format("<td class=\"text\">{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                       escape_html(layer.name), format_grouped(static_cast<double>(layer.weights)),
                       format_fixed(layer.area_mm2, 4),
                       format_fixed(ffe.area_mm2 > 0 ? 100 * layer.area_mm2 / ffe.area_mm2 : 0, 1));
  };
  for (const LayerCost& layer : ffe.layers) html += "<tr>" + row(layer);
  return html + "<tr class=\"best\">" + row(total_of(ffe)) + "</table></div>\n";
}

std::string paper_row(const PlatformPoint& point, const PlatformPoint& none, const ResultRow* row) {
  std::string html = fmt::format("<tr><td>{}</td><td>{}</td>", point.fixed_layers,
                                 row != nullptr ? format_fixed(row->top1_mean, 2) + " ●" : "n/a");
  if (!point.feasible)
    return html + fmt::format("<td class=\"text wrap\" colspan=\"5\">cannot be built: {}</td></tr>\n",
                              escape_html(point.reason));
  const double change = 100 * (*point.energy_per_inference_uj / *none.energy_per_inference_uj - 1);
  return html +
         cells({point.fixed_layers == 0 ? "–" : format_fixed(point.ffe_area_mm2, 2) + " ○",
                fixed_or_na(point.throughput_tops, 2) + " ○",
                fixed_or_na(point.energy_efficiency_tops_per_w, 2) + " ○",
                fixed_or_na(point.energy_per_inference_uj, 2) + " ○", format_fixed(change, 0) + " ○"}) +
         "</tr>\n";
}

}  // namespace

std::string platform_table_html(const ModelFigures& figures, double area_mm2) {
  std::string html =
      "<div class=\"scroll\"><table>\n<tr><th>N</th><th>fixed<br>ops %</th><th>FFE<br>mm²</th>"
      "<th>NVDLA<br>mm²</th><th>TOPS</th><th>TOPS/W</th><th>inferences<br>/s</th><th>energy<br>µJ</th>"
      "<th>of FFE<br>µJ</th><th>of NVDLA<br>µJ</th><th>DRAM<br>µJ</th><th>latency<br>µs</th>"
      "<th>pixels<br>/clock</th><th>TOPS at<br>1 pixel</th></tr>\n";
  for (int n : layers_of(figures)) {
    if (const PlatformPoint* point = figures.at(n, area_mm2)) html += platform_row(*point);
  }
  return html + "</table></div>\n";
}

std::string ffe_layers_html(const ModelFigures& figures, int fixed_layers) {
  const FfeCost* ffe = figures.ffe(fixed_layers);
  if (ffe == nullptr || ffe->layers.empty()) return "";
  if (figures.model == CostModelKind::kPaper) return short_layer_table(*ffe);
  std::string html =
      "<div class=\"scroll\"><table>\n<tr><th class=\"text\">layer</th><th>bits<small>weights / "
      "act.</small></th><th>weights</th><th>zero<br>%</th><th>CSD<br>digits</th><th>adders</th>"
      "<th>adder<br>bits</th><th>register<br>bits</th><th>memory<br>bits</th><th>multi-<br>pliers</th>"
      "<th>area<br>mm²</th><th>share<br>%</th><th>energy<br>nJ</th></tr>\n";
  for (const LayerCost& layer : ffe->layers) html += layer_row(layer, ffe->area_mm2);
  const std::string sum = layer_row(total_of(*ffe), ffe->area_mm2);
  return html + "<tr class=\"best\">" + sum.substr(4) + "</table></div>\n";
}

std::string paper_hardware_section(const std::vector<ResultRow>& rows, double alpha, int input_size) {
  if (rows.empty()) return "";
  std::string table;
  try {
    const MobileNet network = make_mobilenet(alpha, input_size, 2);
    const PlatformPoint none = evaluate_platform(network, paper_ffe_cost(network, 0), {});
    int last = -1;
    for (const ResultRow& row : rows) {
      if (row.dataset != rows.front().dataset || row.fixed_layers <= last) continue;
      last = row.fixed_layers;
      const PlatformPoint point = evaluate_platform(network, paper_ffe_cost(network, row.fixed_layers), {});
      table += paper_row(point, none, &row);
    }
  } catch (const Error&) {
    return "";
  }
  return "<section>\n<h2>What freezing gains</h2>\n<p class=\"sub\">By the model that reproduces the paper's "
         "Table 1: fixed-weight front end and NVDLA together on 3.0 mm² in 16 nm. ● measured, ○ modelled. "
         "fixynn-report sets these runs against area and energy from their own weights.</p>\n"
         "<div class=\"scroll\"><table><tr><th>N</th><th>top-1 %</th><th>FFE<br>mm²</th><th>TOPS</th>"
         "<th>TOPS/W</th><th>energy per<br>inference, µJ</th><th>against<br>N = 0, %</th></tr>\n" +
         table + "</table></div></section>\n";
}

}  // namespace fixynn
