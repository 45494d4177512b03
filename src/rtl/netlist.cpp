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
  explicit Checker(const RtlModule& module) : module_(module), drivers_(module.nets.size(), 0) {}

  void run() {
    check_names();
    for (const RtlPort& port : module_.ports) {
      if (port.direction == PortDirection::kInput) drive(port.net);
    }
    for (const auto& statement : module_.statements) {
      std::visit([this](const auto& s) { check(s); }, statement);
    }
    for (const int net : instance_nets_) {
      if (drivers_[static_cast<size_t>(net)] == 0) drive(net);
    }
    for (size_t net = 0; net < drivers_.size(); ++net) {
      if (drivers_[net] != 1)
        fault(module_, fmt::format("{} has {} drivers", module_.nets[net].name, drivers_[net]));
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

  void drive(int net) { ++drivers_.at(static_cast<size_t>(net)); }

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

  void check(const RtlRegister& reg) {
    check_bits(reg.d);
    check_width(reg.q, bits_width(reg.d));
    if (bits_width(reg.enable) > 1 || bits_width(reg.reset) > 1) fault(module_, "an enable of several bits");
    drive(reg.q);
  }

  void check(const RtlInstance& instance) {
    check_name(module_, instance.name);
    for (const auto& connection : instance.connections) {
      check_bits(connection.value);
      if (connection.value.size() != 1 || connection.value[0].net == BitPiece::kZeros) continue;
      const BitPiece& piece = connection.value[0];
      if (piece.width == module_.nets[static_cast<size_t>(piece.net)].width)
        instance_nets_.push_back(piece.net);
    }
  }

  const RtlModule& module_;
  std::vector<int> drivers_;
  std::vector<int> instance_nets_;
};

std::string range(int width) {
  return width == 1 ? "" : fmt::format("[{}:0] ", width - 1);
}

class Printer {
 public:
  explicit Printer(const RtlModule& module) : module_(module) {}

  std::string run() {
    for (const std::string& line : module_.header) text_ += "// " + line + "\n";
    print_ports();
    print_nets();
    for (size_t i = 0; i < module_.statements.size(); ++i) {
      std::visit([&](const auto& s) { i = print(s, i); }, module_.statements[i]);
    }
    return text_ + "endmodule\n";
  }

 private:
  const std::string& name(int net) const { return module_.nets[static_cast<size_t>(net)].name; }

  std::string piece_text(const BitPiece& piece) const {
    if (piece.net == BitPiece::kZeros) return fmt::format("{}'b0", piece.width);
    std::string slice = name(piece.net);
    if (piece.width != module_.nets[static_cast<size_t>(piece.net)].width) {
      slice += piece.width == 1 ? fmt::format("[{}]", piece.low)
                                : fmt::format("[{}:{}]", piece.low + piece.width - 1, piece.low);
    }
    return piece.repeat == 1 ? slice : fmt::format("{{{}{{{}}}}}", piece.repeat, slice);
  }

  std::string bits_text(const Bits& bits) const {
    if (bits.size() == 1) return piece_text(bits[0]);
    std::string text = "{";
    for (size_t i = 0; i < bits.size(); ++i) text += (i == 0 ? "" : ", ") + piece_text(bits[i]);
    return text + "}";
  }

  void print_ports() {
    text_ += "module " + module_.name + " (\n";
    for (size_t i = 0; i < module_.ports.size(); ++i) {
      const RtlPort& port = module_.ports[i];
      const RtlNet& net = module_.nets[static_cast<size_t>(port.net)];
      text_ += fmt::format("  {} wire {}{}{}\n", port.direction == PortDirection::kInput ? "input" : "output",
                           range(net.width), net.name, i + 1 < module_.ports.size() ? "," : "");
    }
    text_ += ");\n";
  }

  void print_nets() {
    std::vector<char> is_register(module_.nets.size(), 0), is_port(module_.nets.size(), 0);
    for (const auto& statement : module_.statements) {
      if (const auto* reg = std::get_if<RtlRegister>(&statement))
        is_register[static_cast<size_t>(reg->q)] = 1;
    }
    for (const RtlPort& port : module_.ports) is_port[static_cast<size_t>(port.net)] = 1;
    for (size_t net = 0; net < module_.nets.size(); ++net) {
      if (is_port[net]) continue;
      text_ += fmt::format("  {} {}{};\n", is_register[net] ? "reg" : "wire", range(module_.nets[net].width),
                           module_.nets[net].name);
    }
  }

  size_t print(const RtlAssign& assign, size_t at) {
    text_ += fmt::format("  assign {} = {};\n", name(assign.result), bits_text(assign.value));
    return at;
  }

  size_t print(const RtlSum& sum, size_t at) {
    const std::string value =
        fmt::format("{} {} {}", bits_text(sum.a), sum.subtract ? '-' : '+', bits_text(sum.b));
    text_ += sum.low.empty()
                 ? fmt::format("  assign {} = {};\n", name(sum.result), value)
                 : fmt::format("  assign {} = {{{}, {}}};\n", name(sum.result), value, bits_text(sum.low));
    return at;
  }

  /// One always block for neighbours with the same enable and reset.
  size_t print(const RtlRegister& first, size_t at) {
    const std::string enable = bits_text(first.enable), reset = bits_text(first.reset);
    std::string loads, clears;
    for (; at < module_.statements.size(); ++at) {
      const auto* reg = std::get_if<RtlRegister>(&module_.statements[at]);
      if (reg == nullptr || bits_text(reg->enable) != enable || bits_text(reg->reset) != reset) break;
      loads += fmt::format("      {} <= {};\n", name(reg->q), bits_text(reg->d));
      clears +=
          fmt::format("      {} <= {}'b0;\n", name(reg->q), module_.nets[static_cast<size_t>(reg->q)].width);
    }
    text_ += "  always @(posedge clk) begin\n";
    if (!first.reset.empty())
      text_ += "    if (" + reset + ") begin\n" + clears + "    end else ";
    else
      text_ += "    ";
    if (!first.enable.empty()) text_ += "if (" + enable + ") ";
    text_ += "begin\n" + loads + "    end\n  end\n";
    return at - 1;
  }

  size_t print(const RtlInstance& instance, size_t at) {
    text_ += "  " + instance.module + " ";
    if (!instance.parameters.empty()) {
      text_ += "#(";
      for (size_t i = 0; i < instance.parameters.size(); ++i) {
        const auto& [parameter, value] = instance.parameters[i];
        text_ += fmt::format("{}.{}({})", i == 0 ? "" : ", ", parameter, value);
      }
      text_ += ") ";
    }
    text_ += instance.name + " (\n";
    for (size_t i = 0; i < instance.connections.size(); ++i) {
      const auto& connection = instance.connections[i];
      text_ += fmt::format("    .{}({}){}\n", connection.port, bits_text(connection.value),
                           i + 1 < instance.connections.size() ? "," : "");
    }
    text_ += "  );\n";
    return at;
  }

  const RtlModule& module_;
  std::string text_;
};

}  // namespace

int bits_width(const Bits& bits) {
  int width = 0;
  for (const BitPiece& piece : bits) width += piece.width * piece.repeat;
  return width;
}

int RtlModule::add_net(const std::string& net_name, int width) {
  nets.push_back({net_name, width});
  return static_cast<int>(nets.size()) - 1;
}

int RtlModule::add_port(PortDirection direction, const std::string& net_name, int width) {
  const int net = add_net(net_name, width);
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

std::string print_module(const RtlModule& module) {
  check_module(module);
  return Printer(module).run();
}

}  // namespace fixynn
