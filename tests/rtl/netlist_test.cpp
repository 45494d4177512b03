// SPDX-License-Identifier: Apache-2.0
#include "rtl/netlist.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>

namespace fixynn {
namespace {

RtlModule small_module() {
  RtlModule module;
  module.name = "small";
  module.header = {"a + 4 b, held"};
  module.add_port(PortDirection::kInput, "clk", 1);
  const int enable = module.add_port(PortDirection::kInput, "enable", 2);
  const int a = module.add_port(PortDirection::kInput, "a", 4, "The operands.");
  const int b = module.add_port(PortDirection::kInput, "b", 3);
  const int sum = module.add_net("sum", 6), held = module.add_net("held", 6);
  const int y = module.add_port(PortDirection::kOutput, "y", 6);
  module.statements.emplace_back(RtlSum{sum,
                                        value_bits(module, a, true, 2, 4),
                                        value_bits(module, b, false, 0, 4),
                                        {{a, 0, 2, 1}},
                                        true,
                                        "a - 4 b"});
  module.statements.emplace_back(RtlRegister{held, module.whole(sum), {{enable, 1, 1, 1}}, {}});
  module.statements.emplace_back(RtlAssign{y, module.whole(held)});
  return module;
}

TEST(Netlist, PrintsPlainVerilog) {
  EXPECT_EQ(print_module(small_module()),
            "// a + 4 b, held\n"
            "module small (\n"
            "  input wire clk,\n"
            "  /* verilator lint_off UNUSEDSIGNAL */  // some bits are not needed\n"
            "  input wire [1:0] enable,\n"
            "  /* verilator lint_on UNUSEDSIGNAL */\n"
            "  // The operands.\n"
            "  input wire [3:0] a,\n"
            "  input wire [2:0] b,\n"
            "  output wire [5:0] y\n"
            ");\n"
            "  reg [5:0] held;\n"
            "  wire [5:0] sum = {{{2{a[3]}}, a[3:2]} - {1'b0, b}, a[1:0]};  // a - 4 b\n"
            "  always @(posedge clk) begin\n"
            "    if (enable[1]) begin\n"
            "      held <= sum;\n"
            "    end\n"
            "  end\n"
            "  assign y = held;\n"
            "endmodule\n");
}

TEST(Netlist, RefusesWidthsThatDiffer) {
  RtlModule module = small_module();
  module.nets[4].width = 7;  // sum
  EXPECT_THROW(print_module(module), std::logic_error);
}

TEST(Netlist, RefusesANetWithTwoDriversOrNone) {
  RtlModule twice = small_module();
  twice.statements.push_back(twice.statements.back());
  EXPECT_THROW(print_module(twice), std::logic_error);
  RtlModule never = small_module();
  never.statements.pop_back();
  EXPECT_THROW(print_module(never), std::logic_error);
}

TEST(Netlist, RefusesNamesThatAreNone) {
  for (const char* name : {"reg", "2x", "a b", "", "clk"}) {
    RtlModule module = small_module();
    module.nets[4].name = name;
    EXPECT_THROW(print_module(module), std::logic_error) << name;
  }
}

TEST(Netlist, RefusesBitsOutsideOfANet) {
  RtlModule module = small_module();
  std::get<RtlSum>(module.statements[0]).low[0].low = 3;
  EXPECT_THROW(print_module(module), std::logic_error);
}

TEST(Netlist, GatesAndInstances) {
  RtlModule module;
  module.name = "user";
  const int a = module.add_port(PortDirection::kInput, "a", 1),
            b = module.add_port(PortDirection::kInput, "b", 1);
  const int y = module.add_port(PortDirection::kOutput, "y", 1);
  const int both = module.add_net("both", 1), other = module.add_net("other", 1),
            unread = module.add_net("unread", 2);
  module.statements.emplace_back(RtlComment{"Both, and something else."});
  module.statements.emplace_back(RtlGate{both, false, {module.whole(a), module.whole(b)}});
  module.statements.emplace_back(RtlInstance{"thing",
                                             "thing0",
                                             {{"WIDE", 4000000000}},
                                             {{"in", module.whole(both), false},
                                              {"out", module.whole(other), true},
                                              {"more", module.whole(unread), true}}});
  module.statements.emplace_back(RtlGate{y, true, {module.whole(other), module.whole(a), module.whole(b)}});
  EXPECT_EQ(print_module(module),
            "module user (\n"
            "  input wire a,\n"
            "  input wire b,\n"
            "  output wire y\n"
            ");\n"
            "  wire other;\n"
            "  // Not read, or not all of their bits.\n"
            "  /* verilator lint_off UNUSEDSIGNAL */\n"
            "  wire [1:0] unread;\n"
            "  /* verilator lint_on UNUSEDSIGNAL */\n"
            "\n"
            "  // Both, and something else.\n"
            "  wire both = a & b;\n"
            "  thing #(.WIDE(32'hee6b2800)) thing0 (\n"
            "    .in(both),\n"
            "    .out(other),\n"
            "    .more(unread)\n"
            "  );\n"
            "  assign y = other | a | b;\n"
            "endmodule\n");
}

TEST(Netlist, SlicesMustCoverTheirNetOnce) {
  for (const int low : {0, 2, 3, 4}) {
    RtlModule module = small_module();
    module.add_port(PortDirection::kOutput, "z", 6);
    module.statements.emplace_back(RtlAssign{7, {{2, 0, 3, 1}}, low});
    module.statements.emplace_back(RtlInstance{"thing", "thing0", {}, {{"out", {{7, 0, 3, 1}}, true}}});
    if (low == 3)
      EXPECT_NE(print_module(module).find("  assign z[5:3] = a[2:0];\n"), std::string::npos);
    else
      EXPECT_THROW(print_module(module), std::logic_error) << low;
  }
}

TEST(Netlist, LongLinesAreBrokenAtSpaces) {
  RtlModule module;
  module.name = "wide";
  Bits all;
  for (int i = 0; i < 40; ++i) {
    all.push_back(
        module.whole(module.add_port(PortDirection::kInput, fmt::format("input_{}", i), 1)).front());
  }
  const int y = module.add_port(PortDirection::kOutput, "y", 40);
  module.statements.emplace_back(RtlAssign{y, all});
  std::istringstream lines(print_module(module));
  size_t longest = 0;
  for (std::string line; std::getline(lines, line);) longest = std::max(longest, line.size());
  EXPECT_LE(longest, kVerilogColumns);
  EXPECT_GT(longest, kVerilogColumns - 12);
}

}  // namespace
}  // namespace fixynn
