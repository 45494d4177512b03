// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

// A module of Verilog as data. Whoever builds one decides every width and name; check_module proves that it
// fits together and print_module writes it down, deciding nothing.

namespace fixynn {

/// `width` bits of a net from bit `low` upwards, written `repeat` times; or `width` zeros where net is
/// kZeros.
struct BitPiece {
  static constexpr int kZeros = -1;
  int net = kZeros;
  int low = 0, width = 1, repeat = 1;
  bool operator==(const BitPiece&) const = default;
};
/// A concatenation, highest bits first as in Verilog.
using Bits = std::vector<BitPiece>;
int bits_width(const Bits& bits);

struct RtlNet {
  std::string name;
  int width = 1;
  std::string comment;  ///< a line before the net's declaration
};

enum class PortDirection { kInput, kOutput };
struct RtlPort {
  PortDirection direction = PortDirection::kInput;
  int net = 0;
};

/// result = value; with `low` >= 0, so many bits of result as value has, from `low` upwards.
struct RtlAssign {
  int result = 0;
  Bits value;
  int low = -1;
};

/// result = {a + b, low} or {a - b, low}: a and b have the width of the sum, which wraps.
struct RtlSum {
  int result = 0;
  Bits a, b, low;
  bool subtract = false;
  std::string comment;  ///< behind the statement
};

/// result = a & b & ... or a | b | ..., all of the same width; of a single input: a, or ~a.
struct RtlGate {
  int result = 0;
  bool any = false;  ///< or
  std::vector<Bits> inputs;
  bool inverted = false;  ///< of a single input
};

/// q <= d at every rising clock edge at which `enable` (a bit; empty: always) is 1; to 0 where `reset_n` (a
/// bit; empty: no reset) is 0.
struct RtlRegister {
  int q = 0;
  Bits d, enable, reset_n;
};

struct RtlInstance {
  struct Connection {
    std::string port;
    Bits value;
    bool output = false;  ///< drives `value`, a net or a slice of one
  };
  std::string module, name;
  std::vector<std::pair<std::string, int64_t>> parameters;
  std::vector<Connection> connections;
};

/// A line between statements.
struct RtlComment {
  std::string text;
};

struct RtlModule {
  std::string name;
  std::vector<std::string> header;  ///< comment lines
  std::vector<RtlNet> nets;
  std::vector<RtlPort> ports;
  std::vector<std::variant<RtlAssign, RtlSum, RtlGate, RtlRegister, RtlInstance, RtlComment>> statements;

  int add_net(const std::string& net_name, int width, const std::string& comment = {});
  int add_port(PortDirection direction, const std::string& net_name, int width,
               const std::string& comment = {});
  Bits whole(int net) const;
  /// The net's value in `width` bits: extended with its sign or with zeros, or cut.
  Bits extended(int net, bool is_signed, int width) const;
};

/// Bits [low, low + width) of a net's value in infinitely many bits of two's complement.
Bits value_bits(const RtlModule& module, int net, bool is_signed, int low, int width);

/// Throws std::logic_error for names that are not unique or no identifiers, for keywords, for slices outside
/// their net, widths that differ and bits with no or two drivers: faults of the builder.
void check_module(const RtlModule& module);

/// Plain Verilog-2005, after check_module, in lines of kVerilogColumns where names allow. Registers use the
/// net named "clk". Nets of which some bits are not read say so to Verilator.
std::string print_module(const RtlModule& module);
constexpr size_t kVerilogColumns = 110;

/// Of each net, which bits statements read.
std::vector<std::vector<bool>> read_bits(const RtlModule& module);

}  // namespace fixynn
