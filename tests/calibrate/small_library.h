// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "calibrate/liberty.h"

// A library of a few cells, with every kind of statement that Liberty has and round numbers: 1 V, fF, fJ.
namespace fixynn::test {

inline const char* kSmallLibrary = R"liberty(/* A comment
   of two lines. */
library ("small") {  // the rest of a line
  comment : "";
  technology (cmos);
  define ("made_up", "cell", "float");
  capacitive_load_unit (1, ff);
  voltage_unit : "1V";
  leakage_power_unit : "1nW";
  nom_voltage : 1.0;
  date : "brackets } in quotes; \"and quotes\"";
  power_lut_template (by_slew_and_load) {
    variable_1 : input_transition_time;
    variable_2 : total_output_net_capacitance;
    index_1 ("1, 2, 3");
    index_2 ("1, 3");
  }
  power_lut_template (by_slew) {
    variable_1 : input_transition_time;
    index_1 ("1, 2, 3");
  }
  cell (INV) {
    area : 1.5;
    made_up : 3 + VDD * 2;
    leakage_power () { value : 2; related_pg_pin : VDD; }
    leakage_power () { value : 7; when : "A"; related_pg_pin : VDD; }
    leakage_power () { value : 0.5; related_pg_pin : VSS; }
    pin (A) { direction : input; capacitance : 3; }
    pin (Y) {
      direction : output
      function : "A'";
      internal_power () {
        related_pin : "A"; related_pg_pin : VDD;
        rise_power (by_slew_and_load) {
          values ( \
            "9, 9", \
            "2, 4", \
            "9, 9" \
          );
        }
        fall_power (by_slew_and_load) { values ("9, 9", "0, 2", "9, 9"); }
      }
      internal_power () {
        related_pin : "A"; related_pg_pin : VSS;
        rise_power (scalar) { values ("1"); }
        fall_power (scalar) { values ("1"); }
      }
    }
  }
  cell (NAND2) {
    area : 2;
    cell_leakage_power : 4;
    pin (A) { direction : input; capacitance : 1; }
    pin (B) { direction : input; capacitance : 2; }
    pin (Y) {
      direction : output;
      function : "!(A B)";
      internal_power () {
        related_pin : "A B";
        rise_power (scalar) { values ("4"); }
        fall_power (scalar) { values ("2"); }
      }
    }
  }
  cell (DFF) {
    area : 8;
    ff (IQ, IQN) { clocked_on : "CLK"; next_state : "!D"; }
    pin (CLK) {
      direction : input; clock : true; capacitance : 1;
      internal_power () {
        when : "(D * QN) + (!D * !QN)";
        rise_power (scalar) { values ("0"); }
        fall_power (by_slew) { values ("0, 7, 0"); }
      }
      internal_power () {
        when : "(D * !QN) + (!D * QN)";
        rise_power (by_slew) { values ("0, 2, 0"); }
        fall_power (by_slew) { values ("0, 3, 0"); }
      }
    }
    pin (D) {
      direction : input; capacitance : 2;
      internal_power () {
        when : "CLK";
        rise_power (scalar) { values ("0"); }
        fall_power (scalar) { values ("0"); }
      }
      internal_power () {
        when : "!CLK";
        rise_power (scalar) { values ("1"); }
        fall_power (scalar) { values ("3"); }
      }
    }
    pin (QN) {
      direction : output; function : "IQ";
      internal_power () {
        related_pin : "CLK";
        rise_power (scalar) { values ("10"); }
        fall_power (scalar) { values ("12"); }
      }
    }
  }
}
)liberty";

inline LibertyLibrary small_library() {
  return library_from_group(parse_liberty(kSmallLibrary, "small.lib"), "small.lib");
}

template <typename Body>
std::string message_of(const Body& body) {
  try {
    body();
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

}  // namespace fixynn::test
