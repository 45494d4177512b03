// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "calibrate/liberty.h"

namespace fixynn {

/// A flat module mapped to library cells. Nets 0 and 1 are the constants.
struct GateNetlist {
  struct Cell {
    std::string name;
    const LibertyCell* type = nullptr;  ///< of the library given, which must outlive the netlist
    std::vector<int> nets;              ///< one a pin of the type; kOpen where nothing is connected
  };
  struct Port {
    std::string name;
    bool is_input = false;
    std::vector<int> nets;  ///< lowest bit first
  };
  static constexpr int kOpen = -1;
  std::string name;
  int nets = 2;
  std::vector<Port> ports;
  std::vector<Cell> cells;

  double area_um2() const;
  double leakage_nw() const;  ///< cells without a figure count as 0
};

/// Reads module `module` of what Yosys' write_json writes after mapping. Throws a sentence, beginning with
/// `what`, for broken JSON, a missing module and cells that the library has not.
GateNetlist read_gate_netlist(const std::string& json, const std::string& module,
                              const LibertyLibrary& library, const std::string& what);

/// Values of ports, one a clock cycle, two's complement; of inputs the low bits are used, outputs come
/// without sign. All entries have the same length.
using PortValues = std::map<std::string, std::vector<int64_t>>;

struct GateActivity {
  int64_t cycles = 0;            ///< simulated
  std::vector<int64_t> toggles;  ///< of each net, between a cycle and the one before
  PortValues outputs;
};

/// Zero-delay simulation, each net once a cycle: glitches do not happen. Flip-flops start at 0 and take a new
/// value every cycle; their clock pins are not looked at. Input ports that `inputs` lacks stay 0. Throws a
/// sentence for ports that the netlist has not, combinational loops, cells without function and flip-flops
/// with clear or preset.
GateActivity simulate_gates(const GateNetlist& netlist, const PortValues& inputs);

/// Energies of a simulation, all of it together. Wires have no capacitance: there is no placement.
struct GateEnergy {
  double inside_cells_fj = 0;  ///< combinational cells: internal_power of their outputs' transitions
  double loads_fj = 0;         ///< 1/2 C V^2 of the pins that cell outputs drive
  double input_loads_fj = 0;   ///< 1/2 C V^2 of the pins that input ports drive
  double flip_flops_fj = 0;    ///< clock and changes of value
  double leakage_nw = 0;       ///< a power
  int64_t gate_toggles = 0;    ///< of outputs of combinational cells
  double total_fj() const { return inside_cells_fj + loads_fj + input_loads_fj + flip_flops_fj; }
};

/// Throws for flip-flops whose energy the library does not give.
GateEnergy gate_energy(const GateNetlist& netlist, const GateActivity& activity, double voltage_v);

}  // namespace fixynn
