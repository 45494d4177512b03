// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "hardware/hardware_plan.h"
#include "rtl/netlist.h"

namespace fixynn {

/// Right shift S of requantisers whose network does not say: the middle of 8..24.
constexpr int kTypicalShift = 16;

/// The modules of one convolution of the FFE, without its line buffer: the graphs (NAME_graph0, ...) and,
/// last, NAME, which joins window registers (ffe_window), graphs with pipeline registers and folded
/// requantisers (ffe_requantiser) with their parameter and output registers. Ports of NAME:
///   clk, reset
///   column, shift   3x3 only: three input pixels [row][channel] enter the window
///   x               pointwise: the input pixel [channel]
///   valid           the window, or x, belongs to an output pixel
///   commit, write, write_bias, write_channel, write_data   as ffe_requantiser
///   codes, done     the output pixel [channel]
std::vector<RtlModule> layer_modules(const ConvPlan& conv, int shift = kTypicalShift);

/// All of them as text, with the hand-written modules that they use.
std::string layer_verilog(const ConvPlan& conv, int shift = kTypicalShift);

/// A hand-written module of data/rtl by name: "ffe_requantiser", "ffe_window".
std::string built_in_rtl(const std::string& name);

}  // namespace fixynn
