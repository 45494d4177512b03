// SPDX-License-Identifier: Apache-2.0
// The handwritten modules are read without a word by Verilator (-Wall), Icarus (-Wall) and Yosys, with
// parameters at the ends of their ranges.
#include <cstdio>

#include "modules_bench.h"

namespace fixynn {
namespace {

struct Variant {
  std::string module;
  std::vector<std::pair<std::string, int64_t>> parameters;
};

std::vector<Variant> variants() {
  std::vector<Variant> all = {
      {"ffe_row_memory", {{"WIDTH", 1}, {"DEPTH", 1}}},
      {"ffe_row_memory", {{"WIDTH", 7}, {"DEPTH", 5}}},
      {"ffe_window", {{"CHANNELS", 3}, {"BITS", 2}}},
      {"ffe_registers", {{"CONVS", 1}, {"CONV_BITS", 1}, {"CHANNEL_BITS", 2}, {"WEIGHTS", 0xFFFFFFFF}}},
      {"ffe_registers", {{"CONVS", 27}, {"CONV_BITS", 5}, {"CHANNEL_BITS", 8}, {"TAP", 4}, {"SIZE", 224}}},
      {"ffe_registers", {{"CONVS", 4}, {"CONV_BITS", 2}, {"CHANNEL_BITS", 5}, {"TAP", 1}}},
      {"ffe_gate", {{"PIXELS", 1}}},
      {"ffe_gate", {{"PIXELS", 50176}}},
  };
  for (const int size : {1, 2, 3, 8, 17}) {
    for (const int stride : {1, 2}) {
      for (const int pace : {1, 5}) {
        all.push_back({"ffe_line_buffer",
                       {{"SIZE", size},
                        {"CHANNELS", 2},
                        {"BITS", 3},
                        {"STRIDE", stride},
                        {"PAD_BEFORE", stride == 1 || size % 2 == 1 ? 1 : 0},
                        {"PACE", pace},
                        {"FLUSH_DELAY", size == 3 ? 9 : 1}}});
      }
    }
    all.push_back({"ffe_input", {{"SIZE", size}}});
    all.push_back({"ffe_output", {{"SIZE", size}, {"WIDTH", 3}, {"DEPTH", 2 * size}, {"MARGIN", size}}});
    all.push_back({"ffe_accumulator_fifo", {{"WIDTH", 4}, {"DEPTH", size}, {"INTERVAL", size % 4 + 1}}});
    all.push_back({"ffe_requantiser", {{"CHANNELS", size}, {"ACC_BITS", 8 + size}, {"OUT_BITS", 4}}});
  }
  return all;
}

bool installed(const std::string& program) {
  return std::system((program + " > /dev/null 2>&1").c_str()) == 0;  // NOLINT: no user input
}

/// What the command says, on either stream, and its status if that is not 0.
std::string output_of(const std::string& command) {
  std::string text;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return "cannot run " + command;
  for (char line[512]; fgets(line, sizeof line, pipe) != nullptr;) text += line;
  const int status = pclose(pipe);
  return status == 0 ? text : text + fmt::format("status {}", status);
}

std::string folder() {
  return (std::filesystem::path(FIXYNN_SOURCE_DIR) / "data" / "rtl").string();
}

/// The parameters, each behind `prefix`.
std::string options(const Variant& variant, const std::string& prefix, char between) {
  std::string text;
  for (const auto& [name, value] : variant.parameters) {
    text += fmt::format(" {}{}{}{}", prefix, name, between, value);
  }
  return text;
}

TEST(ModulesLint, Verilator) {
  if (!installed("verilator --version")) GTEST_SKIP() << "Verilator is not installed (Debian: verilator)";
  for (const Variant& variant : variants()) {
    const std::string command =
        fmt::format("cd '{0}' && verilator --lint-only -Wall -y . --top-module {1}{2} {1}.v", folder(),
                    variant.module, options(variant, "-G", '='));
    EXPECT_EQ(output_of(command), "") << command;
  }
}

TEST(ModulesLint, Icarus) {
  FIXYNN_NEEDS_ICARUS();
  for (const Variant& variant : variants()) {
    const std::string command =
        fmt::format("cd '{0}' && iverilog -g2005 -Wall -Wno-timescale -y . -t null -s {1}{2} {1}.v", folder(),
                    variant.module, options(variant, "-P" + variant.module + ".", '='));
    EXPECT_EQ(output_of(command), "") << command;
  }
}

TEST(ModulesLint, Yosys) {
  if (!installed("yosys -V")) GTEST_SKIP() << "Yosys is not installed (Debian: yosys)";
  std::string script = "read_verilog ffe_*.v; design -save all";
  for (const Variant& variant : variants()) {
    script += fmt::format(
        "; design -load all; chparam{0} {1}; hierarchy -check -top {1}; proc; check -assert"
        // A latch is a register that somebody forgot to clock.
        "; select -assert-none t:$dlatch t:$adlatch t:$sr",
        options(variant, "-set ", ' '), variant.module);
  }
  EXPECT_EQ(output_of(fmt::format("cd '{}' && yosys -q -p '{}'", folder(), script)), "");
}

/// The memory itself: what is written in clock t is read from t + 1 on; a word that is written when it is
/// read gives its old value, and what was read last stays.
TEST(RowMemoryModule, ReadsFirst) {
  FIXYNN_NEEDS_ICARUS();
  const std::string bench = R"(module bench;
  reg clk = 0, write = 0, read = 0;
  reg [2:0] write_address = 0, read_address = 0;
  reg [3:0] data;
  wire [3:0] q;
  ffe_row_memory #(.WIDTH(4), .DEPTH(5)) dut (.clk(clk), .write(write), .write_address(write_address),
    .write_data(data), .read(read), .read_address(read_address), .read_data(q));
  integer i;
  initial begin
    for (i = 0; i < 5; i = i + 1) begin
      write = 1; write_address = i; data = 10 + i; #1 clk = 1; #1 clk = 0;
    end
    for (i = 0; i < 5; i = i + 1) begin
      read = 1; read_address = i; write_address = i; data = i; #1 clk = 1; #1 clk = 0;
      $display("%0d", q);
      read = 0; write = 0; read_address = 0; #1 clk = 1; #1 clk = 0;
      $display("%0d", q);
      read = 1; read_address = i; #1 clk = 1; #1 clk = 0;
      $display("%0d", q);
      write = 1;
    end
  end
endmodule
)";
  EXPECT_EQ(simulate(rtl_source("ffe_row_memory") + bench),
            (std::vector<int64_t>{10, 10, 0, 11, 11, 1, 12, 12, 2, 13, 13, 3, 14, 14, 4}));
}

}  // namespace
}  // namespace fixynn
