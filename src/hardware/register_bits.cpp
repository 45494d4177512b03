// SPDX-License-Identifier: Apache-2.0
#include "hardware/register_bits.h"

#include <algorithm>
#include <bit>

#include "hardware/hardware_plan.h"

namespace fixynn {

int index_bits(int64_t values) {
  return std::max(1, static_cast<int>(std::bit_width(static_cast<uint64_t>(values - 1))));
}

int64_t line_buffer_control_bits(int size, int64_t pace, int64_t flush_delay) {
  const int64_t overrun = 1, left = pace > 1 ? index_bits(pace) : 0;
  if (size == 1) {
    const int64_t arrived_committed = 4, shift_valid_commit = 3;
    return overrun + left + arrived_committed + shift_valid_commit;
  }
  const int64_t index = index_bits(size);
  const int64_t arrivals = 2 * index + 2;  // in_row, in_col; target, started
  const int64_t centres = 2 * index + 1;   // centre_row, centre_col; flushing
  const int64_t timer = index_bits(std::max(pace, flush_delay));
  const int64_t writing = index + 3;  // in_col_r1; arrived, target_r1, shift
  const int64_t commits = 2;          // commit_next, commit_now
  const int64_t outputs = 4 + 8;      // valid_r1, commit_r1, valid, commit; inner_r1, inner
  return overrun + left + arrivals + centres + timer + writing + commits + outputs;
}

int64_t accumulator_fifo_bits(int depth, int interval) {
  const int64_t count = index_bits(int64_t{depth} + 1);  // $clog2(DEPTH + 1)
  const int64_t start_overflow = 2, commit_waits = 1;
  return 2 * index_bits(depth) + count + start_overflow + (interval > 1 ? index_bits(interval) : 0) +
         commit_waits + count;
}

RequantiserBits requantiser_bits(int channels, int out_bits) {
  return {.parameters = int64_t{2} * (kMultiplierBits + kBiasBits) * channels,
          .codes = int64_t{1} * out_bits * channels,
          .control = channels};  // `later` of all but the first, and `done`
}

int64_t output_bits(int size, int depth) {
  const int64_t room_valid_overflow = 3, frame_done = 1;
  return 2 * index_bits(depth) + index_bits(int64_t{depth} + 1) + room_valid_overflow +
         (size == 1 ? 0 : 2 * index_bits(size)) + frame_done;
}

int64_t input_bits(int size) {
  const int64_t slice = 3 + 2 * 26;  // head_valid, spare_valid, tready; head, spare
  const int64_t position = size == 1 ? 0 : 2 * index_bits(size);
  const int64_t state = 3;         // filling, lost, gap
  const int64_t leaving = 7 + 24;  // flags and pulses; pixel
  return slice + position + state + leaving;
}

int64_t gate_bits(int64_t pixels) {
  const int64_t switches = 3, waits = 1;  // commit_behind, old_tap_on, old_main_off; main_waits
  return switches + waits + (pixels > 1 ? index_bits(pixels) + 2 : 0);  // position, tap_passes, main_passes
}

int64_t control_register_bits(int convs, int conv_bits, int channel_bits, bool tap) {
  const int64_t held = 2 + (conv_bits + channel_bits + 4) + 32 + 4;  // address, data, strobes
  const int64_t answers = convs + 1 + 2;                             // write; bvalid, bresp
  const int64_t status = 7 + 4;  // status; main_off, tap_on, pending, commit_request
  const int64_t counters = (tap ? 4 : 3) * 32;
  const int64_t reads = 1 + 2 + 32;  // rvalid, rresp, rdata
  return held + answers + status + counters + reads;
}

}  // namespace fixynn
