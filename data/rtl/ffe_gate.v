// SPDX-License-Identifier: Apache-2.0
// Passes whole frames of PIXELS pixels or none: `open` counts in the clock of a frame's first pixel.
//
// Timing: none of its own. out_valid and out_commit are in_valid and in_commit of the same clock, held back.
//
// A commit that comes with a frame which does not pass is owed to the pipeline behind, and goes with the
// first pixel of the next frame that does. Until then it stays pending and the registers take no new
// parameters, so that the layers behind never see a mixture of old and new ones.
module ffe_gate #(
  parameter PIXELS = 64
) (
  input wire clk,
  input wire rst_n,
  input wire open,
  input wire in_valid,
  input wire in_commit,
  output wire out_valid,
  output wire out_commit
);
  wire first;  // the next pixel is a frame's first
  generate
    if (PIXELS > 1) begin : whole_frames
      localparam INDEX = $clog2(PIXELS);
      localparam [31:0] LAST_INDEX = PIXELS - 1;
      reg [INDEX-1:0] position;
      always @(posedge clk) begin
        if (!rst_n) position <= 0;
        else if (in_valid) position <= position == LAST_INDEX[INDEX-1:0] ? {INDEX{1'b0}} : position + 1'b1;
      end
      assign first = position == 0;
    end else begin : single_pixels
      assign first = 1'b1;
    end
  endgenerate

  reg passing, owed;
  wire pass = first ? open : passing;
  assign out_valid = in_valid && pass;
  assign out_commit = out_valid && first && (in_commit || owed);
  always @(posedge clk) begin
    if (!rst_n) begin
      passing <= 1'b0;
      owed <= 1'b0;
    end else if (in_valid && first) begin
      passing <= open;
      owed <= !open && (in_commit || owed);
    end
  end
endmodule
