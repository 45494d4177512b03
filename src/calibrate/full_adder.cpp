// SPDX-License-Identifier: Apache-2.0
#include "calibrate/full_adder.h"

#include <fmt/format.h>

#include <vector>

#include "core/error.h"

namespace fixynn {
namespace {

constexpr uint64_t kAllRows = 0xff;
constexpr uint64_t kMajority = 0xe8;
constexpr uint64_t kParity = 0x96;

std::optional<FullAdderCell> as_full_adder(const LibertyCell& cell) {
  std::vector<std::string> inputs;
  std::vector<const LibertyPin*> outputs;
  for (const LibertyPin& pin : cell.pins) {
    if (pin.is_output)
      outputs.push_back(&pin);
    else
      inputs.push_back(pin.name);
  }
  if (cell.is_flip_flop || inputs.size() != 3 || outputs.size() != 2) return std::nullopt;
  FullAdderCell found;
  found.name = cell.name;
  found.inputs = {inputs[0], inputs[1], inputs[2]};
  found.area_um2 = cell.area_um2;
  for (const LibertyPin* pin : outputs) {
    if (pin->function.empty()) return std::nullopt;
    uint64_t table = 0;
    try {
      table = BooleanFunction(pin->function, cell.name).truth_table(inputs) & kAllRows;
    } catch (const Error&) {
      return std::nullopt;  // a function of other variables: no full adder
    }
    if (table == kMajority || table == (kMajority ^ kAllRows)) {
      found.carry = pin->name;
      found.carry_inverted = table != kMajority;
    } else if (table == kParity || table == (kParity ^ kAllRows)) {
      found.sum = pin->name;
      found.sum_inverted = table != kParity;
    }
  }
  if (found.carry.empty() || found.sum.empty()) return std::nullopt;
  return found;
}

constexpr const char* kTechmap = R"((* techmap_celltype = "$add $sub" *)
module fixynn_full_adders (A, B, Y);
  parameter A_SIGNED = 0;
  parameter B_SIGNED = 0;
  parameter A_WIDTH = 1;
  parameter B_WIDTH = 1;
  parameter Y_WIDTH = 1;
  parameter _TECHMAP_CELLTYPE_ = "";
  parameter [A_WIDTH-1:0] _TECHMAP_CONSTMSK_A_ = 0;
  parameter [B_WIDTH-1:0] _TECHMAP_CONSTMSK_B_ = 0;
  input [A_WIDTH-1:0] A;
  input [B_WIDTH-1:0] B;
  output [Y_WIDTH-1:0] Y;
  localparam [0:0] SUBTRACT = _TECHMAP_CELLTYPE_ == "$sub";
  wire [Y_WIDTH-1:0] a, b;
  \$pos #(.A_SIGNED(A_SIGNED), .A_WIDTH(A_WIDTH), .Y_WIDTH(Y_WIDTH)) extend_a (.A(A), .Y(a));
  \$pos #(.A_SIGNED(B_SIGNED), .A_WIDTH(B_WIDTH), .Y_WIDTH(Y_WIDTH)) extend_b (.A(B), .Y(b));
  wire [Y_WIDTH:0] carry;
  assign carry[0] = SUBTRACT;
  genvar i;
  generate
    for (i = 0; i < Y_WIDTH; i = i + 1) begin : bits
      localparam [0:0] INVERTED = @CARRY_INVERTED@ && i % 2 == 1;
      localparam A_CONSTANT = i < A_WIDTH ? _TECHMAP_CONSTMSK_A_[i < A_WIDTH ? i : 0] : !A_SIGNED;
      localparam B_CONSTANT = i < B_WIDTH ? _TECHMAP_CONSTMSK_B_[i < B_WIDTH ? i : 0] : !B_SIGNED;
      if (i == 0 || A_CONSTANT || B_CONSTANT) begin
        wire ai = a[i], bi = b[i] ^ SUBTRACT, ci = carry[i] ^ INVERTED;
        assign Y[i] = ai ^ bi ^ ci;
        assign carry[i+1] = ((ai & bi) | (ai & ci) | (bi & ci)) ^ (@CARRY_INVERTED@ && !INVERTED);
      end else begin
        wire sum;
        @CELL@ cell (.@IN0@(a[i] ^ INVERTED), .@IN1@(b[i] ^ SUBTRACT ^ INVERTED), .@IN2@(carry[i]),
                     .@CARRY@(carry[i+1]), .@SUM@(sum));
        assign Y[i] = sum ^ @SUM_INVERTED@ ^ INVERTED;
      end
    end
  endgenerate
endmodule
)";

}  // namespace

std::optional<FullAdderCell> find_full_adder(const LibertyLibrary& library) {
  std::optional<FullAdderCell> best;
  for (const auto& [name, cell] : library.cells) {
    const auto found = as_full_adder(cell);
    if (found && (!best || found->area_um2 < best->area_um2)) best = found;
  }
  return best;
}

std::string full_adder_techmap(const FullAdderCell& cell) {
  std::string text = kTechmap;
  const auto replace = [&text](const std::string& from, const std::string& to) {
    for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
      text.replace(at, from.size(), to);
    }
  };
  replace("@CELL@", "\\" + cell.name + " ");
  replace("@CARRY_INVERTED@", cell.carry_inverted ? "1'b1" : "1'b0");
  replace("@SUM_INVERTED@", cell.sum_inverted ? "1'b1" : "1'b0");
  for (size_t i = 0; i < 3; ++i) replace(fmt::format("@IN{}@", i), cell.inputs[i]);
  replace("@CARRY@", cell.carry);
  replace("@SUM@", cell.sum);
  return text;
}

}  // namespace fixynn
