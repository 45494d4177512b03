// SPDX-License-Identifier: Apache-2.0
#include "rtl/netlist.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace fixynn {
namespace {

RtlModule small_module() {
  RtlModule module;
  module.name = "small";
  module.header = {"a + 4 b, held"};
  module.add_port(PortDirection::kInput, "clk", 1);
  const int enable = module.add_port(PortDirection::kInput, "enable", 2);
  const int a = module.add_port(PortDirection::kInput, "a", 4);
  const int b = module.add_port(PortDirection::kInput, "b", 3);
  const int sum = module.add_net("sum", 6), held = module.add_net("held", 6);
  const int y = module.add_port(PortDirection::kOutput, "y", 6);
  module.statements.emplace_back(RtlSum{
      sum, value_bits(module, a, true, 2, 4), value_bits(module, b, false, 0, 4), {{a, 0, 2, 1}}, true});
  module.statements.emplace_back(RtlRegister{held, module.whole(sum), {{enable, 1, 1, 1}}, {}});
  module.statements.emplace_back(RtlAssign{y, module.whole(held)});
  return module;
}

TEST(Netlist, PrintsPlainVerilog) {
  EXPECT_EQ(print_module(small_module()),
            "// a + 4 b, held\n"
            "module small (\n"
            "  input wire clk,\n"
            "  input wire [1:0] enable,\n"
            "  input wire [3:0] a,\n"
            "  input wire [2:0] b,\n"
            "  output wire [5:0] y\n"
            ");\n"
            "  wire [5:0] sum;\n"
            "  reg [5:0] held;\n"
            "  assign sum = {{{2{a[3]}}, a[3:2]} - {1'b0, b}, a[1:0]};\n"
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

}  // namespace
}  // namespace fixynn
