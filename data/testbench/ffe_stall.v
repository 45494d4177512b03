// SPDX-License-Identifier: Apache-2.0
// Of the bench: decides clock by clock whether one side of a stream goes on: always, or, where `active`, at
// random, at a rate that itself changes every 1 to 512 clocks from "never" to "always". `go` changes at
// falling edges, so that ffe_stream_check sees what follows it without a clock.
module ffe_stall (
  input wire clk,
  input wire active,
  input wire [31:0] seed,
  output reg go
);
  integer state;
  reg started;
  reg [8:0] rate, left;
  initial begin
    go = 1'b0;
    started = 1'b0;
    rate = 9'd0;
    left = 9'd0;
  end
  always @(negedge clk) begin
    if (!started) begin
      state = seed;
      started <= 1'b1;
    end
    if (left == 9'd0) begin
      case ($unsigned($random(state)) % 6)
        0: rate = 9'd0;
        1: rate = 9'd32;
        2: rate = 9'd128;
        3: rate = 9'd224;
        default: rate = 9'd256;
      endcase
      left = $random(state);
    end
    left = left - 9'd1;
    go <= !active || $unsigned($random(state)) % 256 < rate;
  end
endmodule
