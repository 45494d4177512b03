// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <set>

#include "core/error.h"
#include "core/text.h"
#include "cost/nvdla.h"
#include "cost/paper_tables.h"
#include "study/cost_output.h"

namespace fixynn {
namespace {

constexpr size_t kWidth = 110;

std::string cell(const std::optional<double>& value, int width, int decimals, const char* mark = "") {
  if (!value || !std::isfinite(*value)) return fmt::format("{:>{}}", "n/a", width);
  return fmt::format("{:>{}}", fmt::format("{:.{}f}{}", *value, decimals, mark), width);
}

/// Words filled into lines, those after the first indented by two.
std::string fill(const std::string& text) {
  std::string out, line;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(' ', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    if (!line.empty() && line.size() + 1 + word.size() > kWidth) {
      out += line + "\n";
      line = "  " + word;
    } else {
      line += (line.empty() ? "" : " ") + word;
    }
    begin = end + 1;
  }
  return out + line + "\n";
}

bool sweeps(const CostStudy& study) {
  return study.request.areas_mm2.size() > 1;
}

std::string bits_text(const CostStudy& study) {
  const std::vector<LayerCost>& layers = study.ffes[largest_ffe(study)].layers;
  std::set<std::pair<int, int>> bits;
  for (const LayerCost& layer : layers) {
    if (layer.weight_bits > 0) bits.insert({layer.weight_bits, layer.activation_bits});
  }
  if (bits.empty()) return "";
  if (bits.size() > 1) return "; bits by layer";
  return fmt::format("; {}-bit weights, {}-bit activations", bits.begin()->first, bits.begin()->second);
}

std::string zeros_text(const CostStudy& study) {
  const FfeCost& ffe = study.ffes[largest_ffe(study)];
  int64_t weights = 0, zeros = 0;
  for (const LayerCost& layer : ffe.layers) weights += layer.weights, zeros += layer.zero_weights;
  if (weights == 0 || study.request.model == CostModelKind::kPaper) return "";
  return fmt::format("; {:.1f} % of the {} weights of {} are 0",
                     100.0 * static_cast<double>(zeros) / static_cast<double>(weights), format_count(weights),
                     format_plural(ffe.fixed_layers, "layer"));
}

std::string heading(const CostStudy& study) {
  std::string text = cost_model_name(study.request.model) + " model";
  if (study.request.instant) text += ", instant estimate without adder graphs";
  if (!sweeps(study)) text += fmt::format(", {:g} mm2", study.request.areas_mm2.front());
  if (study.request.used_layers) text += fmt::format(", {} layers used", *study.request.used_layers);
  text += fmt::format("\nMobileNetV1 {:g}, {} px", study.network.alpha, study.network.input_size);
  text += bits_text(study) + zeros_text(study) + "\n";
  return text + fill("from " + study.source) + "\n";
}

/// Where an FFE has a highest rate, several may be built.
bool has_copies(const CostStudy& study) {
  return std::any_of(study.ffes.begin(), study.ffes.end(),
                     [](const FfeCost& ffe) { return ffe.most_inferences_per_second.has_value(); });
}

std::string table_head(const CostStudy& study) {
  std::string first = sweeps(study) ? "  area" : "", second = sweeps(study) ? "   mm2" : "";
  first += " fixed fixed     FFE";
  second += " layer ops %     mm2";
  if (!study.ranges.empty()) first += "      its range", second += "            mm2";
  if (has_copies(study)) first += " FFEs", second += "     ";
  first += "  NVDLA   throughput    efficiency   energy   DRAM latency  pix.";
  second += "    mm2   TOPS     x  TOPS/W     x  uJ/inf     uJ      us  /clk";
  return first + "\n" + second + "\n";
}

/// Of all copies.
std::string range_cell(const FfeRange& range, int copies) {
  return fmt::format("{:.3f}-{:.3f}", copies * range.low.area_mm2, copies * range.high.area_mm2);
}

std::string point_row(const CostStudy& study, const PlatformPoint& point, size_t ffe) {
  const bool fixed = point.fixed_layers > 0;
  std::string row = sweeps(study) ? fmt::format("{:>6.2f}", point.area_mm2) : "";
  row += fmt::format("{:>6}{:>6.1f}", point.fixed_layers, point.fixed_ops_percent);
  row += fixed ? fmt::format("{:>8.4f}", point.ffe_area_mm2) : fmt::format("{:>8}", "-");
  const int copies = std::max(1, point.ffe_copies);
  if (!study.ranges.empty())
    row += fmt::format("{:>15}", fixed ? range_cell(study.ranges[ffe], copies) : "-");
  if (has_copies(study)) row += fixed ? fmt::format("{:>5}", copies) : fmt::format("{:>5}", "-");
  if (!point.feasible) return row + "  infeasible\n";
  row += cell(point.programmable_area_mm2, 7, 2);
  row += cell(point.throughput_tops, 7, 2, point.extrapolated ? "*" : "");
  row += cell(point.relative_throughput, 6, 2);
  row += cell(point.energy_efficiency_tops_per_w, 8, 2) + cell(point.relative_efficiency, 6, 2);
  row += cell(point.energy_per_inference_uj, 9, 3) + cell(point.dram_energy_uj, 7, 2);
  row += cell(point.latency_us, 8, 1);
  row += fixed ? cell(point.required_pixels_per_clock, 6, 2) : fmt::format("{:>6}", "-");
  return row + "\n";
}

/// One line for each number of fixed layers: the largest area that is too small, and why.
std::string infeasible_lines(const CostStudy& study) {
  std::string text;
  for (size_t i = 0; i < study.ffes.size(); ++i) {
    const PlatformPoint* largest = nullptr;
    for (size_t p = i; p < study.points.size(); p += study.ffes.size()) {
      const PlatformPoint& point = study.points[p];
      if (!point.feasible && (largest == nullptr || point.area_mm2 > largest->area_mm2)) largest = &point;
    }
    if (largest == nullptr) continue;
    text += fill(fmt::format("{} fixed layers are infeasible at {:g} mm2{}: {}", largest->fixed_layers,
                             largest->area_mm2, sweeps(study) ? " and below" : "", largest->reason));
  }
  return text;
}

/// Why energies are n/a, if they are.
std::string unknown_energies(const Technology& technology) {
  std::vector<std::string> missing;
  for (const TechnologyKey& key : technology_keys()) {
    const std::string name = key.key;
    const bool energy = name.find("_energy_fj") != std::string::npos || name == "adder_bit_activity" ||
                        name == "leakage_nw_per_um2";
    if (energy && !(technology.*key.figure).value) missing.push_back(name);
  }
  if (missing.empty()) return "";
  return fmt::format("The technology lacks {}, so the FFE's energy is n/a. ", fmt::join(missing, ", "));
}

/// What the energy rests on most: registers that are clocked only when a pixel arrives.
std::string gating_note(const CostStudy& study) {
  if (study.plans.empty() || study.ffes.empty()) return "";
  const auto largest =
      std::max_element(study.ffes.begin(), study.ffes.end(),
                       [](const FfeCost& a, const FfeCost& b) { return a.fixed_layers < b.fixed_layers; });
  if (largest->fixed_layers == 0 || !largest->energy_known) return "";
  if (!study.request.calibrated.clock_gating)
    return "Registers are clocked in every clock (--no-clock-gating).";
  CalibratedOptions ungated = study.request.calibrated;
  ungated.clock_gating = false;
  const auto index = static_cast<size_t>(largest - study.ffes.begin());
  const FfeCost other = calibrated_ffe_cost(study.plans[index], *study.technology, ungated);
  return fmt::format(
      "Registers are assumed to be clocked only when a pixel arrives; without that clock gating the FFE of "
      "{} "
      "layers takes {:.3g} uJ an inference in place of {:.3g}, at its highest rate.",
      largest->fixed_layers, *other.least_energy_j() * 1e6, *largest->least_energy_j() * 1e6);
}

const char* activity_text(const CostStudy& study) {
  if (!study.activity_measured) return "mean activity of adder bits (--activity counts it)";
  return study.activity_as_trained ? "toggles counted on images"
                                   : "toggles counted on images, with weights that were quantised and not "
                                     "trained at these bits";
}

std::string calibrated_note(const CostStudy& study) {
  const Technology& technology = *study.technology;
  const CalibratedOptions& options = study.request.calibrated;
  const Figure& adder = options.mapping == AdderMapping::kGates ? technology.adder_bit_area_um2
                                                                : technology.full_adder_bit_area_um2;
  const Figure& constant =
      options.mapping == AdderMapping::kGates ? technology.adder_area_um2 : technology.full_adder_area_um2;
  std::string text = fill(fmt::format(
      "FFE: {} mapped to {} ({} um2 an adder bit{}, {}), registers, folded requantisers and line buffers; "
      "{:g} "
      "MHz, one pixel a clock. Technology {}: {}.",
      study.request.instant ? "adder bits estimated from CSD digits" : "adder graphs",
      options.mapping == AdderMapping::kGates ? "gates" : "full-adder cells", *adder.value,
      constant.value ? fmt::format(", {} an adder", *constant.value) : "", figure_kind_name(adder.kind),
      *technology.clock_mhz.value, technology.name, technology.summary));
  text +=
      fill(fmt::format("{}Energy: {}; zero delay, no glitches, no wires. Areas are sums of cells: no "
                       "placement, no clock tree. "
                       "Ranges: every figure of the technology at the ends of its range. {}",
                       unknown_energies(technology), activity_text(study), gating_note(study)));
  return text;
}

/// An FFE of another process beside the NVDLA's figures.
std::string other_process_note(const CostStudy& study) {
  if (!study.technology || study.technology->name == CostRequest{}.technology) return "";
  return fmt::format("; shares and ratios hold only if technology {} is of 16 nm too",
                     study.technology->name);
}

/// Layers that the network's training did not freeze, and which are costed as if it had.
std::string frozen_note(const CostStudy& study) {
  const int most = study.ffes[largest_ffe(study)].fixed_layers;
  if (!study.frozen_layers || study.request.model == CostModelKind::kPaper || most <= *study.frozen_layers) {
    return "";
  }
  return fill(fmt::format(
      "The network was trained with {} frozen: for more, the weights behind them stand in for those "
      "that a training with them frozen would keep.",
      format_plural(*study.frozen_layers, "layer")));
}

std::string model_notes(const CostStudy& study) {
  std::string text = frozen_note(study);
  switch (study.request.model) {
    case CostModelKind::kCalibrated:
      text += calibrated_note(study);
      break;
    case CostModelKind::kPaper:
      text += fill(
          "FFE: area and power laws fitted to the paper's Table 1; they look at weights and layers alone, "
          "not "
          "at bits or sparsity, and know no rate limit.");
      break;
    case CostModelKind::kDeepFreeze:
      text += fill(fmt::format(
          "FFE: DeepFreeze's published 16 nm constants a bit of multiplier and storage; line buffers {}, "
          "strided operations {}. Batch norm is not in it.",
          study.request.faults.line_buffer_forgets_channels ? "without channels, as published"
                                                            : "with channels, corrected",
          study.request.faults.strided_ops_count_four_times ? "counted four times, as published"
                                                            : "counted once, corrected"));
      break;
  }
  if (has_copies(study)) {
    text += fill(
        "FFEs: copies of the FFE that share the work; each takes one pixel a clock. pix. /clk: the pixels a "
        "clock that the throughput needs. Layers are those of one FFE.");
  }
  text += fill("NVDLA: published 16 nm figures, linear in area" + other_process_note(study) +
               ". DRAM (back-end weights, read once an inference) is "
               "not "
               "in energy and efficiency, as in the paper.");
  if (std::any_of(study.points.begin(), study.points.end(),
                  [](const PlatformPoint& point) { return point.extrapolated; })) {
    text += fmt::format("* extrapolated: larger than the largest published NVDLA, {:g} mm2\n",
                        nvdla_points().back().area_mm2);
  }
  return text;
}

std::string deepfreeze_lines(const CostStudy& study) {
  std::string text = "\nDeepFreeze's own platform, its 3.3 mm2 NVDLA beside the FFE (peak figures):\n";
  text += " fixed      mm2     TOPS   TOPS/W        W\n";
  for (const FfeCost& ffe : study.ffes) {
    const DeepFreezePlatform own = deepfreeze_platform(study.network, ffe, study.request.faults);
    text += fmt::format("{:>6}{:>9.3f}{:>9.2f}{:>9.2f}{:>9.3f}\n", ffe.fixed_layers, own.area_mm2, own.tops,
                        own.tops_per_w, own.power_w);
  }
  return text;
}

std::string residual_lines() {
  const std::vector<PaperComparison> rows = compare_with_paper();
  std::string text = "\nThe paper beside this model (MobileNetV1 0.25, 224 px, 3.0 mm2):\n";
  text += " fixed  used  where        figure                 paper    model          residual\n";
  for (const PaperComparison& row : rows) {
    const int decimals = row.unit == "%" ? 1 : 2;
    text +=
        fmt::format("{:>6}{:>6}  {:<12} {:<20}", row.fixed_layers, row.used_layers, row.figure, row.what) +
        cell(row.published, 8, decimals) + cell(row.modelled, 9, decimals) + fmt::format(" {:<7}", row.unit);
    text += row.residual_percent ? fmt::format("{:>+8.2f} %\n", *row.residual_percent)
                                 : fmt::format("{:>8}\n", "n/a");
  }
  return text + fmt::format("Largest residual of throughput and efficiency in Table 1: {:.2f} %\n",
                            worst_table_1_residual_percent(rows));
}

}  // namespace

std::string cost_model_name(CostModelKind kind) {
  switch (kind) {
    case CostModelKind::kPaper:
      return "paper";
    case CostModelKind::kCalibrated:
      return "calibrated";
    case CostModelKind::kDeepFreeze:
      return "deepfreeze";
  }
  return "unknown";
}

size_t largest_ffe(const CostStudy& study) {
  const auto largest =
      std::max_element(study.ffes.begin(), study.ffes.end(),
                       [](const FfeCost& a, const FfeCost& b) { return a.fixed_layers < b.fixed_layers; });
  return static_cast<size_t>(largest - study.ffes.begin());
}

std::string cost_table(const CostStudy& study, bool layers) {
  std::string text = heading(study) + table_head(study);
  for (size_t p = 0; p < study.points.size(); ++p) {
    text += point_row(study, study.points[p], p % study.ffes.size());
  }
  text += "\n" + infeasible_lines(study) + model_notes(study);
  if (study.request.model == CostModelKind::kDeepFreeze) text += deepfreeze_lines(study);
  if (study.request.model == CostModelKind::kPaper) text += residual_lines();
  if (layers) text += "\n" + layer_tables(study);
  return text;
}

}  // namespace fixynn
