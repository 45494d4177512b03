// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

// Flip-flops of the handwritten modules of data/rtl, as functions of their parameters, written in the order
// of the module's text. Plans and netlists are counted with them; tests/rtl holds them to what Yosys finds.
// Read registers of memories (ffe_row_memory) are not among them.

namespace fixynn {

/// Bits of a number 0 .. values - 1: $clog2(values), at least 1.
int index_bits(int64_t values);

/// ffe_line_buffer without `pixel`, which has CHANNELS * BITS.
int64_t line_buffer_control_bits(int size, int64_t pace, int64_t flush_delay);

/// ffe_accumulator_fifo.
int64_t accumulator_fifo_bits(int depth, int interval);

/// ffe_requantiser: parameters (active and shadow), codes, and which channel has the multiplier.
struct RequantiserBits {
  int64_t parameters = 0, codes = 0, control = 0;
};
RequantiserBits requantiser_bits(int channels, int out_bits);

/// ffe_output.
int64_t output_bits(int size, int depth);

/// ffe_input.
int64_t input_bits(int size);

/// ffe_gate.
int64_t gate_bits(int64_t pixels);

/// ffe_registers.
int64_t control_register_bits(int convs, int conv_bits, int channel_bits, bool tap);

}  // namespace fixynn
