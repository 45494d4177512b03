// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "calibrate/calibrate.h"

namespace fixynn {
namespace {

const char* mapping_title(AdderMapping mapping) {
  return mapping == AdderMapping::kGates ? "mapped to gates" : "mapped to full-adder cells";
}

/// Mean and worst error of blocks that were left out of the fit.
std::string left_out_text(const LawFit& fit) {
  if (!fit.left_out) return "n/a";
  return fmt::format("{:.1f} %, {:.1f} %", fit.left_out->mean_error_percent,
                     fit.left_out->worst_error_percent);
}

std::string adder_table(const Calibration& calibration, const AdderLaw& law) {
  std::string text = fmt::format(
      "Adders {}: area = {:.4f} um2 x adder bits {:+.4f} um2 x adders\n  beside it: {:.4f} um2 x adder bits, "
      "and "
      "DeepFreeze's form, {:.5f} um2 x nonzero weights x activation bits x weight bits\n",
      mapping_title(law.mapping), law.fit.constants[0], law.fit.constants[1], law.bits_only.constants[0],
      law.deepfreeze.constants[0]);
  text += fmt::format("  {:<22}{:>9}{:>8}{:>12}{:>11}{:>11}{:>9}{:>12}{:>14}\n", "block", "nonzero", "adders",
                      "adder bits", "um2", "law um2", "error %", "bits only %", "DeepFreeze %");
  for (size_t i = 0; i < calibration.blocks.size(); ++i) {
    const GoldenBlock& block = calibration.blocks[i];
    text += fmt::format("  {:<22}{:>9}{:>8}{:>12}{:>11.2f}{:>11.2f}{:>+9.1f}{:>+12.1f}{:>+14.1f}\n",
                        block.name, block.nonzero_weights, block.adders, block.adder_bits,
                        law.results[i].area_um2, law.fit.predicted[i], law.fit.error_percent[i],
                        law.bits_only.error_percent[i], law.deepfreeze.error_percent[i]);
  }
  text += fmt::format(
      "  mean |error| {:.1f} %, worst {:.1f} %; bits only {:.1f} %, {:.1f} %; DeepFreeze's form {:.1f} %, "
      "{:.1f} %\n",
      law.fit.mean_error_percent, law.fit.worst_error_percent, law.bits_only.mean_error_percent,
      law.bits_only.worst_error_percent, law.deepfreeze.mean_error_percent,
      law.deepfreeze.worst_error_percent);
  return text +
         fmt::format("  each block by the fit to the others: mean {}; bits only {}; DeepFreeze's form {}\n\n",
                     left_out_text(law.fit), left_out_text(law.bits_only), left_out_text(law.deepfreeze));
}

std::string component_tables(const Calibration& calibration) {
  const RegisterLaw& registers = calibration.registers;
  std::string text = fmt::format("Registers: {:.4f} um2 a bit, {:.4f} um2 for its load enable\n",
                                 registers.register_bit_um2, registers.enable_bit_um2);
  for (size_t i = 0; i < calibration.register_blocks.size(); ++i) {
    text += fmt::format("  {:<28}{:>11.2f} um2, law {:>9.2f}, {:>+5.1f} %\n",
                        register_job(calibration.register_blocks[i]).name,
                        calibration.register_results[i].area_um2, registers.fit.predicted[i],
                        registers.fit.error_percent[i]);
  }
  const RequantiserLaw& law = calibration.requantisers;
  text += fmt::format(
      "\nRequantisers, beside their registers: {:.4f} um2 x accumulator bits x 16 {:+.2f} um2, a multiplier; "
      "{:.4f} "
      "um2 a bit selected\n",
      law.product_bit_um2, law.unit_um2, law.select_bit_um2);
  for (size_t i = 0; i < calibration.requantiser_blocks.size(); ++i) {
    text += fmt::format(
        "  {:<28}{:>11.2f} um2, law {:>9.2f}, {:>+5.1f} % ({:>+5.1f} % of the part beside registers)\n",
        requantiser_job(calibration.requantiser_blocks[i], AdderMapping::kGates).name,
        calibration.requantiser_results[i].area_um2, law.predicted[i], law.error_percent[i],
        law.fit.error_percent[i]);
  }
  return text +
         fmt::format("  part beside registers, each by the fit to the others: mean and worst error {}\n\n",
                     left_out_text(law.fit));
}

std::string layer_table(const Calibration& calibration) {
  std::string text =
      "Whole layers (window, adders, pipeline, requantisers, parameters; without line buffers)\n";
  text += fmt::format("  {:<18}{:<14}{:>12}{:>15}{:>12}{:>12}{:>9}\n", "layer", "adders to", "adder bits",
                      "register bits", "um2", "model um2", "error %");
  for (const LayerCheck& layer : calibration.layers) {
    text += fmt::format("  {:<18}{:<14}{:>12}{:>15}{:>12.1f}{:>12.1f}{:>+9.1f}\n", layer.name,
                        layer.mapping == AdderMapping::kGates ? "gates" : "full adders", layer.adder_bits,
                        layer.register_bits, layer.result.area_um2, layer.predicted_um2, layer.error_percent);
  }
  return text + "\n";
}

}  // namespace

std::string calibration_text(const Calibration& calibration) {
  std::string text;
  for (const AdderLaw& law : calibration.adders) text += adder_table(calibration, law);
  text += component_tables(calibration);
  if (!calibration.layers.empty()) text += layer_table(calibration);
  return text;
}

}  // namespace fixynn
