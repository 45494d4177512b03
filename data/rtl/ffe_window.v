// SPDX-License-Identifier: Apache-2.0
// The 3x3 window of a convolution: a column of three pixels enters at the right with every `shift`. column:
// [row][channel], window: [row][column][channel], BITS bits each, lowest index in the lowest bits.
//
// Timing: the column that is there in a clock with `shift` is in the window from the next clock on. row_ok
// and col_ok belong to the window's present contents: bit k says that row or column k of the window lies
// inside the image. Taps outside read as 0, the padding, whatever the registers hold, so that a row can
// follow a row and a frame a frame without a clock between them. The middle row and column are always inside:
// bits 1 are not looked at.
module ffe_window #(
  parameter CHANNELS = 3,
  parameter BITS = 8
) (
  input wire clk,
  input wire shift,
  input wire [3*CHANNELS*BITS-1:0] column,
  /* verilator lint_off UNUSEDSIGNAL */  // bits 1, as said above
  input wire [2:0] row_ok,
  input wire [2:0] col_ok,
  /* verilator lint_on UNUSEDSIGNAL */
  output wire [9*CHANNELS*BITS-1:0] window
);
  localparam PIXEL = CHANNELS * BITS;
  genvar row, col;
  generate
    for (row = 0; row < 3; row = row + 1) begin : rows
      reg [3*PIXEL-1:0] pixels;
      always @(posedge clk) begin
        if (shift) pixels <= {column[row*PIXEL+:PIXEL], pixels[3*PIXEL-1:PIXEL]};
      end
      for (col = 0; col < 3; col = col + 1) begin : taps
        wire in_map = (row == 1 || row_ok[row]) && (col == 1 || col_ok[col]);
        assign window[(row*3+col)*PIXEL+:PIXEL] = pixels[col*PIXEL+:PIXEL] & {PIXEL{in_map}};
      end
    end
  endgenerate
endmodule
