// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "rtl/netlist.h"

namespace fixynn {
namespace {

constexpr std::string_view kLintOff = "  /* verilator lint_off UNUSEDSIGNAL */";
constexpr std::string_view kLintOn = "  /* verilator lint_on UNUSEDSIGNAL */\n";

std::string range(int width) {
  return width == 1 ? "" : fmt::format("[{}:0] ", width - 1);
}

/// Calls visit(bits) for every value that the statement reads.
template <typename Visit>
void visit_reads(const RtlAssign& assign, Visit visit) {
  visit(assign.value);
}
template <typename Visit>
void visit_reads(const RtlSum& sum, Visit visit) {
  for (const Bits* bits : {&sum.a, &sum.b, &sum.low}) visit(*bits);
}
template <typename Visit>
void visit_reads(const RtlGate& gate, Visit visit) {
  for (const Bits& bits : gate.inputs) visit(bits);
}
template <typename Visit>
void visit_reads(const RtlRegister& reg, Visit visit) {
  for (const Bits* bits : {&reg.d, &reg.enable, &reg.reset_n}) visit(*bits);
}
template <typename Visit>
void visit_reads(const RtlInstance& instance, Visit visit) {
  for (const auto& connection : instance.connections) {
    if (!connection.output) visit(connection.value);
  }
}
template <typename Visit>
void visit_reads(const RtlComment&, Visit) {}

/// The net that a statement drives, or none.
int driven_net(
    const std::variant<RtlAssign, RtlSum, RtlGate, RtlRegister, RtlInstance, RtlComment>& statement) {
  if (const auto* assign = std::get_if<RtlAssign>(&statement)) return assign->low < 0 ? assign->result : -1;
  if (const auto* sum = std::get_if<RtlSum>(&statement)) return sum->result;
  if (const auto* gate = std::get_if<RtlGate>(&statement)) return gate->result;
  if (const auto* reg = std::get_if<RtlRegister>(&statement)) return reg->q;
  return -1;
}

/// What the text of a module needs to know of its nets.
struct NetUse {
  bool port = false, reg = false;
  bool driven_here = false;     ///< by a statement that is no instance
  size_t driver = 0;            ///< that statement
  size_t first_use = SIZE_MAX;  ///< first statement that names it, without its driver
};

std::vector<NetUse> net_uses(const RtlModule& module) {
  std::vector<NetUse> uses(module.nets.size());
  for (const RtlPort& port : module.ports) uses[static_cast<size_t>(port.net)].port = true;
  for (size_t i = 0; i < module.statements.size(); ++i) {
    const int driven = driven_net(module.statements[i]);
    if (driven >= 0) {
      NetUse& use = uses[static_cast<size_t>(driven)];
      use.driven_here = true;
      use.driver = i;
      use.reg = std::holds_alternative<RtlRegister>(module.statements[i]);
    }
    std::visit(
        [&](const auto& statement) {
          visit_reads(statement, [&](const Bits& bits) {
            for (const BitPiece& piece : bits) {
              if (piece.net == BitPiece::kZeros) continue;
              NetUse& use = uses[static_cast<size_t>(piece.net)];
              use.first_use = std::min(use.first_use, i);
            }
          });
        },
        module.statements[i]);
  }
  return uses;
}

class Printer {
 public:
  explicit Printer(const RtlModule& module) : module_(module), uses_(net_uses(module)) {
    const std::vector<std::vector<bool>> read = read_bits(module);
    for (const std::vector<bool>& bits : read) {
      unread_.push_back(std::find(bits.begin(), bits.end(), false) != bits.end());
    }
    for (const RtlPort& port : module.ports) {
      if (port.direction == PortDirection::kOutput) unread_[static_cast<size_t>(port.net)] = false;
    }
  }

  std::string run() {
    for (const std::string& line : module_.header) text_ += line.empty() ? "//\n" : "// " + line + "\n";
    print_ports();
    print_nets();
    for (size_t i = 0; i < module_.statements.size(); ++i) {
      std::visit([&](const auto& s) { i = print(s, i); }, module_.statements[i]);
    }
    return text_ + "endmodule\n";
  }

 private:
  const RtlNet& net(int number) const { return module_.nets[static_cast<size_t>(number)]; }
  const std::string& name(int number) const { return net(number).name; }

  std::string piece_text(const BitPiece& piece) const {
    if (piece.net == BitPiece::kZeros) return fmt::format("{}'b0", piece.width * piece.repeat);
    std::string slice = name(piece.net);
    if (piece.width != net(piece.net).width) {
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

  /// Adds a line, broken at spaces where it is too long.
  void line(std::string_view text) {
    const size_t indent = text.find_first_not_of(' ');
    const std::string next_indent(indent + 4, ' ');
    std::string start;
    while (start.size() + text.size() > kVerilogColumns) {
      const size_t skip = start.empty() ? indent + 1 : 0;
      size_t at = text.rfind(' ', kVerilogColumns - start.size());
      if (at == std::string_view::npos || at < skip) at = text.find(' ', skip);
      if (at == std::string_view::npos) break;
      text_ += start;
      text_ += text.substr(0, at);
      text_ += '\n';
      text.remove_prefix(at + 1);
      start = next_indent;
    }
    text_ += start;
    text_ += text;
    text_ += '\n';
  }

  void comment(const std::string& text) {
    if (!text.empty()) line("  // " + text);
  }

  void print_ports() {
    text_ += "module " + module_.name + " (\n";
    for (size_t i = 0; i < module_.ports.size(); ++i) {
      const RtlPort& port = module_.ports[i];
      const bool unread = unread_[static_cast<size_t>(port.net)];
      comment(net(port.net).comment);
      if (unread) text_ += fmt::format("{}  // some bits are not needed\n", kLintOff);
      text_ +=
          fmt::format("  {} wire {}{}{}\n", port.direction == PortDirection::kInput ? "input" : "output",
                      range(net(port.net).width), name(port.net), i + 1 < module_.ports.size() ? "," : "");
      if (unread) text_ += kLintOn;
    }
    text_ += ");\n";
  }

  /// A net is declared where it is assigned if nothing names it before.
  bool declared_by_statement(size_t number) const {
    const NetUse& use = uses_[number];
    return use.driven_here && !use.reg && use.driver < use.first_use;
  }

  void print_nets() {
    std::vector<size_t> read, unread;
    for (size_t i = 0; i < module_.nets.size(); ++i) {
      if (!uses_[i].port && !declared_by_statement(i)) (unread_[i] ? unread : read).push_back(i);
    }
    declare(read);
    if (unread.empty()) return;
    text_ += "  // Not read, or not all of their bits.\n";
    text_ += fmt::format("{}\n", kLintOff);
    declare(unread);
    text_ += kLintOn;
  }

  /// Neighbours of one kind share a declaration.
  void declare(const std::vector<size_t>& nets) {
    std::string text, former;
    for (const size_t i : nets) {
      const RtlNet& one = module_.nets[i];
      const std::string kind = fmt::format("  {} {}", uses_[i].reg ? "reg" : "wire", range(one.width));
      if (kind != former || !one.comment.empty()) {
        if (!text.empty()) line(text + ";");
        comment(one.comment);
        text = kind + one.name;
        former = kind;
      } else {
        text += ", " + one.name;
      }
    }
    if (!text.empty()) line(text + ";");
  }

  void assign(int result, const std::string& value, const std::string& note = {}) {
    const size_t number = static_cast<size_t>(result);
    const bool declared = declared_by_statement(number) && !uses_[number].port;
    if (declared) comment(net(result).comment);
    if (declared && unread_[number]) text_ += fmt::format("{}\n", kLintOff);
    const std::string start = declared ? fmt::format("  wire {}{}", range(net(result).width), name(result))
                                       : "  assign " + name(result);
    const std::string statement = fmt::format("{} = {};", start, value);
    if (!note.empty() && statement.size() + 4 + note.size() <= kVerilogColumns) {
      text_ += fmt::format("{}  // {}\n", statement, note);
    } else {
      comment(note);
      line(statement);
    }
    if (declared && unread_[number]) text_ += kLintOn;
  }

  size_t print(const RtlComment& text, size_t at) {
    text_ += '\n';
    comment(text.text);
    return at;
  }

  size_t print(const RtlAssign& statement, size_t at) {
    if (statement.low >= 0) {
      const BitPiece slice{statement.result, statement.low, bits_width(statement.value), 1};
      line(fmt::format("  assign {} = {};", piece_text(slice), bits_text(statement.value)));
      return at;
    }
    assign(statement.result, bits_text(statement.value));
    return at;
  }

  size_t print(const RtlSum& sum, size_t at) {
    const std::string value =
        fmt::format("{} {} {}", bits_text(sum.a), sum.subtract ? '-' : '+', bits_text(sum.b));
    assign(sum.result, sum.low.empty() ? value : fmt::format("{{{}, {}}}", value, bits_text(sum.low)),
           sum.comment);
    return at;
  }

  size_t print(const RtlGate& gate, size_t at) {
    std::string value = gate.inverted ? "~" : "";
    for (const Bits& input : gate.inputs) {
      if (&input != &gate.inputs.front()) value += gate.any ? " | " : " & ";
      value += bits_text(input);
    }
    assign(gate.result, value);
    return at;
  }

  /// One always block for neighbours with the same enable and reset.
  size_t print(const RtlRegister& first, size_t at) {
    const std::string enable = bits_text(first.enable), reset = bits_text(first.reset_n);
    std::vector<std::string> loads, clears;
    for (; at < module_.statements.size(); ++at) {
      const auto* reg = std::get_if<RtlRegister>(&module_.statements[at]);
      if (reg == nullptr || bits_text(reg->enable) != enable || bits_text(reg->reset_n) != reset) break;
      loads.push_back(fmt::format("      {} <= {};", name(reg->q), bits_text(reg->d)));
      clears.push_back(fmt::format("      {} <= {}'b0;", name(reg->q), net(reg->q).width));
    }
    text_ += "  always @(posedge clk) begin\n    ";
    if (!first.reset_n.empty()) {
      text_ += "if (!" + reset + ") begin\n";
      for (const std::string& clear : clears) line(clear);
      text_ += "    end else ";
    }
    if (!first.enable.empty()) text_ += "if (" + enable + ") ";
    text_ += "begin\n";
    for (const std::string& load : loads) line(load);
    text_ += "    end\n  end\n";
    return at - 1;
  }

  size_t print(const RtlInstance& instance, size_t at) {
    std::string start = "  " + instance.module + " ";
    for (size_t i = 0; i < instance.parameters.size(); ++i) {
      const auto& [parameter, value] = instance.parameters[i];
      // Words such as a hash; those of more than 31 bits are no plain decimals in Verilog.
      const std::string number = value >> 24 > 0 ? fmt::format("32'h{:08x}", value) : std::to_string(value);
      start += fmt::format("{}.{}({})", i == 0 ? "#(" : ", ", parameter, number);
    }
    if (!instance.parameters.empty()) start += ") ";
    line(start + instance.name + " (");
    for (size_t i = 0; i < instance.connections.size(); ++i) {
      const auto& connection = instance.connections[i];
      line(fmt::format("    .{}({}){}", connection.port, bits_text(connection.value),
                       i + 1 < instance.connections.size() ? "," : ""));
    }
    text_ += "  );\n";
    return at;
  }

  const RtlModule& module_;
  std::vector<NetUse> uses_;
  std::vector<bool> unread_;  ///< of each net: some bits are not read
  std::string text_;
};

}  // namespace

std::vector<std::vector<bool>> read_bits(const RtlModule& module) {
  std::vector<std::vector<bool>> read;
  for (const RtlNet& net : module.nets) read.emplace_back(static_cast<size_t>(net.width), false);
  bool clocked = false;
  for (const auto& statement : module.statements) {
    std::visit(
        [&](const auto& s) {
          visit_reads(s, [&](const Bits& bits) {
            for (const BitPiece& piece : bits) {
              if (piece.net == BitPiece::kZeros) continue;
              const auto first = read[static_cast<size_t>(piece.net)].begin() + piece.low;
              std::fill(first, first + piece.width, true);
            }
          });
        },
        statement);
    if (std::holds_alternative<RtlRegister>(statement)) clocked = true;
  }
  for (size_t i = 0; i < module.nets.size() && clocked; ++i) {
    if (module.nets[i].name == "clk") read[i].assign(1, true);
  }
  return read;
}

std::string print_module(const RtlModule& module) {
  check_module(module);
  return Printer(module).run();
}

}  // namespace fixynn
