// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "calibrate/law_fit.h"
#include "calibrate/yosys.h"

namespace fixynn {

/// A chain of registers, with or without load enable.
struct RegisterBlock {
  int width = 0, stages = 0;
  bool enable = false;
  int bits() const { return width * stages; }
};
std::vector<RegisterBlock> register_blocks();
SynthesisJob register_job(const RegisterBlock& block);

/// Areas of a bit of register.
struct RegisterLaw {
  double register_bit_um2 = 0, enable_bit_um2 = 0;
  LawFit fit;  ///< over the blocks, in their order
};
RegisterLaw fit_registers(std::span<const RegisterBlock> blocks, std::span<const SynthesisResult> results);

/// data/rtl/ffe_requantiser.v with 8-bit codes.
struct RequantiserBlock {
  int accumulator_bits = 0, channels = 0;
  int enabled_register_bits() const;                    ///< M and B twice, codes
  int plain_register_bits() const { return channels; }  ///< whose turn it is
  /// Accumulator, M and B of every channel; nothing is selected where there is one.
  int selected_bits() const;
};
std::vector<RequantiserBlock> requantiser_blocks(bool small);
SynthesisJob requantiser_job(const RequantiserBlock& block, AdderMapping mapping);

/// Area beside the registers = product_bit * acc_bits * multiplier_bits + unit + select_bit * selected bits.
struct RequantiserLaw {
  double product_bit_um2 = 0, unit_um2 = 0, select_bit_um2 = 0;
  LawFit fit;                     ///< of the area beside the registers
  std::vector<double> predicted;  ///< whole blocks, registers included
  std::vector<double> error_percent;
};
RequantiserLaw fit_requantisers(std::span<const RequantiserBlock> blocks,
                                std::span<const SynthesisResult> results, const RegisterLaw& registers);

}  // namespace fixynn
