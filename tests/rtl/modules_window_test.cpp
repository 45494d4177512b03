// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <deque>

#include "modules_bench.h"

// ffe_window against the last three columns that were shifted in.

namespace fixynn {
namespace {

constexpr int kPixelBits = 4, kClocks = 400;  // two channels of two bits

/// The window [row][column] with zeros outside, as one number.
int64_t window_of(const std::deque<uint32_t>& columns, uint32_t row_ok, uint32_t col_ok) {
  int64_t window = 0;
  for (uint32_t row = 0; row < 3; ++row) {
    for (uint32_t col = 0; col < 3; ++col) {
      const bool in_map = (row == 1 || (row_ok >> row & 1) != 0) && (col == 1 || (col_ok >> col & 1) != 0);
      const int64_t pixel = columns[col] >> (row * kPixelBits) & 15;
      if (in_map) window |= pixel << ((row * 3 + col) * kPixelBits);
    }
  }
  return window;
}

TEST(WindowModule, HoldsTheLastThreeColumnsWithZerosOutside) {
  FIXYNN_NEEDS_ICARUS();
  RandomSequence random = test_random(30);
  std::vector<uint64_t> words;
  std::vector<std::vector<int64_t>> expected;
  std::deque<uint32_t> columns;  // the one that came first is at the left
  for (int t = 0; t < kClocks; ++t) {
    const uint32_t column = random.below(1U << 12), row_ok = random.below(8), col_ok = random.below(8);
    const bool shift = t < 3 || random.below(2) == 0;
    words.push_back(uint64_t{column} | uint64_t{row_ok} << 12 | uint64_t{col_ok} << 15 |
                    uint64_t{shift} << 18);
    if (t >= 3) expected.push_back({window_of(columns, row_ok, col_ok)});
    if (shift) columns.push_back(column);
    if (columns.size() > 3) columns.pop_front();
  }
  const StimulusFile file(words);
  const std::string bench = fmt::format(R"(
module bench;
  reg [18:0] stimulus[0:{0}-1];
  reg clk, shift;
  reg [11:0] column;
  reg [2:0] row_ok, col_ok;
  wire [35:0] window;
  ffe_window #(.CHANNELS(2), .BITS(2)) dut (.clk(clk), .shift(shift), .column(shift ? column : 12'bx),
    .row_ok(row_ok), .col_ok(col_ok), .window(window));
  integer t;
  initial begin
    $readmemh("{1}", stimulus);
    clk = 0;
    for (t = 0; t < {0}; t = t + 1) begin
      {{shift, col_ok, row_ok, column}} = stimulus[t];
      #1;
      if (t >= 3) $display("%0d", window);
      clk = 1;
      #1 clk = 0;
    end
  end
endmodule
)",
                                        kClocks, file.path());
  expect_records(records(simulate_modules({"ffe_window"}, bench), 1), expected, "window");
}

}  // namespace
}  // namespace fixynn
