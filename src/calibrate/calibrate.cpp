// SPDX-License-Identifier: Apache-2.0
#include "calibrate/calibrate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/error.h"
#include "core/text.h"
#include "hardware/hardware_plan.h"
#include "rtl/layer_verilog.h"

namespace fixynn {
namespace {

/// Layers checked whole: conv1 and the blocks up to the pointwise 32x32.
constexpr int kCheckedLayers = 4;

std::vector<GoldenBlock> choose_blocks(const CalibrationRequest& request, AdderGraphCache& cache) {
  std::vector<GoldenBlock> all = random_golden_blocks(request.small, cache);
  std::vector<GoldenBlock> of_network = network_golden_blocks(request.designs, cache);
  std::move(of_network.begin(), of_network.end(), std::back_inserter(all));
  if (request.blocks.empty()) return all;
  std::vector<std::string> names;
  for (const GoldenBlock& block : all) names.push_back(block.name);
  std::vector<GoldenBlock> chosen;
  std::set<std::string> seen;
  for (const std::string& name : request.blocks) {
    if (!seen.insert(name).second) continue;
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
      const std::string near = nearest_name(name, names);
      fail_usage("unknown golden block '{}'; {}", printable(name),
                 near.empty() ? fmt::format("give 'small', or of {}", fmt::join(names, ", "))
                              : fmt::format("did you mean '{}'?", near));
    }
    chosen.push_back(all[static_cast<size_t>(found - names.begin())]);
  }
  return chosen;
}

/// Four significant digits: more than any law is good for.
double rounded(double value) {
  if (value == 0) return 0;
  const double unit = std::pow(10.0, 3 - std::floor(std::log10(std::abs(value))));
  return std::round(value * unit) / unit;
}

class Run {
 public:
  Run(const CalibrationRequest& request, AdderGraphCache& cache) : request_(request), yosys_(request.yosys) {
    result_.blocks = choose_blocks(request, cache);
    result_.register_blocks = register_blocks();
    result_.requantiser_blocks = requantiser_blocks(request.small);
    mappings_ = {AdderMapping::kGates};
    if (request.full_adders && yosys_.full_adder()) mappings_.push_back(AdderMapping::kFullAdders);
    if (request.layers) {
      if (request.designs.empty()) fail_usage("--layers needs a network; give one with --network");
      plan_ = plan_hardware(request.designs.front(), kCheckedLayers, {}, cache, request.threads);
    }
  }

  Calibration run(const SynthesisProgress& progress) {
    queue();
    const std::vector<SynthesisResult> results = run_synthesis(yosys_, jobs_, request_.threads, progress);
    auto next = results.begin();
    const auto take = [&next](size_t count) {
      const auto first = next;
      next += static_cast<std::ptrdiff_t>(count);
      return std::vector<SynthesisResult>(first, next);
    };
    for (const AdderMapping mapping : mappings_) {
      result_.adders.push_back(fit_adders(mapping, result_.blocks, take(result_.blocks.size())));
    }
    result_.register_results = take(result_.register_blocks.size());
    result_.registers = fit_registers(result_.register_blocks, result_.register_results);
    result_.requantiser_results = take(result_.requantiser_blocks.size());
    result_.requantisers =
        fit_requantisers(result_.requantiser_blocks, result_.requantiser_results, result_.registers);
    fill_technology();
    for (const AdderMapping mapping : mappings_) check_layers(mapping, take(plan_.convs.size()));
    result_.faults = limit_faults(result_, request_.limits);
    return std::move(result_);
  }

 private:
  void queue() {
    for (const AdderMapping mapping : mappings_) {
      for (const GoldenBlock& block : result_.blocks) {
        SynthesisJob job;
        job.name = block.name + (mapping == AdderMapping::kFullAdders ? "_fa" : "");
        job.verilog = golden_block_verilog(block);
        job.top = "block";
        job.mapping = mapping;
        jobs_.push_back({std::move(job), synthesis_effort(static_cast<double>(block.adder_bits))});
      }
    }
    for (const RegisterBlock& block : result_.register_blocks)
      jobs_.push_back({register_job(block), synthesis_effort(100)});
    for (const RequantiserBlock& block : result_.requantiser_blocks) {
      jobs_.push_back(
          {requantiser_job(block, AdderMapping::kGates), synthesis_effort(500 + 60 * block.channels)});
    }
    for (const AdderMapping mapping : mappings_) {
      for (const ConvPlan& conv : plan_.convs) {
        SynthesisJob job = layer_job(conv, mapping);
        const int64_t size = conv.adder_bits + conv.pipeline_register_bits + conv.requantiser.parameter_bits;
        jobs_.push_back({std::move(job), synthesis_effort(static_cast<double>(size))});
      }
    }
  }

  Figure fitted(double value, const std::string& what) const {
    Figure figure;
    figure.value = rounded(value);
    figure.kind = FigureKind::kFitted;
    figure.source =
        fmt::format("{} + ABC on {}, cell area: {}", yosys_.version(), yosys_.library().name, what);
    return figure;
  }

  static void set_range(Figure& figure, const LawFit& fit) {
    // The constant at which a single block would fit best: where blocks of other networks may lie.
    const auto [least, most] = std::minmax_element(fit.error_percent.begin(), fit.error_percent.end());
    figure.low = rounded(*figure.value / (1 + std::max(0.0, *most) / 100));
    figure.high = rounded(*figure.value / (1 + std::min(0.0, *least) / 100));
  }

  void fill_technology() {
    Technology& t = result_.technology;
    t.name = request_.name;
    const double voltage_v = yosys_.library().voltage_v;
    t.summary = fmt::format("library {}, {}; {} + ABC, cell areas without placement", yosys_.library().name,
                            voltage_v > 0 ? fmt::format("{} V", voltage_v) : "voltage n/a", yosys_.version());
    for (const TechnologyKey& key : technology_keys())
      (t.*key.figure).source = "not measured by the calibration";
    for (const AdderLaw& law : result_.adders) {
      const bool gates = law.mapping == AdderMapping::kGates;
      const std::string evidence = fmt::format("{}{} golden blocks, mean error {:.1f} %, worst {:.1f} %",
                                               gates ? "" : "full-adder cells, ", result_.blocks.size(),
                                               law.fit.mean_error_percent, law.fit.worst_error_percent);
      Figure& bit = gates ? t.adder_bit_area_um2 : t.full_adder_bit_area_um2;
      bit = fitted(law.fit.constants[0], evidence);
      set_range(bit, law.fit);
      (gates ? t.adder_area_um2 : t.full_adder_area_um2) = fitted(law.fit.constants[1], evidence);
    }
    t.register_bit_area_um2 = fitted(result_.registers.register_bit_um2, "chains of D flip-flops as mapped");
    t.register_bit_area_um2.kind = FigureKind::kMeasured;
    t.enable_bit_area_um2 =
        fitted(result_.registers.enable_bit_um2, "chains with load enable less chains without");
    t.enable_bit_area_um2.kind = FigureKind::kMeasured;
    const RequantiserLaw& law = result_.requantisers;
    const std::string evidence = fmt::format(
        "{} requantisers of 1 to {} channels, mean error {:.1f} %", result_.requantiser_blocks.size(),
        result_.requantiser_blocks.back().channels, law.fit.mean_error_percent);
    t.requantiser_product_bit_area_um2 = fitted(law.product_bit_um2, evidence);
    t.requantiser_unit_area_um2 = fitted(law.unit_um2, evidence);
    t.requantiser_select_bit_area_um2 = fitted(law.select_bit_um2, evidence);
  }

  void check_layers(AdderMapping mapping, std::vector<SynthesisResult> results) {
    for (size_t i = 0; i < results.size(); ++i) {
      result_.layers.push_back(check_layer(plan_, i, result_.technology, mapping, std::move(results[i])));
    }
  }

  const CalibrationRequest& request_;
  Synthesizer yosys_;
  std::vector<AdderMapping> mappings_;
  HardwarePlan plan_;
  std::vector<QueuedJob> jobs_;
  Calibration result_;
};

}  // namespace

SynthesisJob layer_job(const ConvPlan& conv, AdderMapping mapping) {
  SynthesisJob job;
  job.name = "layer_" + conv.conv.name + (mapping == AdderMapping::kFullAdders ? "_fa" : "");
  job.verilog = layer_verilog(conv);
  job.top = "ffe_" + conv.conv.name;
  job.mapping = mapping;
  job.full_adder_modules = "*_adders";
  return job;
}

LayerCheck check_layer(const HardwarePlan& plan, size_t index, Technology technology, AdderMapping mapping,
                       SynthesisResult result) {
  technology.clock_mhz.value = 1;          // areas do not depend on it
  technology.sram_bit_area_um2.value = 0;  // line buffers are outside of the modules
  const FfeCost cost = calibrated_ffe_cost(plan, technology, {.mapping = mapping, .clock_gating = true});
  LayerCheck check;
  check.name = plan.convs[index].conv.name;
  check.mapping = mapping;
  check.result = std::move(result);
  check.adder_bits = plan.convs[index].adder_bits;
  // The register that holds a pointwise layer's pixel and the line buffer are in front of the module.
  const ConvPlan& conv = plan.convs[index];
  const int64_t outside = conv.hold_register_bits + conv.line_buffer.pixel_register_bits();
  const int64_t control = conv.line_buffer.control_register_bits();
  check.register_bits = cost.layers[index].register_bits.value_or(0) - outside - control;
  check.predicted_um2 = cost.layers[index].area_mm2 * 1e6 -
                        static_cast<double>(outside) * (*technology.register_bit_area_um2.value +
                                                        *technology.enable_bit_area_um2.value) -
                        static_cast<double>(control) * *technology.register_bit_area_um2.value;
  check.error_percent = 100 * (check.predicted_um2 - check.result.area_um2) / check.result.area_um2;
  return check;
}

AdderLaw fit_adders(AdderMapping mapping, std::span<const GoldenBlock> blocks,
                    std::vector<SynthesisResult> results) {
  std::vector<LawSample> by_adders, by_bits, by_products;
  for (size_t i = 0; i < results.size(); ++i) {
    const GoldenBlock& block = blocks[i];
    const double bits = static_cast<double>(block.adder_bits), adders = static_cast<double>(block.adders);
    by_adders.push_back({block.name, {bits, adders}, results[i].area_um2});
    by_bits.push_back({block.name, {bits}, results[i].area_um2});
    by_products.push_back({block.name, {block.deepfreeze_product()}, results[i].area_um2});
  }
  return {mapping, std::move(results), fit_law(by_adders), fit_law(by_bits), fit_law(by_products)};
}

Calibration calibrate(const CalibrationRequest& request, AdderGraphCache& cache,
                      const SynthesisProgress& progress) {
  return Run(request, cache).run(progress);
}

std::vector<std::string> limit_faults(const Calibration& calibration, const CalibrationLimits& limits) {
  std::vector<std::string> faults;
  for (const AdderLaw& law : calibration.adders) {
    const char* mapping = law.mapping == AdderMapping::kGates ? "gates" : "full adders";
    if (law.fit.mean_error_percent > limits.mean_percent) {
      faults.push_back(fmt::format("adders to {}: mean error {:.1f} % is over {} %", mapping,
                                   law.fit.mean_error_percent, limits.mean_percent));
    }
    if (law.fit.worst_error_percent > limits.worst_percent) {
      faults.push_back(fmt::format("adders to {}: worst error {:.1f} % is over {} %", mapping,
                                   law.fit.worst_error_percent, limits.worst_percent));
    }
  }
  for (size_t i = 0; i < calibration.requantisers.error_percent.size(); ++i) {
    const double error = calibration.requantisers.error_percent[i];
    if (std::abs(error) > limits.requantiser_percent) {
      faults.push_back(
          fmt::format("{}: error {:+.1f} % is over {} %",
                      requantiser_job(calibration.requantiser_blocks[i], AdderMapping::kGates).name, error,
                      limits.requantiser_percent));
    }
  }
  for (const LayerCheck& layer : calibration.layers) {
    if (std::abs(layer.error_percent) > limits.layer_percent) {
      faults.push_back(fmt::format("layer {}: error {:+.1f} % is over {} %", layer.name, layer.error_percent,
                                   limits.layer_percent));
    }
  }
  return faults;
}

Technology merge_technology(Technology base, const Technology& measured) {
  const bool same_process = base.name == measured.name;
  for (const TechnologyKey& key : technology_keys()) {
    Figure& figure = base.*key.figure;
    if ((measured.*key.figure).value) {
      figure = measured.*key.figure;
    } else if (figure.value && !same_process) {
      figure.source = fmt::format("taken from {} as it is, not scaled to this process; there it is {}: {}",
                                  base.name, figure_kind_name(figure.kind), figure.source);
      figure.kind = FigureKind::kDerived;
    }
  }
  base.name = measured.name;
  base.summary = measured.summary;
  return base;
}

}  // namespace fixynn
