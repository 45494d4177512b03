// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "rtl/document_parts.h"

namespace fixynn {
namespace {

constexpr const char* kRegisters = R"(| address | name | access | contents |
| --- | --- | --- | --- |
| 0x00 | ID | read | 0x4E4E5846: "FXNN", lowest byte first |
| 0x04 | VERSION | read | of this map: 1 |
| 0x08 | WEIGHTS | read | 0x{weights}: the first 8 digits of the frozen weights' SHA-256 |
| 0x0C | SHAPE | read | 0x{shape:08X}: {{fixed layers [31:24], layers before the tap [23:16] (0: no tap), size [15:0]}} |
| 0x10 | CONTROL | read, write | bit 0 COMMIT, bit 1 MAIN_OFF, bit 2 TAP_ON, bit 3 MAIN_WAITS (only read); 0 after reset |
| 0x14 | STATUS | read, write 1 to clear | sticky bits, below; 0 after reset |
| 0x18 | FRAMES_IN | read | frames begun, modulo 2^32 |
| 0x1C | FRAMES_OUT | read | frames whose last pixel was handed over at `m_axis` |
| 0x20 | FRAMES_BAD | read | frames of wrong geometry, which were filled up |
| 0x24 | FRAMES_TAP | read | frames whose last pixel was handed over at `tap_axis` |

A write to CONTROL or STATUS counts if the strobe of its lowest byte is 1.

**CONTROL.** Writing COMMIT = 1 asks that the parameters written so far take effect at the start of the next frame;
writing 0 does nothing. It reads as 1 from then until the last convolution has them. {tap_control}

| STATUS bit | name | meaning |
| --- | --- | --- |
| 0 | early_start | `tuser` came inside a frame; that frame was filled up with code 0 |
| 1 | bad_row | `tlast` did not come at the end of a row, or came elsewhere; the frame was filled up |
| 2 | missing_start | a frame did not begin with `tuser`; words were discarded until one had it |
| 3 | output_overflow | an output FIFO lost a pixel: cannot happen |
| 4 | line_buffer_overrun | a pixel came faster than its line buffer can take it: cannot happen |
| 5 | fifo_overflow | an accumulator FIFO lost a pixel: cannot happen |
| 6 | parameter_write_refused | see below |

)";

constexpr const char* kTapControl = R"(MAIN_OFF = 1
keeps frames from the layers behind the tap and from `m_axis`, TAP_ON = 1 gives them at `tap_axis`. Both are looked at
when a frame's first pixel leaves the tap's layer, so that frames stay whole. Written while COMMIT is 1, or together with
it, they act on the frame that carries the commit, and frames before it go where they went; otherwise they act on the next
frame that reaches the tap.

A commit whose frame MAIN_OFF keeps ends at the tap: COMMIT reads 0 then, so that a task that reads only the tap can
change parameters as often as it likes. MAIN_WAITS reads as 1 from then on: the layers behind lack those parameters, and
no frame passes to them until one carries a commit. To use `m_axis` again write COMMIT = 1 with MAIN_OFF = 0; without
new parameters in between too.)";

constexpr const char* kSequence = R"(## Programming

1. After reset all parameters are undefined. Until the first commit codes are meaningless; nothing hangs.
2. Read ID and WEIGHTS and compare: parameters of other weights give wrong codes without any sign of it.
3. Write M and B of every channel of every convolution, in any order. They go into shadow registers; frames that
   pass meanwhile are not disturbed.
4. Write COMMIT = 1 to CONTROL (with MAIN_OFF and TAP_ON as they shall be).
5. The next frame to start is the first with the new parameters. The commit travels along with its first pixel, so
   that every convolution changes between two frames: no frame is computed with parameters of both kinds.
6. Poll CONTROL until COMMIT reads 0 before writing the next parameters. It does so only once that frame has
   reached the last convolution (or the tap, if MAIN_OFF keeps it there); with no frame coming it stays 1.

`parameters.hex` has all writes of the network that this package was made of: a line each, 8 digits of address and 8
of data, `//` begins a comment. `parameters.h` has the same as a C array for firmware, with the addresses of the
registers and the word that WEIGHTS must read. Both hold only what is trained, so they can be replaced by another
task's, which `fixynn-rtl parameters` writes; headers of several tasks can be included together.

**Refused writes.** A write to a parameter while COMMIT reads 1, without all four byte strobes, to an address that
is no multiple of 4 or to a convolution that is not there changes nothing, is answered SLVERR and sets
STATUS.parameter_write_refused. A write to a channel that a convolution lacks is accepted and ignored. Reading a
parameter and any access to another address is answered SLVERR.
)";

std::string parameter_table(const FfeRtl& ffe) {
  std::string text =
      "| convolution | channels | S | M of channel 0 | B of the last channel |\n| --- | --- | --- | --- | "
      "--- |\n";
  for (size_t i = 0; i < ffe.plan.convs.size(); ++i) {
    const Conv& conv = ffe.plan.convs[i].conv;
    text += fmt::format("| {} {} | {} | {} | 0x{:05X} | 0x{:05X} |\n", i, conv.name, conv.out_channels,
                        ffe.shifts.at(i), parameter_address(ffe, i, 0, false),
                        parameter_address(ffe, i, conv.out_channels - 1, true));
  }
  return text;
}

/// Channels whose graph gives the negated sum, as "3, 5, 8"; empty: none.
std::string negated_channels(const ConvPlan& conv) {
  std::string text;
  int channel = 0;
  for (const auto& graph : conv.graphs) {
    for (const AdderOutput& output : graph->outputs) {
      if (output.node != kNoNode && output.negated)
        text += fmt::format("{}{}", text.empty() ? "" : ", ", channel);
      ++channel;
    }
  }
  return text;
}

std::string negated_section(const FfeRtl& ffe) {
  std::string lines;
  for (const ConvPlan& conv : ffe.plan.convs) {
    const std::string channels = negated_channels(conv);
    if (!channels.empty()) lines += fmt::format("- {}: {}\n", conv.conv.name, channels);
  }
  if (lines.empty()) return "Every adder graph gives the sum with its own sign.\n\n";
  return "**Negated sums.** The adders of these channels give the sum times -1, because that is smaller: "
         "write -M\n"
         "instead of M there (B is the same). `parameters.hex` and `parameters.h` have it so.\n\n" +
         lines + "\n";
}

}  // namespace

std::string register_map_text(const FfeRtl& ffe) {
  const bool tap = ffe.options.tap_layer > 0;
  const uint32_t shape = static_cast<uint32_t>(ffe.plan.fixed_layers) << 24 |
                         static_cast<uint32_t>(ffe.options.tap_layer) << 16 |
                         static_cast<uint32_t>(ffe.plan.network.input_size);
  std::string text = fmt::format(
      "# Registers\n\nOf the fixed-weight feature extractor with {}.\nAXI4-Lite port `s_axil`: words of 32 "
      "bits, "
      "byte addresses of {} bits, one write and one read at a time.\n\n",
      package_title(ffe), ffe.address_bits);
  text += fmt::format(
      fmt::runtime(kRegisters), fmt::arg("weights", ffe.weights_sha256.substr(0, 8)),
      fmt::arg("shape", shape),
      fmt::arg("tap_control",
               tap ? kTapControl : "MAIN_OFF, TAP_ON\nand MAIN_WAITS read as 0: there is no tap."));
  text += fmt::format(
      "## Parameters\n\n    code = clamp((sum * M + B) >> S, 0, 2^bits - 1)\n\nM is signed, 16 bits (the "
      "upper half "
      "of the word is ignored); B is signed, 32 bits, and holds the rounding half,\n2^(S-1). Both can only "
      "be "
      "written. The address of channel c of convolution n:\n\n    0x{:X} + 0x{:X} * n + 8 * c + (0: M, 4: "
      "B)\n\n",
      parameter_address(ffe, 0, 0, false), uint32_t{8} << ffe.channel_bits);
  return text + parameter_table(ffe) + "\n" + negated_section(ffe) + kSequence;
}

}  // namespace fixynn
