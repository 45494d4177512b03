// SPDX-License-Identifier: Apache-2.0
// The 3x3 window of a convolution: a column of three pixels enters at the right with every `shift`.
// column: [row][channel], window: [row][column][channel], BITS bits each, lowest index in the lowest bits.
module ffe_window #(
  parameter CHANNELS = 3,
  parameter BITS = 8
) (
  input wire clk,
  input wire shift,
  input wire [3*CHANNELS*BITS-1:0] column,
  output wire [9*CHANNELS*BITS-1:0] window
);
  localparam PIXEL = CHANNELS * BITS;
  genvar row;
  generate
    for (row = 0; row < 3; row = row + 1) begin : rows
      reg [3*PIXEL-1:0] pixels;
      always @(posedge clk) begin
        if (shift) pixels <= {column[row*PIXEL+:PIXEL], pixels[3*PIXEL-1:PIXEL]};
      end
      assign window[row*3*PIXEL+:3*PIXEL] = pixels;
    end
  endgenerate
endmodule
