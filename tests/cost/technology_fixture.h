// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/technology.h"

namespace fixynn {

/// Round made-up figures, so that tests can compute by hand.
inline Technology round_technology() {
  const auto figure = [](double value) {
    return Figure{.value = value, .source = "made up", .low = {}, .high = {}};
  };
  Technology t;
  t.name = "round";
  t.adder_bit_area_um2 = figure(0.5);
  t.full_adder_bit_area_um2 = figure(0.25);
  t.full_adder_area_um2 = figure(-0.5);
  t.register_bit_area_um2 = figure(0.25);
  t.enable_bit_area_um2 = figure(0.125);
  t.sram_bit_area_um2 = figure(0.0625);
  t.requantiser_product_bit_area_um2 = figure(0.5);
  t.requantiser_unit_area_um2 = figure(-8);
  t.requantiser_select_bit_area_um2 = figure(0.0625);
  t.mask_bit_area_um2 = figure(0.03125);
  t.adder_bit_toggle_energy_fj = figure(4);
  t.full_adder_bit_toggle_energy_fj = figure(2);
  t.adder_bit_activity = figure(0.5);
  t.register_bit_clock_energy_fj = figure(1);
  t.register_bit_toggle_energy_fj = figure(0.5);
  t.requantiser_product_bit_energy_fj = figure(0.25);
  t.shared_requantiser_product_bit_energy_fj = figure(0.375);
  t.sram_bit_access_energy_fj = figure(4);
  t.leakage_nw_per_um2 = figure(3);
  t.clock_mhz = figure(800);
  t.dram_energy_pj_per_byte = figure(120);
  return t;
}

}  // namespace fixynn
