// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hardware/hardware_plan.h"
#include "rtl/netlist.h"

namespace fixynn {

/// Right shift S of requantisers whose network does not say: the middle of 8..24.
constexpr int kTypicalShift = 16;

struct LayerOptions {
  int shift = kTypicalShift;
  int channel_bits = 0;  ///< of write_channel; 0: as many as the layer's channels need
  bool hold = false;     ///< ConvPlan::hold_register_bits are in the module
};

/// The modules of one convolution of the FFE, without its line buffer: NAME_adders, which holds the adder
/// graphs with their pipeline registers, and, last, NAME, which joins window (ffe_window), adders, FIFO
/// (ffe_accumulator_fifo) where the plan has one, and folded requantisers (ffe_requantiser) with their
/// parameter and output registers. NAME is "ffe_" + Conv::name. Ports of NAME:
///   clk, rst_n
///   shift, column, row_ok, col_ok   3x3 only: as ffe_window
///   x                               pointwise: the input pixel [channel]
///   valid, commit                   the window, or x, belongs to an output pixel; its frame's parameters are
///                                   new: with the frame's first output pixel only
///   write, write_bias, write_channel, write_data   as ffe_requantiser
///   codes, done, commit_out         the output pixel [channel]; commit_out with the done of a commit's pixel
///   overflow                        with a FIFO only
std::vector<RtlModule> layer_modules(const ConvPlan& conv, const LayerOptions& options);

/// All of them as text, with the hand-written modules that they use and without the hold register.
std::string layer_verilog(const ConvPlan& conv, int shift = kTypicalShift);

/// Names of the hand-written modules that instances in `modules` need, their own needs included, in the order
/// of the alphabet.
std::vector<std::string> handwritten_modules(const std::vector<RtlModule>& modules);

/// A hand-written module of data/rtl by name: "ffe_requantiser", "ffe_window".
std::string built_in_rtl(const std::string& name);

}  // namespace fixynn
