// SPDX-License-Identifier: Apache-2.0
// Of the bench: compares a stream of pixels with the lines of FILE. Where MARKS is 1, `user` must mark the
// first pixel of a frame and `last` the last one of a row.
module ffe_stream_check #(
  parameter NAME = "",
  parameter FILE = "",
  parameter FRAMES = 1,
  parameter SIZE = 1,
  parameter CHANNELS = 1,
  parameter BITS = 8,
  parameter MARKS = 0
) (
  input wire clk,
  input wire valid,
  input wire [CHANNELS*BITS-1:0] codes,
  input wire user,
  input wire last
);
  localparam FRAME = SIZE * SIZE;
  localparam PIXELS = FRAMES * FRAME;
  reg [CHANNELS*BITS-1:0] expected [0:PIXELS-1];
  integer pixels, mismatches, c;
  wire complete = pixels >= PIXELS;
  initial begin
    pixels = 0;
    mismatches = 0;
    $readmemh(FILE, expected);
  end

  task fault(input [8*8-1:0] what);
    begin
      if (mismatches < 10) $display("ERROR %0s: wrong %0s at pixel %0d", NAME, what, pixels);
      mismatches = mismatches + 1;
    end
  endtask

  // Values that are x are wrong, too.
  task compare(input [CHANNELS*BITS-1:0] should);
    for (c = 0; c < CHANNELS; c = c + 1) begin
      if (codes[c*BITS+:BITS] !== should[c*BITS+:BITS]) begin
        if (mismatches < 10) begin
          $display("MISMATCH %0s frame %0d row %0d column %0d channel %0d expected %0d found %0d", NAME,
                   pixels / FRAME, pixels % FRAME / SIZE, pixels % SIZE, c, should[c*BITS+:BITS],
                   codes[c*BITS+:BITS]);
        end
        mismatches = mismatches + 1;
      end
    end
  endtask

  always @(posedge clk) begin
    if (valid) begin
      if (complete) fault("extra");
      else if (codes !== expected[pixels]) compare(expected[pixels]);
      if (MARKS != 0 && user !== (pixels % FRAME == 0)) fault("tuser");
      if (MARKS != 0 && last !== (pixels % SIZE == SIZE - 1)) fault("tlast");
      pixels = pixels + 1;
    end else if (valid !== 1'b0) begin
      fault("valid");
    end
  end
endmodule
