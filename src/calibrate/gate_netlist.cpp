// SPDX-License-Identifier: Apache-2.0
#include "calibrate/gate_netlist.h"

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/text.h"

namespace fixynn {
namespace {

using Json = nlohmann::json;

/// Numbers Yosys' nets from 2 upwards without gaps.
class NetNumbers {
 public:
  explicit NetNumbers(const std::string& what) : what_(what) {}

  int number(const Json& bit) {
    if (bit.is_string()) {
      const std::string text = bit.get<std::string>();
      if (text == "0" || text == "x" || text == "z") return 0;
      if (text == "1") return 1;
    }
    if (!bit.is_number_unsigned()) fail("{}: \"{}\" is no net of a netlist", what_, printable(bit.dump()));
    return numbers_.emplace(bit.get<uint64_t>(), static_cast<int>(numbers_.size()) + 2).first->second;
  }
  int count() const { return static_cast<int>(numbers_.size()) + 2; }

 private:
  const std::string& what_;
  std::map<uint64_t, int> numbers_;
};

GateNetlist::Cell read_cell(const std::string& name, const Json& entry, const LibertyLibrary& library,
                            NetNumbers& numbers, const std::string& what) {
  GateNetlist::Cell cell;
  cell.name = name;
  const std::string type = entry.at("type").get<std::string>();
  const auto found = library.cells.find(type);
  if (found == library.cells.end()) {
    fail("{}: the cell {} is a {}, which the library {} has not; map the design to the library first", what,
         printable(name), printable(type), printable(library.name));
  }
  cell.type = &found->second;
  cell.nets.assign(cell.type->pins.size(), GateNetlist::kOpen);
  for (const auto& [pin_name, bits] : entry.at("connections").items()) {
    const LibertyPin* pin = cell.type->find_pin(pin_name);
    if (pin == nullptr || !bits.is_array() || bits.size() > 1) {
      fail("{}: the cell {} has no pin {} of one bit in the library", what, printable(name),
           printable(pin_name));
    }
    if (!bits.empty()) cell.nets[static_cast<size_t>(pin - cell.type->pins.data())] = numbers.number(bits[0]);
  }
  return cell;
}

}  // namespace

double GateNetlist::area_um2() const {
  double area = 0;
  for (const Cell& cell : cells) area += cell.type->area_um2;
  return area;
}

double GateNetlist::leakage_nw() const {
  double power = 0;
  for (const Cell& cell : cells) power += cell.type->leakage_nw.value_or(0);
  return power;
}

GateNetlist read_gate_netlist(const std::string& json, const std::string& module,
                              const LibertyLibrary& library, const std::string& what) {
  try {
    const Json document = Json::parse(json);
    const Json& modules = document.at("modules");
    if (!modules.contains(module)) fail("{}: there is no module {} in the netlist", what, printable(module));
    const Json& entry = modules.at(module);
    GateNetlist netlist;
    netlist.name = module;
    NetNumbers numbers(what);
    for (const auto& [name, port] : entry.at("ports").items()) {
      GateNetlist::Port& added = netlist.ports.emplace_back();
      added.name = name;
      added.is_input = port.at("direction").get<std::string>() == "input";
      for (const Json& bit : port.at("bits")) added.nets.push_back(numbers.number(bit));
    }
    for (const auto& [name, cell] : entry.at("cells").items()) {
      netlist.cells.push_back(read_cell(name, cell, library, numbers, what));
    }
    netlist.nets = numbers.count();
    return netlist;
  } catch (const Json::exception& error) {
    fail("{}: the netlist is no JSON as Yosys writes it: {}", what, printable(error.what(), 120));
  }
}

GateEnergy gate_energy(const GateNetlist& netlist, const GateActivity& activity, double voltage_v) {
  const size_t nets = static_cast<size_t>(netlist.nets);
  std::vector<double> load_ff(nets, 0);
  std::vector<bool> from_cell(nets, false);
  for (const GateNetlist::Cell& cell : netlist.cells) {
    for (size_t p = 0; p < cell.nets.size(); ++p) {
      if (cell.nets[p] == GateNetlist::kOpen) continue;
      const size_t net = static_cast<size_t>(cell.nets[p]);
      if (cell.type->pins[p].is_output) from_cell[net] = true;
      // The clock pin's charge is part of a flip-flop's clock energy.
      const bool clock = cell.type->is_flip_flop && cell.type->pins[p].is_clock;
      if (!clock) load_ff[net] += cell.type->pins[p].capacitance_ff;
    }
  }
  GateEnergy energy;
  for (size_t net = 2; net < nets; ++net) {
    const double charge_fj = 0.5 * load_ff[net] * voltage_v * voltage_v;
    (from_cell[net] ? energy.loads_fj : energy.input_loads_fj) +=
        static_cast<double>(activity.toggles[net]) * charge_fj;
  }
  for (const GateNetlist::Cell& cell : netlist.cells) {
    std::optional<FlipFlopEnergy> flip_flop;
    if (cell.type->is_flip_flop) {
      flip_flop = flip_flop_energy(*cell.type, voltage_v);
      if (!flip_flop) {
        fail("the library has no energies that can be read of the flip-flop {}", printable(cell.type->name));
      }
      energy.flip_flops_fj += static_cast<double>(activity.cycles) * flip_flop->clock_fj;
    }
    for (size_t p = 0; p < cell.nets.size(); ++p) {
      const LibertyPin& pin = cell.type->pins[p];
      if (!pin.is_output || cell.nets[p] == GateNetlist::kOpen) continue;
      const size_t net = static_cast<size_t>(cell.nets[p]);
      const double toggles = static_cast<double>(activity.toggles[net]);
      if (flip_flop) {
        energy.flip_flops_fj += toggles * flip_flop->toggle_fj;
      } else {
        energy.inside_cells_fj += toggles * pin.transition_energy_fj(load_ff[net]).value_or(0);
        energy.gate_toggles += activity.toggles[net];
      }
    }
  }
  energy.leakage_nw = netlist.leakage_nw();
  return energy;
}

}  // namespace fixynn
