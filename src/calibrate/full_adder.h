// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string>

#include "calibrate/liberty.h"

namespace fixynn {

/// A cell of three inputs whose two outputs are the majority and the exclusive or of them, or the inverse of
/// that, found by its functions whatever its name.
struct FullAdderCell {
  std::string name;
  std::array<std::string, 3> inputs;
  std::string carry, sum;
  bool carry_inverted = false, sum_inverted = false;
  double area_um2 = 0;
};

/// The smallest one, if the library has any.
std::optional<FullAdderCell> find_full_adder(const LibertyLibrary& library);

/// A Yosys techmap that maps $add and $sub to chains of this cell. With an inverted carry, every second bit
/// works on inverted inputs (majority and exclusive or are self-dual), so that no inverter is in the chain;
/// the inverters at inputs and sums are left to ABC, which removes pairs. Bits with a constant operand or
/// carry (the lowest, zero extensions) are left to gates.
std::string full_adder_techmap(const FullAdderCell& cell);

}  // namespace fixynn
