// SPDX-License-Identifier: Apache-2.0
// Of the bench: compares a stream of pixels with the lines of FILE. Where MARKS is 1 it is an output stream:
// `user` must mark the first pixel of a frame and `last` the last one of a row, a word that is offered stays
// until it is taken, and nothing depends on `ready` in the same clock: ready changes at falling edges of clk
// (ffe_stall), between which and the rising edge all else holds still.
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
  input wire ready,
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

  task fault(input [8*32-1:0] what);
    begin
      if (mismatches < 10) $display("ERROR %0s: %0s at pixel %0d", NAME, what, pixels);
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

  reg waiting;
  reg [CHANNELS*BITS+1:0] held, halfway;
  reg valid_halfway;
  initial {waiting, valid_halfway} = 2'b00;
  always @(negedge clk) begin
    valid_halfway <= valid;
    halfway <= {user, last, codes};
  end
  always @(posedge clk) if (MARKS != 0) begin
    waiting <= valid && !ready;
    held <= {user, last, codes};
    if (waiting && !valid) fault("a word that goes before tready");
    if (waiting && held !== {user, last, codes}) fault("a change before tready");
    if (valid !== valid_halfway || (valid && halfway !== {user, last, codes})) fault("what depends on tready");
  end

  always @(posedge clk) begin
    if (valid && ready) begin
      if (complete) fault("an extra word");
      else if (codes !== expected[pixels]) compare(expected[pixels]);
      if (MARKS != 0 && user !== (pixels % FRAME == 0)) fault("wrong tuser");
      if (MARKS != 0 && last !== (pixels % SIZE == SIZE - 1)) fault("wrong tlast");
      pixels = pixels + 1;
    end else if (valid !== 1'b0 && valid !== 1'b1) begin
      fault("unknown tvalid");
    end
  end
endmodule
