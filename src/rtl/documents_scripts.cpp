// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "core/version.h"
#include "hardware/technology.h"
#include "rtl/document_parts.h"
#include "rtl/testbench.h"

namespace fixynn {
namespace {

/// The clock that the constraints ask for by themselves: of the technology that costs are in by default.
constexpr const char* kClockTechnology = "16nm";

constexpr const char* kMakefile = R"(# SPDX-License-Identifier: Apache-2.0
# make lint         Verilator, Icarus Verilog and Yosys read the design; any warning fails
# make sim          build and run the C++ bench with Verilator, without and with random stalls
# make sim-icarus   the same with the Verilog bench and Icarus Verilog: slow, for small designs
# make synth        Yosys, generic cells; LIBERTY=FILE.lib: the cells of a library, with areas
# make clean
VERILATOR ?= verilator
IVERILOG ?= iverilog
VVP ?= vvp
YOSYS ?= yosys
GAPS ?= 1

RTL := @RTL@
VECTORS := vectors/ffe_vectors.vh
# With ABC's own script a matrix of constants takes hours, and gets no smaller.
MAP = dfflibmap -liberty $(LIBERTY); abc -liberty $(LIBERTY) -script "+strash;ifraig;dc2;map,-a;topo"; \
  opt_clean -purge; stat -liberty $(LIBERTY) -top ffe_top

.PHONY: lint sim sim-icarus synth clean
lint:
	$(VERILATOR) --lint-only -Wall --unroll-count 1024 --unroll-stmts 1000000 --top-module ffe_top $(RTL)
	@mkdir -p build
	$(IVERILOG) -g2005 -Wall -Wno-timescale -t null -s ffe_top $(RTL) > build/lint_icarus.log 2>&1 || true
	@if [ -s build/lint_icarus.log ]; then cat build/lint_icarus.log; exit 1; fi
	$(YOSYS) -q -e '.' -p 'read_verilog $(RTL); hierarchy -check -top ffe_top; proc; check -assert'

sim: build/Vffe_tb
	build/Vffe_tb
	build/Vffe_tb +gaps=$(GAPS)

build/Vffe_tb: $(VECTORS) $(RTL) $(wildcard tb/*)
	$(VERILATOR) -f tb/verilator.f
	$(MAKE) -C build -f Vffe_tb.mk OPT_FAST=-O1 OPT_SLOW=-O0 OPT_GLOBAL=-O1 Vffe_tb

sim-icarus: build/ffe_bench.vvp
	$(VVP) -n build/ffe_bench.vvp
	$(VVP) -n build/ffe_bench.vvp +gaps=$(GAPS)

build/ffe_bench.vvp: $(VECTORS) $(RTL) $(wildcard tb/*)
	@mkdir -p build
	$(IVERILOG) -g2005 -s ffe_bench -o $@ -c tb/icarus.f

$(VECTORS):
	@echo 'There is nothing to simulate with: fixynn-rtl writes vectors/ when it is given --verify IMAGES.' >&2
	@exit 1

synth:
	@mkdir -p build
	$(YOSYS) -q -l build/synth.log -s synth.ys $(if $(LIBERTY),-p '$(MAP)')
	@echo 'All modules together (build/synth.log has them one by one):'
	@sed -n '/Number of wires:/h;/Number of wires:/!H;$${x;p}' build/synth.log | sed '/^End of script/,$$d'

clean:
	rm -rf build
)";

constexpr const char* kCore = R"(CAPI=2:
# FuseSoC: fusesoc --cores-root . run --target {targets} fixynn:ffe:fixynn_ffe
name: fixynn:ffe:fixynn_ffe:{version}
description: Fixed-weight feature extractor, {layers} layers at {size} x {size}, with programmable batch norms

filesets:
  rtl:
    file_type: verilogSource-2005
    files:
{rtl}{benches}  constraints:
    files:
      - ffe_top.sdc: {{file_type: SDC}}

targets:
  default: &default
    filesets: [rtl]
    toplevel: ffe_top
  lint:
    <<: *default
    default_tool: verilator
    tools:
      verilator:
        mode: lint-only
        verilator_options: [-Wall, --unroll-count, '1024', --unroll-stmts, '1000000']
{simulations}  # For a programmable device; 'make synth' maps to the cells of a library.
  synth:
    filesets: [rtl, constraints]
    toplevel: ffe_top
    default_tool: yosys
    tools:
      yosys:
        arch: ice40
        output_format: json
)";

constexpr const char* kCoreBenches = R"(  verilator_bench:
    files:
      - tb/ffe_tb.v: {file_type: verilogSource-2005}
      - tb/main.cpp: {file_type: cppSource}
      - tb/ffe_tb_config.h: {file_type: cppSource, is_include_file: true}
      - tb/registers.h: {file_type: cppSource, is_include_file: true}
      - tb/streams.h: {file_type: cppSource, is_include_file: true}
      - tb/vectors.h: {file_type: cppSource, is_include_file: true}
  icarus_bench:
    files:
      - vectors/ffe_vectors.vh: {file_type: verilogSource-2005, is_include_file: true}
      - tb/ffe_tb.v: {file_type: verilogSource-2005}
      - tb/ffe_stall.v: {file_type: verilogSource-2005}
      - tb/ffe_stream_check.v: {file_type: verilogSource-2005}
      - tb/ffe_bench.v: {file_type: verilogSource-2005}
  vectors:
    file_type: user
    files:
)";

constexpr const char* kCoreSimulations = R"(  sim:
    filesets: [rtl, verilator_bench, vectors]
    toplevel: ffe_tb
    default_tool: verilator
    tools:
      verilator:
        mode: cc
        verilator_options: [-O3, --x-assign, fast, --x-initial, unique, --noassert, --no-timing, --output-split,
                            '20000', --output-split-cfuncs, '5000', --unroll-count, '1024', --unroll-stmts,
                            '1000000', -CFLAGS, -std=c++20]
        make_options: [OPT_FAST=-O1, OPT_SLOW=-O0, OPT_GLOBAL=-O1]
  sim_icarus:
    filesets: [rtl, icarus_bench, vectors]
    toplevel: ffe_bench
    default_tool: icarus
    tools:
      icarus:
        iverilog_options: [-g2005]
)";

constexpr const char* kConstraints = R"(# SPDX-License-Identifier: Apache-2.0
# Constraints of ffe_top: one clock, all ports synchronous to it.
# {title}
#
# {clock} MHz is a wish, not a result of timing analysis of this design. Set FFE_CLOCK_MHZ before reading this file to
# ask for another one. It is the figure of the cost model's technology {technology}, with this source:
# {source}
if {{![info exists FFE_CLOCK_MHZ]}} {{ set FFE_CLOCK_MHZ {clock} }}
set ffe_period [expr {{1000.0 / $FFE_CLOCK_MHZ}}]
create_clock -name clk -period $ffe_period [get_ports clk]
set_clock_uncertainty [expr {{0.05 * $ffe_period}}] [get_clocks clk]

# The multiplexer in front of a requantiser's multiplier, the multiplier, the addition and the clamp are one clock,
# whatever --levels-per-stage says of the adders: they bound the clock.

# Half of the period belongs to the neighbours. Between an input and an output there is a register in every case but
# one: ready outputs fall with rst_n in the same clock, so that rst_n must come soon after its clock edge.
set ffe_inputs {{{inputs}}}
set ffe_outputs {{{outputs}}}
set_input_delay -max [expr {{0.5 * $ffe_period}}] -clock clk [get_ports $ffe_inputs]
set_input_delay -min 0 -clock clk [get_ports $ffe_inputs]
set_input_delay -max [expr {{0.2 * $ffe_period}}] -clock clk [get_ports rst_n]
set_output_delay -max [expr {{0.5 * $ffe_period}}] -clock clk [get_ports $ffe_outputs]
set_output_delay -min 0 -clock clk [get_ports $ffe_outputs]

# rst_n is a synchronous reset and is timed like any input. Where it comes from a register that changes long
# before traffic begins, its paths may be relaxed:
# set_multicycle_path -setup 4 -from [get_ports rst_n]
# set_multicycle_path -hold 3 -from [get_ports rst_n]
)";

std::string file_list(const std::vector<std::string>& paths) {
  std::string text;
  for (const std::string& path : paths) text += "      - " + path + "\n";
  return text;
}

std::string port_list(const FfeRtl& ffe, PortDirection direction) {
  const RtlModule& top = ffe.generated.back();
  std::string text;
  for (const RtlPort& port : top.ports) {
    const std::string& name = top.nets.at(static_cast<size_t>(port.net)).name;
    if (port.direction == direction && name != "clk") text += " " + name;
  }
  return text.empty() ? text : text.substr(1);
}

}  // namespace

std::string makefile_text(const FfeRtl& ffe) {
  std::string text = kMakefile, files;
  for (const std::string& path : rtl_paths(ffe)) files += (files.empty() ? "" : " \\\n  ") + path;
  const std::string mark = "@RTL@";
  return text.replace(text.find(mark), mark.size(), files);
}

std::string fusesoc_core_text(const FfeRtl& ffe, bool with_vectors) {
  std::string benches;
  if (with_vectors) {
    std::vector<std::string> names = {"frames", "parameters", "parameters_2"};
    for (const ConvPlan& conv : ffe.plan.convs) names.push_back(conv.conv.name);
    benches = kCoreBenches;
    for (const std::string& name : names)
      benches += fmt::format("      - vectors/{0}.hex: {{copyto: vectors/{0}.hex}}\n", name);
  }
  return fmt::format(
      fmt::runtime(kCore), fmt::arg("version", kVersion),
      fmt::arg("targets", with_vectors ? "lint|sim|sim_icarus|synth" : "lint|synth"),
      fmt::arg("layers", ffe.plan.fixed_layers), fmt::arg("size", ffe.plan.network.input_size),
      fmt::arg("rtl", file_list(rtl_paths(ffe))), fmt::arg("benches", benches),
      fmt::arg("simulations", with_vectors ? kCoreSimulations
                                           : "  # fixynn-rtl --verify IMAGES adds targets that "
                                             "simulate, with their vectors.\n"));
}

std::string yosys_script_text(const FfeRtl& ffe) {
  std::string reads;
  for (const std::string& path : rtl_paths(ffe)) {
    if (path != "rtl/ffe_row_memory.v") reads += "read_verilog " + path + "\n";
  }
  return "# SPDX-License-Identifier: Apache-2.0\n"
         "# yosys synth.ys: generic gates and flip-flops, module by module. 'make synth LIBERTY=FILE.lib' "
         "goes on\n"
         "# from here to the cells of a library. Nothing is flattened, so that areas can be read by module.\n"
         "#\n"
         "# Memories (ffe_row_memory: rows of line buffers, FIFOs) stay black boxes, to be replaced by "
         "macros of the\n"
         "# process; their area is not in the statistics. Read the file without -lib to get flip-flops "
         "instead.\n"
         "read_verilog -lib rtl/ffe_row_memory.v\n" +
         reads +
         "hierarchy -check -top ffe_top\n"
         "synth -top ffe_top -noabc\n"
         "check -assert\n"
         "stat\n";
}

std::string constraints_text(const FfeRtl& ffe) {
  const Technology technology = find_technology(kClockTechnology);
  return fmt::format(fmt::runtime(kConstraints), fmt::arg("title", package_title(ffe)),
                     fmt::arg("technology", kClockTechnology),
                     fmt::arg("clock", technology.clock_mhz.value.value_or(500)),
                     fmt::arg("source", technology.clock_mhz.source),
                     fmt::arg("inputs", port_list(ffe, PortDirection::kInput)),
                     fmt::arg("outputs", port_list(ffe, PortDirection::kOutput)));
}

}  // namespace fixynn
