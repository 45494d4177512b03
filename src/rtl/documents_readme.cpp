// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "core/text.h"
#include "core/version.h"
#include "rtl/document_parts.h"

namespace fixynn {
namespace {

std::string introduction(const FfeRtl& ffe) {
  const HardwarePlan& plan = ffe.plan;
  const Conv& last = plan.convs.back().conv;
  const int size = plan.network.input_size;
  std::string text = fmt::format(
      "# Fixed-weight feature extractor\n\n"
      "The first {} of a MobileNetV1 (alpha {}) as Verilog: {} x {} RGB pixels in, {} x {} pixels of {} "
      "codes\n"
      "out. The weights are wires and adders and cannot be changed; the batch norms are programmable. Plain\n"
      "Verilog-2005, one clock, no vendor cells; the top module is `ffe_top`.\n\n"
      "| | |\n| --- | --- |\n"
      "| network | {}, {} layers ({} convolutions, {} weights, {} of them 0) |\n"
      "| SHA-256 of the weights | `{}` |\n",
      format_plural(plan.fixed_layers, "layer"), plan.network.alpha, size, size, last.out_size, last.out_size,
      last.out_channels, printable(ffe.network_name), plan.fixed_layers, plan.convs.size(),
      format_count(plan.weights()),
      format_count(plan_sum(plan, [](const ConvPlan& conv) { return conv.zero_weights; })),
      ffe.weights_sha256);
  const RtlCounts& counts = ffe.counts;
  text += fmt::format(
      "| adders | {} of {} bits together |\n"
      "| multipliers | {} (sums x 16 bits), for {} batch norms |\n"
      "| registers, memories | {} bits as written, before optimisation; {} bits |\n"
      "| rate | a pixel a clock, a frame every {} clocks |\n"
      "| latency | {} clocks from the first pixel accepted to the first pixel offered |\n"
      "| written by | fixynn-rtl {} |\n\n![Block diagram](block_diagram.svg)\n\n",
      format_count(counts.adders), format_count(counts.adder_bits), format_count(counts.multipliers),
      format_count(plan_sum(plan, [](const ConvPlan& conv) { return conv.requantiser.channels; })),
      format_count(counts.register_bits), format_count(counts.memory_bits), format_count(plan.frame_cycles()),
      format_count(plan.latency_cycles() + kOutputCycles), kVersion);
  return text;
}

constexpr const char* kUse = R"(## Simulate, lint, synthesise

    make lint                    # Verilator 5, Icarus Verilog 11, Yosys: any warning fails
    make sim                     # Verilator: all frames of vectors/, without and with random stalls
    make sim-icarus              # the same in plain Verilog; hundreds of times slower, but nothing to build
    make synth                   # Yosys, generic cells
    make synth LIBERTY=FILE.lib  # the cells of a library, with their areas

or with FuseSoC: `fusesoc --cores-root . run --target sim fixynn:ffe:fixynn_ffe`. Both benches compare every value
that leaves a convolution with what the integer model of the network gives, and end with one line of figures. They
need `vectors/`, which fixynn-rtl writes with `--verify IMAGES`; without it `make sim` says so, and the FuseSoC core has
no targets `sim` and `sim_icarus`.

For silicon, replace the contents of `rtl/ffe_row_memory.v` (one write port, one registered read port, never the
same address at once) by the process's memories, and read `ffe_top.sdc`.

## Program the batch norms

After reset the parameters are undefined. Write M and B of every channel (`parameters.hex` has the trained ones as a
list of addresses and data, `parameters.h` as a C array), then CONTROL.COMMIT = 1: they take effect at the start of the
next frame, in all layers between the same two frames. New ones can be written for another task while frames pass.
`register_map.md` has the map, the sequence and what happens to writes that are refused.

)";

constexpr const char* kTiming = R"(## Timing

- Everything is synchronous to `clk`, reset included: `rst_n` low for one clock or more, in mid-frame too. Data
  registers are not reset.
- `s_axis` takes a pixel a clock as long as the outputs keep up. It follows the video convention of AXI4-Stream:
  `tuser` on a frame's first pixel, `tlast` on the last of each row. Frames may follow each other at once or with any
  gaps; the last rows of a frame come out without the next frame.
- The pipeline has no stalls. `s_axis_tready` falls when an output FIFO could not hold what is still under way; so
  an output may wait as long as it likes and nothing is lost.
- A frame of wrong geometry never stops the design: it is filled up with code 0 and comes out whole, a sticky bit of
  STATUS says what was wrong, and the next `tuser` starts a good frame.
- An output holds still while its `tvalid` waits for `tready`; `tuser` and `tlast` are as at the input.

)";

constexpr const char* kProof = R"(## What is proved

- Every adder graph equals its matrix of weights for all inputs: it is linear and was evaluated on all unit vectors;
  exact intervals show that no adder overflows. Done at each generation, for the graphs these files were printed from.
- Adders, bits, registers, memories and multipliers of the netlist are those of the hardware plan, from which areas
  and energies are computed.
- What `manifest.json` has under `verify` was simulated: every value of every layer boundary against the integer
  model, real batch norms, frames back to back, random stalls, parameters changed between frames. `make sim` repeats it.
  `values_compared` there counts all `passes` over all `frames` (one more than `images`: the first again, with other
  parameters), and the codes of the output streams once more where they leave.

Lint is clean but for these waivers:

| rule | where | why |
| --- | --- | --- |
| Verilator UNUSEDSIGNAL | `ffe_line_buffer`: `go` | a map of one pixel has no flush that waits for it |
| | `ffe_window`: `row_ok`, `col_ok` | bits 1: the middle row and column are always inside |
| | `ffe_requantiser`: `sum` | its lowest S bits only carry |
| | `ffe_registers`: `frame_tap` | where there is no tap nothing counts its frames |
| | nets of generated modules, at their line | bits that only carry, or that no later shift reads |
| Icarus `-Wno-timescale` | `make lint` | the design has no delays, so no timescale |
| Verilator `-Wno-fatal` | `tb/verilator.f` | benches only; the design is linted without it |

Not proved: timing (the clock in `ffe_top.sdc` is a wish), gates against RTL, power, other simulators than those named;
control logic is tested, not formally verified. There is one clock domain and no clock-domain crossing, no scan, no
memory test or repair, no protection against upsets. Layers behind these ones are not here.

Limits: S of each layer is fixed here, so that another task's M must fit 16 bits at that S (`parameters.h` names the
largest M of each layer). The requantiser's selector, multiplier, addition and clamp are one clock and bound it. There is
no readback of parameters and no interrupt, and bad frames are not marked in the stream. `s_axil` has no `awprot` and
`arprot`: leave the master's open. Module names are fixed: one such extractor in a design.

)";

std::string interfaces(const FfeRtl& ffe) {
  const HardwarePlan& plan = ffe.plan;
  const StreamFacts out = stream_before(plan, plan.convs.size());
  std::string text = fmt::format(
      "## Interfaces\n\n| port | what | data |\n| --- | --- | --- |\n"
      "| `clk`, `rst_n` | clock; reset, synchronous, active low | |\n"
      "| `s_axis` | AXI4-Stream, images | 24 bits: R in 7:0, G in 15:8, B in 23:16 |\n"
      "| `m_axis` | AXI4-Stream, codes of {} | {} bits: {} channels x {} bits, lowest channel lowest; at "
      "most one "
      "pixel every {} |\n",
      plan.convs.back().conv.name, stream_data_bits(out), out.channels, out.bits,
      format_plural(out.clocks, "clock"));
  if (ffe.options.tap_layer > 0) {
    const StreamFacts tap = stream_before(plan, last_conv(ffe.options.tap_layer) + 1);
    text += fmt::format(
        "| `tap_axis` | AXI4-Stream, codes of {}: {} x {} pixels, after {} | {} bits: {} channels x {} bits "
        "|\n",
        plan.convs[last_conv(ffe.options.tap_layer)].conv.name, tap.size, tap.size,
        format_plural(ffe.options.tap_layer, "layer"), stream_data_bits(tap), tap.channels, tap.bits);
  }
  text +=
      fmt::format("| `s_axil` | AXI4-Lite, registers and parameters | 32 bits; addresses of {} bits |\n\n",
                  ffe.address_bits);
  if (ffe.options.tap_layer > 0) {
    text +=
        "CONTROL.TAP_ON gives frames at `tap_axis`, CONTROL.MAIN_OFF keeps them from the layers behind the "
        "tap; both\nact between frames, and with a commit if they are written with it (`register_map.md`). "
        "An output that is on must\nbe read, or the input waits for it; one that was on must be read until "
        "its frame ends.\n\n";
  }
  return text;
}

std::string files(const FfeRtl& ffe) {
  return fmt::format(R"(## Files

| file | what |
| --- | --- |
| `rtl/ffe_top.v` | instances and wires only |
| `rtl/ffe_{first}.v`, ... | a convolution each: window, adders, requantisers |
| `rtl/ffe_{first}_adders.v`, ... | its weights as adders and pipeline registers |
| `rtl/ffe_{{input,output,registers,...}}.v` | written by hand, the same in every package |
| `parameters.hex`, `parameters.h` | the trained batch norms: addresses and data, as text and for C |
| `tb/` | benches for Verilator and Icarus |
| `vectors/` | with `--verify`: frames, two sets of parameters and the expected codes |
| `register_map.md` | registers, parameter addresses, programming |
| `Makefile`, `fixynn_ffe.core`, `synth.ys` | for make, FuseSoC, Yosys |
| `ffe_top.sdc` | constraints |
| `manifest.json` | all of the above for programs: hashes, counts, layers, latency, verification |
)",
                     fmt::arg("first", ffe.plan.convs.front().conv.name));
}

}  // namespace

std::string readme_text(const FfeRtl& ffe) {
  return introduction(ffe) + kUse + interfaces(ffe) + kTiming + kProof + files(ffe);
}

}  // namespace fixynn
