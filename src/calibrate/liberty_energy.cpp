// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>

#include "calibrate/liberty.h"
#include "core/error.h"
#include "core/text.h"

// Rails. ASAP7 gives every power table twice, for VDD and for VSS, and each holds half of the charge times
// the voltage, so an event costs the sum of both. The library itself shows it: the charges that enter a cell
// through supply, ground, input and output add up to zero, so for an inverter whose output falls
// (E_VSS - E_VDD) / share must be C_in V^2. INVx1 has 0.126 + 0.023 fJ, 0.49 V^2 and C_in = 0.62 fF: the
// share is 0.49. The same holds for its other edge (0.49), for the clock pin of a flip-flop (0.45) and for
// its data input (0.41..0.45; their capacitance depends on the state).

namespace fixynn {
namespace {

double middle(const EnergyCurve& curve) {
  return curve.energy_fj[curve.energy_fj.size() / 2];
}

/// The sum over rails of the mean over `select`ed groups; absent where none is selected.
template <typename Select, typename Energy>
std::optional<double> rail_sum(const LibertyPin& pin, const Select& select, const Energy& energy) {
  std::map<std::string, std::pair<double, int>> rails;
  for (const LibertyPower& power : pin.power) {
    const std::optional<double> value = select(power) ? energy(power) : std::nullopt;
    if (!value) continue;
    auto& [sum, count] = rails[power.rail];
    sum += *value;
    ++count;
  }
  if (rails.empty()) return std::nullopt;
  double total = 0;
  for (const auto& [rail, mean] : rails) total += mean.first / mean.second;
  return total;
}

std::optional<double> rise_energy(const LibertyPower& power) {
  return power.rise.energy_fj.empty() ? std::nullopt : std::optional(middle(power.rise));
}
std::optional<double> fall_energy(const LibertyPower& power) {
  return power.fall.energy_fj.empty() ? std::nullopt : std::optional(middle(power.fall));
}

/// The states of a flip-flop with one data input, for the `when` conditions of its power tables.
class FlipFlopStates {
 public:
  FlipFlopStates(const LibertyCell& cell, const std::string& data) : cell_(cell), data_(data) {}

  /// True when `when` holds in a state that the next clock edge changes (`change`) or keeps, at this level of
  /// the clock where one is given. A condition that cannot be told holds everywhere.
  bool holds(const std::string& when, bool change, std::optional<bool> clock) const {
    if (when.empty()) return true;
    const BooleanFunction condition(when, cell_.name);
    const BooleanFunction next(cell_.next_state, cell_.name);
    for (const bool data : {false, true}) {
      for (const bool state : {false, true}) {
        const bool next_state = value(next, data, state, clock.value_or(false));
        if ((next_state != state) != change) continue;
        for (const bool level : {false, true}) {
          if (clock.value_or(level) == level && value(condition, data, state, level)) return true;
        }
      }
    }
    return false;
  }

 private:
  bool value(const BooleanFunction& function, bool data, bool state, bool clock) const {
    std::vector<uint64_t> values;
    for (const std::string& name : function.variables()) values.push_back(variable(name, data, state, clock));
    return (function.evaluate(values) & 1) != 0;
  }

  uint64_t variable(const std::string& name, bool data, bool state, bool clock) const {
    if (name == data_) return data;
    if (name == cell_.state) return state;
    if (name == cell_.inverted_state) return !state;
    const LibertyPin* pin = cell_.find_pin(name);
    if (pin != nullptr && pin->is_output &&
        (pin->function == cell_.state || pin->function == cell_.inverted_state)) {
      return (pin->function == cell_.state) == state;
    }
    return clock;
  }

  const LibertyCell& cell_;
  const std::string& data_;
};

}  // namespace

double EnergyCurve::at(double load) const {
  if (load_ff.empty()) return energy_fj.front();
  if (load <= load_ff.front()) return energy_fj.front();
  if (load >= load_ff.back()) return energy_fj.back();
  const size_t i =
      static_cast<size_t>(std::upper_bound(load_ff.begin(), load_ff.end(), load) - load_ff.begin());
  const double t = (load - load_ff[i - 1]) / (load_ff[i] - load_ff[i - 1]);
  return energy_fj[i - 1] + t * (energy_fj[i] - energy_fj[i - 1]);
}

std::optional<double> LibertyPin::transition_energy_fj(double load_ff) const {
  return rail_sum(
      *this, [](const LibertyPower&) { return true; },
      [load_ff](const LibertyPower& entry) -> std::optional<double> {
        if (entry.rise.energy_fj.empty() && entry.fall.energy_fj.empty()) return std::nullopt;
        if (entry.rise.energy_fj.empty()) return entry.fall.at(load_ff);
        if (entry.fall.energy_fj.empty()) return entry.rise.at(load_ff);
        return (entry.rise.at(load_ff) + entry.fall.at(load_ff)) / 2;
      });
}

const LibertyPin* LibertyCell::find_pin(const std::string& pin) const {
  const auto found =
      std::find_if(pins.begin(), pins.end(), [&](const LibertyPin& p) { return p.name == pin; });
  return found == pins.end() ? nullptr : &*found;
}

uint64_t truth_table(const LibertyPin& output, std::span<const std::string> inputs) {
  if (output.function.empty()) fail("the output pin {} has no function", printable(output.name));
  return BooleanFunction(output.function, output.name).truth_table(inputs);
}

std::optional<FlipFlopEnergy> flip_flop_energy(const LibertyCell& cell, double voltage_v) {
  if (!cell.is_flip_flop) return std::nullopt;
  const BooleanFunction next(cell.next_state, cell.name);
  const BooleanFunction edge(cell.clocked_on, cell.name);
  if (next.variables().size() != 1 || edge.variables().size() != 1) return std::nullopt;
  const std::string data_name = next.variables().front();
  const LibertyPin* clock = cell.find_pin(edge.variables().front());
  const LibertyPin* data = cell.find_pin(data_name);
  const auto output =
      std::find_if(cell.pins.begin(), cell.pins.end(), [](const auto& p) { return p.is_output; });
  if (clock == nullptr || data == nullptr || output == cell.pins.end()) return std::nullopt;

  const FlipFlopStates states(cell, data_name);
  const auto keeps = [&](const LibertyPower& p) { return states.holds(p.when, false, std::nullopt); };
  const auto changes = [&](const LibertyPower& p) { return states.holds(p.when, true, std::nullopt); };
  const auto rise = rail_sum(*clock, keeps, rise_energy), fall = rail_sum(*clock, keeps, fall_energy);
  const std::optional<double> arc = output->transition_energy_fj(0);
  if (!rise || !fall || !arc) return std::nullopt;
  FlipFlopEnergy energy;
  energy.clock_fj = *rise + *fall + clock->capacitance_ff * voltage_v * voltage_v;

  // The output's tables hold the clock edge too where the clock pin's table for that edge is empty. The data
  // may change while the clock is high (the master latch follows at the falling edge, which then costs more)
  // or low (the data pin pays for it): the mean of both.
  const bool rising = edge.evaluate(std::vector<uint64_t>{1}) & 1;
  const auto& active = rising ? rise_energy : fall_energy;
  const auto& passive = rising ? fall_energy : rise_energy;
  const double kept_active = rising ? *rise : *fall, kept_passive = rising ? *fall : *rise;
  const double counted = rail_sum(*clock, changes, active).value_or(0);
  const double late = rail_sum(*clock, changes, passive).value_or(kept_passive) - kept_passive;
  double data_sum = late;
  for (const bool level : {false, true}) {
    const auto at_level = [&](const LibertyPower& p) {
      return states.holds(p.when, false, level) || states.holds(p.when, true, level);
    };
    const double one = (rail_sum(*data, at_level, rise_energy).value_or(0) +
                        rail_sum(*data, at_level, fall_energy).value_or(0)) /
                       2;
    data_sum += one;
  }
  energy.toggle_fj = *arc + counted - kept_active + data_sum / 2;
  return energy;
}

}  // namespace fixynn
