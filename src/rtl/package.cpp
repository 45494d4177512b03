// SPDX-License-Identifier: Apache-2.0
#include "rtl/package.h"

#include <filesystem>
#include <stdexcept>

#include "core/error.h"
#include "rtl/layer_verilog.h"
#include "rtl/package_parts.h"

namespace fixynn {
namespace {

/// The adder graphs are what is built: they must give the network's own sums.
void check_weights(const IntegerNetwork& network, const HardwarePlan& plan) {
  if (plan.convs.empty()) {
    fail_usage("a feature extractor of 0 fixed layers has no hardware; fix 1..{} layers", MobileNet::kLayers);
  }
  if (network.convs.size() < plan.convs.size()) {
    fail("{} convolutions of the network are in integers where the plan has {}", network.convs.size(),
         plan.convs.size());
  }
  for (size_t i = 0; i < plan.convs.size(); ++i) {
    const ConvPlan& conv = plan.convs[i];
    if (network.convs[i].quant != conv.quant) {
      fail("{}: the network's bits are not the plan's", conv.conv.name);
    }
    const std::vector<ConstantMatrix> matrices = conv_matrices(conv.conv, network.convs[i].weights);
    for (size_t g = 0; g < matrices.size(); ++g) {
      check_adder_graph(*conv.graphs.at(g), matrices[g], conv.input, conv.conv.name);
    }
  }
}

void check_tap(const HardwarePlan& plan, int tap_layer) {
  if (tap_layer >= 0 && tap_layer < plan.fixed_layers) return;
  if (plan.fixed_layers == 1) {
    fail_usage("a tap after layer {} cannot be: a feature extractor of one layer has none before its last",
               tap_layer);
  }
  fail_usage(
      "a tap after layer {} cannot be: {} layers are fixed, and it must come before the last; give 1..{}",
      tap_layer, plan.fixed_layers, plan.fixed_layers - 1);
}

void add_lines(RtlModule& module, const std::vector<std::string>& lines) {
  module.header.insert(module.header.end(), lines.begin(), lines.end());
}

}  // namespace

std::string built_weights_sha256(const IntegerNetwork& network, size_t convs) {
  std::vector<QuantisedWeights> weights;
  for (size_t i = 0; i < convs; ++i) weights.push_back(network.convs.at(i).weights);
  return frozen_weights_sha256(network.network, weights, network.parameters);
}

FfeRtl build_ffe(const IntegerNetwork& network, const HardwarePlan& plan, const RtlOptions& options) {
  check_weights(network, plan);
  check_tap(plan, options.tap_layer);
  FfeRtl ffe;
  ffe.plan = plan;
  ffe.options = options;
  ffe.network_name = std::filesystem::path(plan.source).filename().string();
  const ControlPlan control = control_plan(plan, options.tap_layer);
  ffe.channel_bits = control.channel_bits;
  ffe.conv_bits = control.conv_bits;
  ffe.address_bits = control.address_bits();
  for (size_t i = 0; i < plan.convs.size(); ++i) {
    ffe.weights_to_here_sha256.push_back(built_weights_sha256(network, i + 1));
    ffe.shifts.push_back(network.convs[i].shift);
    std::vector<RtlModule> modules = layer_modules(
        plan.convs[i], {.shift = ffe.shifts.back(), .channel_bits = ffe.channel_bits, .hold = true});
    add_lines(modules.front(), adder_lines(plan.convs[i]));
    add_lines(modules.back(), layer_lines(plan.convs[i], ffe.shifts.back()));
    for (RtlModule& module : modules) ffe.generated.push_back(std::move(module));
  }
  ffe.weights_sha256 = ffe.weights_to_here_sha256.back();
  ffe.generated.push_back(top_module(ffe));
  ffe.handwritten = handwritten_modules(ffe.generated);
  ffe.counts = netlist_counts(ffe.generated);
  if (ffe.counts != hardware_counts(plan, options.tap_layer)) {
    throw std::logic_error("the netlist holds other things than the plan");
  }
  add_lines(ffe.generated.back(), top_lines(ffe));
  for (RtlModule& module : ffe.generated) add_lines(module, origin_lines(ffe));
  return ffe;
}

std::vector<RtlFile> verilog_files(const FfeRtl& ffe) {
  std::vector<RtlFile> files;
  for (const RtlModule& module : ffe.generated) {
    files.push_back(
        {"rtl/" + module.name + ".v", "// SPDX-License-Identifier: Apache-2.0\n" + print_module(module)});
  }
  for (const std::string& name : ffe.handwritten) files.push_back({"rtl/" + name + ".v", built_in_rtl(name)});
  return files;
}

}  // namespace fixynn
