// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>

#include "calibrate/gate_netlist.h"
#include "core/error.h"
#include "core/text.h"

namespace fixynn {
namespace {

constexpr int kWordBits = 64;

/// What computes a net: an output of a cell.
struct Driver {
  const GateNetlist::Cell* cell = nullptr;
  bool is_flip_flop = false;
  bool inverted_output = false;               ///< of flip-flops
  const BooleanFunction* function = nullptr;  ///< of the output, or next_state of a flip-flop
  std::vector<int> sources;                   ///< nets of the function's variables
  int net = 0;
  uint64_t state = 0;  ///< of flip-flops: bit 0
};

/// A bit of a word is a clock cycle: combinational cells work on 64 cycles at once, and a flip-flop is a
/// shift by one. Where flip-flops feed back to themselves a word holds a single cycle.
class Simulator {
 public:
  explicit Simulator(const GateNetlist& netlist) : netlist_(netlist) {
    make_drivers();
    if (!sort_drivers(true)) {
      word_cycles_ = 1;
      if (!sort_drivers(false)) fail("the netlist {} has a combinational loop", printable(netlist.name));
    }
  }

  GateActivity run(const PortValues& inputs) {
    const size_t cycles = inputs.empty() ? 0 : inputs.begin()->second.size();
    check_inputs(inputs, cycles);
    const size_t nets = static_cast<size_t>(netlist_.nets);
    values_.assign(nets, 0);
    values_[1] = ~uint64_t{0};
    last_.assign(nets, 0);
    GateActivity activity;
    activity.cycles = static_cast<int64_t>(cycles);
    activity.toggles.assign(nets, 0);
    for (size_t begin = 0; begin < cycles; begin += static_cast<size_t>(word_cycles_)) {
      const int count = static_cast<int>(std::min(static_cast<size_t>(word_cycles_), cycles - begin));
      set_inputs(inputs, begin, count);
      evaluate();
      count_toggles(activity, begin == 0, count);
      get_outputs(activity, count);
    }
    return activity;
  }

 private:
  const BooleanFunction* function_of(const std::string& expression, const std::string& cell) {
    auto entry = functions_.find(expression);
    if (entry == functions_.end())
      entry = functions_.emplace(expression, BooleanFunction(expression, cell)).first;
    return &entry->second;
  }

  int net_of(const GateNetlist::Cell& cell, const std::string& pin) const {
    const LibertyPin* found = cell.type->find_pin(pin);
    if (found == nullptr || found->is_output) {
      fail("the function of the library's cell {} reads {}, which is no input pin",
           printable(cell.type->name), printable(pin));
    }
    // An open input is 0, as an undefined value of the netlist is.
    return std::max(0, cell.nets[static_cast<size_t>(found - cell.type->pins.data())]);
  }

  Driver make_driver(const GateNetlist::Cell& cell, const LibertyPin& pin, int net) {
    Driver driver;
    driver.cell = &cell;
    driver.net = net;
    driver.is_flip_flop = cell.type->is_flip_flop;
    if (driver.is_flip_flop) {
      if (cell.type->has_asynchronous_inputs) {
        fail("the cell {} is a flip-flop with clear or preset, which the simulation does not know",
             printable(cell.name));
      }
      driver.inverted_output = pin.function == cell.type->inverted_state;
      if (!driver.inverted_output && pin.function != cell.type->state) {
        fail("the output {} of the flip-flop {} is not its state", printable(pin.name),
             printable(cell.type->name));
      }
    }
    const std::string& expression = driver.is_flip_flop ? cell.type->next_state : pin.function;
    if (expression.empty()) {
      fail("the library gives no function for the pin {} of {}", printable(pin.name),
           printable(cell.type->name));
    }
    driver.function = function_of(expression, cell.type->name);
    for (const std::string& name : driver.function->variables()) driver.sources.push_back(net_of(cell, name));
    return driver;
  }

  void make_drivers() {
    for (const GateNetlist::Cell& cell : netlist_.cells) {
      for (size_t p = 0; p < cell.nets.size(); ++p) {
        const LibertyPin& pin = cell.type->pins[p];
        if (pin.is_output && cell.nets[p] > 1) drivers_.push_back(make_driver(cell, pin, cell.nets[p]));
      }
    }
  }

  /// Orders the drivers after what they read; flip-flops read nothing unless `through_flip_flops`. False
  /// where there is a loop.
  bool sort_drivers(bool through_flip_flops) {
    std::vector<std::vector<size_t>> readers(static_cast<size_t>(netlist_.nets));
    std::vector<int> driven(static_cast<size_t>(netlist_.nets), 0);
    for (const Driver& driver : drivers_) driven[static_cast<size_t>(driver.net)] = 1;
    std::vector<int> missing(drivers_.size(), 0);
    std::vector<size_t> ready;
    for (size_t d = 0; d < drivers_.size(); ++d) {
      if (!drivers_[d].is_flip_flop || through_flip_flops) {
        for (const int source : drivers_[d].sources) {
          if (driven[static_cast<size_t>(source)] == 0) continue;
          readers[static_cast<size_t>(source)].push_back(d);
          ++missing[d];
        }
      }
      if (missing[d] == 0) ready.push_back(d);
    }
    order_.clear();
    for (size_t next = 0; next < ready.size(); ++next) {
      order_.push_back(ready[next]);
      for (const size_t reader : readers[static_cast<size_t>(drivers_[ready[next]].net)]) {
        if (--missing[reader] == 0) ready.push_back(reader);
      }
    }
    return order_.size() == drivers_.size();
  }

  void check_inputs(const PortValues& inputs, size_t cycles) const {
    for (const auto& [name, values] : inputs) {
      const auto port = std::find_if(netlist_.ports.begin(), netlist_.ports.end(),
                                     [&](const auto& p) { return p.name == name && p.is_input; });
      if (port == netlist_.ports.end()) {
        fail("the netlist {} has no input port {}", printable(netlist_.name), printable(name));
      }
      if (values.size() != cycles) {
        fail("the port {} was given {} values where others have {}", printable(name), values.size(), cycles);
      }
    }
  }

  void set_inputs(const PortValues& inputs, size_t begin, int count) {
    for (const GateNetlist::Port& port : netlist_.ports) {
      const auto entry = inputs.find(port.name);
      if (!port.is_input || entry == inputs.end()) continue;
      for (size_t bit = 0; bit < port.nets.size(); ++bit) {
        uint64_t word = 0;
        for (int t = 0; t < count; ++t) {
          const int64_t value = entry->second[begin + static_cast<size_t>(t)];
          word |= (static_cast<uint64_t>(value >> std::min<size_t>(bit, 63)) & 1) << t;
        }
        values_[static_cast<size_t>(port.nets[bit])] = word;
      }
    }
  }

  uint64_t function_value(const Driver& driver) {
    sources_.clear();
    for (const int source : driver.sources) sources_.push_back(values_[static_cast<size_t>(source)]);
    return driver.function->evaluate(sources_);
  }

  void evaluate() {
    const bool single = word_cycles_ == 1;
    for (const size_t d : order_) {
      Driver& driver = drivers_[d];
      uint64_t value = 0;
      if (!driver.is_flip_flop) {
        value = function_value(driver);
      } else if (single) {
        value = driver.state;
      } else {
        const uint64_t next = function_value(driver);
        value = next << 1 | driver.state;
        driver.state = next >> (kWordBits - 1);
      }
      values_[static_cast<size_t>(driver.net)] = driver.inverted_output ? ~value : value;
    }
    if (!single) return;
    for (Driver& driver : drivers_) {
      if (driver.is_flip_flop) driver.state = function_value(driver) & 1;
    }
  }

  void count_toggles(GateActivity& activity, bool first, int count) {
    const uint64_t mask = count == kWordBits ? ~uint64_t{0} : (uint64_t{1} << count) - 1;
    for (size_t net = 2; net < values_.size(); ++net) {
      const uint64_t word = values_[net];
      uint64_t changes = (word ^ (word << 1 | last_[net])) & mask;
      if (first) changes &= ~uint64_t{1};
      activity.toggles[net] += std::popcount(changes);
      last_[net] = word >> (count - 1) & 1;
    }
  }

  void get_outputs(GateActivity& activity, int count) const {
    for (const GateNetlist::Port& port : netlist_.ports) {
      if (port.is_input) continue;
      std::vector<int64_t>& values = activity.outputs[port.name];
      for (int t = 0; t < count; ++t) {
        uint64_t value = 0;
        for (size_t bit = 0; bit < std::min<size_t>(port.nets.size(), kWordBits); ++bit) {
          value |= (values_[static_cast<size_t>(port.nets[bit])] >> t & 1) << bit;
        }
        values.push_back(static_cast<int64_t>(value));
      }
    }
  }

  const GateNetlist& netlist_;
  std::map<std::string, BooleanFunction> functions_;
  std::vector<Driver> drivers_;
  std::vector<size_t> order_;
  int word_cycles_ = kWordBits;
  std::vector<uint64_t> values_, last_, sources_;
};

}  // namespace

GateActivity simulate_gates(const GateNetlist& netlist, const PortValues& inputs) {
  return Simulator(netlist).run(inputs);
}

}  // namespace fixynn
