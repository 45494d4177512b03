// SPDX-License-Identifier: Apache-2.0
#include "calibrate/component_blocks.h"

#include <fmt/format.h>

#include "hardware/hardware_plan.h"
#include "rtl/layer_verilog.h"
#include "rtl/netlist.h"

namespace fixynn {
namespace {

constexpr int kCodeBits = 8;
constexpr int kAddressBits = 8;

LawSample register_sample(const RegisterBlock& block, double area_um2) {
  const double bits = block.bits();
  return {register_job(block).name, {bits, block.enable ? bits : 0.0}, area_um2};
}

}  // namespace

std::vector<RegisterBlock> register_blocks() {
  return {{16, 3, false}, {64, 3, false}, {16, 3, true}, {64, 3, true}, {20, 6, true}};
}

SynthesisJob register_job(const RegisterBlock& block) {
  RtlModule module;
  module.name = "block";
  const int clk = module.add_port(PortDirection::kInput, "clk", 1);
  const int enable = module.add_port(PortDirection::kInput, "enable", block.stages);
  int value = module.add_port(PortDirection::kInput, "d", block.width);
  static_cast<void>(clk);
  for (int s = 0; s < block.stages; ++s) {
    const int next = module.add_net(fmt::format("q{}", s), block.width);
    Bits load;
    if (block.enable) load = {{enable, s, 1, 1}};
    module.statements.emplace_back(RtlRegister{next, module.whole(value), load, {}});
    value = next;
  }
  const int q = module.add_port(PortDirection::kOutput, "q", block.width);
  module.statements.emplace_back(RtlAssign{q, module.whole(value)});
  SynthesisJob job;
  job.name = fmt::format("registers_{}x{}{}", block.width, block.stages, block.enable ? "_enable" : "");
  job.verilog = print_module(module);
  job.top = "block";
  return job;
}

RegisterLaw fit_registers(std::span<const RegisterBlock> blocks, std::span<const SynthesisResult> results) {
  std::vector<LawSample> samples;
  for (size_t i = 0; i < blocks.size(); ++i)
    samples.push_back(register_sample(blocks[i], results[i].area_um2));
  RegisterLaw law;
  law.fit = fit_law(samples);
  law.register_bit_um2 = law.fit.constants[0];
  law.enable_bit_um2 = law.fit.constants[1];
  return law;
}

int RequantiserBlock::enabled_register_bits() const {
  return channels * (2 * (kMultiplierBits + kBiasBits) + kCodeBits);
}

int RequantiserBlock::selected_bits() const {
  return channels == 1 ? 0 : channels * (accumulator_bits + kMultiplierBits + kBiasBits);
}

std::vector<RequantiserBlock> requantiser_blocks(bool small) {
  if (small) return {{12, 1}, {18, 1}, {12, 4}, {18, 4}};
  std::vector<RequantiserBlock> blocks;
  for (const int bits : {12, 15, 18, 22}) {
    for (const int channels : {1, 4, 16, 32}) blocks.push_back({bits, channels});
  }
  return blocks;
}

SynthesisJob requantiser_job(const RequantiserBlock& block, AdderMapping mapping) {
  SynthesisJob job;
  job.name = fmt::format("requantiser_{}bit_{}", block.accumulator_bits, block.channels);
  job.verilog = built_in_rtl("ffe_requantiser");
  job.top = "ffe_requantiser";
  job.parameters = {{"CHANNELS", block.channels},
                    {"ACC_BITS", block.accumulator_bits},
                    {"OUT_BITS", kCodeBits},
                    {"SHIFT", kTypicalShift},
                    {"ADDRESS_BITS", kAddressBits}};
  job.mapping = mapping;
  return job;
}

RequantiserLaw fit_requantisers(std::span<const RequantiserBlock> blocks,
                                std::span<const SynthesisResult> results, const RegisterLaw& registers) {
  std::vector<LawSample> samples;
  std::vector<double> register_area;
  for (size_t i = 0; i < blocks.size(); ++i) {
    const RequantiserBlock& block = blocks[i];
    const double enabled = block.enabled_register_bits();
    register_area.push_back((enabled + block.plain_register_bits()) * registers.register_bit_um2 +
                            enabled * registers.enable_bit_um2);
    samples.push_back(
        {fmt::format("{}", i),
         {double{1} * block.accumulator_bits * kMultiplierBits, 1.0, double{1} * block.selected_bits()},
         results[i].area_um2 - register_area.back()});
  }
  RequantiserLaw law;
  law.fit = fit_law(samples);
  law.product_bit_um2 = law.fit.constants[0];
  law.unit_um2 = law.fit.constants[1];
  law.select_bit_um2 = law.fit.constants[2];
  for (size_t i = 0; i < blocks.size(); ++i) {
    law.predicted.push_back(law.fit.predicted[i] + register_area[i]);
    law.error_percent.push_back(100.0 * (law.predicted.back() - results[i].area_um2) / results[i].area_um2);
  }
  return law;
}

}  // namespace fixynn
