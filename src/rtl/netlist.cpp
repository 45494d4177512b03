// SPDX-License-Identifier: Apache-2.0
#include "rtl/netlist.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <stdexcept>

namespace fixynn {
namespace {

constexpr std::array kKeywords = {"always",  "and",       "assign",  "begin",   "buf",     "case",  "default",
                                  "else",    "end",       "for",     "if",      "initial", "inout", "input",
                                  "integer", "module",    "nand",    "negedge", "nor",     "not",   "or",
                                  "output",  "parameter", "posedge", "reg",     "signed",  "table", "task",
                                  "time",    "tri",       "wire",    "xnor",    "xor"};

[[noreturn]] void fault(const RtlModule& module, const std::string& text) {
  throw std::logic_error("module " + module.name + ": " + text);
}

void check_name(const RtlModule& module, const std::string& name) {
  const bool fits =
      !name.empty() && (std::isalpha(static_cast<unsigned char>(name[0])) || name[0] == '_') &&
      std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) || c == '_'; });
  if (!fits || std::find(kKeywords.begin(), kKeywords.end(), name) != kKeywords.end()) {
    fault(module, "'" + name + "' is no name");
  }
}

class Checker {
 public:
  explicit Checker(const RtlModule& module) : module_(module), drivers_(module.nets.size()) {
    for (size_t net = 0; net < module.nets.size(); ++net) {
      drivers_[net].assign(static_cast<size_t>(std::max(0, module.nets[net].width)), 0);
    }
  }

  void run() {
    check_names();
    for (const RtlPort& port : module_.ports) {
      if (port.direction == PortDirection::kInput) drive(port.net);
    }
    for (const auto& statement : module_.statements) {
      std::visit([this](const auto& s) { check(s); }, statement);
    }
    for (size_t net = 0; net < drivers_.size(); ++net) {
      for (const int drivers : drivers_[net]) {
        if (drivers != 1) fault(module_, fmt::format("{} has {} drivers", module_.nets[net].name, drivers));
      }
    }
  }

 private:
  void check_names() const {
    check_name(module_, module_.name);
    std::set<std::string> names;
    for (const RtlNet& net : module_.nets) {
      check_name(module_, net.name);
      if (net.width < 1) fault(module_, net.name + " has no bits");
      if (!names.insert(net.name).second) fault(module_, net.name + " is there twice");
    }
  }

  void drive(int net) { drive_bits(net, 0, module_.nets.at(static_cast<size_t>(net)).width); }

  void drive_bits(int net, int low, int width) {
    std::vector<int>& bits = drivers_.at(static_cast<size_t>(net));
    for (int bit = low; bit < low + width; ++bit) ++bits.at(static_cast<size_t>(bit));
  }

  void check_bits(const Bits& bits) const {
    for (const BitPiece& piece : bits) {
      if (piece.width < 1 || piece.repeat < 1) fault(module_, "a piece without bits");
      if (piece.net == BitPiece::kZeros) continue;
      const RtlNet& net = module_.nets.at(static_cast<size_t>(piece.net));
      if (piece.low < 0 || piece.low + piece.width > net.width) fault(module_, "bits outside of " + net.name);
    }
  }

  void check_width(int net, int width) const {
    const RtlNet& result = module_.nets.at(static_cast<size_t>(net));
    if (result.width != width) {
      fault(module_, fmt::format("{} has {} bits and is given {}", result.name, result.width, width));
    }
  }

  void check(const RtlAssign& assign) {
    check_bits(assign.value);
    if (assign.low >= 0) {
      const int width = bits_width(assign.value);
      check_bits({{assign.result, assign.low, width, 1}});
      drive_bits(assign.result, assign.low, width);
      return;
    }
    check_width(assign.result, bits_width(assign.value));
    drive(assign.result);
  }

  void check(const RtlSum& sum) {
    check_bits(sum.a);
    check_bits(sum.b);
    check_bits(sum.low);
    if (bits_width(sum.a) != bits_width(sum.b)) fault(module_, "a sum of different widths");
    check_width(sum.result, bits_width(sum.a) + bits_width(sum.low));
    drive(sum.result);
  }

  void check(const RtlGate& gate) {
    if (gate.inputs.empty()) fault(module_, "a gate without inputs");
    if (gate.inverted && gate.inputs.size() != 1) fault(module_, "an inverter of several inputs");
    for (const Bits& input : gate.inputs) {
      check_bits(input);
      check_width(gate.result, bits_width(input));
    }
    drive(gate.result);
  }

  void check(const RtlRegister& reg) {
    for (const Bits* bits : {&reg.d, &reg.enable, &reg.reset_n}) check_bits(*bits);
    check_width(reg.q, bits_width(reg.d));
    if (bits_width(reg.enable) > 1 || bits_width(reg.reset_n) > 1)
      fault(module_, "an enable of several bits");
    drive(reg.q);
  }

  void check(const RtlComment&) const {}

  void check(const RtlInstance& instance) {
    check_name(module_, instance.name);
    for (const auto& connection : instance.connections) {
      check_bits(connection.value);
      if (!connection.output) continue;
      const Bits& value = connection.value;
      if (value.size() != 1 || value[0].net == BitPiece::kZeros || value[0].repeat != 1)
        fault(module_, instance.name + "." + connection.port + " drives what is no net");
      drive_bits(value[0].net, value[0].low, value[0].width);
    }
  }

  const RtlModule& module_;
  std::vector<std::vector<int>> drivers_;  ///< of each bit of each net
};

}  // namespace

int bits_width(const Bits& bits) {
  int width = 0;
  for (const BitPiece& piece : bits) width += piece.width * piece.repeat;
  return width;
}

int RtlModule::add_net(const std::string& net_name, int width, const std::string& comment) {
  nets.push_back({net_name, width, comment});
  return static_cast<int>(nets.size()) - 1;
}

int RtlModule::add_port(PortDirection direction, const std::string& net_name, int width,
                        const std::string& comment) {
  const int net = add_net(net_name, width, comment);
  ports.push_back({direction, net});
  return net;
}

Bits RtlModule::whole(int net) const {
  return {{net, 0, nets[static_cast<size_t>(net)].width, 1}};
}

Bits RtlModule::extended(int net, bool is_signed, int width) const {
  return value_bits(*this, net, is_signed, 0, width);
}

Bits value_bits(const RtlModule& module, int net, bool is_signed, int low, int width) {
  const int have = module.nets[static_cast<size_t>(net)].width;
  const int taken = std::clamp(have - low, 0, width);
  Bits bits;
  if (width > taken) {
    if (is_signed)
      bits.push_back({net, have - 1, 1, width - taken});
    else
      bits.push_back({BitPiece::kZeros, 0, width - taken, 1});
  }
  if (taken > 0) bits.push_back({net, low, taken, 1});
  return bits;
}

void check_module(const RtlModule& module) {
  Checker(module).run();
}

}  // namespace fixynn
