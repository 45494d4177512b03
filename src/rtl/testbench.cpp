// SPDX-License-Identifier: Apache-2.0
#include "rtl/testbench.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "rtl/built_in_sources.h"
#include "rtl/package_parts.h"

namespace fixynn {
namespace {

std::string built_in_testbench(const std::string& name) {
  for (const auto& [known, text] : kBuiltInTestbench) {
    if (known == name) return std::string(text);
  }
  throw std::logic_error("no test bench file " + name);
}

const Conv& output_conv(const FfeRtl& ffe) {
  return ffe.plan.convs.back().conv;
}

bool has_tap(const FfeRtl& ffe) {
  return ffe.options.tap_layer > 0;
}

const ConvPlan& tap_plan(const FfeRtl& ffe) {
  return ffe.plan.convs.at(static_cast<size_t>(MobileNet::convs_in_layers(ffe.options.tap_layer)) - 1);
}

int code_bits(const ConvPlan& plan) {
  return plan.conv.out_channels * plan.quant.activation_bits;
}

int whole_bytes(int bits) {
  return (bits + 7) / 8 * 8;
}

std::string range(int width) {
  return width == 1 ? "" : fmt::format("[{}:0] ", width - 1);
}

std::string joined(const std::vector<std::string>& items, const char* separator) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : separator) + item;
  return text;
}

/// What the registers SHAPE and WEIGHTS read.
uint32_t shape_word(const FfeRtl& ffe) {
  return static_cast<uint32_t>(ffe.plan.fixed_layers) << 24 |
         static_cast<uint32_t>(ffe.options.tap_layer) << 16 |
         static_cast<uint32_t>(ffe.plan.network.input_size);
}

std::string weights_word(const FfeRtl& ffe) {
  return ffe.weights_sha256.substr(0, 8);
}

/// From the first pixel accepted to the first one offered, at full rate.
int64_t first_output_cycles(const FfeRtl& ffe) {
  return ffe.plan.latency_cycles() + kOutputCycles;
}

/// ffe_top with the pixels that leave every convolution as further ports.
std::string wrapper(const FfeRtl& ffe) {
  const RtlModule& top = ffe.generated.back();
  std::vector<std::string> ports, connections;
  for (const RtlPort& port : top.ports) {
    const RtlNet& net = top.nets[static_cast<size_t>(port.net)];
    ports.push_back(fmt::format("  {} wire {}{}",
                                port.direction == PortDirection::kInput ? "input" : "output",
                                range(net.width), net.name));
    connections.push_back(fmt::format("    .{0}({0})", net.name));
  }
  std::string assigns;
  for (const ConvPlan& plan : ffe.plan.convs) {
    const std::string& name = plan.conv.name;
    ports.push_back(fmt::format("  output wire {}_valid", name));
    ports.push_back(fmt::format("  output wire {}{}_codes", range(code_bits(plan)), name));
    assigns +=
        fmt::format("  assign {0}_valid = dut.{0}_valid;\n  assign {0}_codes = dut.{0}_codes;\n", name);
  }
  return fmt::format(
      "// SPDX-License-Identifier: Apache-2.0\n"
      "// For benches: ffe_top with the pixels that leave every convolution as further ports.\n"
      "module ffe_tb (\n{}\n);\n  ffe_top dut (\n{}\n  );\n{}endmodule\n",
      joined(ports, ",\n"), joined(connections, ",\n"), assigns);
}

std::string boundary_line(const char* name, const ConvPlan& plan) {
  return fmt::format("{{\"{}\", {}, {}, {}}}", name, plan.conv.out_channels, plan.quant.activation_bits,
                     plan.conv.out_size);
}

/// ffe_tb_config.h: what the C++ bench must know of this feature extractor.
std::string cpp_config(const FfeRtl& ffe) {
  std::string boundaries, visits;
  size_t index = 0;
  for (const ConvPlan& plan : ffe.plan.convs) {
    const std::string& name = plan.conv.name;
    boundaries += fmt::format("    {},\n", boundary_line(name.c_str(), plan));
    visits += fmt::format("  visit({0}, top.{1}_valid, top.{1}_codes);\n", index++, name);
  }
  std::string text = fmt::format(
      "// SPDX-License-Identifier: Apache-2.0\n"
      "// What the bench must know of this feature extractor.\n"
      "#pragma once\n\n#include <cstddef>\n#include <cstdint>\n#include <type_traits>\n\n"
      "#include \"Vffe_tb.h\"\n\n"
      "#define FFE_TAP {}\n\n"
      "constexpr size_t kSize = {};  // rows and columns of a frame\n"
      "constexpr uint32_t kVersionWord = {}, kWeightsWord = 0x{}, kShapeWord = 0x{:08x};\n"
      "/// At full rate, in clocks: from the first pixel in to the first one offered, and from frame to "
      "frame.\n"
      "constexpr uint64_t kFirstOutput = {}, kFrameInterval = {};\n\n"
      "/// The pixels that leave a convolution: `size` x `size` of `channels` codes.\n"
      "struct Boundary {{\n  const char* name;\n  int channels, bits, size;\n}};\n"
      "constexpr Boundary kBoundaries[] = {{\n{}}};\n"
      "constexpr Boundary kOutput = {};\n"
      "using OutputData = std::remove_cvref_t<decltype(Vffe_tb::m_axis_tdata)>;\n",
      has_tap(ffe) ? 1 : 0, ffe.plan.network.input_size, kRegisterMapVersion, weights_word(ffe),
      shape_word(ffe), first_output_cycles(ffe), ffe.plan.frame_cycles(), boundaries,
      boundary_line(output_conv(ffe).name.c_str(), ffe.plan.convs.back()));
  if (has_tap(ffe)) {
    text += fmt::format(
        "constexpr Boundary kTapOutput = {};\n"
        "using TapData = std::remove_cvref_t<decltype(Vffe_tb::tap_axis_tdata)>;\n",
        boundary_line(tap_plan(ffe).conv.name.c_str(), tap_plan(ffe)));
  }
  return text + fmt::format(
                    "\n/// Calls visit(index in kBoundaries, valid, codes) for each of them.\n"
                    "template <typename Visit>\nvoid visit_boundaries(const Vffe_tb& top, Visit visit) "
                    "{{\n{}}}\n",
                    visits);
}

/// An instance of ffe_stream_check for the pixels of `plan`.
std::string verilog_check(const std::string& label, const ConvPlan& plan, const std::string& valid,
                          const std::string& ready, const std::string& codes, const std::string& user,
                          const std::string& last) {
  return fmt::format(
      "  ffe_stream_check #(.NAME(\"{}\"), .FILE(\"vectors/{}.hex\"), .FRAMES(FRAMES), .SIZE({}), "
      ".CHANNELS({}), .BITS({}),\n    .MARKS({}))\n"
      "    check_{} (.clk(clk), .valid(running && {}), .ready({}), .codes({}), .user({}), .last({}));\n",
      label, plan.conv.name, plan.conv.out_size, plan.conv.out_channels, plan.quant.activation_bits,
      user == "1'b0" ? 0 : 1, label, valid, ready, codes, user, last);
}

/// Nets, connections and checks of the Verilog bench, line by line in the order of the convolutions.
struct VerilogParts {
  std::string sizes, nets, connections, checks;
};

VerilogParts verilog_parts(const FfeRtl& ffe) {
  const std::vector<ConvPlan>& convs = ffe.plan.convs;
  int writes = 0;
  for (const ConvPlan& plan : convs) writes += 2 * plan.conv.out_channels;
  const int output_bits = whole_bytes(code_bits(convs.back()));
  VerilogParts parts;
  parts.sizes = fmt::format(
      "  localparam SIZE = {};  // rows and columns of a frame\n"
      "  localparam OUTPUT_BITS = {}, ADDRESS_BITS = {}, PARAMETER_WRITES = {};\n"
      "  // At full rate, in clocks: from the first pixel in to the first one offered, and from frame to "
      "frame.\n"
      "  localparam FIRST_OUTPUT = {}, FRAME_INTERVAL = {};\n"
      "  localparam [31:0] VERSION_WORD = {}, WEIGHTS_WORD = 32'h{}, SHAPE_WORD = 32'h{:08x}, START_CONTROL "
      "= {}, TAP_FRAMES = "
      "{};\n",
      ffe.plan.network.input_size, output_bits, ffe.address_bits, writes, first_output_cycles(ffe),
      ffe.plan.frame_cycles(), kRegisterMapVersion, weights_word(ffe), shape_word(ffe),
      has_tap(ffe) ? "TAP_ON" : "0", has_tap(ffe) ? "FRAMES" : "0");
  std::vector<std::string> complete, values, mismatches,
      progress = {"s_axis_tvalid && s_axis_tready", "m_axis_tvalid && m_axis_tready"};
  const auto count = [&](const std::string& label, int channels) {
    complete.push_back(fmt::format("check_{}.complete", label));
    values.push_back(fmt::format("check_{}.pixels * {}", label, channels));
    mismatches.push_back(fmt::format("check_{}.mismatches", label));
  };
  for (const ConvPlan& plan : convs) {
    const std::string& name = plan.conv.name;
    parts.nets += fmt::format("  wire {0}_valid;\n  wire {1}{0}_codes;\n", name, range(code_bits(plan)));
    parts.connections += fmt::format("    .{0}_valid({0}_valid), .{0}_codes({0}_codes),\n", name);
    parts.checks += verilog_check(name, plan, name + "_valid", "1'b1", name + "_codes", "1'b0", "1'b0");
    progress.push_back(name + "_valid");
    count(name, plan.conv.out_channels);
  }
  parts.checks += verilog_check("m_axis", convs.back(), "m_axis_tvalid", "m_axis_tready",
                                fmt::format("m_axis_tdata[{}:0]", code_bits(convs.back()) - 1),
                                "m_axis_tuser", "m_axis_tlast");
  count("m_axis", output_conv(ffe).out_channels);
  if (has_tap(ffe)) {
    const ConvPlan& tap = tap_plan(ffe);
    parts.nets += fmt::format(
        "  wire [{}:0] tap_axis_tdata;\n  wire tap_axis_tvalid, tap_axis_tready, tap_axis_tuser, "
        "tap_axis_tlast;\n"
        "  ffe_stall tap_stall (.clk(clk), .active(gaps), .seed(seed + 32'd2), .go(tap_axis_tready));\n",
        whole_bytes(code_bits(tap)) - 1);
    for (const char* port : {"tdata", "tvalid", "tready", "tuser", "tlast"})
      parts.connections += fmt::format("    .tap_axis_{0}(tap_axis_{0}),\n", port);
    parts.checks += verilog_check("tap_axis", tap, "tap_axis_tvalid", "tap_axis_tready",
                                  fmt::format("tap_axis_tdata[{}:0]", code_bits(tap) - 1), "tap_axis_tuser",
                                  "tap_axis_tlast");
    count("tap_axis", tap.conv.out_channels);
  }
  parts.checks += fmt::format(
      "  wire progress = {};\n  wire all_complete = {};\n  wire [63:0] all_values = {};\n"
      "  wire [31:0] all_mismatches = {};\n",
      joined(progress, " ||\n    "), joined(complete, " &&\n    "), joined(values, " +\n    "),
      joined(mismatches, " +\n    "));
  return parts;
}

/// data/testbench/ffe_bench.v with the parts of this feature extractor in place of the lines "//@...".
std::string verilog_bench(const FfeRtl& ffe) {
  std::string text = built_in_testbench("ffe_bench.v");
  const VerilogParts parts = verilog_parts(ffe);
  for (const auto& [mark, part] : {std::pair<std::string, const std::string&>{"//@SIZES\n", parts.sizes},
                                   {"//@NETS\n", parts.nets},
                                   {"//@CONNECTIONS\n", parts.connections},
                                   {"//@CHECKS\n", parts.checks}}) {
    const size_t at = text.find(mark);
    if (at == std::string::npos) throw std::logic_error("ffe_bench.v has no line " + mark);
    text.replace(at, mark.size(), part);
  }
  return text;
}

std::vector<std::string> design_files(const FfeRtl& ffe) {
  std::vector<std::string> files;
  for (const std::string& name : ffe.handwritten) files.push_back("rtl/" + name + ".v");
  for (const RtlModule& module : ffe.generated) files.push_back("rtl/" + module.name + ".v");
  return files;
}

/// Without the unroll limits Verilator 5.006 stops (BLKLOOPINIT) at 128 channels; split output compiles in
/// parallel and in less memory. Registers that nobody has set hold anything, as in hardware.
constexpr const char* kVerilatorOptions =
    "--cc --exe -O3 --x-assign fast --x-initial unique --noassert --no-timing\n"
    "--output-split 20000 --output-split-cfuncs 5000 --unroll-count 1024 --unroll-stmts 1000000\n"
    "--top-module ffe_tb -Wno-fatal -Mdir build -CFLAGS -std=c++20\n";

}  // namespace

std::vector<RtlFile> testbench_files(const FfeRtl& ffe) {
  std::vector<RtlFile> files = {{"tb/ffe_tb.v", wrapper(ffe)},
                                {"tb/ffe_tb_config.h", cpp_config(ffe)},
                                {"tb/ffe_bench.v", verilog_bench(ffe)}};
  for (const char* name :
       {"main.cpp", "registers.h", "streams.h", "vectors.h", "ffe_stall.v", "ffe_stream_check.v"}) {
    files.push_back({std::string("tb/") + name, built_in_testbench(name)});
  }
  const std::string design = joined(design_files(ffe), "\n");
  files.push_back({"tb/verilator.f", kVerilatorOptions + design + "\ntb/ffe_tb.v\ntb/main.cpp\n"});
  files.push_back({"tb/icarus.f", "+incdir+vectors\n" + design +
                                      "\ntb/ffe_tb.v\ntb/ffe_stall.v\ntb/ffe_stream_check.v\ntb/"
                                      "ffe_bench.v\n"});
  return files;
}

}  // namespace fixynn
