// SPDX-License-Identifier: Apache-2.0
#include "cost/platform.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "cost/nvdla.h"
#include "hardware/technology.h"

namespace fixynn {
namespace {

constexpr double kMostCopies = 1e6;
constexpr double kTie = 1e-3;  // more copies must gain more than this share of throughput

double input_pixels(const MobileNet& network) {
  return static_cast<double>(network.input_size) * network.input_size;
}

void check_request(const FfeCost& ffe, const PlatformRequest& request) {
  for (const std::string& fault : {area_fault(request.area_mm2), clock_fault(request.clock_mhz)}) {
    if (!fault.empty()) fail_usage("{}", fault);
  }
  if (!std::isfinite(request.dram_energy_pj_per_byte) || request.dram_energy_pj_per_byte < 0) {
    fail_usage("DRAM energy: {} pJ a byte is not a number of 0 or more; give for example 120",
               request.dram_energy_pj_per_byte);
  }
  if (request.back_end_weight_bits < 1 || request.back_end_weight_bits > 32) {
    fail_usage("back-end weights: {} bits is outside 1..32", request.back_end_weight_bits);
  }
  if (ffe.fixed_layers < 0 || ffe.fixed_layers > MobileNet::kLayers) {
    fail_usage("fixed layers: {} is outside 0..{}", ffe.fixed_layers, MobileNet::kLayers);
  }
  if (!request.used_layers) return;
  const int least = std::min(1, ffe.fixed_layers);
  if (*request.used_layers < least || *request.used_layers > ffe.fixed_layers) {
    fail_usage("used layers: {} is outside {}..{}, the layers that are built", *request.used_layers, least,
               ffe.fixed_layers);
  }
}

// Head included: it is never fixed.
int64_t back_end_weights(const MobileNet& network, int used_layers) {
  int64_t weights = int64_t{network.feature_channels()} * network.classes;
  for (const Conv& conv : network.convs) {
    if (conv.layer >= used_layers) weights += conv.weight_count();
  }
  return weights;
}

/// What is left for the NVDLA behind `used_layers`, counted as it is: batch norms of built layers are theirs,
/// and the head is not forgotten.
double remaining_ops(const MobileNet& network, int used_layers) {
  double ops = 2.0 * network.feature_channels() * network.classes;
  for (const Conv& conv : network.convs) {
    if (conv.layer < used_layers) continue;
    ops += 2 * static_cast<double>(conv.macs()) + 2.0 * conv.out_size * conv.out_size * conv.out_channels;
  }
  return ops;
}

struct Split {
  int copies = 0;
  double programmable_area_mm2 = 0;
  Programmable programmable;
  double tops = 0;
};

std::optional<Split> split_with(const FfeCost& ffe, int copies, double area_mm2, double ops,
                                double back_end_share) {
  const double left_mm2 = area_mm2 - copies * ffe.area_mm2;
  const std::optional<Programmable> programmable = nvdla_at(left_mm2);
  if (!programmable) return std::nullopt;
  Split split{copies, left_mm2, *programmable, programmable->tops / back_end_share};
  if (copies > 0 && ffe.most_inferences_per_second) {
    split.tops = std::min(split.tops, copies * *ffe.most_inferences_per_second * ops * 1e-12);
  }
  return split;
}

std::optional<Split> best_split(const FfeCost& ffe, double area_mm2, double ops, double back_end_share) {
  const auto with = [&](int copies) { return split_with(ffe, copies, area_mm2, ops, back_end_share); };
  if (ffe.fixed_layers == 0) return with(0);
  if (!ffe.most_inferences_per_second) return with(1);
  // Throughput grows with the copies while they are the bottleneck, and falls from there on.
  const double copy_tops = *ffe.most_inferences_per_second * ops * 1e-12;
  int fewest = 1, enough = static_cast<int>(std::clamp(area_mm2 / ffe.area_mm2, 1.0, kMostCopies));
  while (fewest < enough) {
    const int copies = fewest + (enough - fewest) / 2;
    const auto split = with(copies);
    if (split && split->tops >= copies * copy_tops) {
      fewest = copies + 1;
    } else {
      enough = copies;
    }
  }
  const auto tops = [](const std::optional<Split>& split) { return split ? split->tops : 0; };
  const double highest_tops = std::max(tops(with(enough)), enough > 1 ? tops(with(enough - 1)) : 0);
  const double needed = std::ceil(highest_tops * (1 - kTie) / copy_tops);
  return with(static_cast<int>(std::clamp(needed, 1.0, double{1} * enough)));
}

// Two decimals, more where they would hide what is compared: 0.5499 beside 0.55.
std::string format_mm2(double area_mm2, double compared_mm2) {
  std::string text = fmt::format("{:.2f}", area_mm2);
  if (area_mm2 != compared_mm2 && text == fmt::format("{:.2f}", compared_mm2)) {
    text = fmt::format("{:.6g}", area_mm2);
  }
  return text;
}

std::string why_infeasible(const FfeCost& ffe, double area_mm2) {
  const double smallest_mm2 = nvdla_points().front().area_mm2;
  if (ffe.fixed_layers == 0) {
    return fmt::format("{} mm2 is less than the smallest NVDLA ({:.2f} mm2)",
                       format_mm2(area_mm2, smallest_mm2), smallest_mm2);
  }
  const double left_mm2 = area_mm2 - ffe.area_mm2;
  if (left_mm2 <= 0) {
    return fmt::format("the FFE needs {} mm2, which leaves nothing of {:.2f} mm2 for an NVDLA",
                       format_mm2(ffe.area_mm2, area_mm2), area_mm2);
  }
  return fmt::format(
      "the FFE needs {:.2f} mm2, which leaves {} mm2, less than the smallest NVDLA ({:.2f} mm2)",
      ffe.area_mm2, format_mm2(left_mm2, smallest_mm2), smallest_mm2);
}

void set_energies(PlatformPoint& point, const FfeCost& ffe, const Split& split, double ops,
                  double back_end_share) {
  const double rate = *point.inferences_per_second;
  const double back_end_j = ops * 1e-12 * back_end_share / split.programmable.tops_per_w;
  point.back_end_energy_uj = back_end_j * 1e6;
  const std::optional<double> ffe_j = ffe.energy_j(split.copies, rate);
  if (!ffe_j) return;
  point.ffe_energy_uj = *ffe_j * 1e6;
  point.energy_per_inference_uj = (*ffe_j + back_end_j) * 1e6;
  point.energy_efficiency_tops_per_w = ops * 1e-12 / (*ffe_j + back_end_j);
}

void set_latency(PlatformPoint& point, const FfeCost& ffe, const Split& split, double ops,
                 double back_end_share) {
  const double back_end_s = ops * 1e-12 * back_end_share / split.programmable.tops;
  if (ffe.fixed_layers == 0) {
    point.latency_us = back_end_s * 1e6;
  } else if (ffe.latency_s && ffe.most_inferences_per_second) {
    point.latency_us = (*ffe.latency_s + 1 / *ffe.most_inferences_per_second + back_end_s) * 1e6;
  }
}

}  // namespace

std::string area_fault(double area_mm2) {
  if (area_mm2 > 0 && area_mm2 <= kMostAreaMm2) return "";
  return fmt::format("an area of {} mm2 is not possible; give more than 0 and at most {} mm2, for example 3",
                     area_mm2, kMostAreaMm2);
}

double inference_ops(const MobileNet& network) {
  double ops = 0;
  for (const Conv& conv : network.convs) {
    ops += 2 * static_cast<double>(conv.macs());
    ops += 2.0 * conv.out_size * conv.out_size * conv.out_channels;
  }
  return ops;
}

PlatformPoint evaluate_platform(const MobileNet& network, const FfeCost& ffe,
                                const PlatformRequest& request) {
  check_request(ffe, request);
  const int used_layers = request.used_layers.value_or(ffe.fixed_layers);
  const double ops =
      ffe.model == CostModelKind::kCalibrated ? remaining_ops(network, 0) : inference_ops(network);
  PlatformPoint point;
  point.fixed_layers = ffe.fixed_layers;
  point.used_layers = used_layers;
  point.area_mm2 = request.area_mm2;
  point.fixed_ops_percent = fixed_ops_percent(network, point.used_layers);
  point.dram_bytes_per_inference =
      (back_end_weights(network, point.used_layers) * request.back_end_weight_bits + 7) / 8;
  if (ffe.fixed_layers > 0) {
    point.throughput_cap_tops = request.clock_mhz * 1e-6 * ops / input_pixels(network);
  }
  const double back_end_share = ffe.model == CostModelKind::kCalibrated
                                    ? remaining_ops(network, used_layers) / ops
                                    : 1 - point.fixed_ops_percent / 100;
  const std::optional<Split> split = best_split(ffe, request.area_mm2, ops, back_end_share);
  if (!split) {
    point.ffe_area_mm2 = ffe.area_mm2;
    point.reason = why_infeasible(ffe, request.area_mm2);
    return point;
  }
  point.feasible = true;
  point.ffe_copies = split->copies;
  point.ffe_area_mm2 = split->copies * ffe.area_mm2;
  point.programmable_area_mm2 = split->programmable_area_mm2;
  point.extrapolated = split->programmable.extrapolated;
  point.throughput_tops = split->tops;
  point.inferences_per_second = split->tops * 1e12 / ops;
  point.dram_energy_uj =
      static_cast<double>(point.dram_bytes_per_inference) * request.dram_energy_pj_per_byte * 1e-6;
  if (ffe.fixed_layers > 0) {
    point.required_pixels_per_clock =
        *point.inferences_per_second * input_pixels(network) / (request.clock_mhz * 1e6);
  }
  set_energies(point, ffe, *split, ops, back_end_share);
  set_latency(point, ffe, *split, ops, back_end_share);
  // Feasible with an FFE means that an NVDLA alone fits too.
  const Programmable alone = *nvdla_at(request.area_mm2);
  point.relative_throughput = split->tops / alone.tops;
  if (point.energy_efficiency_tops_per_w) {
    point.relative_efficiency = *point.energy_efficiency_tops_per_w / alone.tops_per_w;
  }
  return point;
}

std::optional<double> crossing_area_mm2(const MobileNet& network, const FfeCost& ffe,
                                        const PlatformRequest& request, double most_area_mm2) {
  const auto pays = [&](double area_mm2) {
    PlatformRequest at = request;
    at.area_mm2 = area_mm2;
    const PlatformPoint point = evaluate_platform(network, ffe, at);
    return point.feasible && point.relative_throughput > 1.0 && point.relative_efficiency > 1.0;
  };
  if (!pays(most_area_mm2)) return std::nullopt;
  constexpr int kSteps = 1000;
  double high = most_area_mm2, low = most_area_mm2;
  for (int i = kSteps - 1; i > 0; --i) {
    low = most_area_mm2 * i / kSteps;
    if (!pays(low)) break;
    high = low;
  }
  for (int i = 0; i < 40; ++i) {
    const double middle = (low + high) / 2;
    (pays(middle) ? high : low) = middle;
  }
  return high;
}

}  // namespace fixynn
